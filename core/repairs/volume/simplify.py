# SPDX-License-Identifier: GPL-3.0-or-later
"""Fewer triangles for a closed manifold that keeps its genus and gets no self-intersections."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...geometry.measure import face_areas, face_normals, scatter_to_vertices
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, part, silent
from ...topology.intersections import intersecting_faces
from .collapse import collapse_edges, plane_quadrics

ROUNDS = 7
"""Attempts to find a simplification without self-intersections, before places around the faults are left alone."""


def simplify(
    mesh: Mesh,
    n_faces: int,
    tolerance: float = np.inf,
    planes: tuple[FloatArray, FloatArray] | None = None,
    progress: Progress = silent,
    *,
    may_meet: bool = False,
) -> Mesh:
    """A mesh with about `n_faces` triangles, a closed manifold of the same genus as `mesh`.

    Free of self-intersections if `mesh` is: where collapses make triangles meet, the places that they come from are
    left as they are, and the rest is simplified again, until there are none.

    tolerance: largest root-mean-square distance of a vertex from the planes that it stands for, in the units of the
    mesh; with it there may be more triangles left. planes: points (V, 3) and unit normals (V, 3) of the true
    surface near each vertex, which bring back its sharp edges; by default the planes are those of the triangles of
    `mesh`. may_meet: for a mesh that has self-intersections anyway: they are not looked for. Attributes keep the value
    of one of the vertices that became one.
    """
    if mesh.n_faces <= max(n_faces, 4):
        return mesh
    centre, scale = mesh.vertices.mean(axis=0), mesh.diagonal
    unit = Mesh((mesh.vertices - centre) / scale, mesh.faces)
    quadrics = _quadrics(unit, None if planes is None else ((planes[0] - centre) / scale, planes[1]))
    locked = np.zeros(mesh.n_vertices, dtype=bool)
    goal = mesh.n_vertices - (mesh.n_faces - n_faces + 1) // 2  # a collapse removes a vertex and two triangles
    for attempt in range(ROUNDS):
        step = part(progress, attempt / ROUNDS, (attempt + 1) / ROUNDS)
        place, faces, parent = collapse_edges(
            unit.vertices, unit.faces, quadrics, locked, goal, tolerance / scale, part(step, 0.0, 0.6)
        )
        moved = (place != unit.vertices).any(axis=1)
        place = np.where(moved[:, None], place * scale + centre, mesh.vertices)
        bad = () if may_meet else intersecting_faces(Mesh(place, faces), progress=part(step, 0.6, 1.0))
        if not len(bad):
            return _compact(mesh, place, faces)
        fault = np.zeros(mesh.n_vertices, dtype=bool)
        fault[faces[bad].ravel()] = True
        fault = _widened(fault[parent], mesh.faces, 2**attempt // 2)
        locked |= fault
    return mesh


def _quadrics(mesh: Mesh, planes: tuple[FloatArray, FloatArray] | None) -> FloatArray:
    areas = face_areas(mesh) / 3.0
    if planes is not None:
        return plane_quadrics(*planes, scatter_to_vertices(areas, mesh.faces, mesh.n_vertices))
    per_face = plane_quadrics(mesh.vertices[mesh.faces[:, 0]], face_normals(mesh), areas)
    return np.stack([scatter_to_vertices(per_face[:, k], mesh.faces, mesh.n_vertices) for k in range(11)], axis=1)


def _widened(chosen: NDArray[np.bool_], faces: IntArray, rings: int) -> NDArray[np.bool_]:
    """`chosen` (V,) and the vertices around, `rings` times."""
    for _ in range(rings):
        chosen = chosen.copy()
        chosen[faces[chosen[faces].any(axis=1)].ravel()] = True
    return chosen


def _compact(mesh: Mesh, place: FloatArray, faces: IntArray) -> Mesh:
    used = np.zeros(len(place), dtype=bool)
    used[faces.ravel()] = True
    number = np.cumsum(used) - 1
    return Mesh(place[used], number[faces], {name: values[used] for name, values in mesh.attributes.items()})
