# SPDX-License-Identifier: GPL-3.0-or-later
"""Where on the surface the detail of each band of degrees lives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from ..progress import Progress, silent
from .container import POSITION, Harmonics
from .filters import apply_gains, gaussian
from .spectrum import bands
from .transforms import analyse_grid, synthesize, synthesize_grid

MEASURES = ("displacement", "slope", "bending")
_POWERS = {"displacement": 0.0, "slope": 1.0, "bending": 2.0}
_NEGLIGIBLE = 1e-7
"""Degrees of a smoothed energy are left out where the smoothing leaves less of them than this."""


@dataclass(frozen=True)
class Locality:
    """What `locality` finds at V directions.

    bands: B octaves of degrees, both ends included, from (1, 1). energy: (V, B) mean square of each band around the
    point, in squared units of the shape for displacement. share: (V, B) the energy's root over the sum of the roots
    of all bands; each row has sum 1. degree: (V,) the dominant degree, the mean of the bands' middles in octaves,
    weighted by the shares: between 1 and lmax.
    """

    bands: tuple[tuple[int, int], ...]
    energy: FloatArray
    share: FloatArray
    degree: FloatArray


def locality(
    harmonics: Harmonics, sphere: FloatArray, measure: str = "slope", *, progress: Progress = silent
) -> Locality:
    """How the shape around each point is made up of bands of degrees.

    sphere: (V, 3) directions. measure: how much a band counts by "displacement" (its own size), "slope" (times the
        degree: how it tilts the surface) or "bending" (times the degree squared: how it curves the surface).

    Each band (an octave of degrees; degree 0, the place, is none) of the positions is a vector field on the sphere.
    Its squared length is smoothed by a Gaussian whose half width is half a wavelength of the band's middle degree,
    since a band cannot be located better, in harmonic space and so without any mesh.

    Raises `InvalidParameter` for an unknown measure, or a shape without positions or degrees above 0.
    """
    if measure not in MEASURES:
        raise InvalidParameter(f"There is no measure {measure!r}.", f"Choose from {', '.join(MEASURES)}.")
    positions = harmonics.select(POSITION)
    if not positions.coefficients[:, 1:, :].any() and not positions.coefficients[:, 0, 1:].any():
        raise InvalidParameter("The shape is a single point: it has no degree above 0.", "Encode it again.")
    degree = np.arange(positions.lmax + 1.0)
    weights = (degree * (degree + 1.0)) ** (0.5 * _POWERS[measure])
    octaves = tuple(bands(positions.lmax)[1:])
    columns = []
    for number, (low, high) in enumerate(octaves):
        progress(number / len(octaves), f"Degrees {low} to {high}")
        within = weights * ((degree >= low) & (degree <= high))
        columns.append(_energy(apply_gains(positions, within, keep_constant=False), low, high, sphere))
    progress(1.0, "Located")
    energy = np.stack(columns, axis=1)
    size = np.sqrt(energy)
    share = size / np.maximum(size.sum(axis=1, keepdims=True), 1e-300)
    middles = np.array([np.log2(middle(low, high)) for low, high in octaves])
    return Locality(octaves, energy, share, np.asarray(np.exp2(share @ middles)))


def middle(low: int, high: int) -> float:
    """The middle degree of a band, in octaves: the geometric mean of its ends."""
    return float(np.sqrt(low * high))


def _energy(field: Harmonics, low: int, high: int, sphere: FloatArray) -> FloatArray:
    """(V,) the smoothed squared length of a field whose degrees lie in low … high."""
    width = np.pi / middle(low, high)
    damping = gaussian(2 * high, width)
    top = max(int(np.flatnonzero(damping > _NEGLIGIBLE)[-1]), 1)
    grid = high + top  # exact: the square has degrees up to 2 high, and those up to `top` are wanted
    square = np.square(synthesize_grid(field.truncate(high), grid)).sum(axis=0)
    smooth = analyse_grid(square[None], top)
    squares = Harmonics(smooth, ("square",))
    return np.asarray(np.maximum(synthesize(apply_gains(squares, damping[: top + 1]), sphere)[:, 0], 0.0))
