# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scheme of symmetry suits the shapes that are learned from, as they stand in the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...datasets.arrays import Cloud
from ...datasets.layout import Dataset, ModelFolder
from ...mesh import Mesh
from ...symmetry.detect import THRESHOLD
from ...symmetry.elements import CONTINUOUS, Axis, Plane
from ...symmetry.fit import Surface

Coordinates = NDArray[np.floating[Any]]

SHAPES = 12
"""At most so many are looked at, spread over all."""
MOST = 0.9
"""Share of them that must have a symmetry."""

_POINTS, _LOOKED_AT = 20_000, 1_000
_COVER, _LARGEST = 4.0, 0.05
"""Radius of the triangle at a point: so many gaps between points, but no more of the unit cube."""
_CENTRE = np.zeros(3)
_SIDES = Plane(np.array([1.0, 0.0, 0.0]), 0.0)
_FRONT = Plane(np.array([0.0, 0.0, 1.0]), 0.0)
_AROUND = Axis(np.array([0.0, 1.0, 0.0]), _CENTRE, CONTINUOUS)


@dataclass(frozen=True)
class Detected:
    """scheme: one of `schemes.SCHEMES`. shares: name → the share of the shapes that have that symmetry. looked_at: how
    many were measured."""

    scheme: str
    shares: dict[str, float]
    looked_at: int


def detect_scheme(dataset: Dataset, models: Sequence[ModelFolder], threshold: float = THRESHOLD) -> Detected:
    """The scheme with the fewest numbers whose symmetry nearly all of the shapes have, else "free".

    The plane x = 0 through the middle of the shapes, the one across it, the vertical axis; threshold: see
    `symmetry.detect.symmetries`. Shapes that are symmetric in another place count as not symmetric: a network that
    mirrors in x = 0 cannot make them. Raises `DatasetError` where clouds are missing.
    """
    step = max(len(models) // SHAPES, 1)
    chosen = models[::step][:SHAPES]
    errors = np.array([symmetry_errors(dataset.cloud(model)) for model in chosen])
    good = {element: errors[:, k] <= threshold for k, element in enumerate(("sides", "front", "around"))}
    fits = {
        "rotational": good["around"] & good["sides"],
        "two_planes": good["sides"] & good["front"],
        "plane": good["sides"],
    }
    shares = {name: float(fit.mean()) for name, fit in fits.items()}
    scheme = next((name for name, share in shares.items() if share >= MOST), "free")
    return Detected(scheme, shares, len(chosen))


def symmetry_errors(cloud: Cloud) -> tuple[float, float, float]:
    """Root mean square errors of the mirrors x = 0 and z = 0 and of all turns about y, for points on a surface in the
    unit cube, as parts of its diagonal."""
    surface = Surface(_surface_of(cloud.points[:_POINTS], cloud.normals[:_POINTS]), _LOOKED_AT)
    first, second, third = (surface.error(surface.inward(element), _LOOKED_AT) for element in (_SIDES, _FRONT, _AROUND))
    return first, second, third


def _surface_of(points: Coordinates, normals: Coordinates) -> Mesh:
    """A triangle in the surface around each point, so large that together they cover it."""
    places, outwards = np.asarray(points, np.float64), np.asarray(normals, np.float64)
    gaps = cKDTree(places).query(places, k=2)[0][:, 1] if len(places) > 1 else np.ones(1)
    radius = min(_COVER * float(np.median(gaps)), _LARGEST)
    helper = np.eye(3)[np.abs(outwards).argmin(axis=1)]
    first = np.cross(outwards, helper)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    second = np.cross(outwards, first)
    angles = 2.0 * np.pi * np.arange(3) / 3.0
    around = np.cos(angles)[:, None] * first[:, None] + np.sin(angles)[:, None] * second[:, None]
    corners = places[:, None] + radius * around
    return Mesh(corners.reshape(-1, 3), np.arange(3 * len(places)).reshape(-1, 3))
