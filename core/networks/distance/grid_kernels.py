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
_HALF, _ONE, _TWO, _THREE, _SIX = (np.float32(value) for value in (0.5, 1.0, 2.0, 3.0, 6.0))


@njit(inline="always")
def _corner_rows(x: Int, y: Int, z: Int, stride: Int, base: Int, rows: Int) -> tuple[Int, ...]:
    """The rows of the eight corners of a cell; x changes fastest. stride: corners along an edge.

    base: where the table of the level begins. rows: how many it has; a power of two is divided by at no cost.
    """
    if stride * stride * stride <= rows:
        first = base + x + stride * (y + stride * z)
        second, third = first + stride, first + stride * stride
        fourth = third + stride
        return first, first + 1, second, second + 1, third, third + 1, fourth, fourth + 1
    # Numba multiplies 32-bit numbers in 64 bits: only the lower half is the hash.
    x0, x1 = np.uint32(x), np.uint32(x + 1)
    y0, y1 = np.uint32(np.uint32(y) * _Y), np.uint32(np.uint32(y + 1) * _Y)
    z0, z1 = np.uint32(np.uint32(z) * _Z), np.uint32(np.uint32(z + 1) * _Z)
    a, b, c, d = y0 ^ z0, y1 ^ z0, y0 ^ z1, y1 ^ z1
    if rows & (rows - 1) == 0:
        low = np.uint32(rows - 1)
        return (
            base + np.int64((x0 ^ a) & low),
            base + np.int64((x1 ^ a) & low),
            base + np.int64((x0 ^ b) & low),
            base + np.int64((x1 ^ b) & low),
            base + np.int64((x0 ^ c) & low),
            base + np.int64((x1 ^ c) & low),
            base + np.int64((x0 ^ d) & low),
            base + np.int64((x1 ^ d) & low),
        )
    count = np.uint32(rows)
    return (
        base + np.int64((x0 ^ a) % count),
        base + np.int64((x1 ^ a) % count),
        base + np.int64((x0 ^ b) % count),
        base + np.int64((x1 ^ b) % count),
        base + np.int64((x0 ^ c) % count),
        base + np.int64((x1 ^ c) % count),
        base + np.int64((x0 ^ d) % count),
        base + np.int64((x1 ^ d) % count),
    )


@njit(inline="always")
def _weight(t: Real, smooth: bool) -> Real:
    return t * t * (_THREE - _TWO * t) if smooth else t


@njit(inline="always")
def _slope(t: Real, smooth: bool) -> Real:
    return _SIX * t * (_ONE - t) if smooth else _ONE


@njit(inline="always")
def _outside(x: Real, y: Real, z: Real) -> bool | np.bool_:
    return min(x, y, z) < 0.0 or max(x, y, z) > 1.0


@njit(inline="always")
def _level_in_turn(turn: Int, levels: Int) -> Int:
    """The levels from both ends in turn, so that threads with a part of them each have as much to do."""
    return turn // 2 if turn % 2 == 0 else levels - 1 - turn // 2


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
                if _outside(x, y, z):
                    continue
                x, y, z = x * scale + _HALF, y * scale + _HALF, z * scale + _HALF
                i, j, k = np.int64(x), np.int64(y), np.int64(z)
                u = _weight(x - np.float32(i), smooth)
                v = _weight(y - np.float32(j), smooth)
                w = _weight(z - np.float32(k), smooth)
                a, b, c, d, e, f, g, h = _corner_rows(i, j, k, stride, base, rows)
                s, t = _ONE - u, _ONE - v
                near, far = t * (_ONE - w), v * (_ONE - w)
                near_up, far_up = t * w, v * w
                for feature in range(2):
                    result[n, 2 * level + feature] = (
                        near * (s * table[a, feature] + u * table[b, feature])
                        + far * (s * table[c, feature] + u * table[d, feature])
                        + near_up * (s * table[e, feature] + u * table[f, feature])
                        + far_up * (s * table[g, feature] + u * table[h, feature])
                    )
    return result


@njit(cache=True, parallel=True)
def spread(points: Single, gradient: Single, offsets: Offsets, scales: Single, smooth: bool, result: Single) -> None:
    """Add to `result` (rows, 2) the derivative of a function by the table; gradient: (N, 2 L) by the features."""
    levels = len(scales)
    for turn in prange(levels):  # each level has rows of its own: no two threads write to one place
        level = _level_in_turn(turn, levels)
        base, rows = offsets[level], offsets[level + 1] - offsets[level]
        scale = scales[level]
        stride = np.int64(np.ceil(scale)) + 2
        for n in range(len(points)):
            x, y, z = points[n, 0], points[n, 1], points[n, 2]
            if _outside(x, y, z):
                continue
            x, y, z = x * scale + _HALF, y * scale + _HALF, z * scale + _HALF
            i, j, k = np.int64(x), np.int64(y), np.int64(z)
            u = _weight(x - np.float32(i), smooth)
            v = _weight(y - np.float32(j), smooth)
            w = _weight(z - np.float32(k), smooth)
            a, b, c, d, e, f, g, h = _corner_rows(i, j, k, stride, base, rows)
            s, t = _ONE - u, _ONE - v
            near, far = t * (_ONE - w), v * (_ONE - w)
            near_up, far_up = t * w, v * w
            for feature in range(2):
                slope = gradient[n, 2 * level + feature]
                left, right = s * slope, u * slope
                result[a, feature] += near * left
                result[b, feature] += near * right
                result[c, feature] += far * left
                result[d, feature] += far * right
                result[e, feature] += near_up * left
                result[f, feature] += near_up * right
                result[g, feature] += far_up * left
                result[h, feature] += far_up * right


@njit(cache=True, parallel=True)
def slopes(points: Single, gradient: Single, table: Single, offsets: Offsets, scales: Single, smooth: bool) -> Single:
    """(N, 3) the derivative of a function by the points; gradient: (N, 2 L) by the features."""
    result = np.zeros((len(points), 3), np.float32)
    for n in prange(len(points)):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        if _outside(x, y, z):
            continue
        for level in range(len(scales)):
            base, rows = offsets[level], offsets[level + 1] - offsets[level]
            scale = scales[level]
            stride = np.int64(np.ceil(scale)) + 2
            px, py, pz = x * scale + _HALF, y * scale + _HALF, z * scale + _HALF
            i, j, k = np.int64(px), np.int64(py), np.int64(pz)
            du, dv, dw = px - np.float32(i), py - np.float32(j), pz - np.float32(k)
            u, v, w = _weight(du, smooth), _weight(dv, smooth), _weight(dw, smooth)
            du, dv, dw = _slope(du, smooth), _slope(dv, smooth), _slope(dw, smooth)
            corners = _corner_rows(i, j, k, stride, base, rows)
            first, second = gradient[n, 2 * level] * scale, gradient[n, 2 * level + 1] * scale
            for corner in range(8):
                value = first * table[corners[corner], 0] + second * table[corners[corner], 1]
                across, along, up = corner & 1, (corner >> 1) & 1, corner >> 2
                sx, sy, sz = (u if across else _ONE - u), (v if along else _ONE - v), (w if up else _ONE - w)
                result[n, 0] += (du if across else -du) * sy * sz * value
                result[n, 1] += (dv if along else -dv) * sx * sz * value
                result[n, 2] += (dw if up else -dw) * sx * sy * value
    return result
