# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the surface of a digital object back onto the mesh that it was made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ...geometry.distance import SurfaceTree
from ...geometry.edges import edge_table
from ...geometry.measure import face_cross, face_normals, vertex_normals
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, part, silent
from ...topology.intersections import intersecting_faces

BoolArray = NDArray[np.bool_]
SURE = 0.35
"""Within this part of the reach the nearest point counts whatever its direction."""
ACROSS = 0.5
"""Farther away it counts when the cosine between the way to it and the normal is at least this."""
AHEAD = 0.27
"""A vertex this part of the reach outside of the target is on a sheet that was made thicker; it stays off it."""
HALF_SHEET = 0.17
"""Half of the thickness that such sheets get, as part of the reach."""
SHARP = 0.85
"""Cosine of the normals of neighbours from which on a vertex is on a sharp edge of the target."""
RELAXATIONS = 4
SMOOTHINGS = 20
SHARES = (0.75, 0.5, 0.25, 0.1, 0.0)
"""Parts of the way to the target that are tried where the whole way leads to self-intersections."""


@dataclass(frozen=True)
class Anchors:
    """Where the target is near each vertex.

    points, normals: (V, 3) nearest point of the target and its unit normal, on the side of the vertex's own normal.
    near: (V,) whether the vertex belongs to the target there; for others, points and normals are its own.
    """

    points: FloatArray
    normals: FloatArray
    near: BoolArray

    @property
    def planes(self) -> tuple[FloatArray, FloatArray]:
        """For `simplify`."""
        return self.points, self.normals


class Target:
    """A mesh to fit to, prepared for many nearest-point queries, without the faces whose coordinates are not numbers.

    diagonal: of the box around the faces that are left, in the units of the mesh.
    """

    def __init__(self, mesh: Mesh) -> None:
        finite = np.isfinite(mesh.vertices).all(axis=1)
        faces = mesh.faces[finite[mesh.faces].all(axis=1)]
        clean = Mesh(np.where(finite[:, None], mesh.vertices, 0.0), faces)
        used = np.unique(faces)
        number = np.zeros(mesh.n_vertices, dtype=np.int64)
        number[used] = np.arange(len(used))
        clean = Mesh(clean.vertices[used], number[faces])
        self.diagonal = clean.diagonal
        self._tree = SurfaceTree(clean)
        self._normals = face_normals(clean)

    def anchors(self, mesh: Mesh, reach: float) -> Anchors:
        """The nearest points of the target within `reach` that vertices of `mesh` belong to.

        Not those of vertices with the attribute `free` (see `extract`), and not points that are far to the side: what
        a vertex belongs to lies before or behind it. For the attribute `sheet` see `mark_sheets`.
        """
        own = vertex_normals(mesh)
        asked = np.flatnonzero(_bound(mesh))
        distance, triangle, nearest = self._tree.nearest(mesh.vertices[asked])
        way = nearest - mesh.vertices[asked]
        normal = self._normals[triangle]
        along = np.abs(np.einsum("ni,ni->n", way, own[asked]))
        good = (distance < SURE * reach) | ((distance < reach) & (along >= ACROSS * distance))
        good &= np.einsum("ni,ni->n", normal, normal) > 0.5
        sheet = mesh.attributes.get("sheet", np.zeros(mesh.n_vertices))[asked] > 0.5
        nearest = nearest + own[asked] * np.where(sheet, HALF_SHEET * reach, 0.0)[:, None]
        points, normals, near = mesh.vertices.copy(), own.copy(), np.zeros(mesh.n_vertices, dtype=bool)
        chosen = asked[good]
        side = np.where(np.einsum("ni,ni->n", normal, own[asked]) < 0.0, -1.0, 1.0)
        points[chosen], normals[chosen], near[chosen] = nearest[good], (normal * side[:, None])[good], True
        return Anchors(points, normals, near)

    def mark_sheets(self, mesh: Mesh, reach: float) -> Mesh:
        """`mesh`, not yet fitted, with the attribute `sheet` (V,): 1 where it is a sheet that was made thicker.

        There it runs in front of the target, and both sides would meet on it. Such vertices are fitted to a little in
        front of it.
        """
        way = self._tree.nearest(mesh.vertices)[2] - mesh.vertices
        ahead = -np.einsum("ni,ni->n", way, vertex_normals(mesh)) > AHEAD * reach
        return mesh.with_attributes(sheet=(ahead & _bound(mesh)).astype(np.float64))


def fit_to(mesh: Mesh, target: Mesh | Target, reach: float, progress: Progress = silent) -> Mesh:
    """`mesh`, closed and free of self-intersections, with its vertices on `target` where that is within `reach`.

    Vertices are moved along the surface for evener triangles and then to the nearest point of the target, without
    turning triangles over. Those that are far from it, or have the attribute `free` (caps and bridges), are
    smoothed, and stay within half of the reach from where they were. The result is free of self-intersections: where
    there would be some, vertices stay on their way, in the end where they were.
    """
    target = target if isinstance(target, Target) else Target(target)
    average = _averaging(mesh.faces, mesh.n_vertices)
    start, now = mesh.vertices, mesh
    for turn in range(RELAXATIONS):
        progress(0.6 * turn / RELAXATIONS, "Fitting the surface")
        anchors = target.anchors(now, reach)
        sharp = _sharp(now.faces, anchors)
        pull = average @ now.vertices - now.vertices
        pull -= np.einsum("ni,ni->n", pull, anchors.normals)[:, None] * anchors.normals
        slide = np.where((anchors.near & ~sharp)[:, None], 0.5 * pull, 0.0)
        onto = np.where(anchors.near[:, None], anchors.points - now.vertices, 0.0)
        now = _advance(now, now.vertices + slide + onto)
        now = _smooth(now, start, ~anchors.near, average, 0.5 * reach)
    anchors = target.anchors(now, reach)
    now = _advance(now, np.where(anchors.near[:, None], anchors.points, now.vertices))
    return _untangled(mesh, now.vertices, part(progress, 0.6, 1.0))


def _bound(mesh: Mesh) -> BoolArray:
    """(V,) the vertices that are not `free`."""
    free = mesh.attributes.get("free")
    return np.ones(mesh.n_vertices, dtype=bool) if free is None else np.asarray(free < 0.5)


def _averaging(faces: IntArray, n_vertices: int) -> csr_matrix:
    """(V, V) takes a quantity at the vertices to the mean over their neighbours."""
    a, b = edge_table(faces).vertices.T
    matrix = csr_matrix((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(n_vertices, n_vertices))
    degree = np.diff(matrix.indptr)
    matrix.data /= np.repeat(np.maximum(degree, 1), degree)
    return matrix


def _sharp(faces: IntArray, anchors: Anchors) -> BoolArray:
    """(V,) vertices whose normal on the target is far from that of a neighbour."""
    result = np.zeros(len(anchors.near), dtype=bool)
    for k in range(3):
        a, b = faces[:, k], faces[:, (k + 1) % 3]
        bent = np.einsum("ni,ni->n", anchors.normals[a], anchors.normals[b]) < SHARP
        result[a[bent]] = True
        result[b[bent]] = True
    return result


def _smooth(mesh: Mesh, start: FloatArray, loose: BoolArray, average: csr_matrix, limit: float) -> Mesh:
    """The `loose` vertices moved to the mean of their neighbours many times, at most `limit` from `start`."""
    chosen = np.flatnonzero(loose)
    if not len(chosen):
        return mesh
    rows, vertices = average[chosen], mesh.vertices.copy()
    for _ in range(SMOOTHINGS):
        step = 0.5 * (rows @ vertices + vertices[chosen]) - start[chosen]
        length = np.linalg.norm(step, axis=1, keepdims=True)
        vertices[chosen] = start[chosen] + step * np.minimum(1.0, limit / np.maximum(length, 1e-300))
    return _advance(mesh, vertices)


def _advance(mesh: Mesh, vertices: FloatArray) -> Mesh:
    """Vertices moved as far towards `vertices` as possible without turning triangles over."""
    before = face_cross(mesh.vertices, mesh.faces)
    size = np.linalg.norm(before, axis=1)
    step, share = vertices - mesh.vertices, np.ones(mesh.n_vertices)
    for attempt in range(6):
        after = face_cross(mesh.vertices + share[:, None] * step, mesh.faces)
        turned = np.einsum("fi,fi->f", before, after) <= 0.1 * size * np.linalg.norm(after, axis=1)
        turned &= size > 0.0
        if not turned.any():
            break
        share[mesh.faces[turned].ravel()] *= 0.5 if attempt < 4 else 0.0
    return mesh.with_vertices(mesh.vertices + share[:, None] * step)


def _untangled(mesh: Mesh, vertices: FloatArray, progress: Progress) -> Mesh:
    """`mesh` with its vertices moved towards `vertices` as far as there are no self-intersections."""
    level = np.zeros(mesh.n_vertices, dtype=np.int64)
    share = np.concatenate([[1.0], SHARES])
    fresh = np.ones(mesh.n_vertices, dtype=bool)
    for attempt in range(3 * len(SHARES)):
        weight = share[level][:, None]
        place = np.where(weight == 1.0, vertices, mesh.vertices + weight * (vertices - mesh.vertices))
        moved = mesh.with_vertices(place)
        asked = fresh[mesh.faces].any(axis=1)  # what stayed where it was does not meet what stayed
        bad = intersecting_faces(moved, progress=part(progress, attempt / (3 * len(SHARES)), 1.0), asked=asked)
        if not len(bad):
            return moved
        hit = np.zeros(mesh.n_vertices, dtype=bool)
        hit[mesh.faces[bad].ravel()] = True
        for _ in range(1 + attempt // 3):
            hit[mesh.faces[hit[mesh.faces].any(axis=1)].ravel()] = True
        before = level.copy()
        level[hit] = np.minimum(level[hit] + 1, len(SHARES))
        fresh = hit if (level != before).any() else np.ones_like(hit)
    return mesh
