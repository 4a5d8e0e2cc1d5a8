# SPDX-License-Identifier: GPL-3.0-or-later
"""Adam for the table of a hash grid. A step touches few rows; the others wait (Müller et al. 2022, section 4)."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Single = NDArray[np.float32]


class TableState:
    """The gradient of a table (rows, 2), to be added to, and what Adam remembers of the past."""

    def __init__(self, table: Single) -> None:
        self.gradient = np.zeros_like(table)
        self._mean, self._square = np.zeros_like(table), np.zeros_like(table)
        self._steps = np.zeros(len(table), np.int32)

    def step(self, table: Single, rate: float, betas: tuple[float, float], epsilon: float) -> None:
        """Move the rows that have a gradient, and clear it."""
        _adam(
            table,
            self.gradient,
            self._mean,
            self._square,
            self._steps,
            np.float32(rate),
            np.float32(betas[0]),
            np.float32(betas[1]),
            np.float32(epsilon),
        )


@njit(cache=True, parallel=True)
def _adam(
    table: Single,
    gradient: Single,
    mean: Single,
    square: Single,
    steps: NDArray[np.int32],
    rate: np.float32,
    first: np.float32,
    second: np.float32,
    epsilon: np.float32,
) -> None:
    one = np.float32(1.0)
    for row in prange(len(table)):
        if gradient[row, 0] == 0.0 and gradient[row, 1] == 0.0:
            continue
        steps[row] += 1
        by_mean = one / (one - first ** steps[row])
        by_square = one / (one - second ** steps[row])
        for k in range(2):
            slope = gradient[row, k]
            gradient[row, k] = np.float32(0.0)
            mean[row, k] = first * mean[row, k] + (one - first) * slope
            square[row, k] = second * square[row, k] + (one - second) * slope * slope
            table[row, k] -= rate * mean[row, k] * by_mean / (np.sqrt(square[row, k] * by_square) + epsilon)
