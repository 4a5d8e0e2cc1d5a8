# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the vertices are: a kernel density estimate on the sphere, computed in harmonic space."""

from __future__ import annotations

import ducc0
import numpy as np
from scipy.special import ive

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .layout import from_alm
from .transforms import ACCURACY, threads, to_angles


def vertex_density(sphere: FloatArray, lmax: int, concentration: float | None = None) -> FloatArray:
    """Coefficients (lmax+1, lmax+1) of the von Mises–Fisher kernel estimate of the density of points.

    sphere: (V, 3) unit vectors. concentration: κ > 0 of the kernel; None for `rule_of_thumb`.
    The estimate (Hall, Watson, Cabrera 1987) is (1/V) Σ f_κ(x·x_i), scaled so that its mean over the sphere is 1.
    A sum of rotated kernels is a convolution, so its coefficients are those of the points times the kernel's.

    Raises `InvalidParameter` for a κ that is not positive.
    """
    kappa = rule_of_thumb(sphere) if concentration is None else float(concentration)
    if not (np.isfinite(kappa) and kappa > 0.0):
        raise InvalidParameter(f"A concentration of {kappa:g} is out of range.", "Give a positive number.")
    weights = np.full((1, len(sphere)), 4.0 * np.pi / len(sphere))
    alm = ducc0.sht.adjoint_synthesis_general(
        map=weights, spin=0, lmax=lmax, loc=to_angles(sphere), epsilon=ACCURACY, nthreads=threads()
    )
    # adjoint synthesis gives Σ w conj(Y), the coefficients of the sum of point masses
    coefficients = from_alm(alm, lmax)[0]
    index = np.arange(lmax + 1)
    return np.asarray(coefficients * kernel_factors(lmax, kappa)[np.maximum(index[:, None], index[None, :])])


def kernel_factors(lmax: int, concentration: float) -> FloatArray:
    """(lmax+1,) Legendre coefficients of the von Mises–Fisher kernel: I_{l+1/2}(κ) / I_{1/2}(κ)."""
    order = np.arange(lmax + 1) + 0.5
    factors = ive(order, concentration) / ive(0.5, concentration)
    return np.asarray(np.nan_to_num(factors, nan=0.0, posinf=0.0))


def rule_of_thumb(sphere: FloatArray) -> float:
    """κ of the kernel for points (V, 3), after García-Portugués 2013 (rule of thumb for the sphere S²).

    It is exact for von Mises–Fisher data: h = [8 sinh²(κ̂) / (κ̂ ((1 + 4κ̂²) sinh 2κ̂ - 2κ̂ cosh 2κ̂) V)]^{1/6}, where κ̂ is
    the concentration of all points together, and the kernel has κ = 1 / h². Vertices cover the whole sphere,
    so κ̂ is kept at 1 or more: for nearly uniform points the formula would give no bandwidth at all.
    """
    count = len(sphere)
    length = min(float(np.linalg.norm(np.mean(sphere, axis=0))), 1.0 - 1e-9)
    overall = max(length * (3.0 - length**2) / (1.0 - length**2), 1.0)
    decay = np.exp(-2.0 * overall)
    # numerator and denominator times 2 exp(-2 κ̂), so that large κ̂ does not overflow
    numerator = 4.0 * (1.0 - decay) ** 2
    denominator = overall * ((1.0 + 4.0 * overall**2) * (1.0 - decay**2) - 2.0 * overall * (1.0 + decay**2))
    bandwidth = (numerator / (denominator * count)) ** (1.0 / 6.0)
    return float(1.0 / bandwidth**2)
