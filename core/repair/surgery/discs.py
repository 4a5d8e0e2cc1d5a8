# SPDX-License-Identifier: GPL-3.0-or-later
"""Discs over closed polygons in space, to see how large a cut would be, and to close it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...mesh import FloatArray, IntArray

LONGEST = 120
"""Polygons with more corners are cut into a coarse one and pieces along its sides."""


@dataclass(frozen=True)
class Disc:
    """Triangles over a polygon of n corners and k inner points.

    triangles (t, 3): names corners 0 … n − 1 in the direction of the polygon, then inner points.
    weights (k, n): where the inner points are, as means of the corners; so that the same disc over a polygon beside
        the first lies beside it everywhere.
    """

    triangles: IntArray
    weights: FloatArray

    def all_points(self, corners: FloatArray) -> FloatArray:
        """(n + k, 3) the corners and the inner points."""
        return np.concatenate([corners, self.weights @ corners])

    def rim(self) -> tuple[IntArray, IntArray, IntArray]:
        """For each side of the polygon the third corner of its triangle, its begin and its end."""
        n = self.weights.shape[1]
        begin, end = self.triangles, np.roll(self.triangles, -1, axis=1)
        on_rim = (begin < n) & (end == (begin + 1) % n)
        return np.roll(self.triangles, 1, axis=1)[on_rim], begin[on_rim], end[on_rim]


def disc_over(points: FloatArray, chords: IntArray) -> Disc:
    """A disc over the closed polygon (n, 3) without the diagonals `chords` (m, 2): small, of round triangles.

    Minimum-weight triangulation (Barequet and Sharir 1995); beyond `LONGEST` corners put together from several.
    Where no triangulation does without those diagonals, a fan around one inner point.
    """
    n = len(points)
    forbidden = np.zeros((n, n), bool)
    forbidden[chords[:, 0], chords[:, 1]] = True
    triangles = _triangulated(points, np.arange(n), forbidden)
    if triangles is not None:
        return Disc(triangles, np.zeros((0, n)))
    corner = np.arange(n)
    length = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
    weight = length + np.roll(length, -1)
    return Disc(np.stack([corner, (corner + 1) % n, np.full(n, n)], axis=1), weight[None] / weight.sum())


def _triangulated(points: FloatArray, polygon: IntArray, forbidden: NDArray[np.bool_]) -> IntArray | None:
    """(n − 2, 3) triangles over the corners `polygon` (n,), ascending, or None."""
    count = len(polygon)
    if count <= LONGEST:
        triangles = _minimum_weight(points[polygon], forbidden[np.ix_(polygon, polygon)])
        return polygon[triangles] if len(triangles) == count - 2 else None
    place = (np.arange(LONGEST) * count) // LONGEST
    pieces = [np.arange(a, b + 1) % count for a, b in zip(place, [*place[1:], count], strict=True) if b - a > 1]
    parts = [_triangulated(points, polygon[piece], forbidden) for piece in [place, *pieces]]
    found = [part for part in parts if part is not None]
    return np.concatenate(found) if len(found) == len(parts) else None


@njit(cache=True)
def _weight(points: FloatArray, i: int, j: int, k: int) -> float:
    """Area, more for long triangles, and much more for flat ones."""
    a, b, c = points[i], points[j], points[k]
    squares = 0.0
    for x in range(3):
        squares += (b[x] - a[x]) ** 2 + (c[x] - b[x]) ** 2 + (a[x] - c[x]) ** 2
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - b[0], c[1] - b[1], c[2] - b[2]
    area = 0.5 * np.sqrt((uy * vz - uz * vy) ** 2 + (uz * vx - ux * vz) ** 2 + (ux * vy - uy * vx) ** 2)
    weight = area + 0.02 * squares
    if area < 1e-3 * squares:
        weight += squares
    return weight


@njit(cache=True)
def _minimum_weight(points: FloatArray, forbidden: NDArray[np.bool_]) -> IntArray:
    """(n − 2, 3) triangles, or fewer if there is no way. `forbidden` (n, n), above its diagonal."""
    n = len(points)
    cost = np.zeros((n, n))
    middle = np.zeros((n, n), np.int64)
    for gap in range(2, n):
        for i in range(n - gap):
            k = i + gap
            best = np.inf
            if not forbidden[i, k] or gap == n - 1:
                for j in range(i + 1, k):
                    partial = cost[i, j] + cost[j, k]
                    if partial < best:
                        total = partial + _weight(points, i, j, k)
                        if total < best:
                            best = total
                            middle[i, k] = j
            cost[i, k] = best
    triangles = np.empty((n - 2, 3), np.int64)
    count = 0
    if cost[0, n - 1] < np.inf:
        stack = [(0, n - 1)]
        while len(stack):
            i, k = stack.pop()
            if k - i < 2:
                continue
            j = middle[i, k]
            triangles[count] = (i, j, k)
            count += 1
            stack.append((i, j))
            stack.append((j, k))
    return triangles[:count]
