# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact signs of orientation determinants (Shewchuk 1997, Adaptive precision floating-point arithmetic).

A plain evaluation with an error bound decides nearly always. Otherwise the determinant is summed exactly, as
an expansion: doubles that do not overlap, in ascending order, whose last one has the sign of the sum.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..mesh import FloatArray

_SPLIT = 134217729.0  # 2²⁷ + 1 cuts a double into two halves of 26 bits
_BOUND_3D = 7.8e-16
_BOUND_2D = 3.4e-16


@njit(cache=True)
def side(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> int:
    """1 or −1: on which side of the plane through a, b, c the point d is; 0: on it. All points (3,).

    1 when a, b, c turn to the right as seen from d.
    """
    ax, ay, az = a[0] - d[0], a[1] - d[1], a[2] - d[2]
    bx, by, bz = b[0] - d[0], b[1] - d[1], b[2] - d[2]
    cx, cy, cz = c[0] - d[0], c[1] - d[1], c[2] - d[2]
    determinant = az * (bx * cy - by * cx) + bz * (cx * ay - cy * ax) + cz * (ax * by - ay * bx)
    bound = (
        abs(az) * (abs(bx * cy) + abs(by * cx))
        + abs(bz) * (abs(cx * ay) + abs(cy * ax))
        + abs(cz) * (abs(ax * by) + abs(ay * bx))
    ) * _BOUND_3D
    if determinant > bound:
        return 1
    if determinant < -bound:
        return -1
    if bound == 0.0:  # a plane along the axes: exactly zero
        return 0
    return _exact_side(a, b, c, d)


@njit(cache=True)
def turn(a: FloatArray, b: FloatArray, c: FloatArray, u: int, v: int) -> int:
    """1 or −1: whether a → b → c turns left or right in the plane of the axes u, v; 0: straight or back."""
    left = (a[u] - c[u]) * (b[v] - c[v])
    right = (a[v] - c[v]) * (b[u] - c[u])
    bound = (abs(left) + abs(right)) * _BOUND_2D
    if left - right > bound:
        return 1
    if left - right < -bound:
        return -1
    if bound == 0.0:
        return 0
    parts = np.empty(16)
    n = 0
    for p, q, r in ((a, b, 1.0), (b, c, 1.0), (c, a, 1.0)):
        n = _add_product(parts, n, p[u], q[v], r)
        n = _add_product(parts, n, p[v], q[u], -r)
    return _sign(parts, n)


@njit(cache=True)
def _exact_side(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> int:
    parts = np.empty(112)
    differences = np.empty((3, 3))
    exact = True
    for i in range(3):
        for row, point in enumerate((a, b, c)):
            difference = point[i] - d[i]
            differences[row, i] = difference
            exact &= _difference_tail(point[i], d[i], difference) == 0.0
    if exact:
        return _sign(parts, _add_determinant(parts, 0, differences[0], differences[1], differences[2], 1.0))
    n = _add_determinant(parts, 0, a, b, c, 1.0)
    n = _add_determinant(parts, n, d, b, c, -1.0)
    n = _add_determinant(parts, n, a, d, c, -1.0)
    n = _add_determinant(parts, n, a, b, d, -1.0)
    return _sign(parts, n)


@njit(cache=True)
def _add_determinant(parts: FloatArray, n: int, a: FloatArray, b: FloatArray, c: FloatArray, sign: float) -> int:
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        n = _add_triple(parts, n, sign * a[i], b[j], c[k])
        n = _add_triple(parts, n, -sign * a[i], b[k], c[j])
    return n


@njit(cache=True)
def _add_triple(parts: FloatArray, n: int, a: float, b: float, c: float) -> int:
    high, low = _product(a, b)
    return _add_product(parts, _add_product(parts, n, low, c, 1.0), high, c, 1.0)


@njit(cache=True)
def _add_product(parts: FloatArray, n: int, a: float, b: float, sign: float) -> int:
    high, low = _product(a, sign * b)
    return _grow(parts, _grow(parts, n, low), high)


@njit(cache=True)
def _product(a: float, b: float) -> tuple[float, float]:
    """The product as a sum of two doubles without loss (Dekker 1971)."""
    high = a * b
    t = _SPLIT * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = _SPLIT * b
    b_high = t - (t - b)
    b_low = b - b_high
    return high, a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)


@njit(cache=True)
def _difference_tail(a: float, b: float, difference: float) -> float:
    """What a − b has beyond the double `difference`."""
    b_seen = a - difference
    a_seen = difference + b_seen
    return (a - a_seen) + (b_seen - b)


@njit(cache=True)
def _grow(parts: FloatArray, n: int, value: float) -> int:
    """Add a double to the expansion in parts[:n]; returns its new length. Zeros are left out."""
    total, kept = value, 0
    for i in range(n):
        other = parts[i]
        new = total + other
        other_seen = new - total
        error = (total - (new - other_seen)) + (other - other_seen)
        total = new
        if error != 0.0:
            parts[kept] = error
            kept += 1
    if total != 0.0:
        parts[kept] = total
        kept += 1
    return kept


@njit(cache=True)
def _sign(parts: FloatArray, n: int) -> int:
    if n == 0:
        return 0
    return 1 if parts[n - 1] > 0.0 else -1
