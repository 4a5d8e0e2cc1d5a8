# SPDX-License-Identifier: GPL-3.0-or-later
"""Triangulations of points on the sphere: Delaunay by a convex hull, and kept Delaunay by edge flips."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from ..mesh import FloatArray, IntArray

FLIP_TOLERANCE = 1e-14


def delaunay(points: FloatArray) -> IntArray:
    """(2N - 4, 3) outward triangles of the Delaunay triangulation of unit vectors (N, 3), their hull."""
    hull = ConvexHull(points)
    triangles: IntArray = hull.simplices.astype(np.int64)
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = np.einsum("ij,ij->i", normals, hull.equations[:, :3]) < 0
    triangles[inward] = triangles[inward][:, [0, 2, 1]]
    return triangles


def neighbours(triangles: IntArray) -> IntArray:
    """(T, 3) the triangle across the edge opposite to each corner, for closed oriented triangles (T, 3)."""
    count = int(triangles.max()) + 1
    ahead = triangles[:, [1, 2, 0]].ravel() * count + triangles[:, [2, 0, 1]].ravel()
    back = triangles[:, [2, 0, 1]].ravel() * count + triangles[:, [1, 2, 0]].ravel()
    order = np.argsort(ahead)
    return np.asarray(order[np.searchsorted(ahead, back, sorter=order)] // 3).reshape(-1, 3)


@njit(cache=True)
def flip_to_delaunay(points: NDArray[np.float64], triangles: NDArray[np.int64], across: NDArray[np.int64]) -> int:
    """Flip edges until the triangulation is Delaunay (Lawson 1977), changing `triangles` and `across`.

    An edge is flipped when the opposite vertex lies above the plane of the triangle. Returns how many were.
    """
    count = len(triangles)
    stack, waiting = np.arange(count), np.ones(count, np.bool_)
    size, flipped = count, 0
    while size > 0 and flipped < 20 * count:
        size -= 1
        f = stack[size]
        waiting[f] = False
        k = 0
        while k < 3:
            g = across[f, k]
            j = 0
            while across[g, j] != f or triangles[g, (j + 1) % 3] != triangles[f, (k + 2) % 3]:
                j += 1
            c, a, b, d = (
                triangles[f, k],
                triangles[f, (k + 1) % 3],
                triangles[f, (k + 2) % 3],
                triangles[g, j],
            )
            ux, uy, uz = points[a, 0] - points[c, 0], points[a, 1] - points[c, 1], points[a, 2] - points[c, 2]
            vx, vy, vz = points[b, 0] - points[c, 0], points[b, 1] - points[c, 1], points[b, 2] - points[c, 2]
            wx, wy, wz = points[d, 0] - points[c, 0], points[d, 1] - points[c, 1], points[d, 2] - points[c, 2]
            volume = wx * (uy * vz - uz * vy) + wy * (uz * vx - ux * vz) + wz * (ux * vy - uy * vx)
            if not volume > FLIP_TOLERANCE or c == d:
                k += 1
                continue
            beyond_bc, beyond_ca = across[f, (k + 1) % 3], across[f, (k + 2) % 3]
            beyond_ad, beyond_db = across[g, (j + 1) % 3], across[g, (j + 2) % 3]
            triangles[f, 0], triangles[f, 1], triangles[f, 2] = c, a, d
            triangles[g, 0], triangles[g, 1], triangles[g, 2] = d, b, c
            across[f, 0], across[f, 1], across[f, 2] = beyond_ad, g, beyond_ca
            across[g, 0], across[g, 1], across[g, 2] = beyond_bc, f, beyond_db
            for q in range(3):
                if across[beyond_ad, q] == g and triangles[beyond_ad, (q + 1) % 3] == d:
                    across[beyond_ad, q] = f
                if across[beyond_bc, q] == f and triangles[beyond_bc, (q + 1) % 3] == c:
                    across[beyond_bc, q] = g
            flipped += 1
            for h in (g, beyond_ad, beyond_bc, beyond_ca, beyond_db):
                if not waiting[h]:
                    waiting[h] = True
                    stack[size] = h
                    size += 1
            k = 0
    return flipped
