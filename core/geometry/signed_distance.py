# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact signed distances to a surface, negative inside; also where the surface has holes or meets itself.

How far is exact (a tree of boxes). Inside is where the generalised winding number is above a half (Jacobson et al.
2013; Barill et al. 2018 for its speed), which is defined for any triangles: a hole is closed as if by a soap film.
libigl's own signed distance by fast winding numbers is not used, since it scales the distance by the number.
"""

from __future__ import annotations

import igl
import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidMesh
from ..mesh import FloatArray, Mesh
from .distance import SurfaceTree
from .inside import why_no_inside
from .sampling import sample_surface

_INSIDE = 0.5
"""Winding number above which a point is inside."""

_ENCLOSED = 0.75
"""A surface that has an inside winds so often around a point somewhere; a flat sheet nowhere more than by a half."""

_PROBES, _DEPTHS = 512, (1e-5, 1e-3, 1e-2, 5e-2)
"""Where that is looked for: below so many points of the surface, at these parts of the diagonal."""


class SignedDistance:
    """A surface prepared for many queries. Faces that all look inward are turned."""

    def __init__(self, mesh: Mesh) -> None:
        """Raises `InvalidMesh` for a mesh that is empty, has coordinates that are not numbers, or has no inside."""
        self._tree = SurfaceTree(mesh)  # refuses what cannot be used
        self._centre, self._scale = mesh.vertices.mean(axis=0), mesh.diagonal
        vertices = np.ascontiguousarray((mesh.vertices - self._centre) / self._scale)
        self._low, self._high = vertices.min(axis=0), vertices.max(axis=0)
        self._winding = igl.FastWindingNumberBVH()
        self._winding.init(vertices, np.ascontiguousarray(mesh.faces))
        self._sign = self._orientation(Mesh(vertices, mesh.faces), why_no_inside(mesh))

    def __call__(self, points: FloatArray) -> FloatArray:
        """(N,) signed distances of points (N, 3), in their units; negative inside."""
        points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        return np.where(self.inside(points), -1.0, 1.0) * self._tree.nearest(points)[0]

    def inside(self, points: FloatArray) -> NDArray[np.bool_]:
        """(N,) whether points (N, 3) are inside."""
        query = (np.asarray(points, dtype=np.float64).reshape(-1, 3) - self._centre) / self._scale
        result = np.zeros(len(query), np.bool_)
        near = ((query >= self._low) & (query <= self._high)).all(axis=1)  # no winding above a half is beyond the box
        if near.any():
            result[near] = self._sign * self._turns(query[near]) > _INSIDE
        return result

    def _turns(self, query: FloatArray) -> FloatArray:
        return np.asarray(self._winding.winding_number(np.ascontiguousarray(query)), np.float64).ravel()

    def _orientation(self, mesh: Mesh, reason: str) -> float:
        """1, or −1 where the faces look inward."""
        points, triangle, _ = sample_surface(mesh, _PROBES)
        a, b, c = np.moveaxis(mesh.vertices[mesh.faces[triangle]], 1, 0)
        normal = np.cross(b - a, c - a)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
        probes = [points + side * depth * normal for depth in _DEPTHS for side in (-1.0, 1.0)]
        turns = self._turns(np.concatenate(probes))
        least, most = float(turns.min()), float(turns.max())
        if max(most, -least) < _ENCLOSED:
            raise InvalidMesh(
                f"The mesh has no inside: {reason or 'its surfaces cancel each other'}.",
                "Close it, or turn its faces to one side; Repair does both.",
            )
        return 1.0 if most >= -least or most >= _ENCLOSED else -1.0


def signed_distance(points: FloatArray, mesh: Mesh) -> FloatArray:
    """(N,) exact distances of points (N, 3) to a surface, negative inside, in the units of the points.

    Works for open and self-intersecting meshes. Raises `InvalidMesh` for one that is empty, has coordinates that are
    not numbers, or has no inside, as a flat sheet. For many queries of one mesh keep a `SignedDistance`.
    """
    return SignedDistance(mesh)(points)
