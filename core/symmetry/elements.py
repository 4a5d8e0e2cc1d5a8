# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes of reflection and axes of rotation, as maps of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray

CONTINUOUS = 0
"""The order of an axis about which every rotation is a symmetry."""

CONTINUOUS_STEPS = 64
"""Steps in a full turn where a continuous axis is taken in steps."""

HIGHEST_ORDER = 12
"""The highest order that a discrete axis can have."""


@dataclass(frozen=True)
class Plane:
    """The points x with normal · x = offset. normal: (3,), made a unit vector; offset: in the units of the mesh.

    Of the two descriptions of a plane the one is kept whose normal has its largest component positive.
    Raises `InvalidParameter` for a normal without length or numbers that are not finite.
    """

    normal: FloatArray
    offset: float

    def __post_init__(self) -> None:
        normal, length = _unit(self.normal, "normal of a plane")
        sign = 1.0 if normal[np.argmax(np.abs(normal) > np.abs(normal).max() - 1e-9)] > 0.0 else -1.0
        if not np.isfinite(self.offset):
            raise InvalidParameter("The offset of a plane is not a number.", "Give a length in the units of the mesh.")
        object.__setattr__(self, "normal", sign * normal)
        object.__setattr__(self, "offset", sign * float(self.offset) / length)

    @classmethod
    def through(cls, point: FloatArray, normal: FloatArray) -> Plane:
        """The plane through a point (3,) with a normal (3,) of any length."""
        return cls(normal, float(np.dot(normal, point)))

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) signed distances of points (N, 3), positive on the side to which the normal points."""
        return np.asarray(points @ self.normal - self.offset)

    def reflect(self, points: FloatArray) -> FloatArray:
        """(N, 3) mirror images of points (N, 3)."""
        return np.asarray(points - 2.0 * self.distance(points)[:, None] * self.normal)

    def matrix(self) -> FloatArray:
        """(4, 4) the reflection as a matrix that acts on columns (x, y, z, 1)."""
        linear = np.eye(3) - 2.0 * np.outer(self.normal, self.normal)
        return _affine(linear, 2.0 * self.offset * self.normal)

    def to_dict(self) -> dict[str, object]:
        """`normal` and `offset`, JSON-ready."""
        return {"normal": self.normal.tolist(), "offset": self.offset}


@dataclass(frozen=True)
class Axis:
    """A line and the rotations about it by 360° / order. order: 2 … 12, or 0 (`CONTINUOUS`) for all angles.

    direction: (3,), made a unit vector; of the two the one whose largest component is positive.
    point: (3,) any point of the line.
    Raises `InvalidParameter` for a direction without length, numbers that are not finite, or another order.
    """

    direction: FloatArray
    point: FloatArray
    order: int

    def __post_init__(self) -> None:
        direction, _ = _unit(self.direction, "direction of an axis")
        sign = 1.0 if direction[np.argmax(np.abs(direction) > np.abs(direction).max() - 1e-9)] > 0.0 else -1.0
        point = _vector(self.point, "point of an axis")
        if self.order != CONTINUOUS and not 2 <= self.order <= HIGHEST_ORDER:
            raise InvalidParameter(
                f"An axis cannot have order {self.order}.", f"Orders are 2 to {HIGHEST_ORDER}, or 0 for all angles."
            )
        object.__setattr__(self, "direction", sign * direction)
        object.__setattr__(self, "point", point)
        object.__setattr__(self, "order", int(self.order))

    @property
    def is_continuous(self) -> bool:
        """Whether every angle is a symmetry."""
        return self.order == CONTINUOUS

    @property
    def steps(self) -> int:
        """How many rotations `rotate` makes of a full turn: the order, or `CONTINUOUS_STEPS`."""
        return CONTINUOUS_STEPS if self.is_continuous else self.order

    def turn(self, points: FloatArray, angle: float) -> FloatArray:
        """(N, 3) points (N, 3) turned about the axis by an angle in radians, counter-clockwise seen from its tip."""
        return np.asarray((points - self.point) @ self.rotation(angle).T + self.point)

    def rotate(self, points: FloatArray, k: int = 1) -> FloatArray:
        """(N, 3) points (N, 3) turned by k steps."""
        return self.turn(points, 2.0 * np.pi * k / self.steps)

    def rotation(self, angle: float) -> FloatArray:
        """(3, 3) the rotation by an angle in radians about the direction."""
        from scipy.spatial.transform import Rotation  # slow to load, and the add-on has planes from the start

        return np.asarray(Rotation.from_rotvec(angle * self.direction).as_matrix())

    def matrix(self, k: int = 1) -> FloatArray:
        """(4, 4) `rotate` as a matrix that acts on columns (x, y, z, 1)."""
        linear = self.rotation(2.0 * np.pi * k / self.steps)
        return _affine(linear, self.point - linear @ self.point)

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) distances of points (N, 3) from the line."""
        arm = points - self.point
        return np.asarray(np.linalg.norm(arm - np.outer(arm @ self.direction, self.direction), axis=1))

    def to_dict(self) -> dict[str, object]:
        """`direction`, `point` and `order`, JSON-ready."""
        return {"direction": self.direction.tolist(), "point": self.point.tolist(), "order": self.order}


Element = Plane | Axis


def element_from_dict(data: Mapping[str, Any]) -> Element:
    """A plane or an axis from what its `to_dict` gave. Raises `InvalidParameter` for anything else."""
    try:
        if "normal" in data:
            return Plane(np.asarray(data["normal"], dtype=np.float64), float(data["offset"]))
        direction, point = (np.asarray(data[name], dtype=np.float64) for name in ("direction", "point"))
        return Axis(direction, point, int(data["order"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidParameter("This describes neither a plane nor an axis.", "Detect the symmetry again.") from error


def images(element: Element, points: FloatArray) -> list[FloatArray]:
    """The images (N, 3) of points (N, 3) under all maps of an element but the identity."""
    if isinstance(element, Plane):
        return [element.reflect(points)]
    return [element.rotate(points, k) for k in range(1, element.steps)]


def _affine(linear: FloatArray, shift: FloatArray) -> FloatArray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear, shift
    return matrix


def _unit(values: FloatArray | Sequence[float], what: str) -> tuple[FloatArray, float]:
    vector = _vector(values, what)
    length = float(np.linalg.norm(vector))
    if not length > 0.0:
        raise InvalidParameter(f"The {what} has no length.", "Give three numbers that are not all zero.")
    return vector / length, length


def _vector(values: FloatArray | Sequence[float], what: str) -> FloatArray:
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise InvalidParameter(f"The {what} is not three finite numbers.", "Give x, y and z.")
    return vector
