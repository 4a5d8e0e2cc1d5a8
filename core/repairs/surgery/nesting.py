# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of a mesh meet, and which lie wholly inside others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ...geometry.boxes import LEAF, box_tree, face_box, leaf_faces, leaves_near
from ...geometry.curve import along_curve
from ...geometry.measure import face_areas
from ...mesh import FloatArray, IntArray, Mesh
from ...topology.components import face_components
from ...topology.intersections import equal_positions
from ...topology.predicates import side
from ...topology.triangles import meet
from ..traced import BoolArray, Traced

_TRIES = 12


def face_parts(mesh: Mesh) -> IntArray:
    """(F,) the part of each face, as `face_components`."""
    return face_components(mesh.faces, mesh.n_vertices)


@dataclass(frozen=True)
class FaceTree:
    """The faces of a mesh in a tree of boxes.

    order: (F,) the faces along a space-filling curve; faces, vertices: in that order; boxes: (2 P, 6) of a
    complete binary tree (see `geometry.boxes.box_tree`).
    """

    vertices: FloatArray
    faces: IntArray
    order: IntArray
    boxes: FloatArray

    @staticmethod
    def of(mesh: Mesh) -> FaceTree:
        """The tree of all faces of a mesh that has some."""
        order = along_curve(mesh.vertices[mesh.faces].mean(axis=1))
        faces = np.ascontiguousarray(mesh.faces[order])
        return FaceTree(mesh.vertices, faces, order, box_tree(mesh.vertices, faces))

    def within(self, low: FloatArray, high: FloatArray) -> IntArray:
        """(n,) the faces whose boxes overlap the box from `low` to `high` (3,)."""
        return self.order[_overlapping(self.vertices, self.faces, self.boxes, low, high)]


def meeting_pairs(
    mesh: Mesh, tree: FaceTree, part: IntArray, *, same: bool, active: BoolArray | None = None
) -> IntArray:
    """(n, 2) pairs of faces of the same part, or of different ones, that touch or pass through each other.

    part: (F,) of each face. active: (F,) only pairs of which one is active are looked for (default: all). Vertices at
    exactly equal positions count as shared, as in `intersecting_faces`.
    """
    place = equal_positions(mesh.vertices)[tree.faces]
    label = np.ascontiguousarray(part[tree.order])
    chosen = np.ones(mesh.n_faces, dtype=bool) if active is None else active[tree.order]
    return tree.order[_pairs(tree.vertices, tree.faces, place, label, chosen, tree.boxes, same)]


def enclosed_parts(mesh: Mesh, tree: FaceTree, part: IntArray, candidates: IntArray) -> BoolArray:
    """(n,) whether each of the parts `candidates` (n,), which meet no other part, is inside others.

    part: (F,) of each face. Decided by the winding number of all other parts around the middle of its largest face
    (its vertices may touch others), counted along a ray with exact signs; parts are closed and look outward.
    """
    order = np.argsort(-face_areas(mesh), kind="stable")
    largest = order[np.unique(part[order], return_index=True)[1]]
    points = mesh.vertices[mesh.faces[largest[candidates]]].mean(axis=1)
    winding = winding_numbers(points, tree, part, np.asarray(candidates))
    return np.asarray(winding >= 1)


def part_volumes(mesh: Mesh, label: IntArray) -> FloatArray:
    """(parts,) the signed volume of each part; label: (F,) of each face, numbered from 0."""
    origin = mesh.vertices[mesh.faces[np.unique(label, return_index=True)[1], 0]][label]
    a, b, c = (mesh.vertices[mesh.faces[:, k]] - origin for k in range(3))
    return np.asarray(np.bincount(label, np.einsum("fi,fi->f", a, np.cross(b, c)) / 6.0), dtype=np.float64)


def visible_parts(traced: Traced) -> tuple[Traced, int]:
    """Without the closed parts that are inside others, voids (which look inward) too, and how many these were.

    Parts do not pass through each other.
    """
    mesh, part = traced.mesh, face_parts(traced.mesh)
    n = int(part.max()) + 1
    if n == 1:
        return traced.without_loose(), 0
    void = part_volumes(mesh, part) <= 0.0
    void &= ~void.all()
    solid = traced.keep_faces(~void[part])
    part = face_parts(solid.mesh)
    hidden = enclosed_parts(solid.mesh, FaceTree.of(solid.mesh), part, np.arange(part.max() + 1))
    return solid.keep_faces(~hidden[part]).without_loose(), int(void.sum() + hidden.sum())


def winding_numbers(points: FloatArray, tree: FaceTree, part: IntArray, without: IntArray) -> IntArray:
    """(n,) how often the surface winds around each of `points` (n, 3), the part `without` (n,) left out.

    A part of −1 leaves none out. Exact: rays that pass through an edge are replaced by others.
    """
    if not len(points):
        return np.zeros(0, np.int64)
    label = np.ascontiguousarray(part[tree.order])
    ones, anywhere = np.ones(len(label), np.int64), np.zeros((len(points), 3))
    return _windings(
        np.ascontiguousarray(points), anywhere, without, _rays(tree, _TRIES),
        tree.vertices, tree.faces, label, ones, tree.boxes,
    )  # fmt: skip


def winding_before(faces: IntArray, tree: FaceTree, weight: IntArray) -> IntArray:
    """(n,) how often the surface winds around the places just in front of the middles of `faces` (n,).

    weight: (F,) how often each face of the tree counts.
    """
    corners = tree.vertices[tree.faces]
    place = np.empty(len(tree.order), np.int64)
    place[tree.order] = np.arange(len(place))
    chosen = corners[place[faces]]
    normals = np.cross(chosen[:, 1] - chosen[:, 0], chosen[:, 2] - chosen[:, 0])
    return _windings(
        chosen.mean(axis=1), normals, faces, _rays(tree, 2 * _TRIES),
        tree.vertices, tree.faces, tree.order, np.ascontiguousarray(weight[tree.order]), tree.boxes,
    )  # fmt: skip


def _rays(tree: FaceTree, count: int) -> FloatArray:
    """(count, 3) steps in random directions, the same ones each time, that lead out of the tree from everywhere."""
    directions = np.random.default_rng(0).normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * (4.0 * np.linalg.norm(tree.boxes[1, 3:] - tree.boxes[1, :3]) + 1e-300)


@njit(cache=True)
def _overlapping(
    vertices: FloatArray, faces: IntArray, boxes: FloatArray, low: FloatArray, high: FloatArray
) -> IntArray:
    own_low, own_high = np.empty(3), np.empty(3)
    count, near = leaves_near(boxes, low, high, np.empty(64, np.int64))
    found = np.empty(LEAF * count, np.int64)
    n = 0
    for leaf in near[:count]:
        for f in leaf_faces(leaf, len(faces)):
            face_box(vertices, faces[f], own_low, own_high)
            if (own_low <= high).all() and (own_high >= low).all():
                found[n] = f
                n += 1
    return found[:n]


@njit(cache=True)
def _pairs(
    vertices: FloatArray,
    faces: IntArray,
    place: IntArray,
    label: IntArray,
    active: BoolArray,
    boxes: FloatArray,
    same: bool,
) -> IntArray:
    """(n, 2) places in the tree of the faces that meet and have the same label, or different ones."""
    low, high, near = np.empty(3), np.empty(3), np.empty(64, np.int64)
    pairs = np.empty((1024, 2), np.int64)
    count = 0
    for f in np.flatnonzero(active):
        face_box(vertices, faces[f], low, high)
        n, near = leaves_near(boxes, low, high, near)
        for leaf in near[:n]:
            for g in leaf_faces(leaf, len(faces)):
                if (
                    g == f
                    or (g < f and active[g])
                    or (label[f] == label[g]) != same
                    or not meet(vertices, faces, place, f, g)
                ):
                    continue
                if count == len(pairs):
                    longer = np.empty((2 * count, 2), np.int64)
                    longer[:count] = pairs
                    pairs = longer
                pairs[count, 0], pairs[count, 1] = f, g
                count += 1
    return pairs[:count]


@njit(cache=True)
def _windings(
    points: FloatArray,
    normals: FloatArray,
    without: IntArray,
    rays: FloatArray,
    vertices: FloatArray,
    faces: IntArray,
    label: IntArray,
    weight: IntArray,
    boxes: FloatArray,
) -> IntArray:
    """Winding numbers along rays that leave well to the side of the normals, when these are not zero."""
    result = np.zeros(len(points), np.int64)
    for k in range(len(points)):
        length = np.sqrt((normals[k] ** 2).sum())
        winding = 0
        for ray in rays:
            if length > 0.0 and (ray * normals[k]).sum() < 0.2 * length * np.sqrt((ray**2).sum()):
                continue
            winding, clear = _crossings(points[k], points[k] + ray, without[k], vertices, faces, label, weight, boxes)
            if clear:
                break
        result[k] = winding  # the last try where none is clear
    return result


@njit(cache=True)
def _crossings(
    p: FloatArray,
    q: FloatArray,
    without: int,
    vertices: FloatArray,
    faces: IntArray,
    label: IntArray,
    weight: IntArray,
    boxes: FloatArray,
) -> tuple[int, bool]:
    """How much more often the segment p–q leaves than it enters, and whether it meets no edge and no vertex."""
    leaves = len(boxes) // 2
    stack = np.empty(128, np.int64)
    stack[0] = 1
    top = 1
    winding = 0
    clear = True
    while top:
        top -= 1
        node = stack[top]
        if not _segment_meets_box(p, q, boxes[node]):
            continue
        if node < leaves:
            stack[top], stack[top + 1] = 2 * node, 2 * node + 1
            top += 2
            continue
        first = (node - leaves) * LEAF
        for f in range(first, min(first + LEAF, len(faces))):
            if label[f] == without and without >= 0:
                continue
            a, b, c = vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
            behind, ahead = side(a, b, c, p), side(a, b, c, q)
            if behind == ahead and behind != 0:
                continue
            s0, s1, s2 = side(p, q, a, b), side(p, q, b, c), side(p, q, c, a)
            if (s0 > 0 or s1 > 0 or s2 > 0) and (s0 < 0 or s1 < 0 or s2 < 0):
                continue
            if behind == 0 or ahead == 0 or s0 == 0 or s1 == 0 or s2 == 0:
                clear = False
            else:
                winding += behind * weight[f]
    return winding, clear


@njit(cache=True)
def _segment_meets_box(p: FloatArray, q: FloatArray, box: FloatArray) -> bool:
    """Whether the segment p–q may meet a box, a little widened against rounding."""
    start, end = 0.0, 1.0
    for i in range(3):
        low, high = box[i], box[3 + i]
        margin = 1e-12 * (abs(p[i]) + abs(q[i]) + abs(low) + abs(high))
        low, high = low - margin, high + margin
        step = q[i] - p[i]
        if step == 0.0:
            if p[i] < low or p[i] > high:
                return False
            continue
        near, far = (low - p[i]) / step, (high - p[i]) / step
        if near > far:
            near, far = far, near
        start, end = max(start, near), min(end, far)
        if start > end:
            return False
    return True
