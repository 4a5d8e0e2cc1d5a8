# SPDX-License-Identifier: GPL-3.0-or-later
"""Discs over closed polygons in space, to see how large a cut would be, and to close it."""

from __future__ import annotations

import numpy as np
from numba import njit

from ...mesh import FloatArray, IntArray

LONGEST = 120
"""Polygons with more corners are cut into a coarse one and pieces along its sides."""


def triangulate(points: FloatArray) -> IntArray:
    """(n − 2, 3) triangles over the closed polygon (n, 3), in its direction: small, round ones.

    Minimum-weight triangulation (Barequet and Sharir 1995); beyond `LONGEST` corners put together from several.
    """
    count = len(points)
    if count <= LONGEST:
        return _minimum_weight(points)
    corners = (np.arange(LONGEST) * count) // LONGEST
    triangles = [corners[_minimum_weight(points[corners])]]
    for begin, end in zip(corners, np.append(corners[1:], count), strict=True):
        if end - begin > 1:
            piece = np.arange(begin, end + 1) % count
            triangles.append(piece[triangulate(points[piece])])
    return np.concatenate(triangles)


@njit(cache=True)
def _weight(points: FloatArray, i: int, j: int, k: int) -> float:
    """Area, more for long triangles, and much more for flat ones."""
    a, b, c = points[i], points[j], points[k]
    u, v, w = b - a, c - b, a - c
    squares = u @ u + v @ v + w @ w
    x, y, z = u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]
    area = 0.5 * np.sqrt(x * x + y * y + z * z)
    weight = area + 0.02 * squares
    if area < 1e-3 * squares:
        weight += squares
    return weight


@njit(cache=True)
def _minimum_weight(points: FloatArray) -> IntArray:
    n = len(points)
    cost = np.zeros((n, n))
    middle = np.zeros((n, n), np.int64)
    for gap in range(2, n):
        for i in range(n - gap):
            k = i + gap
            best = np.inf
            for j in range(i + 1, k):
                partial = cost[i, j] + cost[j, k]
                if partial < best:
                    total = partial + _weight(points, i, j, k)
                    if total < best:
                        best = total
                        middle[i, k] = j
            cost[i, k] = best
    triangles = np.empty((n - 2, 3), np.int64)
    stack = [(0, n - 1)]
    count = 0
    while len(stack):
        i, k = stack.pop()
        if k - i < 2:
            continue
        j = middle[i, k]
        triangles[count] = (i, j, k)
        count += 1
        stack.append((i, j))
        stack.append((j, k))
    return triangles
