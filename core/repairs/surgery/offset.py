# SPDX-License-Identifier: GPL-3.0-or-later
"""How far, and which way, the sides of a sheet can be moved so that it does not pass through itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...geometry.measure import face_cross, face_normals, unique_edges, vertex_normals
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ...topology.intersections import equal_positions
from ..traced import BoolArray
from .nesting import FaceTree, meeting_pairs

SLOPE = 0.5
"""Along an edge the depth grows by at most this part of its length, once something has held it back."""

_TURNED = 0.1
"""Moved faces whose normals have a smaller cosine with those of before than this are turned too far."""

_HALVINGS, _ROUNDS = 16, 48
_PATIENT = 6
"""After so many rounds the depth is reduced faster, below the part `_LEAST` of the greatest to zero."""

_LEAST = 1e-4


@dataclass(frozen=True)
class Sides:
    """Faces with vertices that can move.

    vertices: (n, 3); direction: (n, 3) unit vectors along which they move, or zero; depth: (n,) how far at most.
    faces: (m, 3). turning: the faces that must not turn over when they move, a slice of them.
    partner: (n,) for a vertex at a rim the one of the other side that it is joined to, when neither moves; else itself.
    """

    vertices: FloatArray
    direction: FloatArray
    depth: FloatArray
    faces: IntArray
    turning: slice
    partner: IntArray

    def at(self, depth: FloatArray) -> tuple[Mesh, IntArray]:
        """The faces with their vertices moved so far (n,), without those that vanish; (k,) which faces these are."""
        still = (depth == 0.0) & (depth[self.partner] == 0.0)
        faces = np.where(still, self.partner, np.arange(len(depth)))[self.faces]
        there = np.flatnonzero((faces != np.roll(faces, 1, axis=1)).all(axis=1))
        return Mesh(self.vertices + depth[:, None] * self.direction, faces[there]), there

    def chords(self) -> IntArray:
        """(c, 2) the vertices of edges across a side, from rim to rim: only one of them may be joined to the front."""
        back = self.partner != np.arange(len(self.partner))
        faces = self.faces[self.turning]
        edges = unique_edges(faces[np.count_nonzero(back[faces], axis=1) > 1])
        edges = edges[back[edges].all(axis=1)]
        walls = unique_edges(self.faces[self.turning.stop :])
        n = len(self.partner)
        return edges[~np.isin(edges[:, 0] * n + edges[:, 1], walls[:, 0] * n + walls[:, 1])]


def outward_directions(mesh: Mesh) -> FloatArray:
    """(V, 3) unit vectors, each as far as it can be in front of all faces around its vertex.

    The vertex normals, and at creases where these are behind a face, or almost, the most normal of normals
    (Aubry & Löhner 2008), by multiplicative weights. Zero where no direction is in front of all faces.
    """
    normals = face_normals(mesh)
    best = vertex_normals(mesh)
    corner, owner = np.repeat(normals, 3, axis=0), mesh.faces.ravel()
    best_cosine = _least_cosine(best, corner, owner)
    sharp = best_cosine < 0.7
    chosen = sharp[owner] & (corner != 0.0).any(axis=1)
    number = np.cumsum(sharp) - 1
    corner, owner, n = corner[chosen], number[owner[chosen]], int(sharp.sum())
    direction, cosine = best[sharp], best_cosine[sharp]
    now, weight = direction.copy(), np.ones(len(owner))
    for _ in range(60):
        weight *= np.exp(-np.einsum("ci,ci->c", corner, now[owner]))
        weight /= np.maximum(np.bincount(owner, weight, n), 1e-300)[owner]
        total = np.stack([np.bincount(owner, weight * corner[:, i], n) for i in range(3)], axis=1)
        now = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300)
        least = _least_cosine(now, corner, owner)
        better = least > cosine
        direction[better], cosine[better] = now[better], least[better]
    direction[cosine <= 0.0] = 0.0
    best[sharp] = direction
    return best


def _least_cosine(direction: FloatArray, normals: FloatArray, owner: IntArray) -> FloatArray:
    """(n,) of directions (n, 3) with the normals (c, 3) that they own."""
    least = np.ones(len(direction))
    np.minimum.at(least, owner, np.einsum("ci,ci->c", normals, direction[owner]))
    return least


def fitting_depth(sides: Sides, ignored: Callable[[IntArray], BoolArray], progress: Progress = silent) -> FloatArray:
    """(n,) how far each vertex moves so that no face passes through another one, where that can be reached.

    The depth is less where faces would turn over, then where they meet others (exact test), and it changes gently
    along the surface. ignored: of pairs (k, 2) of faces those (k,) that may meet.
    """
    edges = unique_edges(sides.faces)
    length = np.linalg.norm(sides.vertices[edges[:, 0]] - sides.vertices[edges[:, 1]], axis=1)
    depth = np.where(sides.direction.any(axis=1), sides.depth, 0.0)
    movable = sides.depth > 0.0
    within = movable[edges].all(axis=1)
    edges, length = edges[within], length[within]
    depth = _without_turning(sides, _gentle(depth, edges, length), edges, length)
    shared, chords = _shared_places(sides), sides.chords()
    depth = _apart(sides, depth, chords, 0)
    active = movable[sides.faces].any(axis=1)
    meetings = _Meetings(sides)
    for attempt in range(_ROUNDS):
        progress(attempt / _ROUNDS, "Thickening sheets")
        pairs = meetings.pairs(depth, active)
        pairs = pairs[~ignored(pairs)]
        near = np.zeros(len(depth), dtype=bool)
        near[sides.faces[pairs.ravel()].ravel()] = True
        if not depth[near].any():
            return depth
        before = depth
        depth = np.where(near & shared, 0.0, np.where(near, 0.5 * depth, depth))
        if attempt >= _PATIENT:
            depth[near] *= 0.4
            depth[near & (depth < _LEAST * sides.depth)] = 0.0
        depth = _apart(sides, _gentle(depth, edges, length), chords, attempt)
        active = (depth != before)[sides.faces].any(axis=1)
        if not active.any():
            break
    return depth


class _Meetings:
    """Looks for faces that meet, the first time everywhere, then near those that have moved."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._tree: FaceTree | None = None
        self._there = np.zeros(0, np.int64)
        self._moved = np.zeros(len(sides.faces), dtype=bool)

    def pairs(self, depth: FloatArray, active: BoolArray) -> IntArray:
        """(n, 2) pairs of faces of which one is active (m,), those that moved since the last time."""
        mesh, there = self._sides.at(depth)
        if self._tree is None:
            self._tree, self._there = (tree := FaceTree.of(mesh)), there
            return there[meeting_pairs(mesh, tree, np.zeros(len(there), np.int64), same=True, active=active[there])]
        self._moved |= active
        corners = mesh.vertices[self._sides.faces[active]]
        low_corners, high_corners = corners.min(axis=1), corners.max(axis=1)
        around = [self._tree.within(low, high) for low, high in zip(low_corners, high_corners, strict=True)]
        near = self._moved.copy()
        near[self._there[np.concatenate(around)]] = True
        local = np.flatnonzero(near[there])
        used, faces = np.unique(mesh.faces[local], return_inverse=True)
        local_mesh = Mesh(mesh.vertices[used], faces.reshape(-1, 3))
        label = np.zeros(len(local), np.int64)
        found = meeting_pairs(local_mesh, FaceTree.of(local_mesh), label, same=True, active=active[there[local]])
        return there[local[found]]


def _shared_places(sides: Sides) -> BoolArray:
    """(n,) whether the place of a vertex is that of a vertex of another place of the surface, beside its partner."""
    place = equal_positions(sides.vertices)
    used = np.zeros(len(place), dtype=bool)
    used[sides.faces.ravel()] = True
    still = used & (sides.depth == 0.0)
    return np.asarray(np.bincount(place[still], minlength=len(place))[place] > 1)


def _apart(sides: Sides, depth: FloatArray, chords: IntArray, attempt: int) -> FloatArray:
    """The depth, but a little at one end of chords, and at one corner of moved faces, where it is zero at all of them.

    attempt: which of the ends and corners; how little it is, too.
    """
    depth = depth.copy()
    little = _LEAST * 0.5 ** max(0, attempt - 2 * _PATIENT) * sides.depth
    tied = chords[(depth[chords] == 0.0).all(axis=1), attempt % 2]
    depth[tied] = little[tied]
    faces = sides.faces[sides.turning]
    flat = faces[((depth[faces] == 0.0) & (sides.depth[faces] > 0.0)).all(axis=1), attempt % 3]
    depth[flat] = little[flat]
    return depth


def _without_turning(sides: Sides, depth: FloatArray, edges: IntArray, length: FloatArray) -> FloatArray:
    """Less depth where faces would turn over."""
    faces = sides.faces[sides.turning]
    normals = face_normals(Mesh(sides.vertices, faces))
    for _ in range(_HALVINGS):
        moved = face_cross(sides.vertices + depth[:, None] * sides.direction, faces)
        cosine = np.einsum("fi,fi->f", moved, normals)
        turned = np.unique(faces[cosine < _TURNED * np.linalg.norm(moved, axis=1)])
        if not depth[turned].any():
            break
        depth = depth.copy()
        depth[turned] *= 0.5
        depth = _gentle(depth, edges, length)
    return depth


def _gentle(depth: FloatArray, edges: IntArray, length: FloatArray) -> FloatArray:
    """(n,) the depth, less where it grows by more than `SLOPE` along an edge."""
    depth = depth.copy()
    ends = np.concatenate([edges, edges[:, ::-1]])
    step = SLOPE * np.concatenate([length, length])
    while True:
        steep = np.flatnonzero(depth[ends[:, 0]] > (depth[ends[:, 1]] + step) * (1.0 + 1e-9))
        if not len(steep):
            return depth
        np.minimum.at(depth, ends[steep, 0], depth[ends[steep, 1]] + step[steep])
