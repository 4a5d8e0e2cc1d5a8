# SPDX-License-Identifier: GPL-3.0-or-later
"""Triangulation of large polygons in the plane by cutting off ears."""

from __future__ import annotations

import numpy as np
from numba import njit

from ...mesh import FloatArray, IntArray
from ..traced import BoolArray


def ears(points: FloatArray) -> IntArray:
    """(n - 2, 3) triangles over the anticlockwise polygon `points` (n, 2), n ≥ 3, without new corners.

    Ears are cut off going round and round, every other corner, so that triangles grow evenly. Corners that turn right
    are kept in a grid, so that the time is nearly in proportion to n. Where the polygon crosses itself, corners are
    cut off all the same, and triangles overlap there.
    """
    low, extent = points.min(axis=0), float(np.ptp(points, axis=0).max())
    side = max(int(np.sqrt(len(points))), 1)
    scaled = (points - low) * (side / extent if extent > 0 else 0.0)
    triangles: IntArray = _cut(np.ascontiguousarray(scaled), side)
    return triangles


@njit(cache=True)
def _turn(points: FloatArray, a: int, b: int, c: int) -> float:
    """Twice the area of the triangle a, b, c, negative when it turns right."""
    return (points[b, 0] - points[a, 0]) * (points[c, 1] - points[a, 1]) - (points[b, 1] - points[a, 1]) * (
        points[c, 0] - points[a, 0]
    )


@njit(cache=True)
def _cell(x: float, side: int) -> int:
    return min(int(x), side - 1)


@njit(cache=True)
def _same(points: FloatArray, a: int, b: int) -> bool:
    """Whether two corners are at one place, as those at a bridge are."""
    return points[a, 0] == points[b, 0] and points[a, 1] == points[b, 1]


@njit(cache=True)
def _is_ear(points: FloatArray, bent: BoolArray, first: IntArray, following: IntArray, a: int, b: int, c: int) -> bool:
    """Whether the triangle a, b, c turns left and holds none of the corners that turn right.

    first: (side, side) one such corner in each cell of the grid; following: (n,) the next one in the same cell.
    """
    if _turn(points, a, b, c) <= 0.0:
        return False
    side = len(first)
    low_x, high_x = min(points[a, 0], points[b, 0], points[c, 0]), max(points[a, 0], points[b, 0], points[c, 0])
    low_y, high_y = min(points[a, 1], points[b, 1], points[c, 1]), max(points[a, 1], points[b, 1], points[c, 1])
    for i in range(_cell(low_x, side), _cell(high_x, side) + 1):
        for j in range(_cell(low_y, side), _cell(high_y, side) + 1):
            p = first[i, j]
            while p >= 0:
                if bent[p] and not (_same(points, p, a) or _same(points, p, b) or _same(points, p, c)):
                    inside = _turn(points, a, b, p) >= 0.0 and _turn(points, b, c, p) >= 0.0
                    if inside and _turn(points, c, a, p) >= 0.0:
                        return False
                p = following[p]
    return True


@njit(cache=True)
def _cut(points: FloatArray, side: int) -> IntArray:
    n = len(points)
    after, before = np.arange(1, n + 1) % n, np.arange(-1, n - 1)
    before[0] = n - 1
    bent = np.zeros(n, np.bool_)
    first, following = np.full((side, side), -1, np.int64), np.full(n, -1, np.int64)
    for p in range(n):
        if _turn(points, before[p], p, after[p]) <= 0.0:
            bent[p] = True
            i, j = _cell(points[p, 0], side), _cell(points[p, 1], side)
            following[p], first[i, j] = first[i, j], p
    triangles = np.empty((n - 2, 3), np.int64)
    count, b, tries = 0, 0, 0
    while count < n - 3:
        a, c = before[b], after[b]
        if tries < n - count and not _is_ear(points, bent, first, following, a, b, c):
            b = c
            tries += 1
            continue
        triangles[count, 0], triangles[count, 1], triangles[count, 2] = a, b, c
        count += 1
        tries = 0
        after[a], before[c] = c, a
        bent[b] = False
        for p in (a, c):
            if bent[p] and _turn(points, before[p], p, after[p]) > 0.0:
                bent[p] = False
        b = after[c]
    triangles[count, 0], triangles[count, 1], triangles[count, 2] = before[b], b, after[b]
    return triangles
