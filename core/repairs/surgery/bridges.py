# SPDX-License-Identifier: GPL-3.0-or-later
"""Short tubes between the parts of a mesh, until there is one part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit

from ...errors import RepairFailed
from ...geometry.edges import edge_table
from ...geometry.measure import face_areas
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ...topology.intersections import equal_positions
from ...topology.triangles import meet
from ..traced import NEW, Traced
from .gaps import nearest_faces, spanning_gaps
from .nesting import FaceTree
from .tubes import polygon_in_face, tube

WIDTH = 0.03
"""Radius of a bridge, as a part of the square root of the smaller part's area: few faces change, but a neck stays wide
enough for the part behind it to be mapped onto a sphere well."""

_NARROWER = (1.0, 0.5, 0.2, 0.05)
_PLACES = 60
_SOURCES = 400


def bridge_parts(traced: Traced, part: IntArray, progress: Progress = silent) -> Traced:
    """Join all parts by tubes along the shortest ways between them (see `gaps.spanning_gaps`).

    part: (F,) of each face, numbered from 0; the parts are closed and do not cross each other. At each end of a tube
    a small disc of faces, or a polygon within one face, is taken out. Tubes are tested exactly against all faces;
    where one would pass through something, narrower ones and other places are tried.
    Raises `RepairFailed` where no place is found.
    """
    work = _Work(traced.mesh, part)
    gaps = spanning_gaps(work.tree, part)
    order = np.argsort(gaps.lengths, kind="stable")
    for done, k in enumerate(order):
        progress(done / len(order), "Joining parts")
        work.join(gaps.faces[k], gaps.points[k])
    return work.result(traced)


@dataclass(frozen=True)
class _End:
    """Where a tube starts: faces to take out, faces on old and new vertices instead, and the loop that is left open.

    loop: (n,) in the direction of the faces that were taken out. Vertices from `first_new` on are `points`.
    """

    removed: IntArray
    faces: IntArray
    points: FloatArray
    loop: IntArray


class _Work:
    """A mesh while bridges are built: some of its faces are gone, others are added."""

    def __init__(self, mesh: Mesh, part: IntArray) -> None:
        self.mesh, self.part, self.tree = mesh, part, FaceTree.of(mesh)
        self.area = np.bincount(part, face_areas(mesh))
        self.alive = np.ones(mesh.n_faces, dtype=bool)
        self.vertices, self.added = mesh.vertices, np.zeros((0, 3), np.int64)
        self.boxes = np.zeros((0, 2, 3))
        table = edge_table(mesh.faces)
        self.beside = np.full(3 * mesh.n_faces, -1)
        first, second = table.order[table.start[:-1]], table.order[table.start[1:] - 1]
        self.beside[first], self.beside[second] = second % mesh.n_faces, first % mesh.n_faces
        self.beside = self.beside.reshape(3, -1)

    def result(self, traced: Traced) -> Traced:
        """The mesh with its bridges."""
        faces = np.concatenate([self.mesh.faces[self.alive], self.added])
        new_vertices = np.full(len(self.vertices) - self.mesh.n_vertices, NEW)
        return Traced(
            traced.source,
            Mesh(self.vertices, faces),
            np.concatenate([traced.vertex_source, new_vertices]),
            np.concatenate([traced.face_source[self.alive], np.full(len(self.added), NEW)]),
        ).without_loose()

    def join(self, faces: IntArray, points: FloatArray) -> None:
        """Build a bridge between the parts of two faces (2,), from points (2, 3) on them or from near there."""
        parts = self.part[faces]
        radius = WIDTH * float(np.sqrt(self.area[parts].min()))
        for place_faces, place_points in self._places(faces, points, radius):
            for narrower in _NARROWER:
                if self._build(place_faces, place_points, narrower * radius):
                    return
        raise RepairFailed(
            "Two parts cannot be joined by a bridge: everywhere it would pass through the surface.",
            "Keep the largest part only, or rebuild the surface from its volume.",
        )

    def _places(self, faces: IntArray, points: FloatArray, radius: float) -> Iterator[tuple[IntArray, FloatArray]]:
        """Pairs of faces and points on them: the nearest, then others, farther and farther from those tried before."""
        yield self._facing(faces, points)
        starts = [self._ways(faces, points[end], end) for end in (0, 1)]
        pairs, ends = (np.concatenate([start[k] for start in starts]) for k in (0, 1))
        order = np.argsort(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1), kind="stable")
        tried = points[None]
        for k in order:
            apart = 0.5 * radius * (1.0 + 0.25 * len(tried))
            if np.square(tried - ends[k]).sum(axis=2).max(axis=1).min() < apart * apart:
                continue
            tried = np.concatenate([tried, ends[k][None]])
            yield self._facing(pairs[k], ends[k])
            if len(tried) > _PLACES:
                return

    def _ways(self, faces: IntArray, near: FloatArray, end: int) -> tuple[IntArray, FloatArray]:
        """(n, 2), (n, 2, 3) the shortest ways from the middles of faces of one part, those `near`, to the other."""
        own, other = ((self.part == self.part[faces[k]]) & self.alive for k in (end, 1 - end))
        starts = np.flatnonzero(own)
        centres = self.mesh.vertices[self.mesh.faces[starts]].mean(axis=1)
        chosen = np.argsort(np.square(centres - near).sum(axis=1), kind="stable")[:_SOURCES]
        tree = self.tree
        place, foot = nearest_faces(centres[chosen], tree.vertices, tree.faces, other[tree.order], tree.boxes)
        found = place >= 0
        pairs = np.stack([starts[chosen][found], tree.order[place[found]]], axis=1)
        ends = np.stack([centres[chosen][found], foot[found]], axis=1)
        return (pairs, ends) if end == 0 else (pairs[:, ::-1], ends[:, ::-1])

    def _facing(self, faces: IntArray, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """The same points, but of the faces at each the one that looks most toward the other."""
        way = points[1] - points[0]
        chosen = faces.copy()
        slack = 1e-9 * float(np.linalg.norm(self.tree.boxes[1, 3:] - self.tree.boxes[1, :3]))
        for end, direction in ((0, way), (1, -way)):
            point = points[end]
            near = self.tree.within(point - slack, point + slack)
            near = near[self.alive[near] & (self.part[near] == self.part[faces[end]])]
            a, b, c = (self.mesh.vertices[self.mesh.faces[near, k]] for k in range(3))
            normal = np.cross(b - a, c - a)
            size = np.linalg.norm(normal, axis=1)
            beside = np.abs(np.einsum("fi,fi->f", normal, point - a)) <= slack * size
            if beside.any():
                near, normal, size = near[beside], normal[beside], size[beside]
                chosen[end] = near[np.argmax(normal @ direction / np.maximum(size, 1e-300))]
        return chosen, points

    def _build(self, faces: IntArray, points: FloatArray, radius: float) -> bool:
        """Try a bridge; whether it fits."""
        if not self.alive[faces].all():
            return False
        ends = []
        first_new = len(self.vertices)
        for face, point in zip(faces, points, strict=True):
            end = self._end(int(face), point, radius, first_new)
            ends.append(end)
            first_new += len(end.points)
        vertices = np.concatenate([self.vertices, ends[0].points, ends[1].points])
        between, wall = tube(vertices, ends[0].loop, ends[1].loop)
        vertices = np.concatenate([vertices, between])
        new = np.concatenate([wall, ends[0].faces, ends[1].faces])
        removed = np.concatenate([ends[0].removed, ends[1].removed])
        if not self._fits(vertices, new, removed):
            return False
        self.vertices, self.added = vertices, np.concatenate([self.added, new])
        corners = vertices[new]
        self.boxes = np.concatenate([self.boxes, np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1)])
        self.alive[removed] = False
        return True

    def _end(self, face: int, point: FloatArray, radius: float, first_new: int) -> _End:
        """A disc of faces around a point, or a polygon in its face where the faces are larger than the tube."""
        disc = self._disc(face, point, radius)
        if disc is not None:
            return disc
        corners = self.mesh.faces[face]
        polygon = polygon_in_face(self.vertices[corners], point, radius)
        if polygon is None:
            return _End(np.array([face]), np.zeros((0, 3), np.int64), np.zeros((0, 3)), corners)
        points, triangles = polygon
        number = np.concatenate([corners, first_new + np.arange(len(points))])
        return _End(np.array([face]), number[triangles], points, number[3:])

    def _disc(self, face: int, point: FloatArray, radius: float) -> _End | None:
        """The faces around a face that have all corners within `radius` of a point, when they make a disc."""
        inside, waiting = {face}, [face]
        while waiting:
            for g in self.beside[:, waiting.pop()]:
                if g in inside or not self.alive[g]:
                    continue
                if (np.square(self.vertices[self.mesh.faces[g]] - point).sum(axis=1) <= radius * radius).all():
                    inside.add(int(g))
                    waiting.append(int(g))
        if len(inside) < 2:
            return None
        members = np.array(sorted(inside))
        loop = single_loop(self.mesh.faces[members])
        if loop is None:
            return None
        return _End(members, np.zeros((0, 3), np.int64), np.zeros((0, 3)), loop)

    def _fits(self, vertices: FloatArray, new: IntArray, removed: IntArray) -> bool:
        """Whether new faces meet no other face but at their common corners and edges."""
        corners = vertices[new]
        low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
        near = self.tree.within(low, high)
        near = near[self.alive[near] & ~np.isin(near, removed)]
        close = ((self.boxes[:, 0] <= high) & (self.boxes[:, 1] >= low)).all(axis=1)
        faces = np.concatenate([new, self.mesh.faces[near], self.added[close]])
        used, compact = np.unique(faces, return_inverse=True)
        points = vertices[used]
        compact = compact.reshape(-1, 3)
        return not _meets(points, compact, equal_positions(points)[compact], len(new))


@njit(cache=True)
def _meets(vertices: FloatArray, faces: IntArray, place: IntArray, n_new: int) -> bool:
    """Whether one of the first `n_new` faces meets another face; place: (F, 3) numbers of the corners' positions."""
    low, high = np.empty((len(faces), 3)), np.empty((len(faces), 3))
    for f in range(len(faces)):
        for i in range(3):
            a, b, c = vertices[faces[f, 0], i], vertices[faces[f, 1], i], vertices[faces[f, 2], i]
            low[f, i], high[f, i] = min(a, b, c), max(a, b, c)
    for f in range(n_new):
        for g in range(f + 1, len(faces)):
            apart = False
            for i in range(3):
                apart |= low[f, i] > high[g, i] or high[f, i] < low[g, i]
            if not apart and meet(vertices, faces, place, f, g):
                return True
    return False


def single_loop(faces: IntArray) -> IntArray | None:
    """(n,) the vertices around a disc of faces in their direction; None for what is not a disc."""
    table = edge_table(faces)
    if (table.count > 2).any():
        return None
    rim = table.order[table.start[:-1]][table.count == 1]
    face, corner = rim % len(faces), rim // len(faces)
    following = dict(zip(faces[face, corner].tolist(), faces[face, (corner + 1) % 3].tolist(), strict=True))
    if len(following) < len(rim) or len(rim) < 3:
        return None
    if len(np.unique(faces)) - len(table.vertices) + len(faces) != 1:
        return None
    loop = [next(iter(following))]
    while following[loop[-1]] != loop[0]:
        loop.append(following[loop[-1]])
    return np.array(loop) if len(loop) == len(rim) else None
