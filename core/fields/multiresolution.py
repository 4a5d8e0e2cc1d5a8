# SPDX-License-Identifier: GPL-3.0-or-later
"""Multiresolution iso-surface extraction (MISE; Mescheder et al. 2019, section 3.3): a grid that is fine near the
surface only.

A coarse grid is evaluated first. A voxel with a corner at or above the threshold and one at or below it is split into
eight, and the new corners are evaluated, until the finest level is reached and nothing is left to split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray
from ..progress import Progress, part, silent

Field = Callable[[FloatArray], FloatArray]
"""Points (N, 3) → values (N,); higher inside."""

Flags = NDArray[np.bool_]

MOST_CELLS = 1024
"""Cells along an edge of the box, at most."""


@dataclass(frozen=True)
class Box:
    """The cube around `centre` (3,) with edges of length `size`."""

    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    size: float = 1.1

    def points(self, index: IntArray, cells: int) -> FloatArray:
        """(N, 3) the places of grid points with the indices (N, 3) in 0 … cells."""
        return np.asarray(self.centre) + self.size * (index / cells - 0.5)


@dataclass(frozen=True)
class Sampled:
    """A field on the (n + 1)³ points of a grid. values: (n + 1, n + 1, n + 1), indexed x, y, z; what was not
    evaluated repeats its predecessor. rounds: how many points each round evaluated."""

    values: FloatArray
    rounds: tuple[int, ...]


def sample_near_surface(
    field: Field,
    box: Box,
    *,
    start: int = 32,
    steps: int = 2,
    threshold: float = 0.0,
    batch: int = 100_000,
    progress: Progress = silent,
) -> Sampled:
    """Evaluate `field` on a grid of `start` × 2^`steps` cells along each edge of the box, but only near its surface.

    threshold: the value on the surface. batch: points that are evaluated at once. Raises `InvalidParameter` for a grid
    that is empty or too fine, and for a field that gives values that are not numbers.
    """
    cells = start << max(steps, 0)
    if start < 1 or steps < 0 or cells > MOST_CELLS:
        raise InvalidParameter(
            f"A grid that starts with {start} cells and doubles {steps} times cannot be evaluated.",
            f"Start with at least 1, and end with at most {MOST_CELLS}.",
        )
    axis = np.arange(0, cells + 1, 1 << steps)
    fresh = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    values = np.full((cells + 1,) * 3, np.nan)
    above, below = np.zeros_like(values, np.bool_), np.zeros_like(values, np.bool_)
    depth = np.zeros((cells,) * 3, np.uint8)  # of the leaf that covers each of the finest cells
    rounds = list[int]()
    while len(fresh):
        shares = [min(0.9, 0.3 * (len(rounds) + end)) for end in (0, 1)]
        place, found = tuple(fresh.T), evaluated(field, box.points(fresh, cells), batch, part(progress, *shares))
        values[place], above[place], below[place] = found, found >= threshold, found <= threshold
        rounds.append(len(fresh))
        fresh = _split(values, depth, above, below, steps)
    _fill(values)
    return Sampled(values, tuple(rounds))


def evaluated(field: Field, points: FloatArray, batch: int, progress: Progress = silent) -> FloatArray:
    """(N,) values of a field at points (N, 3), asked in batches. Raises `InvalidParameter` where one is no number."""
    parts = [np.zeros(0)]
    for begin in range(0, len(points), batch):
        progress(begin / len(points), f"Evaluating {len(points):,} points")
        parts.append(np.asarray(field(points[begin : begin + batch])))
    result = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(result).all():
        raise InvalidParameter("The field gives values that are not numbers.", "Check the network or its input.")
    return result


def _split(values: FloatArray, depth: NDArray[np.uint8], above: Flags, below: Flags, steps: int) -> IntArray:
    """Split the leaves that the surface passes, in `depth`, and give the points (n, 3) that this adds."""
    active = []  # of all levels before any is split: a new leaf is looked at in the next round
    for level in range(steps):
        size = 1 << (steps - level)
        leaf = depth[::size, ::size, ::size] == level
        active.append(np.argwhere(leaf & _touched(above, size) & _touched(below, size)))
    added = []
    for level, leaves in enumerate(active):
        if len(leaves):
            size = 1 << (steps - level)
            added.append(_halved(leaves * size, size // 2))
            _deepen(depth, leaves, size)
    if not added:
        return np.zeros((0, 3), np.int64)
    points = np.concatenate(added)
    points = points[np.isnan(values[tuple(points.T)])]
    flat = np.unique(np.ravel_multi_index(tuple(points.T), values.shape))
    return np.stack(np.unravel_index(flat, values.shape), axis=1)


def _touched(points: Flags, size: int) -> Flags:
    """(count, count, count) which blocks of `size` cells have one of the points in them or on their border."""
    for axis in range(3):
        rows = np.moveaxis(points, axis, 0)
        inside = rows[:-1].reshape(-1, size, *rows.shape[1:]).any(axis=1)
        points = np.moveaxis(inside | rows[size::size], 0, axis)
    return points


def _halved(low: IntArray, half: int) -> IntArray:
    """(27 n, 3) the corners of the eight parts of voxels with the lowest corners `low` (n, 3)."""
    steps = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * half
    return (low[:, None] + steps).reshape(-1, 3)


def _deepen(depth: NDArray[np.uint8], leaves: IntArray, size: int) -> None:
    count = len(depth) // size
    blocks = depth.reshape(count, size, count, size, count, size)
    i, j, k = leaves.T
    blocks[i, :, j, :, k, :] += 1


def _fill(values: FloatArray) -> None:
    """Fill gaps with the last known value along x, then y, then z, in place."""
    for axis in range(3):
        rows = np.moveaxis(values, axis, 0)
        for before, row in pairwise(rows):
            np.copyto(row, before, where=np.isnan(row))
