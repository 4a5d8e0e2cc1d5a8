# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of shapes that are mixed: checked, along a path, and found again from the mixed positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidParameter
from ..mesh import FloatArray


def normalised_weights(weights: Sequence[float], count: int) -> FloatArray:
    """(count,) the weights divided by their sum. They may be negative, or above 1: that exaggerates.

    Raises `InvalidParameter` for another number of weights, weights that are not finite, or a sum that is not positive.
    """
    values = np.asarray(weights, dtype=np.float64).ravel()
    if len(values) != count:
        raise InvalidParameter(
            f"There are {len(values)} weights for {count} shapes.", "Give one weight for each shape."
        )
    if not np.isfinite(values).all() or not values.sum() > 1e-9 * np.abs(values).sum():
        raise InvalidParameter(
            "The weights must be numbers with a positive sum.", "Give weights such as 0.7 0.3; they may be negative."
        )
    return np.asarray(values / values.sum())


def weights_at(places: ArrayLike, count: int) -> FloatArray:
    """(…, count) weights of shapes 0, 1, 2 … at `places` (…) in [0, count − 1] on the way through them; sum 1."""
    distance = np.abs(np.asarray(places, dtype=np.float64)[..., None] - np.arange(count))
    return np.asarray(np.clip(1.0 - distance, 0.0, None))


def path_weights(count: int, steps: int) -> FloatArray:
    """(steps, count) weights that lead through `count` shapes one after another, evenly; each row has sum 1.

    Raises `InvalidParameter` for fewer than two steps.
    """
    if steps < 2:
        raise InvalidParameter(f"{steps} steps are too few.", "Give at least 2: the first and the last shape.")
    return weights_at(np.linspace(0.0, count - 1.0, steps), count)


def weight_fields(ends: NDArray[Any]) -> FloatArray:
    """(N − 1, V, 3) vector fields that find the weights of a mix again from its positions.

    ends: (N, V, 3) positions of all shapes. The weight of shape i ≥ 1 is the sum over the vertices of
    field[i − 1] · (position − ends[0]): the fields are dual to the displacements, by the pseudo-inverse, so that
    shapes that depend on each other share the weight.
    """
    moves = (ends[1:] - ends[0]).reshape(len(ends) - 1, -1).astype(np.float64)
    return np.asarray((np.linalg.pinv(moves @ moves.T) @ moves).reshape(-1, *ends.shape[1:]))
