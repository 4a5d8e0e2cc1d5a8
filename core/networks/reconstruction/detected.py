# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scheme of symmetry suits the shapes that are learned from, as they stand in the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.layout import Dataset, ModelFolder
from ...mesh import FloatArray, Mesh
from ...symmetry.detect import THRESHOLD
from ...symmetry.elements import CONTINUOUS, Axis, Plane
from ...symmetry.fit import Surface

SHAPES = 12
"""At most so many are looked at, spread over all."""
MOST = 0.9
"""Share of them that must have a symmetry."""

_POINTS, _LOOKED_AT = 20_000, 1_000
_SPREAD = 0.01
"""Edge of the small triangle at a point, as a part of the unit cube."""
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
    errors = np.array([symmetry_errors(dataset.cloud(model).points) for model in chosen])
    good = {element: errors[:, k] <= threshold for k, element in enumerate(("sides", "front", "around"))}
    fits = {
        "rotational": good["around"] & good["sides"],
        "two_planes": good["sides"] & good["front"],
        "plane": good["sides"],
    }
    shares = {name: float(fit.mean()) for name, fit in fits.items()}
    scheme = next((name for name, share in shares.items() if share >= MOST), "free")
    return Detected(scheme, shares, len(chosen))


def symmetry_errors(points: NDArray[np.floating[Any]]) -> tuple[float, float, float]:
    """Root mean square errors of the mirrors x = 0 and z = 0 and of all turns about y, for points (N, 3) on a surface
    in the unit cube, as parts of its diagonal."""
    surface = Surface(_surface_of(points[:_POINTS].astype(np.float64)), _LOOKED_AT)
    first, second, third = (surface.error(surface.inward(element), _LOOKED_AT) for element in (_SIDES, _FRONT, _AROUND))
    return first, second, third


def _surface_of(points: FloatArray) -> Mesh:
    """A small triangle around each point, turned anyhow: all that is asked of it is how far it is."""
    rng = np.random.default_rng(0)
    corners = points[:, None] + _SPREAD * (rng.random((len(points), 3, 3)) - 0.5)
    return Mesh(corners.reshape(-1, 3), np.arange(3 * len(points)).reshape(-1, 3))
