# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lines of a lattice see of a triangle set: crossings along the 13 directions through each node.

Each node lies on 13 lines that run along the edges, face diagonals and space diagonals of the cubes, so it looks into
26 directions. The crossings of a line with the triangles are counted exactly (edges are judged the same way by both
triangles that share them), which gives for each node the winding number as the mean over the 26 views, votes of
parity (odd: inside) that do not depend on which way the triangles face, and how many of the views are free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from ...mesh import FloatArray, IntArray
from ...progress import Progress, silent

VIEWS = 26
"""Directions in which each node looks."""
DIRECTIONS: IntArray = np.array(
    [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
        (1, 1, 0),
        (1, -1, 0),
        (1, 0, 1),
        (1, 0, -1),
        (0, 1, 1),
        (0, 1, -1),
        (1, 1, 1),
        (1, 1, -1),
        (1, -1, 1),
        (1, -1, -1),
    ],
    dtype=np.int64,
)


@dataclass(frozen=True)
class Views:
    """What the nodes see, all (nx, ny, nz); zero in the outer layer.

    winding: int16, the winding number times 26. parity: int8 in ±13, lines that say inside minus those that say
    outside; a line that is crossed an odd number of times does not vote. free: int8, views of 26 that meet nothing.
    """

    winding: NDArray[np.int16]
    parity: NDArray[np.int8]
    free: NDArray[np.int8]


def look_around(
    points: FloatArray,
    faces: IntArray,
    sides: NDArray[np.int8],
    shape: tuple[int, int, int],
    progress: Progress = silent,
) -> Views:
    """Counts the crossings of all lattice lines with the triangles.

    points: (V, 3) vertices in lattice units, all at least two nodes inside the border. sides: (F,) 1 for a
    triangle that faces outwards, -1 for one that faces inwards, 0 for one that separates nothing (it blocks views and
    counts for parity, but not for the winding number).
    """
    winding = np.zeros(shape, dtype=np.int16)
    parity = np.zeros(shape, dtype=np.int8)
    free = np.full(shape, VIEWS, dtype=np.int8)
    free[1:-1, 1:-1, 1:-1] = 0
    corners = np.ascontiguousarray(points[faces])
    crossings = np.empty(shape, dtype=np.int32)
    totals = np.empty(shape, dtype=np.int32)
    for number, direction in enumerate(DIRECTIONS):
        progress(number / len(DIRECTIONS), "Looking for inside and outside")
        crossings[:] = 0
        _cross(corners, sides, direction, int(np.flatnonzero(direction)[0]), crossings)
        _sweep(direction, crossings, totals, winding, parity, free)
    return Views(winding, parity, free)


_SIGNED = 1 << 16
"""A crossing is stored as 1 + `_SIGNED` · (its change of the winding number), so that one sum counts both."""


@numba.njit(cache=True)
def _edge(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> tuple[float, bool]:  # pragma: no cover
    """Twice the signed area of (a, b, point), and whether it counts as positive; the same for (b, a), reversed."""
    if ax < bx or (ax == bx and ay < by):
        value = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        return value, value >= 0.0
    value = (ax - bx) * (y - by) - (ay - by) * (x - bx)
    return -value, not value >= 0.0


@numba.njit(cache=True)
def _cross(
    corners: FloatArray, sides: NDArray[np.int8], direction: IntArray, axis: int, crossings: NDArray[np.int32]
) -> None:  # pragma: no cover
    """Adds each crossing of a line along `direction` to the first node behind it.

    In sheared coordinates, in which the direction is the axis itself, lattice nodes are lattice nodes again.
    """
    first, second = (axis + 1) % 3, (axis + 2) % 3
    lean_a, lean_b = direction[first], direction[second]
    node = np.zeros(3, dtype=np.int64)
    a, b, t = np.zeros(3), np.zeros(3), np.zeros(3)
    for face in range(len(corners)):
        for c in range(3):
            t[c] = corners[face, c, axis]
            a[c] = corners[face, c, first] - lean_a * t[c]
            b[c] = corners[face, c, second] - lean_b * t[c]
        area = (a[1] - a[0]) * (b[2] - b[0]) - (a[2] - a[0]) * (b[1] - b[0])
        if area == 0.0:
            continue
        front = area > 0.0
        value = 1 - _SIGNED * sides[face] if front else 1 + _SIGNED * sides[face]
        for line_a in range(int(np.ceil(a.min())), int(np.floor(a.max())) + 1):
            low, high = np.inf, -np.inf
            for c in range(3):
                d = (c + 1) % 3
                if (a[c] <= line_a) != (a[d] <= line_a):
                    cut = b[c] + (b[d] - b[c]) * (line_a - a[c]) / (a[d] - a[c])
                    low, high = min(low, cut), max(high, cut)
                if a[c] == line_a:
                    low, high = min(low, b[c]), max(high, b[c])
            if not low <= high:
                continue
            for line_b in range(int(np.ceil(low - 1e-6)), int(np.floor(high + 1e-6)) + 1):
                e0, in0 = _edge(a[0], b[0], a[1], b[1], line_a, line_b)
                e1, in1 = _edge(a[1], b[1], a[2], b[2], line_a, line_b)
                e2, in2 = _edge(a[2], b[2], a[0], b[0], line_a, line_b)
                if in0 != front or in1 != front or in2 != front:
                    continue
                total = e0 + e1 + e2
                if total == 0.0:
                    continue
                height = (e1 * t[0] + e2 * t[1] + e0 * t[2]) / total
                step = int(np.ceil(min(max(height, t.min()), t.max())))
                node[axis], node[first], node[second] = step, line_a + lean_a * step, line_b + lean_b * step
                crossings[node[0], node[1], node[2]] += value


@numba.njit(cache=True)
def _sweep(
    direction: IntArray,
    crossings: NDArray[np.int32],
    totals: NDArray[np.int32],
    winding: NDArray[np.int16],
    parity: NDArray[np.int8],
    free: NDArray[np.int8],
) -> None:  # pragma: no cover
    """Sums the crossings along the lines and adds what each node sees forwards and backwards."""
    nx, ny, nz = crossings.shape
    di, dj, dk = direction[0], direction[1], direction[2]
    for i in range(1, nx - 1):
        for j in range(1, ny - 1):
            for k in range(1, nz - 1):
                crossings[i, j, k] += crossings[i - di, j - dj, k - dk]
    for i in range(nx - 2, 0, -1):
        for j in range(ny - 2, 0, -1):
            for k in range(nz - 2, 0, -1):
                a, b, c = i + di, j + dj, k + dk
                here = crossings[i, j, k]
                total = here
                if 0 < a < nx - 1 and 0 < b < ny - 1 and 0 < c < nz - 1:
                    total = totals[a, b, c]
                totals[i, j, k] = total
                before, all_of_them = here & (_SIGNED - 1), total & (_SIGNED - 1)
                winding[i, j, k] += 2 * ((here - before) >> 16) - ((total - all_of_them) >> 16)
                if all_of_them & 1 == 0:
                    parity[i, j, k] += 1 if before & 1 else -1
                free[i, j, k] += (1 if before == 0 else 0) + (1 if before == all_of_them else 0)
