# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser on the processor: compiled loops over triangles and the pixels near them, and their derivatives.

The same numbers as the array operations in `rasterise`, which a graphics card uses, in a tenth of their time, and
without their intermediate arrays.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Found = tuple[float, float, float, float, float, int]

_LEAST_AREA, _LEAST_SUM = 1e-12, 1e-5


@njit(cache=True)
def _extent(triangle: Floats, axis: int, reach: float, size: int) -> tuple[int, int]:
    """First and last column, or row from below, of the pixels within reach."""
    low = min(triangle[0, axis], triangle[1, axis], triangle[2, axis]) - reach
    high = max(triangle[0, axis], triangle[1, axis], triangle[2, axis]) + reach
    first = np.ceil(max(((low + 1.0) * size - 1.0) / 2.0, 0.0))
    last = np.floor(min(((high + 1.0) * size - 1.0) / 2.0, size - 1.0))
    return int(min(first, size)), int(max(last, -1.0))


@njit(cache=True)
def doubled_area(t: Floats) -> float:
    """Of a triangle (3, 3) in the picture, positive where it turns counter-clockwise."""
    return (t[1, 0] - t[0, 0]) * (t[2, 1] - t[0, 1]) - (t[1, 1] - t[0, 1]) * (t[2, 0] - t[0, 0])


@njit(cache=True)
def place_in(t: Floats, area: float, x: float, y: float) -> Found:
    """Two barycentric coordinates; squared distance from the border; where on which edge its nearest point is."""
    first = ((t[2, 0] - t[1, 0]) * (y - t[1, 1]) - (t[2, 1] - t[1, 1]) * (x - t[1, 0])) / area
    second = ((t[0, 0] - t[2, 0]) * (y - t[2, 1]) - (t[0, 1] - t[2, 1]) * (x - t[2, 0])) / area
    least, share, edge = np.inf, 0.0, 0
    for k in range(3):
        n = k + 1 if k < 2 else 0
        along_x, along_y = t[n, 0] - t[k, 0], t[n, 1] - t[k, 1]
        off_x, off_y = x - t[k, 0], y - t[k, 1]
        part = (off_x * along_x + off_y * along_y) / max(along_x * along_x + along_y * along_y, 1e-12)
        part = min(max(part, 0.0), 1.0)
        off_x, off_y = off_x - part * along_x, off_y - part * along_y
        squared = off_x * off_x + off_y * off_y
        if squared < least:
            least, share, edge = squared, part, k
    return first, second, 1.0 - first - second, least, share, edge


@njit(cache=True)
def count_pairs(corners: Floats, size: int, margin: float) -> Ints:
    """(T,) how many pixels are within the squared distance `margin` of each of the triangles (T, 3, 3)."""
    found = np.zeros(len(corners), np.int64)
    reach = np.sqrt(margin)
    for number in range(len(corners)):
        t = corners[number]
        area = doubled_area(t)
        if abs(area) <= _LEAST_AREA:
            continue
        left, right = _extent(t, 0, reach, size)
        low, high = _extent(t, 1, reach, size)
        total = 0
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                x, y = (2 * column + 1 - size) / size, (2 * row + 1 - size) / size
                a, b, c, squared, _, _ = place_in(t, area, x, y)
                if squared < margin or (a > 0.0 and b > 0.0 and c > 0.0):
                    total += 1
        found[number] = total
    return found


@njit(cache=True)
def fill_pairs(
    corners: Floats, start: Ints, size: int, margin: float, sigma: float, pixel: Ints, values: Floats
) -> None:
    """For each pair: `pixel` (n,), row · size + column, and `values` (n, 5): cover, three weights, and depth.

    start: (T,) where the pairs of each triangle begin.
    """
    reach = np.sqrt(margin)
    for number in range(len(corners)):
        t = corners[number]
        area = doubled_area(t)
        if abs(area) <= _LEAST_AREA:
            continue
        left, right = _extent(t, 0, reach, size)
        low, high = _extent(t, 1, reach, size)
        at = start[number]
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                x, y = (2 * column + 1 - size) / size, (2 * row + 1 - size) / size
                a, b, c, squared, _, _ = place_in(t, area, x, y)
                within = a > 0.0 and b > 0.0 and c > 0.0
                if not (within or squared < margin):
                    continue
                pixel[at] = (size - 1 - row) * size + column
                values[at, 0] = 1.0 / (1.0 + np.exp((-squared if within else squared) / sigma))
                a, b, c = min(max(a, 0.0), 1.0), min(max(b, 0.0), 1.0), min(max(c, 0.0), 1.0)
                total = max(a + b + c, _LEAST_SUM)
                a, b, c = a / total / t[0, 2], b / total / t[1, 2], c / total / t[2, 2]
                depth = 1.0 / (a + b + c)
                values[at, 1], values[at, 2], values[at, 3] = a * depth, b * depth, c * depth
                values[at, 4] = depth
                at += 1


@njit(cache=True)
def gradients(corners: Floats, start: Ints, count: Ints, size: int, sigma: float, pixel: Ints, given: Floats) -> Floats:
    """(T, 3, 3) gradients of the corners, from those (n, 5) of `values`."""
    made = np.zeros_like(corners)
    for number in range(len(corners)):
        t, g = corners[number], made[number]
        area = doubled_area(t)
        for at in range(start[number], start[number] + count[number]):
            x = (2 * (pixel[at] % size) + 1 - size) / size
            y = (2 * (size - 1 - pixel[at] // size) + 1 - size) / size
            a, b, c, squared, share, edge = place_in(t, area, x, y)
            within = a > 0.0 and b > 0.0 and c > 0.0
            cover = 1.0 / (1.0 + np.exp((-squared if within else squared) / sigma))
            slope = given[at, 0] * cover * (1.0 - cover) / sigma
            add_slopes_of_distance(t, g, x, y, share, edge, slope if within else -slope)
            _of_weights(t, g, x, y, area, (a, b, c), given[at])
    return made


@njit(cache=True)
def add_slopes_of_distance(t: Floats, g: Floats, x: float, y: float, share: float, edge: int, slope: float) -> None:
    """Add the gradients of slope · squared distance. The nearest point stays where it is on its edge."""
    end = edge + 1 if edge < 2 else 0
    off_x = x - t[edge, 0] - share * (t[end, 0] - t[edge, 0])
    off_y = y - t[edge, 1] - share * (t[end, 1] - t[edge, 1])
    g[edge, 0] -= 2.0 * slope * (1.0 - share) * off_x
    g[edge, 1] -= 2.0 * slope * (1.0 - share) * off_y
    g[end, 0] -= 2.0 * slope * share * off_x
    g[end, 1] -= 2.0 * slope * share * off_y


@njit(cache=True)
def _of_weights(
    t: Floats, g: Floats, x: float, y: float, area: float, raw: tuple[float, float, float], given: Floats
) -> None:
    """Add the gradients of what was computed from barycentric coordinates: weights in perspective, and depth."""
    a, b, c = min(max(raw[0], 0.0), 1.0), min(max(raw[1], 0.0), 1.0), min(max(raw[2], 0.0), 1.0)
    sum_ = a + b + c
    total = max(sum_, _LEAST_SUM)
    a, b, c = a / total, b / total, c / total
    near_a, near_b, near_c = a / t[0, 2], b / t[1, 2], c / t[2, 2]
    depth = 1.0 / (near_a + near_b + near_c)
    of_depth = given[4] + given[1] * near_a + given[2] * near_b + given[3] * near_c
    of_a = given[1] * depth - of_depth * depth * depth
    of_b = given[2] * depth - of_depth * depth * depth
    of_c = given[3] * depth - of_depth * depth * depth
    g[0, 2] -= of_a * near_a / t[0, 2]
    g[1, 2] -= of_b * near_b / t[1, 2]
    g[2, 2] -= of_c * near_c / t[2, 2]
    of_a, of_b, of_c = of_a / t[0, 2], of_b / t[1, 2], of_c / t[2, 2]
    mean = of_a * a + of_b * b + of_c * c if sum_ > _LEAST_SUM else 0.0
    of_a = (of_a - mean) / total if 0.0 <= raw[0] <= 1.0 else 0.0
    of_b = (of_b - mean) / total if 0.0 <= raw[1] <= 1.0 else 0.0
    of_c = (of_c - mean) / total if 0.0 <= raw[2] <= 1.0 else 0.0
    first, second = (of_a - of_c) / area, (of_b - of_c) / area
    of_area = -(first * raw[0] + second * raw[1])
    # Of first · cross(c − b, p − b).
    g[2, 0] += first * (y - t[1, 1])
    g[2, 1] -= first * (x - t[1, 0])
    g[1, 0] += first * (t[2, 1] - y)
    g[1, 1] += first * (x - t[2, 0])
    # Of second · cross(a − c, p − c).
    g[0, 0] += second * (y - t[2, 1])
    g[0, 1] -= second * (x - t[2, 0])
    g[2, 0] += second * (t[0, 1] - y)
    g[2, 1] += second * (x - t[0, 0])
    # Of the area, cross(b − a, c − a).
    g[0, 0] += of_area * (t[1, 1] - t[2, 1])
    g[0, 1] += of_area * (t[2, 0] - t[1, 0])
    g[1, 0] += of_area * (t[2, 1] - t[0, 1])
    g[1, 1] += of_area * (t[0, 0] - t[2, 0])
    g[2, 0] += of_area * (t[0, 1] - t[1, 1])
    g[2, 1] += of_area * (t[1, 0] - t[0, 0])
