# SPDX-License-Identifier: GPL-3.0-or-later
"""Points with exact distances, to learn from and to judge by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...geometry.sampling import sample_surface
from ...geometry.signed_distance import SignedDistance
from ...mesh import FloatArray, Mesh
from ...progress import Progress, silent

NOISE = 0.01
"""How far points near the surface are from it, as the deviation of a normal distribution along each axis."""

_CHUNK = 100_000


@dataclass(frozen=True)
class Samples:
    """Points (N, 3) in [−1, 1]³ and their distances (N,), negative inside."""

    points: NDArray[np.float32]
    distances: NDArray[np.float32]


def near_surface(
    mesh: Mesh, exact: SignedDistance, count: int, seed: int, progress: Progress = silent, noise: float = NOISE
) -> Samples:
    """`count` points of the surface, uniform by area, moved by normal noise. The mesh is placed in the cube."""
    points, _, _ = sample_surface(mesh, count, seed)
    points += np.random.default_rng([seed, 1]).normal(0.0, noise, points.shape)
    return _measured(np.clip(points, -1.0, 1.0), exact, progress, "Points near the surface")


def in_cube(exact: SignedDistance, count: int, seed: int, progress: Progress = silent) -> Samples:
    """`count` points, uniform in the cube."""
    points = np.random.default_rng([seed, 2]).uniform(-1.0, 1.0, (count, 3))
    return _measured(points, exact, progress, "Points in the volume")


def joined(*parts: Samples) -> Samples:
    """All of them."""
    return Samples(np.concatenate([part.points for part in parts]), np.concatenate([part.distances for part in parts]))


def _measured(points: FloatArray, exact: SignedDistance, progress: Progress, phase: str) -> Samples:
    rounded = points.astype(np.float32)
    distances = np.empty(len(rounded), np.float32)
    for begin in range(0, len(rounded), _CHUNK):
        progress(begin / len(rounded), phase)
        distances[begin : begin + _CHUNK] = exact(rounded[begin : begin + _CHUNK].astype(np.float64))
    return Samples(rounded, distances)
