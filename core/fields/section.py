# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a distance field on a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh
from .field import DistanceField, as_field

Axis = Literal["x", "y", "z"]
"""What a plane stands across."""

MOST = 4096
"""Points along a side, at most."""

_BEYOND = 0.15
"""How far a section reaches beyond the shape, as a part of its longest side."""


@dataclass(frozen=True, eq=False)
class Section:
    """Values on a grid of a plane.

    values: (H, W), row 0 at the origin. origin, across, up: (3,) the first point, and the whole sides of the rectangle.
    """

    values: FloatArray
    origin: FloatArray
    across: FloatArray
    up: FloatArray

    @property
    def points(self) -> FloatArray:
        """(H·W, 3) where the values are, row by row."""
        return grid_points(self.origin, self.across, self.up, self.values.shape[1], self.values.shape[0])

    @property
    def faces(self) -> IntArray:
        """(Q, 4) the squares between the points."""
        height, width = self.values.shape
        index = np.arange(height * width).reshape(height, width)
        sides = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
        return np.stack([side.ravel() for side in sides], axis=1)


def grid_points(origin: FloatArray, across: FloatArray, up: FloatArray, width: int, height: int) -> FloatArray:
    """(height · width, 3) points of a rectangle, row by row, from its origin on."""
    u, v = np.linspace(0.0, 1.0, width), np.linspace(0.0, 1.0, height)
    points = origin + v[:, None, None] * up + u[None, :, None] * across
    return np.asarray(points.reshape(-1, 3))


def section(
    shape: DistanceField | Mesh, axis: Axis = "z", position: float = 0.5, resolution: int = 256, margin: float = _BEYOND
) -> Section:
    """The values of a field on a plane across an axis.

    position: of the plane in the bounds of the shape, 0 at its low side and 1 at the high one. resolution: points along
    the longer side. margin: how far the plane reaches beyond the shape, as a part of its longest side. Seen from the
    positive end of the axis, `across` points right and `up` upward: x, y for z; y, z for x; and x, z for y from behind.
    Raises `InvalidParameter` for an unknown axis, a position that is far outside or no number, and too few or too many
    points.
    """
    if axis not in get_args(Axis):
        raise InvalidParameter(f"There is no axis {axis!r}.", "Choose x, y or z.")
    if not np.isfinite(position) or not 0.0 <= margin < np.inf:
        raise InvalidParameter("The place of the section is no number.", "Give a position from 0 to 1.")
    if not -1.0 <= position <= 2.0:
        raise InvalidParameter(f"The position {position:g} is far outside the shape.", "Give 0 to 1, or a little more.")
    if not 2 <= resolution <= MOST:
        raise InvalidParameter(f"A section of {resolution} points a side cannot be made.", f"Give 2 to {MOST}.")
    field = as_field(shape)
    beyond = margin * float(field.bounds.size.max())
    wide = field.bounds.grown(beyond)
    field.bounds.cube()  # refuses what is empty or endless
    normal = "xyz".index(axis)
    first, second = [k for k in range(3) if k != normal]
    origin = np.array(wide.low)
    origin[normal] = field.bounds.low[normal] + position * field.bounds.size[normal]
    across, up = wide.size[first] * np.eye(3)[first], wide.size[second] * np.eye(3)[second]
    longest = max(wide.size[first], wide.size[second]) or 1.0
    width, height = (max(2, round(resolution * wide.size[k] / longest)) for k in (first, second))
    values = field.distance(grid_points(origin, across, up, width, height)).reshape(height, width)
    return Section(values, origin, across, up)
