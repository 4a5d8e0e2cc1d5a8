# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies whose distance is a formula: to cut with, and to try things on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .field import Bounds, Field, checked_points

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Ball(Field):
    """The ball around `centre`. Exact."""

    centre: Vector = (0.0, 0.0, 0.0)
    radius: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.radius < np.inf:
            raise InvalidParameter(f"A ball cannot have the radius {self.radius:g}.", "Give a positive one.")

    @property
    def bounds(self) -> Bounds:
        """The box around it."""
        return Bounds(self.centre, self.centre).grown(self.radius)

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) exact."""
        return np.asarray(np.linalg.norm(checked_points(points) - self.centre, axis=1) - self.radius)

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) away from the centre; zero there."""
        away = points - np.asarray(self.centre)
        length = np.linalg.norm(away, axis=1, keepdims=True)
        return np.divide(away, length, out=np.zeros_like(away), where=length > 0.0)


@dataclass(frozen=True)
class Block(Field):
    """The box around `centre` with its sides along the axes, `size` long. Exact."""

    centre: Vector = (0.0, 0.0, 0.0)
    size: Vector = (2.0, 2.0, 2.0)

    def __post_init__(self) -> None:
        if not all(0.0 < side < np.inf for side in self.size):
            raise InvalidParameter(f"A block cannot have the size {self.size}.", "Give three positive lengths.")

    @property
    def bounds(self) -> Bounds:
        """The box itself."""
        half = 0.5 * np.array(self.size)
        return Bounds.of(np.array(self.centre) - half, np.array(self.centre) + half)

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) exact."""
        beyond = np.abs(checked_points(points) - self.centre) - 0.5 * np.array(self.size)
        outside = np.linalg.norm(np.maximum(beyond, 0.0), axis=1)
        return np.asarray(outside + np.minimum(beyond.max(axis=1), 0.0))


@dataclass(frozen=True)
class HalfSpace(Field):
    """All points below the plane through `point` with the `normal`: endless, so to be combined with what is not."""

    point: Vector = (0.0, 0.0, 0.0)
    normal: Vector = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        length = float(np.linalg.norm(self.normal))
        if not 0.0 < length < np.inf:
            raise InvalidParameter("A plane needs a normal.", "Give a direction that is not zero.")
        x, y, z = (float(value) / length for value in self.normal)
        object.__setattr__(self, "normal", (x, y, z))

    @property
    def bounds(self) -> Bounds:
        """Endless."""
        return Bounds((-np.inf,) * 3, (np.inf,) * 3)

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) exact."""
        return np.asarray((checked_points(points) - self.point) @ np.array(self.normal))

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) the normal."""
        return np.tile(np.array(self.normal), (len(points), 1))
