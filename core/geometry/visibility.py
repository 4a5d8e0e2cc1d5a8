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


def openness(points: FloatArray, normals: FloatArray, mesh: Mesh, rays: int = 128) -> FloatArray:
    """(N,) the share of directions on the side of the normals in which nothing of the mesh is in the way.

    points, normals: (N, 3), on or near the surface. 0 where nothing can be seen from outside.
    Raises `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers.
    """
    require_usable(mesh)
    centre, scale = mesh.vertices.mean(axis=0), mesh.diagonal
    vertices = np.ascontiguousarray((mesh.vertices - centre) / scale)
    direction = np.ascontiguousarray(normals)
    origin = np.ascontiguousarray((points - centre) / scale + _OFFSET * direction)
    return 1.0 - np.asarray(igl.embree.ambient_occlusion(vertices, mesh.faces, origin, direction, rays))


def visible_from_outside(points: FloatArray, normals: FloatArray, mesh: Mesh) -> NDArray[np.bool_]:
    """(N,) whether some ray from a point of the surface, on either side, leaves the mesh without hitting it again.

    points, normals: (N, 3). Raises `InvalidMesh` as `openness` does.
    """
    seen = openness(points, normals, mesh) > 0.0
    left = np.flatnonzero(~seen)
    seen[left] = openness(points[left], -normals[left], mesh) > 0.0
    return np.asarray(seen)


def sample_visible(mesh: Mesh, count: int, seed: int = 0) -> FloatArray:
    """(n, 3) those of `count` random points of the surface that can be seen from outside."""
    points, triangle, _ = sample_surface(mesh, count, seed)
    return points[visible_from_outside(points, face_normals(mesh)[triangle], mesh)]
