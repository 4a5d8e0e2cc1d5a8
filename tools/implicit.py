# SPDX-License-Identifier: GPL-3.0-or-later
"""Solids as functions that are negative inside: ellipsoids, cones, and their smooth unions.

A solid takes points (N, 3) and gives (N,) values, roughly distances near the surface.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Solid = Callable[[Array], Array]


def ellipsoid(centre: ArrayLike, radii: ArrayLike, axes: ArrayLike | None = None) -> Solid:
    """An ellipsoid; `axes` (3, 3) has its unit axes as rows (default: the coordinate axes)."""
    c, r = np.asarray(centre, float), np.broadcast_to(np.asarray(radii, float), 3)
    turn = np.eye(3) if axes is None else np.asarray(axes, float)

    def solid(points: Array) -> Array:
        local = (points - c) @ turn.T
        scaled = np.linalg.norm(local / r, axis=1)
        slope = np.linalg.norm(local / r**2, axis=1)
        return np.where(slope > 1e-12, scaled * (scaled - 1) / np.maximum(slope, 1e-12), -r.min())

    return solid


def tube(path: ArrayLike, radii: ArrayLike) -> Solid:
    """Round cones along a path (M, 3) with the radii (M,) at its corners."""
    corners, r = np.asarray(path, float), np.asarray(radii, float)

    def solid(points: Array) -> Array:
        values = np.full(len(points), np.inf)
        for a, b, ra, rb in zip(corners[:-1], corners[1:], r[:-1], r[1:], strict=True):
            along = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
            distance = np.linalg.norm(points - a - along[:, None] * (b - a), axis=1)
            values = np.minimum(values, distance - (ra + along * (rb - ra)))
        return values

    return solid


def blend(a: Array, b: Array, width: float) -> Array:
    """Smooth minimum (polynomial, Inigo Quilez): a union whose seam is rounded over `width`."""
    near = np.maximum(width - np.abs(a - b), 0.0) / width
    return np.asarray(np.minimum(a, b) - near**3 * width / 6.0)


def union(parts: Sequence[tuple[Solid, float]]) -> Solid:
    """The parts joined one after the other, each with the width of its seam."""

    def solid(points: Array) -> Array:
        values = parts[0][0](points)
        for part, width in parts[1:]:
            values = blend(values, part(points), width)
        return values

    return solid


def gradient(solid: Solid, points: Array, step: float = 1e-4) -> Array:
    """(N, 3) central differences."""
    offsets = step * np.eye(3)
    return np.stack([(solid(points + o) - solid(points - o)) / (2 * step) for o in offsets], axis=1)


def project(solid: Solid, points: Array, steps: int = 4) -> Array:
    """Move points onto the surface by Newton steps along the gradient."""
    for _ in range(steps):
        slope = gradient(solid, points)
        points = points - (solid(points) / np.maximum((slope**2).sum(axis=1), 1e-6))[:, None] * slope
    return points
