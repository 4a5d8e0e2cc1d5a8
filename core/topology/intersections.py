# SPDX-License-Identifier: GPL-3.0-or-later
"""Triangles that touch or pass through others: a tree of boxes and exact-sign tests.

All signs are exact (see `predicates`), and a common point of the closed triangles counts. Triangles that
share a vertex count when they meet elsewhere; those that share an edge, when they are folded onto each other.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, silent
from .predicates import side, turn

LEAF = 4
_CHUNK = 10_000


def intersecting_faces(mesh: Mesh, sound: NDArray[np.bool_] | None = None, progress: Progress = silent) -> IntArray:
    """(n,) faces that touch or pass through other faces, in ascending order.

    sound: (F,) the faces to test (default all); leave out those without area. Vertices at exactly equal
    positions count as shared, so that a seam is no intersection. Copies of a face on the same vertices are
    not counted: they are duplicates.
    """
    chosen = np.flatnonzero(np.isfinite(mesh.vertices[mesh.faces]).all(axis=(1, 2)))
    if sound is not None:
        chosen = chosen[sound[chosen]]
    if len(chosen) < 2:
        return np.zeros(0, np.int64)
    order = chosen[along_curve(mesh.vertices[mesh.faces[chosen]].mean(axis=1))]
    faces, place = mesh.faces[order], equal_positions(mesh.vertices)[mesh.faces[order]]
    boxes = box_tree(mesh.vertices, faces)
    hit = np.zeros(len(faces), dtype=np.bool_)
    for begin in range(0, len(faces), _CHUNK):
        progress(begin / len(faces), "Looking for self-intersections")
        _mark(mesh.vertices, faces, place, boxes, hit, begin, min(begin + _CHUNK, len(faces)))
    return np.sort(order[hit])


def equal_positions(vertices: FloatArray) -> IntArray:
    """(V,) a number for each position: equal for vertices at exactly equal places."""
    keys = vertices + 0.0
    order = np.lexsort(keys.T)
    new = np.concatenate([[False], (keys[order[1:]] != keys[order[:-1]]).any(axis=1)])
    number = np.empty(len(keys), np.int64)
    number[order] = np.cumsum(new)
    return number


def along_curve(points: FloatArray) -> IntArray:
    """(N,) order of points (N, 3) along a Morton curve, so that neighbours in it are near in space."""
    low, size = points.min(axis=0), np.ptp(points, axis=0).max()
    cell = ((points - low) * ((2**20 - 1) / (size or 1.0))).astype(np.uint64)
    code = np.zeros(len(points), np.uint64)
    for axis in range(3):
        x = cell[:, axis]
        for shift, mask in (
            (32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F),
            (4, 0x10C30C30C30C30C3), (2, 0x1249249249249249),
        ):  # fmt: skip
            x = (x | (x << np.uint64(shift))) & np.uint64(mask)
        code |= x << np.uint64(axis)
    return np.argsort(code, kind="stable")


@njit(cache=True)
def box_tree(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """(2 P, 6) boxes (low xyz, high xyz) of a complete binary tree: node 1 the root, leaf k node P + k."""
    leaves = 1
    while leaves * LEAF < len(faces):
        leaves *= 2
    boxes = np.empty((2 * leaves, 6))
    boxes[:, :3] = np.inf
    boxes[:, 3:] = -np.inf
    for f in range(len(faces)):
        node = leaves + f // LEAF
        for k in range(3):
            for i in range(3):
                x = vertices[faces[f, k], i]
                boxes[node, i] = min(boxes[node, i], x)
                boxes[node, 3 + i] = max(boxes[node, 3 + i], x)
    for node in range(leaves - 1, 0, -1):
        for i in range(3):
            boxes[node, i] = min(boxes[2 * node, i], boxes[2 * node + 1, i])
            boxes[node, 3 + i] = max(boxes[2 * node, 3 + i], boxes[2 * node + 1, 3 + i])
    return boxes


@njit(cache=True)
def _mark(
    vertices: FloatArray,
    faces: IntArray,
    place: IntArray,
    boxes: FloatArray,
    hit: NDArray[np.bool_],
    begin: int,
    end: int,
) -> None:
    """Set `hit` for the faces begin … end and those after them that meet."""
    leaves = len(boxes) // 2
    stack = np.empty(128, np.int64)
    low, high = np.empty(3), np.empty(3)
    for f in range(begin, end):
        for i in range(3):
            a, b, c = vertices[faces[f, 0], i], vertices[faces[f, 1], i], vertices[faces[f, 2], i]
            low[i], high[i] = min(a, b, c), max(a, b, c)
        stack[0] = 1
        top = 1
        while top:
            top -= 1
            node = stack[top]
            apart = False
            for i in range(3):
                apart |= boxes[node, i] > high[i] or boxes[node, 3 + i] < low[i]
            if apart:
                continue
            if node < leaves:
                stack[top], stack[top + 1] = 2 * node, 2 * node + 1
                top += 2
                continue
            first = (node - leaves) * LEAF
            for g in range(max(first, f + 1), min(first + LEAF, len(faces))):
                if (not hit[f] or not hit[g]) and meet(vertices, faces, place, f, g):
                    hit[f] = hit[g] = True


@njit(cache=True)
def meet(vertices: FloatArray, faces: IntArray, place: IntArray, f: int, g: int) -> bool:
    """Whether two triangles have a common point beside the vertices or the edge that they share."""
    shared = 0
    turn_f, turn_g = 0, 0  # corners to look at: the shared one, or the one opposite to the shared edge
    sum_f, sum_g = 0, 0
    same = 0
    for i in range(3):
        for j in range(3):
            if place[f, i] == place[g, j]:
                shared += 1
                turn_f, turn_g = i, j
                sum_f += i
                sum_g += j
                same += faces[f, i] == faces[g, j]
    if shared >= 3:
        return same < 3
    p, q = vertices[faces[f]], vertices[faces[g]]
    if shared == 0:
        return _triangles_meet(p, q)
    if shared == 2:
        turn_f, turn_g = 3 - sum_f, 3 - sum_g
        return _folded(p[turn_f], p[(turn_f + 1) % 3], p[(turn_f + 2) % 3], q[turn_g])
    return _segment_meets(p[(turn_f + 1) % 3], p[(turn_f + 2) % 3], q) or _segment_meets(
        q[(turn_g + 1) % 3], q[(turn_g + 2) % 3], p
    )


@njit(cache=True)
def _triangles_meet(p: FloatArray, q: FloatArray) -> bool:
    for a, b in ((p, q), (q, p)):
        s0, s1, s2 = (
            side(b[0], b[1], b[2], a[0]),
            side(b[0], b[1], b[2], a[1]),
            side(b[0], b[1], b[2], a[2]),
        )
        if (s0 > 0 and s1 > 0 and s2 > 0) or (s0 < 0 and s1 < 0 and s2 < 0):
            return False
    for k in range(3):
        if _segment_meets(p[k], p[(k + 1) % 3], q) or _segment_meets(q[k], q[(k + 1) % 3], p):
            return True
    return False


@njit(cache=True)
def _segment_meets(p: FloatArray, q: FloatArray, t: FloatArray) -> bool:
    """Whether the segment p–q has a point in the closed triangle t (3, 3)."""
    side_p, side_q = side(t[0], t[1], t[2], p), side(t[0], t[1], t[2], q)
    if side_p * side_q > 0:
        return False
    if side_p == 0 and side_q == 0:
        return _segment_meets_in_plane(p, q, t)
    s0, s1, s2 = side(p, q, t[0], t[1]), side(p, q, t[1], t[2]), side(p, q, t[2], t[0])
    return (s0 >= 0 and s1 >= 0 and s2 >= 0) or (s0 <= 0 and s1 <= 0 and s2 <= 0)


@njit(cache=True)
def _flat_axes(a: FloatArray, b: FloatArray, c: FloatArray) -> tuple[int, int]:
    """The two axes along which the triangle a, b, c is widest."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    x, y, z = abs(uy * vz - uz * vy), abs(uz * vx - ux * vz), abs(ux * vy - uy * vx)
    if x >= y and x >= z:
        return 1, 2
    if y >= z:
        return 2, 0
    return 0, 1


@njit(cache=True)
def _segment_meets_in_plane(p: FloatArray, q: FloatArray, t: FloatArray) -> bool:
    u, v = _flat_axes(t[0], t[1], t[2])
    for point in (p, q):
        s0 = turn(t[0], t[1], point, u, v)
        s1 = turn(t[1], t[2], point, u, v)
        s2 = turn(t[2], t[0], point, u, v)
        if (s0 >= 0 and s1 >= 0 and s2 >= 0) or (s0 <= 0 and s1 <= 0 and s2 <= 0):
            return True
    for k in range(3):
        a, b = t[k], t[(k + 1) % 3]
        if turn(p, q, a, u, v) * turn(p, q, b, u, v) < 0 and turn(a, b, p, u, v) * turn(a, b, q, u, v) < 0:
            return True
    return False


@njit(cache=True)
def _folded(p: FloatArray, a: FloatArray, b: FloatArray, q: FloatArray) -> bool:
    """Whether the triangles p, a, b and q, a, b lie in one plane on the same side of a–b."""
    if side(p, a, b, q) != 0:
        return False
    u, v = _flat_axes(p, a, b)
    return turn(a, b, p, u, v) * turn(a, b, q, u, v) > 0
