# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mapped triangle covers each point of a grid on the sphere, and where in it the point lies."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..mesh import FloatArray, IntArray

EDGE_TOLERANCE = 1e-12
"""How far outside a triangle (in barycentric coordinates) a point may lie: no gap opens at corners."""
WIDEST_CAP = 1.3
"""Radians from the middle of a triangle to its corners, above which it is tried against the whole grid."""
NEAREST_CORNERS = 4


def rasterize(
    sphere: FloatArray, faces: IntArray, colatitudes: FloatArray, n_longitudes: int
) -> tuple[IntArray, FloatArray]:
    """Locate each point of a grid in a map without flips.

    sphere: (V, 3) unit vectors; faces: (F, 3). colatitudes: (T,) ascending, in (0, π). The grid has
        longitudes 2πj / n_longitudes; point (i, j) has index i * n_longitudes + j.

    Returns (triangle (T·n,), barycentric (T·n, 3) in the plane of the flat triangle, seen from the centre).
    Neighbours test their common edge with the same rounding, so no point is lost between them; one that is
    lost all the same (at a corner, or where the map has flips) takes the closest triangle of those around the
    nearest vertices.
    """
    sphere, faces = np.ascontiguousarray(sphere), np.ascontiguousarray(faces)
    longitudes = 2.0 * np.pi * np.arange(n_longitudes) / n_longitudes
    directions = (np.cos(colatitudes), np.sin(colatitudes), np.cos(longitudes), np.sin(longitudes))
    triangle = np.full(len(colatitudes) * n_longitudes, -1, dtype=np.int64)
    barycentric = np.zeros((len(triangle), 3))
    _cover(sphere, faces, colatitudes, directions, triangle, barycentric)
    missing = np.flatnonzero(triangle < 0)
    if len(missing):
        row, column = np.divmod(missing, n_longitudes)
        cosine, sine, cos_phi, sin_phi = directions
        points = np.stack([sine[row] * cos_phi[column], sine[row] * sin_phi[column], cosine[row]], axis=1)
        triangle[missing], barycentric[missing] = closest(sphere, faces, points)
    return triangle, barycentric


def closest(sphere: FloatArray, faces: IntArray, points: FloatArray) -> tuple[IntArray, FloatArray]:
    """(triangle (N,), barycentric (N, 3) ≥ 0) where points (N, 3) are least outside."""
    used, around = np.unique(faces, return_inverse=True)
    start = np.concatenate([[0], np.cumsum(np.bincount(around.ravel()))])
    incident = np.argsort(around.ravel(), kind="stable") // 3
    count = min(NEAREST_CORNERS, len(used))
    _, near = cKDTree(sphere[used]).query(points, k=np.arange(1, count + 1))
    triangle = np.zeros(len(points), dtype=np.int64)
    barycentric = np.zeros((len(points), 3))
    for n, (point, corners) in enumerate(zip(points, near, strict=True)):
        candidates = np.concatenate([incident[start[v] : start[v + 1]] for v in corners])
        a, b, c = (sphere[faces[candidates, k]] for k in range(3))
        weights = np.stack([np.cross(b, c) @ point, np.cross(c, a) @ point, np.cross(a, b) @ point], axis=1)
        total = weights.sum(axis=1, keepdims=True)
        shares = np.where(total > 0.0, weights / np.where(total > 0.0, total, 1.0), -np.inf)
        best = int(np.argmax(shares.min(axis=1)))
        inside = np.maximum(shares[best], 0.0)
        triangle[n] = candidates[best]
        barycentric[n] = inside / inside.sum() if inside.sum() > 0.0 else 1.0 / 3.0
    return triangle, barycentric


@njit(cache=True)
def _cap(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> tuple[float, float, float]:
    """Colatitude, longitude, angular radius of a cap that holds the triangle; radius π when it is large."""
    x, y, z = a[0] + b[0] + c[0], a[1] + b[1] + c[1], a[2] + b[2] + c[2]
    length = np.sqrt(x * x + y * y + z * z)
    if length < 0.3:
        return 0.0, 0.0, np.pi
    x, y, z = x / length, y / length, z / length
    nearest = min(x * a[0] + y * a[1] + z * a[2], x * b[0] + y * b[1] + z * b[2], x * c[0] + y * c[1] + z * c[2])
    radius = np.arccos(min(1.0, max(-1.0, nearest))) + 1e-9
    # A cap below a hemisphere is convex, so it holds the triangle when it holds the corners.
    if radius > WIDEST_CAP:
        radius = np.pi
    return np.arccos(min(1.0, max(-1.0, z))), np.arctan2(y, x), radius


@njit(cache=True)
def _half_width(cos_radius: float, cos_centre: float, sin_centre: float, cosine: float, sine: float) -> float:
    """Half the range of longitudes that a cap covers on a circle of latitude."""
    across = sine * sin_centre
    if across < 1e-14:
        return np.pi
    value = (cos_radius - cosine * cos_centre) / across
    if value <= -1.0:
        return np.pi
    return 0.0 if value >= 1.0 else np.arccos(value)


@njit(cache=True)
def _cover(
    sphere: NDArray[np.float64],
    faces: NDArray[np.int64],
    colatitudes: NDArray[np.float64],
    directions: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    triangle: NDArray[np.int64],
    barycentric: NDArray[np.float64],
) -> None:
    """Visit the grid points in a cap around each triangle, and keep those inside it."""
    cosines, sines, cos_phi, sin_phi = directions
    n_phi = len(cos_phi)
    step = 2.0 * np.pi / n_phi
    for f in range(len(faces)):
        a, b, c = sphere[faces[f, 0]], sphere[faces[f, 1]], sphere[faces[f, 2]]
        # Normals of the planes through the centre and each edge. Swapping the ends of an edge changes exactly
        # the sign, so that neighbours agree on which side of it a point lies.
        ux, uy, uz = b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]
        vx, vy, vz = c[1] * a[2] - c[2] * a[1], c[2] * a[0] - c[0] * a[2], c[0] * a[1] - c[1] * a[0]
        wx, wy, wz = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
        centre, azimuth, radius = _cap(a, b, c)
        cos_radius, cos_centre, sin_centre = np.cos(radius), np.cos(centre), np.sin(centre)
        first = np.searchsorted(colatitudes, centre - radius)
        last = np.searchsorted(colatitudes, centre + radius)
        for row in range(first, last):
            half = np.pi
            if radius <= WIDEST_CAP:
                half = _half_width(cos_radius, cos_centre, sin_centre, cosines[row], sines[row])
            start = int(np.ceil((azimuth - half) / step - 1e-9))
            stop = min(int(np.floor((azimuth + half) / step + 1e-9)), start + n_phi - 1)
            for column in range(start, stop + 1):
                col = column % n_phi
                x, y, z = sines[row] * cos_phi[col], sines[row] * sin_phi[col], cosines[row]
                r = x * ux + y * uy + z * uz
                s = x * vx + y * vy + z * vz
                t = x * wx + y * wy + z * wz
                total, lowest = r + s + t, min(r, s, t)
                if total <= 0.0 or lowest < -EDGE_TOLERANCE * total:
                    continue
                point = row * n_phi + col
                if triangle[point] < 0 or lowest >= 0.0:
                    triangle[point] = f
                    barycentric[point, 0] = r / total
                    barycentric[point, 1] = s / total
                    barycentric[point, 2] = t / total
