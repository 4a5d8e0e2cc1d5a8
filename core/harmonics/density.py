# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the vertices are: a kernel density estimate on the sphere, computed in harmonic space."""

from __future__ import annotations

import ducc0
import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .layout import from_alm
from .transforms import ACCURACY, threads, to_angles

LEAST_CONCENTRATION = 1.0
"""Vertices of a closed mesh surround the centre; as if they came from at least this concentrated a source."""


def vertex_density(sphere: FloatArray, lmax: int, bandwidth: float | None = None) -> FloatArray:
    """Coefficients (lmax+1, lmax+1) of the von Mises–Fisher kernel estimate of the density of points.

    sphere: (V, 3) unit vectors. bandwidth: h of the kernel, an angle in radians (concentration κ = 1/h²);
        None for `rule_of_thumb`.

    The estimate (1/V) Σ f_κ(x·x_i) of Hall, Watson and Cabrera (1987), scaled so that its mean over the
    sphere is 1. It is a convolution, so its coefficients are those of the points times the kernel's.

    Raises `InvalidParameter` for a bandwidth that is not positive, or no points.
    """
    if not len(sphere):
        raise InvalidParameter("There are no vertices to take the density of.", "Choose another mesh.")
    width = rule_of_thumb(sphere) if bandwidth is None else float(bandwidth)
    if not (np.isfinite(width) and width > 0.0):
        raise InvalidParameter(f"A bandwidth of {width:g} is out of range.", "Give a positive angle.")
    # The coefficients of a sum of point masses, 4π/V each: the mean of their sum over the sphere is 1.
    masses = np.full((1, len(sphere)), 4.0 * np.pi / len(sphere))
    alm = ducc0.sht.adjoint_synthesis_general(
        map=masses, spin=0, lmax=lmax, loc=to_angles(sphere), epsilon=ACCURACY, nthreads=threads()
    )
    degree = np.arange(lmax + 1)
    factors = kernel_factors(lmax, 1.0 / width**2)[np.maximum(degree[:, None], degree[None, :])]
    return np.asarray(from_alm(alm, lmax)[0] * factors)


def kernel_factors(lmax: int, concentration: float) -> FloatArray:
    """(lmax+1,) Legendre coefficients of the von Mises–Fisher kernel: I_{l+1/2}(κ) / I_{1/2}(κ), κ > 0.

    As products of ratios r_ν = I_{ν+1}/I_ν, from 1/r_{ν-1} = 2ν/κ + r_ν downwards, which damps errors
    (Gautschi and Slavik 1978), from a bound of Amos (1974) far enough above that its error vanishes.
    """
    start = lmax + 20 + int(3.0 * np.sqrt(min(concentration, 1e8)))
    order = start + 0.5
    ratio = concentration / (order + 0.5 + np.hypot(order + 1.5, concentration))
    ratios = np.ones(lmax + 1)
    for degree in range(start - 1, -1, -1):
        ratio = 1.0 / (2.0 * (degree + 1.5) / concentration + ratio)
        if degree < lmax:
            ratios[degree + 1] = ratio
    return np.cumprod(ratios)


def rule_of_thumb(sphere: FloatArray) -> float:
    """The bandwidth h in radians for points (V, 3), after García-Portugués (2013), his rule of thumb on S².

    h = [8 sinh²κ / (κ ((1 + 4κ²) sinh 2κ - 2κ cosh 2κ) V)]^{1/6}, the best for points from one von
    Mises–Fisher distribution, with the κ of all points together by Banerjee et al. (2005), at least
    `LEAST_CONCENTRATION`: for evenly spread points the formula would smooth everything away.
    """
    length = min(float(np.linalg.norm(np.mean(sphere, axis=0))), 1.0 - 1e-9)
    kappa = max(length * (3.0 - length**2) / (1.0 - length**2), LEAST_CONCENTRATION)
    # Above and below times 2 exp(-2κ), so that large κ does not overflow.
    decay = np.exp(-2.0 * kappa)
    above = 4.0 * (1.0 - decay) ** 2
    below = kappa * ((1.0 + 4.0 * kappa**2) * (1.0 - decay**2) - 2.0 * kappa * (1.0 + decay**2))
    return float((above / (below * len(sphere))) ** (1.0 / 6.0))
