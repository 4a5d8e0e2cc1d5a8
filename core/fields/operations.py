# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields made of fields: grown and shrunk, hollowed, united, intersected, subtracted, smoothly or not, and blended.

The values of what comes out have the right sign and are never more than the distance. They are the distance

- of `offset` of something exact: outside when it is grown, inside when it is shrunk;
- of `union`: outside both; of `intersection`: inside both;
- nowhere for sure of `difference`, `shell`, smooth versions and `blend`, but close to it near the surface, away from
  creases.

`redistanced` makes an exact field of any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..alignment.similarity import Similarity
from ..errors import InvalidParameter
from ..mesh import FloatArray, Mesh
from ..progress import Progress, part, silent
from .extraction import Extraction
from .field import Bounds, DistanceField, Field, MeshField, as_field

Side = Literal["outside", "inside", "centred"]
"""Where the material of a shell is."""

Shape = DistanceField | Mesh
"""What operations take."""


def offset(shape: Shape, distance: float) -> Field:
    """Grown by `distance`, or shrunk where it is negative; edges and corners become round on the side that moves away.

    Raises `InvalidParameter` for what is no number.
    """
    return _Offset(as_field(shape), _number(distance, "distance"))


def shell(shape: Shape, thickness: float, side: Side = "inside") -> Field:
    """A hollow body whose wall has a thickness, on a side of the surface or `centred` on it.

    Raises `InvalidParameter` for a thickness that is not positive, or an unknown side.
    """
    if not 0.0 < thickness < np.inf:
        raise InvalidParameter(f"A shell cannot be {thickness:g} thick.", "Give a positive thickness.")
    if side not in get_args(Side):
        raise InvalidParameter(f"A shell has no side {side!r}.", f"Choose from {', '.join(get_args(Side))}.")
    middle = {"outside": 0.5, "inside": -0.5, "centred": 0.0}[side] * thickness
    return _Shell(as_field(shape), float(thickness), middle)


def union(a: Shape, b: Shape, radius: float = 0.0) -> Field:
    """What is in either. radius: where both distances differ by less, the crease is filled (up to a quarter of it)."""
    return Boolean(as_field(a), as_field(b), _radius(radius), 1.0, 1.0, 1.0)


def intersection(a: Shape, b: Shape, radius: float = 0.0) -> Field:
    """What is in both. radius: where both distances differ by less, the edge is rounded off."""
    return Boolean(as_field(a), as_field(b), _radius(radius), -1.0, -1.0, -1.0)


def difference(a: Shape, b: Shape, radius: float = 0.0) -> Field:
    """What is in `a` and not in `b`. radius: as in `intersection`."""
    return Boolean(as_field(a), as_field(b), _radius(radius), -1.0, 1.0, -1.0)


def blend(a: Shape, b: Shape, weight: float) -> Field:
    """Between two shapes: weight 0 is `a`, 1 is `b`. Raises `InvalidParameter` for a weight that is not between."""
    if not 0.0 <= weight <= 1.0:
        raise InvalidParameter(f"A weight of {weight:g} is not between 0 and 1.", "Give a weight from 0 to 1.")
    return _Blend(as_field(a), as_field(b), float(weight))


def placed(shape: Shape, similarity: Similarity) -> Field:
    """Turned, scaled and moved; distances are scaled along, and stay what they were."""
    return _Placed(as_field(shape), similarity)


def redistanced(
    shape: Shape, extraction: Extraction | None = None, level: float = 0.0, progress: Progress = silent
) -> MeshField:
    """The exact distance from the surface of a field, extracted. Raises `InvalidParameter` where there is none."""
    return MeshField(as_field(shape).mesh(extraction, level, progress))


OPERATIONS: dict[str, Callable[[Shape, Shape, float], Field]] = {
    "union": union,
    "intersection": intersection,
    "difference": difference,
}
"""The operations on two shapes with a radius, by name."""


def smooth_minimum(a: FloatArray, b: FloatArray, radius: float) -> tuple[FloatArray, FloatArray]:
    """(value, share of b): the smaller of two numbers, smooth where they differ by less than `radius` (Quilez).

    min(a, b) − radius h²/4 with h = max(1 − |a − b| / radius, 0): at most a quarter of the radius below. The gradient
    of the value is that of a and b mixed by the share, so that what changes slowly still does.
    """
    if radius == 0.0:
        return np.minimum(a, b), np.where(a == b, 0.5, np.where(b < a, 1.0, 0.0))
    h = 1.0 - np.minimum(np.abs(a - b), radius) / radius
    value = np.minimum(a, b) - 0.25 * radius * h * h
    return value, np.where(b < a, 1.0 - 0.5 * h, 0.5 * h)


def turned(mesh: Mesh) -> Mesh:
    """The mesh with its inside out."""
    attributes = {name: -values if name == "normal" else values for name, values in mesh.attributes.items()}
    return Mesh(mesh.vertices, mesh.faces[:, ::-1], attributes)


def joined(a: Mesh, b: Mesh) -> Mesh:
    """Both meshes as one, with the attributes that both have."""
    common = [name for name in a.attributes if name in b.attributes]
    attributes = {name: np.concatenate([a.attributes[name], b.attributes[name]]) for name in common}
    faces = np.concatenate([a.faces, b.faces + a.n_vertices])
    return Mesh(np.concatenate([a.vertices, b.vertices]), faces, attributes)


def _number(value: float, name: str) -> float:
    if not np.isfinite(value):
        raise InvalidParameter(f"The {name} is {value:g}.", "Give a number.")
    return float(value)


def _radius(value: float) -> float:
    if not 0.0 <= value < np.inf:
        raise InvalidParameter(f"A radius of {value:g} makes no sense.", "Give 0 for sharp creases, or more.")
    return float(value)


@dataclass(frozen=True, eq=False)
class _Offset(Field):
    field: Field
    amount: float

    @property
    def bounds(self) -> Bounds:
        return self.field.bounds.grown(self.amount)

    @property
    def steepness(self) -> float:
        return self.field.steepness

    def distance(self, points: FloatArray) -> FloatArray:
        return self.field.distance(points) - self.amount

    def gradient(self, points: FloatArray) -> FloatArray:
        return self.field.gradient(points)


@dataclass(frozen=True, eq=False)
class _Shell(Field):
    field: Field
    thickness: float
    middle: float

    @property
    def bounds(self) -> Bounds:
        return self.field.bounds.grown(self.middle + 0.5 * self.thickness)

    @property
    def steepness(self) -> float:
        return self.field.steepness

    def distance(self, points: FloatArray) -> FloatArray:
        return np.abs(self.field.distance(points) - self.middle) - 0.5 * self.thickness

    def gradient(self, points: FloatArray) -> FloatArray:
        side = np.where(self.field.distance(points) < self.middle, -1.0, 1.0)
        return side[:, None] * self.field.gradient(points)

    def mesh(self, extraction: Extraction | None = None, level: float = 0.0, progress: Progress = silent) -> Mesh:
        """The outer and the inner surface, each for itself: so that a wall may be thinner than a cell."""
        half = 0.5 * self.thickness + level
        if not half > 0.0:
            raise InvalidParameter("Nothing is left of the shell at this level.", "Choose a higher one.")
        outer = self.field.mesh(extraction, self.middle + half, part(progress, 0.0, 0.5))
        try:
            inner = self.field.mesh(extraction, self.middle - half, part(progress, 0.5, 1.0))
        except InvalidParameter:  # the wall is so thick that no room is left
            return outer
        return joined(outer, turned(inner))


@dataclass(frozen=True, eq=False)
class Boolean(Field):
    """Union, intersection or difference: s · min(s_a · a, s_b · b), smooth where `radius` is not 0.

    A union has all signs 1, an intersection −1, a difference s = s_a = −1.
    """

    a: Field
    b: Field
    radius: float
    sign_a: float
    sign_b: float
    sign: float

    @property
    def bounds(self) -> Bounds:
        """Those of both joined, or what is common to both."""
        if self.sign > 0.0:
            return self.a.bounds.joined(self.b.bounds).grown(0.25 * self.radius)
        return self.a.bounds if self.sign_b > 0.0 else self.a.bounds.common(self.b.bounds)

    @property
    def steepness(self) -> float:
        """The larger one."""
        return max(self.a.steepness, self.b.steepness)

    def _mixed(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        a, b = self.a.distance(points), self.b.distance(points)
        return smooth_minimum(self.sign_a * a, self.sign_b * b, self.radius)

    def lead_of_second(self, points: FloatArray) -> FloatArray:
        """(N,) positive where the values at points (N, 3) are those of the second shape, negative for the first."""
        return self.sign_a * self.a.distance(points) - self.sign_b * self.b.distance(points)

    def share_of_second(self, points: FloatArray) -> FloatArray:
        """(N,) how much the values at points (N, 3) are made of those of the second shape, 0 to 1."""
        return self._mixed(points)[1]

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) the values."""
        return self.sign * self._mixed(points)[0]

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) their gradients, mixed."""
        share = self._mixed(points)[1][:, None]
        a, b = self.a.gradient(points), self.b.gradient(points)
        return np.asarray(self.sign * ((1.0 - share) * self.sign_a * a + share * self.sign_b * b))


@dataclass(frozen=True, eq=False)
class _Blend(Field):
    a: Field
    b: Field
    weight: float

    @property
    def bounds(self) -> Bounds:
        return self.a.bounds.joined(self.b.bounds)

    @property
    def steepness(self) -> float:
        return max(self.a.steepness, self.b.steepness)

    def distance(self, points: FloatArray) -> FloatArray:
        return (1.0 - self.weight) * self.a.distance(points) + self.weight * self.b.distance(points)

    def gradient(self, points: FloatArray) -> FloatArray:
        return (1.0 - self.weight) * self.a.gradient(points) + self.weight * self.b.gradient(points)


@dataclass(frozen=True, eq=False)
class _Placed(Field):
    field: Field
    similarity: Similarity

    @property
    def bounds(self) -> Bounds:
        low, high = np.array(self.field.bounds.low), np.array(self.field.bounds.high)
        corners = np.where(np.array(list(np.ndindex(2, 2, 2))) == 1, high, low)
        return Bounds.around(self.similarity.apply(corners))

    @property
    def steepness(self) -> float:
        return self.field.steepness

    def distance(self, points: FloatArray) -> FloatArray:
        return self.similarity.scale * self.field.distance(self.similarity.inverse.apply(points))

    def gradient(self, points: FloatArray) -> FloatArray:
        return self.field.gradient(self.similarity.inverse.apply(points)) @ self.similarity.rotation.T
