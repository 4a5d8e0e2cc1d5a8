# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions of encoded shapes without their place, and the sizes to compare them by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.transforms import synthesize_grid
from ..mesh import FloatArray

_GRID = 64
"""Degree of the grid on which extents are measured."""


@dataclass(frozen=True)
class Centred:
    """The positions (3, L+1, L+1) of a shape about their mean over the sphere, `middle` (3,).

    size: their root mean square radius, the centroid size of Procrustes analysis, in the units of the shape.
    """

    positions: FloatArray
    middle: FloatArray
    size: float

    @staticmethod
    def of(harmonics: Harmonics) -> Centred:
        """Raises `InvalidParameter` for shapes without positions or without any extent."""
        positions = harmonics.select(POSITION).coefficients.copy()
        middle = positions[:, 0, 0].copy()
        positions[:, 0, 0] = 0.0
        size = float(np.sqrt(np.square(positions).sum()))
        if not size > 0.0:
            raise InvalidParameter("A shape is a single point: it has no degree above 0.", "Leave it out.")
        return Centred(positions, middle, size)

    @property
    def unit(self) -> FloatArray:
        """(3, L+1, L+1) the positions with root mean square radius 1."""
        return np.asarray(self.positions / self.size)


def surface_diagonal(harmonics: Harmonics) -> float:
    """The bounding-box diagonal of the surface, from points on a grid. Raises `InvalidParameter` without positions."""
    values = synthesize_grid(harmonics.select(POSITION), _GRID).reshape(3, -1)
    return float(np.linalg.norm(np.ptp(values, axis=1)))
