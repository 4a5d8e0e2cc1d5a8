# SPDX-License-Identifier: GPL-3.0-or-later
"""The rims of holes: their direction, and what the surface is like at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...mesh import FloatArray, IntArray, Mesh
from ..traced import BoolArray


@dataclass(frozen=True)
class Rim:
    """The border of a cap: a closed polygon of boundary edges, in the direction that the faces of the cap have.

    Usually a simple one; that of a ring goes along several loops, and back and forth along bridges between them.

    owners: the numbers of the loops that it is, or is a part of; the outer one first.
    vertices: (p,) of the mesh, each once. points: (p, 3) their positions.
    corners: (n,) the polygon: numbers of points; those at bridges come twice.
    beyond: (n, 3) unit normals of the faces across the edges from corner i to i + 1; zero where there is none.
    size: (p,) the mean length of the edges at each point.
    taken: (k,) pairs i p + j, i < j, ascending, of points that an edge of the mesh joins, beside the rim's own.
    around: (r, 3) the faces of the mesh at these vertices, without those whose places are not numbers.
    further: (s, 3) the next row of faces, those at the vertices of `around`.
    """

    owners: tuple[int, ...]
    vertices: IntArray
    points: FloatArray
    corners: IntArray
    beyond: FloatArray
    size: FloatArray
    taken: IntArray
    around: IntArray
    further: IntArray

    @property
    def polygon(self) -> FloatArray:
        """(n, 3) the corners' positions."""
        return self.points[self.corners]

    @property
    def is_ring(self) -> bool:
        """Whether several loops form its polygon."""
        return len(self.corners) > len(self.points)

    def banned(self) -> IntArray:
        """Diagonals i n + j, i < j, ascending, of the polygon that must not be used."""
        if not self.is_ring:
            return self.taken
        n, p = len(self.corners), len(self.points)
        tail, head = self.corners, np.roll(self.corners, -1)
        sides = np.minimum(tail, head) * p + np.maximum(tail, head)
        i, j = np.triu_indices(n, 1)
        low, high = np.minimum(tail[i], tail[j]), np.maximum(tail[i], tail[j])
        bad = np.isin(low * p + high, np.concatenate([self.taken, sides])) | (low == high)
        bad &= (j - i > 1) & (j - i < n - 1)
        return i[bad] * n + j[bad]


def rims_of(mesh: Mesh, loops: Sequence[IntArray]) -> list[Rim]:
    """The rims of the loops, each (n,) vertices of the mesh.

    A loop that passes a vertex several times becomes several rims. Rims of fewer than three vertices, and those with
    a vertex whose place is not numbers, are left out.
    """
    finite = np.isfinite(mesh.vertices).all(axis=1)
    simple = [(owner, part) for owner, loop in enumerate(loops) for part in _simple(np.asarray(loop, np.int64))]
    simple = [(owner, part) for owner, part in simple if finite[part].all()]
    if not simple:
        return []
    rim_of = np.full(mesh.n_vertices, -1)
    for number, (_, part) in enumerate(simple):
        rim_of[part] = number
    on_rim = rim_of >= 0
    touches = _any_corner(on_rim, mesh.faces)
    faces = mesh.faces[touches]
    faces = faces[finite[faces].all(axis=1)]
    label = rim_of[faces]
    around = _grouped(faces, label, len(simple))
    row_of = np.full(mesh.n_vertices, -1)
    row_of[faces] = label.max(axis=1, keepdims=True)
    beyond_row = mesh.faces[~touches & _any_corner(row_of >= 0, mesh.faces)]
    beyond_row = beyond_row[finite[beyond_row].all(axis=1)]
    further = _grouped(beyond_row, row_of[beyond_row], len(simple))
    edges = _Edges(mesh, faces, on_rim)
    tail = np.concatenate([part for _, part in simple])
    head = np.concatenate([np.roll(part, -1) for _, part in simple])
    along, against = edges.face_of(tail, head), edges.face_of(head, tail)
    size = edges.mean_length
    rims, begin = [], 0
    for (owner, part), near, far in zip(simple, around, further, strict=True):
        end = begin + len(part)
        turn = (along[begin:end] >= 0).sum() > (against[begin:end] >= 0).sum()
        across = along[begin:end] if turn else against[begin:end]
        beyond = np.where((across >= 0)[:, None], edges.normals[across], 0.0)
        if turn:
            # Reversed, the edge from corner i to i + 1 is the one from n - 2 - i to n - 1 - i of before.
            part, beyond = part[::-1], np.roll(beyond[::-1], -1, axis=0)
        points = mesh.vertices[part]
        corners = np.arange(len(part))
        rims.append(Rim((owner,), part, points, corners, beyond, size[part], edges.taken(part), near, far))
        begin = end
    return rims


def _any_corner(marked: BoolArray, faces: IntArray) -> BoolArray:
    """(F,) whether a corner of a face is one of the `marked` (V,) vertices."""
    return marked[faces[:, 0]] | marked[faces[:, 1]] | marked[faces[:, 2]]


def _grouped(faces: IntArray, label: IntArray, count: int) -> list[IntArray]:
    """For each of `count` labels the faces (F, 3) of which a corner has it; label: (F, 3), -1 for none."""
    face, corner = np.nonzero(label >= 0)
    pairs = np.unique(label[face, corner] * len(faces) + face)
    bounds = np.searchsorted(pairs, np.arange(count + 1) * len(faces))
    return [faces[pairs[a:b] % len(faces)] for a, b in pairwise(bounds)]


def _simple(loop: IntArray) -> list[IntArray]:
    """The loop cut where it passes a vertex again, without pieces of fewer than three vertices."""
    if len(np.unique(loop)) == len(loop):
        return [loop] if len(loop) >= 3 else []
    pieces: list[IntArray] = []
    path: list[int] = []
    place: dict[int, int] = {}
    for vertex in loop.tolist():
        if vertex in place:
            begin = place[vertex]
            pieces.append(np.array(path[begin:], np.int64))
            for old in path[begin:]:
                del place[old]
            del path[begin:]
        place[vertex] = len(path)
        path.append(vertex)
    pieces.append(np.array(path, np.int64))
    return [piece for piece in pieces if len(piece) >= 3]


class _Edges:
    """Half-edges of the faces (r, 3) at the rims, to be looked up."""

    def __init__(self, mesh: Mesh, faces: IntArray, on_rim: BoolArray) -> None:
        self._count = mesh.n_vertices
        tail, head = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
        key = tail * self._count + head
        order = np.argsort(key, kind="stable")
        self._key, self._face = key[order], order // 3
        corner = mesh.vertices[faces]
        normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        self.normals = np.divide(normal, length, out=np.zeros_like(normal), where=length > 0)
        lengths = np.linalg.norm(mesh.vertices[tail] - mesh.vertices[head], axis=1)
        total = np.bincount(tail, lengths, self._count) + np.bincount(head, lengths, self._count)
        uses = np.bincount(tail, minlength=self._count) + np.bincount(head, minlength=self._count)
        self.mean_length = total / np.maximum(uses, 1)
        inner = on_rim[tail] & on_rim[head]
        low, high = np.minimum(tail, head)[inner], np.maximum(tail, head)[inner]
        pairs = np.unique(low * self._count + high)
        self._low, self._high = pairs // self._count, pairs % self._count
        both = np.concatenate([self._low, self._high])
        self._by_vertex = np.argsort(both, kind="stable")
        self._sorted = both[self._by_vertex]

    def face_of(self, tail: IntArray, head: IntArray) -> IntArray:
        """(n,) the face (among those at the rims) that has this half-edge, or -1."""
        key = tail * self._count + head
        if not len(self._key):
            return np.full(len(key), -1)
        place = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        return np.where(self._key[place] == key, self._face[place], -1)

    def taken(self, loop: IntArray) -> IntArray:
        """The diagonals of the loop that are edges already, see `Rim.taken`."""
        n = len(loop)
        if n < 4:
            return np.zeros(0, np.int64)
        order = np.argsort(loop)
        ordered = loop[order]
        first, last = np.searchsorted(self._sorted, loop), np.searchsorted(self._sorted, loop, side="right")
        pair = self._by_vertex[np.repeat(first, last - first) + _steps(last - first)] % len(self._low)
        low, high = self._low[pair], self._high[pair]
        places = []
        for vertex in (low, high):
            place = np.minimum(np.searchsorted(ordered, vertex), n - 1)
            places.append(np.where(ordered[place] == vertex, order[place], -1))
        i, j = np.minimum(places[0], places[1]), np.maximum(places[0], places[1])
        inside = (i >= 0) & (j - i > 1) & (j - i < n - 1)
        return np.unique(i[inside] * n + j[inside])


def _steps(counts: IntArray) -> IntArray:
    """0 … c - 1 for each count c, one after the other."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
