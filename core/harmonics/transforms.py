# SPDX-License-Identifier: GPL-3.0-or-later
"""Analysis (values → coefficients) and synthesis (coefficients → values), by ducc0's fast transforms."""

from __future__ import annotations

import os

import ducc0
import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray
from ..progress import Progress, silent
from .container import Harmonics
from .layout import from_alm, to_alm

ACCURACY = 1e-11
"""Relative accuracy of transforms to scattered points (ducc0's `epsilon`)."""
OVERSAMPLING = 2.0
"""The grid of `analyse` resolves at least this many times the highest degree."""
FINE_OVERSAMPLING, FINE_GRID = 8.0, 256
"""… and up to so many times, as long as the grid stays cheap (this degree): detail above it folds back."""
BLOCK = 1_000_000
"""Grid points that are interpolated at a time."""


def threads() -> int:
    """Threads for ducc0: all processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def gauss_legendre_grid(degree: int) -> tuple[FloatArray, int]:
    """Colatitudes (degree + 1,) and number of longitudes of the grid that is exact up to `degree`."""
    return np.asarray(ducc0.misc.GL_thetas(degree + 1)), 2 * degree + 2


def grid_degree(lmax: int, oversampling: float | None = None) -> int:
    """The degree that the grid of `analyse` resolves; None for the factor that is cheap and good enough."""
    if oversampling is not None:
        return max(lmax, int(np.ceil(oversampling * lmax)))
    return int(max(OVERSAMPLING * lmax, min(FINE_OVERSAMPLING * lmax, FINE_GRID)))


def analyse(
    sphere: FloatArray,
    faces: IntArray,
    values: FloatArray,
    lmax: int,
    *,
    oversampling: float | None = None,
    progress: Progress = silent,
) -> FloatArray:
    """Coefficients of functions that are linear on the triangles of a map to the sphere.

    sphere: (V, 3) unit vectors, faces: (F, 3), without flips. values: (V, K), one column per channel.
    oversampling: the grid resolves this many times `lmax` (1 or more); None for `grid_degree`'s choice.

    The functions are evaluated exactly on a Gauss–Legendre grid and integrated by its quadrature. That is the
    L2 projection, up to the little that degrees above the grid's fold back; a least-squares fit to the
    vertices, in contrast, overshoots between them.

    Returns compact (K, lmax+1, lmax+1). Raises `InvalidParameter` for a negative degree.
    """
    if lmax < 0:
        raise InvalidParameter(f"Degree {lmax} is negative.", "Give a degree of 0 or more.")
    from .rasterize import rasterize  # numba: not for those who only synthesise

    colatitudes, n_longitudes = gauss_legendre_grid(grid_degree(lmax, oversampling))
    progress(0.0, "Fitting the harmonics")
    triangle, barycentric = rasterize(sphere, faces, colatitudes, n_longitudes)
    coefficients: list[FloatArray] = []
    for column in np.ascontiguousarray(values.T, dtype=np.float64):
        progress(0.4 + 0.6 * len(coefficients) / values.shape[1], "Fitting the harmonics")
        on_grid = interpolate(column, faces, triangle, barycentric)
        coefficients.append(analyse_grid(on_grid.reshape(1, len(colatitudes), n_longitudes), lmax)[0])
    return np.stack(coefficients)


def interpolate(column: FloatArray, faces: IntArray, triangle: IntArray, barycentric: FloatArray) -> FloatArray:
    """(N,) values, linear on the triangles, of a function (V,) at N points as `rasterize` locates them."""
    result = np.empty(len(triangle))
    for start in range(0, len(triangle), BLOCK):
        block = slice(start, start + BLOCK)
        np.einsum("nk,nk->n", column[faces[triangle[block]]], barycentric[block], out=result[block])
    return result


def analyse_grid(maps: FloatArray, lmax: int) -> FloatArray:
    """Coefficients (K, lmax+1, lmax+1) of maps (K, T, P) on the grid of `gauss_legendre_grid(T - 1)`.

    Exact to rounding for functions without degrees above 2T - 1 - lmax and orders above P - 1 - lmax.
    Raises `InvalidParameter` for a grid that is too coarse for `lmax`.
    """
    if maps.shape[1] < lmax + 1 or maps.shape[2] < 2 * lmax + 1:
        raise InvalidParameter(
            f"A grid of {maps.shape[1]} × {maps.shape[2]} points is too coarse for degree {lmax}.",
            "Use a finer grid or a lower degree.",
        )
    alm = [
        ducc0.sht.analysis_2d(map=one[None], spin=0, lmax=lmax, geometry="GL", nthreads=threads())[0]
        for one in np.ascontiguousarray(maps, dtype=np.float64)
    ]
    return from_alm(np.stack(alm), lmax)


def analyse_points(
    directions: FloatArray,
    values: FloatArray,
    lmax: int,
    *,
    tolerance: float = 1e-12,
    iterations: int = 1000,
) -> FloatArray:
    """Least-squares coefficients (K, lmax+1, lmax+1) of values (N, K) at scattered directions (N, 3).

    Recovers functions that have no degrees above `lmax`, from N well above (lmax+1)² points that leave no
    wide gaps (with gaps it converges slowly). For anything else it overshoots between the points: use
    `analyse`. Solved by LSMR (Fong and Saunders 2011) with ducc0's transforms.

    Raises `InvalidParameter` for fewer points than coefficients.
    """
    if len(directions) < (lmax + 1) ** 2:
        raise InvalidParameter(
            f"{len(directions)} points cannot determine the {(lmax + 1) ** 2} coefficients of degree {lmax}.",
            "Use a lower degree or more points.",
        )
    angles = to_angles(directions)
    alm = []
    for column in np.ascontiguousarray(np.asarray(values).T, dtype=np.float64):
        solution, *_ = ducc0.sht.pseudo_analysis_general(
            lmax=lmax,
            map=column[None],
            loc=angles,
            spin=0,
            maxiter=iterations,
            epsilon=tolerance,
            nthreads=threads(),
        )
        alm.append(solution[0])
    return from_alm(np.stack(alm), lmax)


def synthesize(harmonics: Harmonics | FloatArray, directions: FloatArray) -> FloatArray:
    """Values (N, K) of K channels at directions (N, 3) (their length does not matter).

    harmonics: a `Harmonics`, or compact coefficients (K, lmax+1, lmax+1).
    """
    constant, alm, lmax = _without_constant(harmonics)
    angles = to_angles(directions)
    values = np.empty((len(angles), len(alm)))
    for k, one in enumerate(alm):
        values[:, k] = ducc0.sht.synthesis_general(
            alm=one[None], spin=0, lmax=lmax, loc=angles, epsilon=ACCURACY, nthreads=threads()
        )[0]
    return values + constant


def synthesize_grid(harmonics: Harmonics | FloatArray, degree: int) -> FloatArray:
    """Values (K, degree+1, 2 degree+2) on the grid of `gauss_legendre_grid(degree)`.

    The grid may be coarser than the coefficients. Raises `InvalidParameter` for a negative degree.
    """
    if degree < 0:
        raise InvalidParameter(f"Degree {degree} is negative.", "Give a degree of 0 or more.")
    constant, alm, lmax = _without_constant(harmonics)
    maps = [
        ducc0.sht.synthesis_2d(
            alm=one[None],
            spin=0,
            lmax=lmax,
            geometry="GL",
            ntheta=degree + 1,
            nphi=2 * degree + 2,
            nthreads=threads(),
        )[0]
        for one in alm
    ]
    return np.stack(maps) + constant[:, None, None]


def _without_constant(harmonics: Harmonics | FloatArray) -> tuple[FloatArray, NDArray[np.complex128], int]:
    """Degree 0 (K,), the `alm` of the rest, and lmax.

    A shape may lie far from the origin. Its offset is added after the transform, whose accuracy is relative.
    """
    coefficients = harmonics.coefficients if isinstance(harmonics, Harmonics) else np.asarray(harmonics)
    alm = to_alm(coefficients)
    alm[:, 0] = 0.0
    return coefficients[:, 0, 0].copy(), alm, coefficients.shape[-1] - 1


def to_angles(directions: FloatArray) -> FloatArray:
    """(N, 2) colatitude in [0, π] and longitude in [0, 2π) of directions (N, 3)."""
    # contiguous: NumPy's arctan2 of columns with gaps rounds by where in memory they are, so runs would differ
    x, y, z = np.ascontiguousarray(np.asarray(directions, dtype=np.float64).T)
    longitude = np.mod(np.arctan2(y, x), 2.0 * np.pi)
    longitude[longitude >= 2.0 * np.pi] = 0.0
    return np.ascontiguousarray(np.stack([np.arctan2(np.hypot(x, y), z), longitude], axis=1))
