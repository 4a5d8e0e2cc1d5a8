# SPDX-License-Identifier: GPL-3.0-or-later
"""The multiresolution hash grid on the processor: compiled loops over points and levels.

Without PyTorch's help, since one pass over a point's corners does the work of dozens of array operations. Corners are
numbered densely where a level is small, and by a spatial hash where it is not (Müller et al. 2022, equation 4).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Single = NDArray[np.float32]
Offsets = NDArray[np.int64]
Int = np.int64 | int
Real = np.floating[Any] | float

_CHUNK = 256
_Y, _Z = np.uint32(2654435761), np.uint32(805459861)


@njit(inline="always")
def _row(x: Int, y: Int, z: Int, stride: Int, rows: Int) -> Int:
    """The row of a corner in the table of its level; stride: corners along an edge."""
    if stride * stride * stride <= rows:
        return x + stride * (y + stride * z)
    # Numba multiplies 32-bit numbers in 64 bits: only the lower half is the hash.
    mixed = np.uint32(np.uint32(x) ^ (np.uint32(y) * _Y) ^ (np.uint32(z) * _Z))
    return np.int64(mixed % np.uint32(rows))


@njit(inline="always")
def _weight(t: Real, smooth: bool) -> Real:
    return t * t * (np.float32(3.0) - np.float32(2.0) * t) if smooth else t


@njit(inline="always")
def _slope(t: Real, smooth: bool) -> Real:
    return np.float32(6.0) * t * (np.float32(1.0) - t) if smooth else np.float32(1.0)


@njit(cache=True, parallel=True)
def encode(points: Single, table: Single, offsets: Offsets, scales: Single, smooth: bool) -> Single:
    """Features (N, 2 L) of points (N, 3) in the unit cube, two for each level; zeros outside it.

    table: (rows, 2) of all levels, of which level k has offsets[k] … offsets[k + 1]. scales: (L,) cells along an edge
    of each level, less one.
    """
    count, levels = len(points), len(scales)
    result = np.zeros((count, 2 * levels), np.float32)
    for chunk in prange((count + _CHUNK - 1) // _CHUNK):
        begin, end = chunk * _CHUNK, min(chunk * _CHUNK + _CHUNK, count)
        for level in range(levels):
            base, rows = offsets[level], offsets[level + 1] - offsets[level]
            scale = scales[level]
            stride = np.int64(np.ceil(scale)) + 2
            for n in range(begin, end):
                x, y, z = points[n, 0], points[n, 1], points[n, 2]
                if min(x, y, z) < 0.0 or max(x, y, z) > 1.0:
                    continue
                x, y, z = x * scale + np.float32(0.5), y * scale + np.float32(0.5), z * scale + np.float32(0.5)
                i, j, k = np.int64(x), np.int64(y), np.int64(z)
                u, v, w = _weight(x - i, smooth), _weight(y - j, smooth), _weight(z - k, smooth)
                first, second = np.float32(0.0), np.float32(0.0)
                for corner in range(8):
                    a, b, c = corner & 1, (corner >> 1) & 1, corner >> 2
                    share = (u if a else 1 - u) * (v if b else 1 - v) * (w if c else 1 - w)
                    row = base + _row(i + a, j + b, k + c, stride, rows)
                    first += share * table[row, 0]
                    second += share * table[row, 1]
                result[n, 2 * level] = first
                result[n, 2 * level + 1] = second
    return result


@njit(cache=True, parallel=True)
def spread(points: Single, gradient: Single, offsets: Offsets, scales: Single, smooth: bool, result: Single) -> None:
    """Add to `result` (rows, 2) the derivative of a function by the table; gradient: (N, 2 L) by the features."""
    for level in prange(len(scales)):  # each level has rows of its own: no two threads write to one place
        base, rows = offsets[level], offsets[level + 1] - offsets[level]
        scale = scales[level]
        stride = np.int64(np.ceil(scale)) + 2
        for n in range(len(points)):
            x, y, z = points[n, 0], points[n, 1], points[n, 2]
            if min(x, y, z) < 0.0 or max(x, y, z) > 1.0:
                continue
            x, y, z = x * scale + np.float32(0.5), y * scale + np.float32(0.5), z * scale + np.float32(0.5)
            i, j, k = np.int64(x), np.int64(y), np.int64(z)
            u, v, w = _weight(x - i, smooth), _weight(y - j, smooth), _weight(z - k, smooth)
            for corner in range(8):
                a, b, c = corner & 1, (corner >> 1) & 1, corner >> 2
                share = (u if a else 1 - u) * (v if b else 1 - v) * (w if c else 1 - w)
                row = base + _row(i + a, j + b, k + c, stride, rows)
                result[row, 0] += share * gradient[n, 2 * level]
                result[row, 1] += share * gradient[n, 2 * level + 1]


@njit(cache=True, parallel=True)
def slopes(points: Single, gradient: Single, table: Single, offsets: Offsets, scales: Single, smooth: bool) -> Single:
    """(N, 3) the derivative of a function by the points; gradient: (N, 2 L) by the features."""
    result = np.zeros((len(points), 3), np.float32)
    for n in prange(len(points)):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        if min(x, y, z) < 0.0 or max(x, y, z) > 1.0:
            continue
        for level in range(len(scales)):
            base, rows = offsets[level], offsets[level + 1] - offsets[level]
            scale = scales[level]
            stride = np.int64(np.ceil(scale)) + 2
            px, py, pz = x * scale + np.float32(0.5), y * scale + np.float32(0.5), z * scale + np.float32(0.5)
            i, j, k = np.int64(px), np.int64(py), np.int64(pz)
            u, v, w = _weight(px - i, smooth), _weight(py - j, smooth), _weight(pz - k, smooth)
            du, dv, dw = _slope(px - i, smooth), _slope(py - j, smooth), _slope(pz - k, smooth)
            for corner in range(8):
                a, b, c = corner & 1, (corner >> 1) & 1, corner >> 2
                row = base + _row(i + a, j + b, k + c, stride, rows)
                value = gradient[n, 2 * level] * table[row, 0] + gradient[n, 2 * level + 1] * table[row, 1]
                value *= scale
                sx, sy, sz = (u if a else 1 - u), (v if b else 1 - v), (w if c else 1 - w)
                result[n, 0] += (du if a else -du) * sy * sz * value
                result[n, 1] += (dv if b else -dv) * sx * sz * value
                result[n, 2] += (dw if c else -dw) * sx * sy * value
    return result
