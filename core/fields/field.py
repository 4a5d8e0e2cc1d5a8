# SPDX-License-Identifier: GPL-3.0-or-later
"""Distance fields: functions of space that say how far a surface is, negative inside.

What they all promise: the sign is right, and |distance| is never more than how far the surface really is. So nothing is
missed that steps by it. Fields of meshes are exact; those made of others say in `operations` where they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ..errors import InvalidMesh, InvalidParameter
from ..geometry.distance import SurfaceTree
from ..geometry.measure import face_normals, oriented_outward
from ..geometry.signed_distance import SignedDistance
from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent
from .extraction import Extraction, extract
from .multiresolution import Box

MARGIN = 0.05
"""Room around a field in its box, as a part of its longest side."""

_STEP = 1e-4
"""Half the distance of the points between which gradients are taken, relative to the size of the box."""

_NEAR = 1e-7
"""Nearer to a mesh than this part of its diagonal, the direction is the normal of its face."""


class DistanceField(Protocol):
    """What operations work on: fields of this package, and fitted ones."""

    @property
    def box(self) -> Box:
        """A cube around the surface."""

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) how far the surface is from points (N, 3), negative inside."""

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) where that grows fastest, and how fast."""


@dataclass(frozen=True)
class Bounds:
    """The box from `low` to `high`, (x, y, z) each, that a surface lies in. One with low above high is empty."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    @staticmethod
    def of(low: FloatArray, high: FloatArray) -> Bounds:
        """From two corners (3,)."""
        x, y, z = (float(value) for value in low)
        a, b, c = (float(value) for value in high)
        return Bounds((x, y, z), (a, b, c))

    @staticmethod
    def around(points: FloatArray) -> Bounds:
        """Of points (N, 3)."""
        return Bounds.of(points.min(axis=0), points.max(axis=0))

    @property
    def empty(self) -> bool:
        """Whether nothing can be in it."""
        return any(low > high for low, high in zip(self.low, self.high, strict=True))

    @property
    def centre(self) -> FloatArray:
        """(3,) its middle."""
        return 0.5 * (np.array(self.low) + np.array(self.high))

    @property
    def size(self) -> FloatArray:
        """(3,) its sides."""
        return np.array(self.high) - np.array(self.low)

    def grown(self, distance: float) -> Bounds:
        """With so much more on each side; less where it is negative."""
        return Bounds.of(np.array(self.low) - distance, np.array(self.high) + distance)

    def joined(self, other: Bounds) -> Bounds:
        """The box around both."""
        if self.empty or other.empty:
            return other if self.empty else self
        return Bounds.of(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def common(self, other: Bounds) -> Bounds:
        """What both have in common; may be empty."""
        return Bounds.of(np.maximum(self.low, other.low), np.minimum(self.high, other.high))

    def cube(self, margin: float = MARGIN) -> Box:
        """The cube around it with a margin, a part of the longest side.

        Raises `InvalidParameter` for one that is empty or endless.
        """
        if self.empty:
            raise InvalidParameter(
                "Nothing is left: the field has no surface.", "Choose smaller amounts, or bodies that meet."
            )
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise InvalidParameter("The field has no end.", "Intersect it with something that has one.")
        x, y, z = (float(value) for value in self.centre)
        longest = float(self.size.max()) or float(np.abs(self.centre).max()) or 1.0
        return Box((x, y, z), longest * (1.0 + 2.0 * margin))


class Field(ABC):
    """A distance field with bounds. Points are (N, 3), in the units of the field."""

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """A box that the surface lies in."""

    @abstractmethod
    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) how far the surface is from points (N, 3), negative inside."""

    @property
    def steepness(self) -> float:
        """How much the values change at most over a length of 1: 1 but for fitted fields."""
        return 1.0

    @property
    def box(self) -> Box:
        """A cube around the surface, with a margin. Raises `InvalidParameter` where nothing is left, or no end."""
        return self.bounds.cube()

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) the gradient, here by central differences."""
        step = _STEP * self.box.size
        shift = step * np.concatenate([np.eye(3), -np.eye(3)])
        values = self.distance((points[:, None] + shift).reshape(-1, 3)).reshape(len(points), 2, 3)
        return np.asarray((values[:, 0] - values[:, 1]) / (2.0 * step))

    def mesh(self, extraction: Extraction | None = None, level: float = 0.0, progress: Progress = silent) -> Mesh:
        """The closed surface where the distance is `level`. Raises `InvalidParameter` where there is none."""
        return surface_of(self, extraction, level, progress)


def surface_of(
    field: Field, extraction: Extraction | None = None, level: float = 0.0, progress: Progress = silent
) -> Mesh:
    """The closed surface on which a field has the value `level`; thin parts are not missed.

    Raises `InvalidParameter` where there is none.
    """
    mesh = extract(
        lambda points: level - field.distance(points),
        field.bounds.grown(level).cube(),
        0.0,
        extraction,
        lambda points: -field.gradient(points),
        progress,
        lipschitz=field.steepness,
    )
    if not mesh.n_faces:
        raise InvalidParameter(
            "Nothing is left: the field has no surface.", "Choose smaller amounts, or bodies that meet."
        )
    return mesh


class MeshField(Field):
    """The exact distance from a mesh, also from one with holes; what is inside, its winding number says."""

    def __init__(self, mesh: Mesh) -> None:
        """Raises `InvalidMesh` for a mesh that is empty, has coordinates that are not numbers, or has no inside."""
        self.source = mesh
        self._signed = SignedDistance(mesh)
        self._bounds = Bounds.around(mesh.vertices[np.unique(mesh.faces)])

    @property
    def bounds(self) -> Bounds:
        """The box around the faces."""
        return self._bounds

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) exact."""
        return self._signed(checked_points(points))

    @cached_property
    def _nearest(self) -> tuple[SurfaceTree, FloatArray]:
        outward = oriented_outward(self.source)
        return SurfaceTree(outward), face_normals(outward)

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) away from the nearest point of the surface; at the surface the normal of the face. Of length 1."""
        points = checked_points(points)
        tree, normals = self._nearest
        length, triangle, nearest = tree.nearest(points)
        away = (points - nearest) / np.where(length > 0.0, length, 1.0)[:, None]
        away = np.where(self._signed.inside(points)[:, None], -away, away)
        on_it = length <= _NEAR * self.source.diagonal
        return np.asarray(np.where(on_it[:, None], normals[triangle], away))


@dataclass(frozen=True, eq=False)
class Foreign(Field):
    """A field from elsewhere, as a fitted one. steepness: how much its values change at most over a length of 1."""

    source: DistanceField
    steepness: float = 2.0

    @property
    def bounds(self) -> Bounds:
        """Its box."""
        box = self.source.box
        half = 0.5 * box.size
        return Bounds.of(np.asarray(box.centre) - half, np.asarray(box.centre) + half)

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) as it says."""
        return np.asarray(self.source.distance(points), np.float64)

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) as it says."""
        return np.asarray(self.source.gradient(points), np.float64)


def as_field(given: DistanceField | Mesh) -> Field:
    """A mesh or any distance field as a `Field`. Raises `InvalidMesh` for a mesh without an inside."""
    if isinstance(given, Field):
        return given
    return MeshField(given) if isinstance(given, Mesh) else Foreign(given)


def checked_points(points: FloatArray) -> FloatArray:
    """Points as (N, 3) numbers. Raises `InvalidMesh` for other shapes, and for what is no number."""
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise InvalidMesh(f"Points have shape {array.shape}.", "Give an array (N, 3).")
    if not np.isfinite(array).all():
        raise InvalidMesh("Some points have coordinates that are not numbers.", "Remove them.")
    return array
