# SPDX-License-Identifier: GPL-3.0-or-later
"""Points moved onto the surface of a field along its gradient, and the normals there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent
from .multiresolution import Field

Gradient = Callable[[FloatArray], FloatArray]
"""Points (N, 3) → the gradient of the field there (N, 3)."""

HALVINGS = 3
"""How often a step that leads farther from the surface is halved, before the point stays where it is."""

_DIFFERENCE = 1e-3
"""Half the distance of the points between which differences are taken, as a part of the size of the box."""


def difference_gradient(field: Field, size: float) -> Gradient:
    """The gradient of a field by central differences, for a box with edges of length `size`; six values a point."""
    step = _DIFFERENCE * size

    def gradient(points: FloatArray) -> FloatArray:
        shifted = points[:, None, None] + step * np.array([1.0, -1.0])[None, :, None, None] * np.eye(3)
        values = np.asarray(field(shifted.reshape(-1, 3)), np.float64).reshape(len(points), 2, 3)
        return np.asarray((values[:, 0] - values[:, 1]) / (2.0 * step))

    return gradient


def in_batches(function: Field | Gradient, batch: int) -> Field:
    """The same function, called with at most `batch` points at once."""

    def evaluate(points: FloatArray) -> FloatArray:
        parts = [np.asarray(function(points[i : i + batch])) for i in range(0, max(len(points), 1), batch)]
        return np.concatenate(parts).astype(np.float64)

    return evaluate


def project(
    points: FloatArray,
    field: Field,
    gradient: Gradient,
    threshold: float,
    reach: float,
    steps: int,
    progress: Progress = silent,
) -> FloatArray:
    """(N, 3) the points, moved towards where the field has the value `threshold`.

    Newton steps along the gradient: exact for a distance, and converging quadratically for anything smooth. No step
    is longer than `reach`, and none is taken that leads to a value farther from the threshold, so that a point is
    never worse off; points where the field is not a number, or has no gradient, stay.
    """
    moved = points.copy()
    gap = field(moved) - threshold
    for step in range(steps):
        progress(step / steps, "Moving the vertices onto the surface")
        slope = gradient(moved)
        square = np.einsum("ni,ni->n", slope, slope)
        usable = np.isfinite(square) & (square > 0.0) & np.isfinite(gap)
        safe = np.where(usable, square, 1.0)
        shift = np.where(usable[:, None], -(gap / safe)[:, None] * slope, 0.0)
        length = np.linalg.norm(shift, axis=1)
        shift *= np.minimum(1.0, reach / np.maximum(length, 1e-300))[:, None]
        open_ = np.flatnonzero(usable & (gap != 0.0))
        for _ in range(HALVINGS + 1):
            if not len(open_):
                break
            there = moved[open_] + shift[open_]
            new = field(there) - threshold
            better = np.abs(new) < np.abs(gap[open_])
            moved[open_[better]], gap[open_[better]] = there[better], new[better]
            open_ = open_[~better]
            shift[open_] *= 0.5
    return moved


def outward_normals(mesh: Mesh, gradient: Gradient, fallback: FloatArray) -> FloatArray:
    """(V, 3) unit normals of the surface at the vertices of a mesh: against the gradient, since fields fall outwards.

    fallback: (V, 3) what holds where the gradient vanishes.
    """
    slope = -gradient(mesh.vertices)
    length = np.linalg.norm(slope, axis=1)
    usable = np.isfinite(length) & (length > 0.0)
    return np.where(usable[:, None], slope / np.where(usable, length, 1.0)[:, None], fallback)
