# SPDX-License-Identifier: GPL-3.0-or-later
"""Limited dissolve: remove the vertices that flat regions and straight edges do not need."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ..traced import NEW, StepResult, Traced

_MOST_PASSES = 60
_SLIVER = 1e-3
"""A collapse that would leave a face with less height over its longest edge is not done."""


def dissolve_planar(traced: Traced, *, angle: float = 5.0, progress: Progress = silent) -> StepResult:
    """Collapse vertices whose faces, or both sides of the one crease through them, differ by less than `angle`.

    angle: degrees, 0 … 60. Boundaries and non-manifold edges stay. What Blender's Limited Dissolve does to polygons
    is done here to triangles, by half-edge collapses (Hoppe 1996): the surface changes by no more than the angle
    allows, and no face is turned over.
    """
    mesh = traced.mesh
    count, limit = mesh.n_faces, float(np.cos(np.radians(angle)))
    faces, source = mesh.faces, traced.face_source
    fixed = _fixed(mesh)
    for number in range(_MOST_PASSES):
        progress(number / _MOST_PASSES, "Dissolving flat regions")
        start, around = _incidence(faces, mesh.n_vertices)
        moved, alive, changed = _pass(mesh.vertices, faces, start, around, fixed, limit, _SLIVER)
        if not changed.any():
            break
        faces, source = moved[alive], np.where(changed, NEW, source)[alive]
    kept = Traced(traced.source, Mesh(mesh.vertices, faces), traced.vertex_source, source).without_loose()
    dissolved = count - kept.mesh.n_faces
    return StepResult(kept, {"faces_dissolved": dissolved} if dissolved else {})


def _fixed(mesh: Mesh) -> NDArray[np.bool_]:
    """(V,) vertices on edges that do not have exactly two faces running opposite ways."""
    table = edge_table(mesh.faces)
    fixed = np.zeros(mesh.n_vertices, dtype=np.bool_)
    fixed[table.vertices[(table.count != 2) | (table.forward != 1)]] = True
    return fixed


def _incidence(faces: IntArray, n_vertices: int) -> tuple[IntArray, IntArray]:
    """(V + 1,) starts and (3F,) faces at each vertex."""
    order = np.argsort(faces.ravel(), kind="stable")
    start = np.zeros(n_vertices + 1, np.int64)
    np.cumsum(np.bincount(faces.ravel(), minlength=n_vertices), out=start[1:])
    return start, order // 3


@njit(cache=True)
def _normal(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    return np.cross(b - a, c - a)


@njit(cache=True)
def _collapses(
    vertices: FloatArray,
    faces: IntArray,
    ring: IntArray,
    vertex: int,
    target: int,
    normals: FloatArray,
    limit: float,
    sliver: float,
) -> bool:
    """Whether moving `vertex` to `target` keeps the faces around it turned as they are, and none a sliver."""
    for f in ring:
        corner = faces[f]
        if corner[0] == target or corner[1] == target or corner[2] == target:
            continue
        p = vertices[target if corner[0] == vertex else corner[0]]
        q = vertices[target if corner[1] == vertex else corner[1]]
        r = vertices[target if corner[2] == vertex else corner[2]]
        cross = _normal(p, q, r)
        length = np.sqrt((cross * cross).sum())
        longest = max(((q - p) ** 2).sum(), ((r - q) ** 2).sum(), ((p - r) ** 2).sum())
        if length <= sliver * longest or (cross * normals[f]).sum() < limit * length:
            return False
    return True


@njit(cache=True)
def _creases(faces: IntArray, ring: IntArray, vertex: int, normals: FloatArray, limit: float) -> tuple[int, IntArray]:
    """How many sharp edges leave the vertex, and the other ends of the first two."""
    ends = np.full(2, -1, np.int64)
    sharp = 0
    for f in ring:
        for k in range(3):
            if faces[f, k] == vertex:
                head = faces[f, (k + 1) % 3]
        for g in ring:
            beside = g != f and (faces[g, 0] == head or faces[g, 1] == head or faces[g, 2] == head)
            if beside and (normals[f] * normals[g]).sum() < limit:
                if sharp < 2:
                    ends[sharp] = head
                sharp += 1
    return sharp, ends


@njit(cache=True)
def _shares_only(faces: IntArray, start: IntArray, around: IntArray, vertex: int, target: int) -> bool:
    """The link condition: the two have exactly two common neighbours."""
    common = 0
    for i in range(start[target], start[target + 1]):
        for k in range(3):
            if faces[around[i], k] == target:
                other = faces[around[i], (k + 1) % 3]
        for j in range(start[vertex], start[vertex + 1]):
            f = around[j]
            if other != vertex and (faces[f, 0] == other or faces[f, 1] == other or faces[f, 2] == other):
                common += 1
                break
    return common == 2


@njit(cache=True)
def _pass(
    vertices: FloatArray,
    faces: IntArray,
    start: IntArray,
    around: IntArray,
    fixed: NDArray[np.bool_],
    limit: float,
    sliver: float,
) -> tuple[IntArray, NDArray[np.bool_], NDArray[np.bool_]]:
    """Collapse every vertex that can go and whose ring has not changed in this pass."""
    faces = faces.copy()
    alive = np.ones(len(faces), dtype=np.bool_)
    changed = np.zeros(len(faces), dtype=np.bool_)
    touched = np.zeros(len(vertices), dtype=np.bool_)
    normals = np.zeros((len(faces), 3))
    for f in range(len(faces)):
        cross = _normal(vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]])
        length = np.sqrt((cross * cross).sum())
        if length > 0.0:
            normals[f] = cross / length
    for vertex in range(len(vertices)):
        ring = around[start[vertex] : start[vertex + 1]]
        if fixed[vertex] or len(ring) < 3:
            continue
        free = True
        for f in ring:
            free = free and not (touched[faces[f, 0]] or touched[faces[f, 1]] or touched[faces[f, 2]])
        if not free:
            continue
        sharp, ends = _creases(faces, ring, vertex, normals, limit)
        if sharp == 1 or sharp > 2:
            continue
        if sharp == 2:
            one, two = vertices[ends[0]] - vertices[vertex], vertices[ends[1]] - vertices[vertex]
            if -(one * two).sum() < limit * np.sqrt((one * one).sum() * (two * two).sum()):
                continue
        for f in ring:
            done = False
            for k in range(3):
                target = faces[f, k]
                if target == vertex or (sharp == 2 and target != ends[0] and target != ends[1]):
                    continue
                if _collapses(vertices, faces, ring, vertex, target, normals, limit, sliver) and _shares_only(
                    faces, start, around, vertex, target
                ):
                    done = True
                    break
            if done:
                for g in ring:
                    for k in range(3):
                        touched[faces[g, k]] = True
                    if faces[g, 0] == target or faces[g, 1] == target or faces[g, 2] == target:
                        alive[g] = False
                    for k in range(3):
                        if faces[g, k] == vertex:
                            faces[g, k] = target
                    changed[g] = True
                break
    return faces, alive, changed
