# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points of a surface can be seen from outside."""

from __future__ import annotations

import igl.embree
import numpy as np
from numpy.typing import NDArray

from ..mesh import FloatArray, Mesh, require_usable
from .measure import face_normals
from .sampling import sample_surface

_OFFSET = 1e-4
"""How far rays start from the surface, as a part of the diagonal, so that they do not hit where they start."""


def visible_from_outside(points: FloatArray, normals: FloatArray, mesh: Mesh, rays: int = 128) -> NDArray[np.bool_]:
    """(N,) whether some ray from a point of the surface leaves the mesh without hitting it again.

    points, normals: (N, 3); both sides of the surface are tried, `rays` directions each.
    Raises `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers.
    """
    require_usable(mesh)
    centre, scale = mesh.vertices.mean(axis=0), mesh.diagonal
    vertices = np.ascontiguousarray((mesh.vertices - centre) / scale)
    faces = np.ascontiguousarray(mesh.faces)
    start = (points - centre) / scale
    seen = np.zeros(len(points), dtype=bool)
    for side in (1.0, -1.0):
        left = np.flatnonzero(~seen)
        direction = np.ascontiguousarray(side * normals[left])
        origin = np.ascontiguousarray(start[left] + _OFFSET * direction)
        seen[left] = igl.embree.ambient_occlusion(vertices, faces, origin, direction, rays) < 1.0
    return seen


def sample_visible(mesh: Mesh, count: int, seed: int = 0) -> FloatArray:
    """(n, 3) those of `count` random points of the surface that can be seen from outside."""
    points, triangle, _ = sample_surface(mesh, count, seed)
    return points[visible_from_outside(points, face_normals(mesh)[triangle], mesh)]
