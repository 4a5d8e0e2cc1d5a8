# SPDX-License-Identifier: GPL-3.0-or-later
"""Analysis (values → coefficients) and synthesis (coefficients → values), by ducc0's fast transforms."""

from __future__ import annotations

import os

import ducc0
import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray
from ..progress import Progress, silent
from .container import Harmonics
from .layout import from_alm, to_alm

ACCURACY = 1e-11
"""Relative accuracy of transforms to scattered points (ducc0's `epsilon`)."""
OVERSAMPLING = 2.0


def threads() -> int:
    """Threads for ducc0: all processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def gauss_legendre_grid(degree: int) -> tuple[FloatArray, int]:
    """Colatitudes (degree + 1,) and number of longitudes of the grid that is exact up to `degree`."""
    return np.asarray(ducc0.misc.GL_thetas(degree + 1)), 2 * degree + 2


def analyse(
    sphere: FloatArray,
    faces: IntArray,
    values: FloatArray,
    lmax: int,
    *,
    oversampling: float = OVERSAMPLING,
    progress: Progress = silent,
) -> FloatArray:
    """Coefficients of functions that are linear on the triangles of a map to the sphere.

    sphere: (V, 3) unit vectors, faces: (F, 3), without flips. values: (V, K), one column per channel.
    The functions are evaluated exactly on a Gauss–Legendre grid that resolves `oversampling * lmax`, and
    integrated by its quadrature: the L2 projection, which a least-squares fit to the vertices is not (it
    overshoots between them). The result up to a degree does not depend on `lmax` otherwise.

    Returns compact (K, lmax+1, lmax+1).
    """
    from .rasterize import rasterize

    colatitudes, n_longitudes = gauss_legendre_grid(int(np.ceil(oversampling * lmax)))
    triangle, barycentric = rasterize(sphere, faces, colatitudes, n_longitudes)
    progress(0.5, "Fitting the harmonics")
    corners = faces[triangle]
    coefficients = []
    for column in np.ascontiguousarray(values.T):
        on_grid = np.einsum("nk,nk->n", column[corners], barycentric).reshape(len(colatitudes), n_longitudes)
        coefficients.append(analyse_grid(on_grid[None], lmax)[0])
        progress(0.5 + 0.5 * len(coefficients) / values.shape[1], "Fitting the harmonics")
    return np.stack(coefficients)


def analyse_grid(maps: FloatArray, lmax: int) -> FloatArray:
    """Coefficients (K, lmax+1, lmax+1) of maps (K, T, P) on the grid of `gauss_legendre_grid(T - 1)`.

    Exact (to rounding) for functions without degrees above T - 1 - lmax beyond lmax. Raises `InvalidParameter`
    for a grid that is too coarse for `lmax`.
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
    directions: FloatArray, values: FloatArray, lmax: int, *, tolerance: float = 1e-11, iterations: int = 500
) -> FloatArray:
    """Least-squares coefficients (K, lmax+1, lmax+1) of values (N, K) at scattered directions (N, 3).

    Meant for functions that have no degrees above `lmax` and N well above (lmax+1)² points; for anything else
    it overshoots between the points: use `analyse`. Solved by LSMR (Fong and Saunders 2011) in ducc0.
    """
    angles = to_angles(directions)
    alm = []
    for column in np.ascontiguousarray(values.T, dtype=np.float64):
        solution, *_ = ducc0.sht.pseudo_analysis_general(
            lmax=lmax, map=column[None], loc=angles, spin=0, maxiter=iterations, epsilon=tolerance,
            nthreads=threads(),
        )  # fmt: skip
        alm.append(solution[0])
    return from_alm(np.stack(alm), lmax)


def synthesize(harmonics: Harmonics | FloatArray, directions: FloatArray) -> FloatArray:
    """Values (N, K) of K channels at directions (N, 3) (unit vectors; their length does not matter).

    harmonics: a `Harmonics`, or compact coefficients (K, lmax+1, lmax+1).
    """
    coefficients = harmonics.coefficients if isinstance(harmonics, Harmonics) else harmonics
    lmax = coefficients.shape[-1] - 1
    angles = to_angles(directions)
    values = [
        ducc0.sht.synthesis_general(
            alm=alm[None], spin=0, lmax=lmax, loc=angles, epsilon=ACCURACY, nthreads=threads()
        )[0]
        for alm in to_alm(coefficients)
    ]
    return np.stack(values, axis=1)


def synthesize_grid(harmonics: Harmonics | FloatArray, degree: int) -> FloatArray:
    """Values (K, degree+1, 2 degree+2) on the grid of `gauss_legendre_grid(degree)`, degree ≥ lmax."""
    coefficients = harmonics.coefficients if isinstance(harmonics, Harmonics) else harmonics
    lmax = coefficients.shape[-1] - 1
    colatitudes, n_longitudes = gauss_legendre_grid(degree)
    maps = [
        ducc0.sht.synthesis_2d(
            alm=alm[None],
            spin=0,
            lmax=lmax,
            geometry="GL",
            ntheta=len(colatitudes),
            nphi=n_longitudes,
            nthreads=threads(),
        )[0]  # fmt: skip
        for alm in to_alm(coefficients)
    ]
    return np.stack(maps)


def to_angles(directions: FloatArray) -> FloatArray:
    """(N, 2) colatitude in [0, π] and longitude in [0, 2π) of directions (N, 3)."""
    x, y, z = np.asarray(directions, dtype=np.float64).T
    longitude = np.mod(np.arctan2(y, x), 2.0 * np.pi)
    longitude[longitude >= 2.0 * np.pi] = 0.0
    return np.ascontiguousarray(np.stack([np.arctan2(np.hypot(x, y), z), longitude], axis=1))
