# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mapped triangle covers each point of a grid on the sphere, and where in it the point lies."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..mesh import FloatArray, IntArray

EDGE_TOLERANCE = 1e-12
"""How far outside a triangle (in barycentric coordinates) a point may lie, so that no gap opens at edges."""


def rasterize(
    sphere: FloatArray, faces: IntArray, colatitudes: FloatArray, n_longitudes: int
) -> tuple[IntArray, FloatArray]:
    """Locate each point of a grid in a map without flips.

    sphere: (V, 3) unit vectors; faces: (F, 3). colatitudes: (T,) ascending, in (0, π). The grid has longitudes
        2πj / n_longitudes; point (i, j) has index i * n_longitudes + j.

    Returns (triangle (T·n,), barycentric (T·n, 3) in the plane of the flat triangle, seen from the centre).
    A point that rounding leaves between triangles takes the triangle of its neighbour along the row.
    """
    count = len(colatitudes) * n_longitudes
    triangle = np.full(count, -1, dtype=np.int64)
    barycentric = np.zeros((count, 3))
    cosines, sines = np.cos(colatitudes), np.sin(colatitudes)
    longitudes = 2.0 * np.pi * np.arange(n_longitudes) / n_longitudes
    _cover(
        sphere,
        faces,
        colatitudes,
        cosines,
        sines,
        np.cos(longitudes),
        np.sin(longitudes),
        triangle,
        barycentric,
    )
    missing = np.flatnonzero(triangle < 0)
    if len(missing):
        _fill(sphere, faces, colatitudes, longitudes, missing, triangle, barycentric)
    return triangle, barycentric


def _fill(
    sphere: FloatArray, faces: IntArray, colatitudes: FloatArray, longitudes: FloatArray,
    missing: IntArray, triangle: IntArray, barycentric: FloatArray,
) -> None:  # fmt: skip
    """Give the points that no triangle took to the triangle in which they are least outside."""
    row, column = missing // len(longitudes), missing % len(longitudes)
    theta, phi = colatitudes[row], longitudes[column]
    points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    a, b, c = (sphere[faces[:, k]] for k in range(3))
    normals = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    for index, point in zip(missing, points, strict=True):
        weights = normals @ point
        inside = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        inside[weights.sum(axis=1) <= 0] = -np.inf
        best = int(np.argmax(inside.min(axis=1)))
        clipped = np.maximum(inside[best], 0.0)
        triangle[index], barycentric[index] = best, clipped / clipped.sum()


@njit(cache=True)
def _cover(
    sphere: NDArray[np.float64], faces: NDArray[np.int64], colatitudes: NDArray[np.float64],
    cosines: NDArray[np.float64], sines: NDArray[np.float64], cos_phi: NDArray[np.float64],
    sin_phi: NDArray[np.float64], triangle: NDArray[np.int64], barycentric: NDArray[np.float64],
) -> None:  # fmt: skip
    """Visit the grid points in a cap around each triangle, and keep those inside it.

    The cap is centred on the triangle's circumcentre direction (the normal of its plane), so its radius is the
    same to all corners; a triangle that is larger than a hemisphere is tried against the whole grid.
    """
    n_phi = len(cos_phi)
    step = 2.0 * np.pi / n_phi
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = sphere[i, 0], sphere[i, 1], sphere[i, 2]
        bx, by, bz = sphere[j, 0], sphere[j, 1], sphere[j, 2]
        cx, cy, cz = sphere[k, 0], sphere[k, 1], sphere[k, 2]
        ux, uy, uz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
        vx, vy, vz = cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax
        wx, wy, wz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        mx, my, mz = ax + bx + cx, ay + by + cy, az + bz + cz
        length = np.sqrt(mx * mx + my * my + mz * mz)
        radius = np.pi
        centre, azimuth = 0.0, 0.0
        if length > 0.3:
            mx, my, mz = mx / length, my / length, mz / length
            nearest = min(
                mx * ax + my * ay + mz * az, mx * bx + my * by + mz * bz, mx * cx + my * cy + mz * cz
            )
            radius = np.arccos(min(1.0, max(-1.0, nearest))) + 1e-9
            if radius > 1.3:
                radius = np.pi
            centre = np.arccos(min(1.0, max(-1.0, mz)))
            azimuth = np.arctan2(my, mx)
        first = np.searchsorted(colatitudes, centre - radius)
        last = np.searchsorted(colatitudes, centre + radius)
        cos_radius, cos_centre, sin_centre = np.cos(radius), np.cos(centre), np.sin(centre)
        for row in range(first, last):
            half = np.pi
            across = sines[row] * sin_centre
            if radius < 3.0 and across > 1e-14:
                cosine = (cos_radius - cosines[row] * cos_centre) / across
                if cosine >= 1.0:
                    half = 0.0
                elif cosine > -1.0:
                    half = np.arccos(cosine)
            start = int(np.ceil((azimuth - half) / step - 1e-9))
            stop = min(int(np.floor((azimuth + half) / step + 1e-9)), start + n_phi - 1)
            for column in range(start, stop + 1):
                col = column % n_phi
                x, y, z = sines[row] * cos_phi[col], sines[row] * sin_phi[col], cosines[row]
                s, t, r = x * ux + y * uy + z * uz, x * vx + y * vy + z * vz, x * wx + y * wy + z * wz
                total = s + t + r
                lowest = min(s, t, r)
                if total <= 0.0 or lowest < -EDGE_TOLERANCE * total:
                    continue
                point = row * n_phi + col
                if triangle[point] >= 0 and lowest < 0.0:
                    continue
                triangle[point] = f
                barycentric[point, 0], barycentric[point, 1] = s / total, t / total
                barycentric[point, 2] = r / total
