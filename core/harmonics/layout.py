# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact square layout of real coefficients, and its conversion to and from other layouts.

This is the one place where conventions meet. Compact: entry (i, j) has degree l = max(i, j) and order
m = j - i, 4π-normalised, no Condon–Shortley phase. `alm` is what ducc0 computes with: complex coefficients of
orthonormal harmonics with the Condon–Shortley phase, for m ≥ 0 only, all degrees of m = 0 first, then of
m = 1, and so on. `cilm` is pyshtools' array (2, L+1, L+1): cosine terms [0, l, m], sine terms [1, l, m].
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

ComplexArray = NDArray[np.complex128]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@lru_cache(maxsize=16)
def degrees_and_orders(lmax: int) -> tuple[IntArray, IntArray]:
    """Degree and order (n,) of each entry of an `alm` vector, n = (lmax+1)(lmax+2)/2; not to be written to."""
    order, degree = (index.astype(np.int64) for index in np.triu_indices(lmax + 1))
    order.flags.writeable = degree.flags.writeable = False
    return degree, order


@lru_cache(maxsize=16)
def _scale(lmax: int) -> FloatArray:
    """(n,) what compact coefficients are multiplied by to be those of `alm`."""
    _, order = degrees_and_orders(lmax)
    scale = np.where(order == 0, np.sqrt(4.0 * np.pi), (-1.0) ** order * np.sqrt(2.0 * np.pi))
    scale.flags.writeable = False
    return scale


def to_alm(coefficients: FloatArray) -> ComplexArray:
    """Compact (K, L+1, L+1) → ducc0 `alm` (K, n)."""
    degree, order = degrees_and_orders(coefficients.shape[-1] - 1)
    scale = _scale(coefficients.shape[-1] - 1)
    alm = np.empty((len(coefficients), len(order)), np.complex128)
    # Real and imaginary parts by themselves: NumPy rounds products of complex numbers by where in memory they are.
    alm.real = scale * coefficients[:, degree - order, degree]
    alm.imag = -scale * np.where(order == 0, 0.0, coefficients[:, degree, degree - order])
    return alm


def from_alm(alm: ComplexArray, lmax: int) -> FloatArray:
    """ducc0 `alm` (K, n) → compact (K, L+1, L+1): the inverse of `to_alm`."""
    degree, order = degrees_and_orders(lmax)
    scale = _scale(lmax)
    coefficients = np.zeros((len(alm), lmax + 1, lmax + 1))
    coefficients[:, degree, degree - order] = -alm.imag / scale
    coefficients[:, degree - order, degree] = alm.real / scale
    return coefficients


def cut(coefficients: FloatArray, lmax: int) -> FloatArray:
    """Compact (K, L+1, L+1) without the degrees above `lmax`."""
    return np.ascontiguousarray(coefficients[:, : lmax + 1, : lmax + 1])


def resized(coefficients: FloatArray, lmax: int) -> FloatArray:
    """Compact (K, L+1, L+1) → (K, lmax+1, lmax+1): higher degrees cut off, missing ones 0."""
    short = max(lmax + 1 - coefficients.shape[-1], 0)
    return np.pad(cut(coefficients, lmax), ((0, 0), (0, short), (0, short)))


def to_cilm(coefficients: FloatArray) -> FloatArray:
    """Compact (L+1, L+1) of one channel → pyshtools' `cilm` (2, L+1, L+1)."""
    degree, order = degrees_and_orders(coefficients.shape[-1] - 1)
    cilm = np.zeros((2, *coefficients.shape))
    cilm[0, degree, order] = coefficients[degree - order, degree]
    cilm[1, degree, order] = np.where(order == 0, 0.0, coefficients[degree, degree - order])
    return cilm


def from_cilm(cilm: FloatArray) -> FloatArray:
    """pyshtools' `cilm` (2, L+1, L+1) → compact (L+1, L+1): the inverse of `to_cilm`."""
    degree, order = degrees_and_orders(cilm.shape[-1] - 1)
    coefficients = np.zeros(cilm.shape[1:])
    coefficients[degree, degree - order] = cilm[1, degree, order]
    coefficients[degree - order, degree] = cilm[0, degree, order]
    return coefficients
