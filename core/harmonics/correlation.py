# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation that brings one set of functions on the sphere onto another, by correlation over all rotations."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.linalg import expm
from scipy.ndimage import maximum_filter
from scipy.optimize import minimize

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .layout import ComplexArray, degrees_and_orders, to_alm

_OVERSAMPLING = 2


def best_rotations(
    target: FloatArray, moving: FloatArray, *, count: int = 1, lmax: int = 16, refine: bool = True
) -> tuple[FloatArray, FloatArray]:
    """Rotations R (n, 3, 3), n ≤ count, that maximise the correlation of `target` with `moving` rotated by R.

    target, moving: (K, L+1, L+1) compact coefficients of K functions each. lmax: highest degree used.
    Returns the rotations, best first, and their correlations (n,): ∑ over the channels of ∫ target · (R moving),
    divided by the norms of both; 1 where they agree exactly.

    With R = Rz(α) Ry(β) Rz(γ) the correlation is a trigonometric polynomial in the three angles, which one fast
    Fourier transform evaluates everywhere (Kostelec and Rockmore 2008; Risbo 1996); its highest peaks are then
    refined, unless `refine` is false. Raises `InvalidParameter` for shapes that differ or functions without power
    above degree 0.
    """
    if target.shape != moving.shape or target.ndim != 3:
        raise InvalidParameter("The two sets of coefficients differ in shape.", "Give as many channels and degrees.")
    top = min(lmax, target.shape[-1] - 1)
    f, g = (to_alm(np.ascontiguousarray(c[:, : top + 1, : top + 1])) for c in (target, moving))
    norm = np.sqrt(_power(f, top) * _power(g, top))
    if not norm > 0.0:
        raise InvalidParameter("The functions are constant: every rotation fits.", "Give shapes with features.")
    series = _series(f, g, top)
    peaks = _peaks(series, top, 4 * count)
    refined = [_refine(series, top, angles) if refine else (value, rotation_matrix(*angles)) for value, angles in peaks]
    refined.sort(key=lambda pair: -pair[0])
    kept: list[tuple[float, FloatArray]] = []
    for value, rotation in refined:
        if all(np.trace(rotation @ other.T) < 2.999 for _, other in kept):
            kept.append((value, rotation))
    chosen = kept[:count]
    return np.stack([rotation for _, rotation in chosen]), np.array([value for value, _ in chosen]) / norm


def correlation_grid(target: FloatArray, moving: FloatArray, *, lmax: int = 6) -> FloatArray:
    """(K, J, n, n/2 + 1, n) correlations ∫ targetₖ · (R movingⱼ) of every pair of functions, on a grid of rotations.

    target: (K, L+1, L+1) compact coefficients of K functions, moving: (J, M+1, M+1) of J. lmax: highest degree used;
    degree 0, which no rotation changes, is left out. Entry (…, a, b, c) belongs to `rotation_matrix(2π a / n, 2π b / n,
    2π c / n)`, with n = 4 (lmax + 1) for the highest degree that both have.
    """
    top = min(lmax, target.shape[-1] - 1, moving.shape[-1] - 1)
    f, g = (to_alm(np.ascontiguousarray(c[:, : top + 1, : top + 1])) for c in (target, moving))
    return np.stack([[_on_grid(_series(one[None], other[None], top), top) for other in g] for one in f])


def highest_peaks(values: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """The highest local maxima of values (n, n/2 + 1, n) on the grid of `correlation_grid`, highest first.

    Returns their angles (p, 3), p ≤ count, for `rotation_matrix`, and their heights (p,).
    """
    # The angles about z wrap around, the polar one does not.
    peaks = np.argwhere(values == maximum_filter(values, 3, mode=("wrap", "nearest", "wrap")))
    heights = values[tuple(peaks.T)]
    best = np.argsort(-heights, kind="stable")[:count]
    return 2.0 * np.pi / len(values) * peaks[best], heights[best]


def rotation_matrix(alpha: float, beta: float, gamma: float) -> FloatArray:
    """(3, 3) Rz(α) Ry(β) Rz(γ), angles in radians."""
    return np.asarray(_about_z(alpha) @ _about_y(beta) @ _about_z(gamma))


def _about_z(angle: float) -> FloatArray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _about_y(angle: float) -> FloatArray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _full(alm: ComplexArray, lmax: int) -> ComplexArray:
    """(K, L+1, 2L+1) coefficients of orders −L … L of real functions."""
    degree, order = degrees_and_orders(lmax)
    full = np.zeros((len(alm), lmax + 1, 2 * lmax + 1), dtype=np.complex128)
    full[:, degree, lmax + order] = alm
    full[:, degree, lmax - order] = (-1.0) ** order * alm.conj()
    return full


def _power(alm: ComplexArray, lmax: int) -> float:
    return float(np.square(np.abs(_full(alm, lmax)[:, 1:])).sum())


@lru_cache(maxsize=4)
def _quarter_turns(lmax: int) -> FloatArray:
    """(L+1, 2L+1, 2L+1) Wigner's d(π/2) of each degree, indexed by order plus L: exp(−i π/2 J_y)."""
    result = np.zeros((lmax + 1, 2 * lmax + 1, 2 * lmax + 1))
    for degree in range(lmax + 1):
        m = np.arange(-degree, degree)
        step = 0.5 * np.sqrt((degree - m) * (degree + m + 1.0))
        around = slice(lmax - degree, lmax + degree + 1)
        result[degree, around, around] = expm(0.5 * np.pi * (np.diag(step, 1) - np.diag(step, -1)))
    return result


def _series(f: ComplexArray, g: ComplexArray, lmax: int) -> ComplexArray:
    """(2L+1, 2L+1, 2L+1) T with correlation(α, β, γ) = Re ∑ T[m, h, n] exp(−i (m α + h β + n γ))."""
    turns = _quarter_turns(lmax)
    product = np.einsum("klm,kln->lmn", _full(f, lmax).conj(), _full(g, lmax))
    product[0] = 0.0
    orders = np.arange(-lmax, lmax + 1)
    phase = 1j ** (orders[:, None] - orders[None, :])
    series = np.einsum("lhm,lmn,lhn->mhn", turns, product, turns, optimize=True)
    return np.asarray(phase[:, None, :] * series)


def _peaks(series: ComplexArray, lmax: int, count: int) -> list[tuple[float, FloatArray]]:
    """The highest local maxima on the grid of the transform: value and angles."""
    values = _on_grid(series, lmax)
    angles, heights = highest_peaks(values, count)
    return list(zip(heights.tolist(), angles, strict=True))


def _on_grid(series: ComplexArray, lmax: int) -> FloatArray:
    """(n, n/2 + 1, n) the correlation on an even grid of α, β ≤ π and γ."""
    size = _OVERSAMPLING * (2 * lmax + 2)
    padded = np.zeros((size, size, size), dtype=np.complex128)
    at = np.arange(-lmax, lmax + 1) % size
    padded[np.ix_(at, at, at)] = series
    return np.asarray(np.fft.fftn(padded).real[:, : size // 2 + 1])


def _refine(series: ComplexArray, lmax: int, start: FloatArray) -> tuple[float, FloatArray]:
    """The maximum near `start`, and its rotation."""
    orders = np.arange(-lmax, lmax + 1)

    def negative(angles: FloatArray) -> tuple[float, FloatArray]:
        a, b, c = (np.exp(-1j * orders * angle) for angle in angles)
        along = np.einsum("mhn,m->hn", series, a), np.einsum("mhn,m->hn", series, -1j * orders * a)
        inner = along[0] @ c
        gradient = [
            (b @ (along[1] @ c)).real,
            ((-1j * orders * b) @ inner).real,
            (b @ (along[0] @ (-1j * orders * c))).real,
        ]
        return -float((b @ inner).real), -np.array(gradient)

    found = minimize(negative, start, jac=True, method="BFGS")
    return -float(found.fun), rotation_matrix(*found.x)
