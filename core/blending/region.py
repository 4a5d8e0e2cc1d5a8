# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter, or an exaggeration, of a part of a shape only: where a mask says so."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.filters import apply_gains
from ..harmonics.transforms import synthesize
from ..mesh import FloatArray
from ..shape import Shape


def filter_region(shape: Shape, gains: FloatArray, mask: FloatArray, sphere: FloatArray | None = None) -> FloatArray:
    """(V, 3) positions of which each moves from the shape as it is to the filtered one, as far as its mask says.

    gains: (lmax+1,) factors per degree (`harmonics.filters`); degree 0, the place, is kept. mask: (V,) 0 leaves a
    vertex where it is, 1 filters it in full, values between do it in part; it is not clipped.
    sphere: (V, 3) directions of the vertices; None for the source's own.

    Raises `InvalidParameter` for another number of gains or mask values.
    """
    directions = shape.require_sphere()[0] if sphere is None else sphere
    weights = np.asarray(mask, dtype=np.float64)
    if weights.shape != (len(directions),) or not np.isfinite(weights).all():
        raise InvalidParameter(
            f"The mask has shape {weights.shape}, or is not all numbers.",
            f"Give {len(directions)} values, one for each vertex.",
        )
    positions = shape.harmonics.select(POSITION)
    return masked(positions, apply_gains(positions, gains), weights, directions)


def masked(original: Harmonics, filtered: Harmonics, mask: FloatArray, sphere: FloatArray) -> FloatArray:
    """(V, K) original + mask · (filtered − original) at directions (V, 3), for a mask (V,).

    `filtered` has the same channels, and the same degrees or fewer. Each of the two is evaluated only where it
    counts, and where the mask is 0 or 1 the result is exactly one of them.
    """
    values = np.zeros((len(sphere), len(original.channels)))
    for harmonics, share in ((original, 1.0 - mask), (filtered, mask)):
        there = share != 0.0
        if there.any():
            values[there] += share[there, None] * synthesize(harmonics, sphere[there])
    return values
