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
    counts.
    """
    values = np.empty((len(sphere), len(original.channels)))
    none, full = mask == 0.0, mask == 1.0
    between = ~(none | full)
    values[none] = synthesize(original, sphere[none]) if none.any() else 0.0
    values[full] = synthesize(filtered, sphere[full]) if full.any() else 0.0
    if between.any():
        before, after = synthesize(original, sphere[between]), synthesize(filtered, sphere[between])
        values[between] = before + mask[between, None] * (after - before)
    return values
