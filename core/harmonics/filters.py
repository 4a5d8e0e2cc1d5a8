# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters: factors per degree, (lmax+1,) arrays that are made here, multiplied together and applied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .container import Harmonics
from .spectrum import bands


def apply_gains(harmonics: Harmonics, per_degree: FloatArray, *, keep_constant: bool = True) -> Harmonics:
    """Multiply each degree of every channel by a factor.

    per_degree: (lmax+1,) finite factors. keep_constant: leave degree 0 (the centre of the shape, the mean
        colour) as it is, whatever its factor.

    Raises `InvalidParameter` for another number of factors, or factors that are not finite.
    """
    gains = np.array(per_degree, dtype=np.float64)
    if gains.shape != (harmonics.lmax + 1,) or not np.isfinite(gains).all():
        raise InvalidParameter(
            f"The gains have shape {gains.shape}, or are not all numbers.",
            f"Give {harmonics.lmax + 1} factors, one for each degree.",
        )
    if keep_constant:
        gains[0] = 1.0
    return Harmonics(harmonics.coefficients * gains[harmonics.degrees()], harmonics.channels)


def band_gains(lmax: int, gains: Sequence[float]) -> FloatArray:
    """(lmax+1,) factors from one gain for each band of `spectrum.bands`; bands without a gain keep 1."""
    per_degree = np.ones(lmax + 1)
    for (low, high), gain in zip(bands(lmax), gains, strict=False):
        per_degree[low : high + 1] = gain
    return per_degree


def heat(lmax: int, time: float) -> FloatArray:
    """(lmax+1,) factors exp(-l(l+1) t) of heat flow on the unit sphere for a time t ≥ 0.

    Raises `InvalidParameter` for a negative time, which would amplify without bound.
    """
    if not (np.isfinite(time) and time >= 0.0):
        raise InvalidParameter(f"A smoothing time of {time:g} is out of range.", "Give 0 or more.")
    degree = np.arange(lmax + 1.0)
    return np.exp(-degree * (degree + 1.0) * time)


def gaussian(lmax: int, width: float) -> FloatArray:
    """(lmax+1,) factors of smoothing by a Gaussian-like kernel on the sphere.

    width: the kernel's half-width at half maximum as an angle, in radians (0 leaves everything as it is). Its
        spectrum is that of heat flow for t = width² / (4 ln 2), a Gaussian of variance 2t in the plane.

    Raises `InvalidParameter` for a negative width.
    """
    if not (np.isfinite(width) and width >= 0.0):
        raise InvalidParameter(f"A smoothing width of {width:g} is out of range.", "Give 0 or more.")
    return heat(lmax, width**2 / (4.0 * np.log(2.0)))
