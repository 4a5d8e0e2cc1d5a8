# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact distances from points to a surface."""

from __future__ import annotations

import igl
import numpy as np

from ..mesh import FloatArray, IntArray, Mesh, require_usable


class SurfaceTree:
    """A surface prepared for many nearest-point queries (a tree of boxes, by libigl).

    Computed about the centre of the mesh in units of its diagonal, so that far-away or tiny coordinates cost
    no digits. Triangles without area count as the segments or points that they are.
    """

    def __init__(self, mesh: Mesh) -> None:
        """Raises `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers."""
        require_usable(mesh)
        self._centre, self._scale = mesh.vertices.mean(axis=0), mesh.diagonal
        self._vertices = np.ascontiguousarray((mesh.vertices - self._centre) / self._scale)
        self._faces = mesh.faces
        self._tree = igl.AABB()
        self._tree.init(self._vertices, self._faces)

    def nearest(self, points: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """(distance (N,), triangle (N,), nearest point (N, 3)) of each of `points` (N, 3), exact."""
        if not len(points):
            return np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 3))
        query = np.ascontiguousarray((np.asarray(points, dtype=np.float64) - self._centre) / self._scale)
        _, triangle, nearest = self._tree.squared_distance(self._vertices, self._faces, query)
        # From the nearest point: the squared distance loses half of the digits near the surface.
        distance = np.linalg.norm(query - nearest, axis=1)
        triangle = np.asarray(triangle, dtype=np.int64).ravel()
        return distance * self._scale, triangle, nearest * self._scale + self._centre


def nearest_on_surface(points: FloatArray, mesh: Mesh) -> tuple[FloatArray, IntArray, FloatArray]:
    """As `SurfaceTree.nearest`, for one query."""
    return SurfaceTree(mesh).nearest(points)


def distances_to_surface(points: FloatArray, mesh: Mesh) -> FloatArray:
    """(N,) exact unsigned distance of each of `points` (N, 3) to the surface, in its units."""
    return nearest_on_surface(points, mesh)[0]
