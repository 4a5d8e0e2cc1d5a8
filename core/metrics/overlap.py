# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of two solids is common to both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..errors import InvalidParameter
from ..geometry.inside import contains
from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent

POINTS = 100_000
RESOLUTION = 64
_CHUNK = 1 << 19
_MOST_RESOLUTION = 512


def intersection_over_union(
    a: Mesh, b: Mesh, points: int = POINTS, *, seed: int = 0, progress: Progress = silent
) -> float:
    """Volume of the intersection over that of the union, in [0, 1], by points evenly spread in the box around both.

    The points are an additive sequence (Roberts 2018), shifted by `seed`, so that the error falls nearly as
    1 / points. Raises `InvalidMesh` for a mesh without an inside, and `InvalidParameter` for less than one point.
    """
    if points < 1:
        raise InvalidParameter(f"Cannot measure volumes with {points} points.", "Give at least 1; 100000 is usual.")
    low, high = _box(a, b)
    chunks = (low + (high - low) * chunk for chunk in _evenly_spread(points, seed))
    return _share(a, b, chunks, points, progress)


def voxel_iou(a: Mesh, b: Mesh, resolution: int = RESOLUTION, progress: Progress = silent) -> float:
    """The same by the centres of cubic voxels, `resolution` of them along the longest side of the box around both.

    Raises as `intersection_over_union`, and `InvalidParameter` for a resolution that is not in 1 … 512.
    """
    if not 1 <= resolution <= _MOST_RESOLUTION:
        raise InvalidParameter(
            f"Cannot make a grid of {resolution} voxels a side.", f"Give 1 to {_MOST_RESOLUTION}; 64 is usual."
        )
    low, high = _box(a, b)
    step = float((high - low).max()) / resolution
    counts = np.maximum(np.ceil((high - low) / step - 1e-9).astype(int), 1)
    start = 0.5 * (low + high) - 0.5 * step * counts  # the grid around the middle of the box
    return _share(a, b, _centres(start, step, counts), int(counts.prod()), progress)


def _box(a: Mesh, b: Mesh) -> tuple[FloatArray, FloatArray]:
    low = np.minimum(a.vertices.min(axis=0), b.vertices.min(axis=0))
    return low, np.maximum(a.vertices.max(axis=0), b.vertices.max(axis=0))


def _share(a: Mesh, b: Mesh, chunks: Iterator[FloatArray], total: int, progress: Progress) -> float:
    both = either = done = 0
    for points in chunks:
        progress(done / total, "Measuring volumes")
        in_a, in_b = contains(a, points), contains(b, points)
        both += int((in_a & in_b).sum())
        either += int((in_a | in_b).sum())
        done += len(points)
    return both / either if either else 0.0


def _evenly_spread(count: int, seed: int) -> Iterator[FloatArray]:
    """Parts of (count, 3) points in the unit cube: multiples of (1/g, 1/g², 1/g³) modulo 1, g⁴ = g + 1."""
    steps = 1.2207440846057596 ** -np.arange(1.0, 4.0)
    shift = np.random.default_rng(seed).random(3)
    for begin in range(1, count + 1, _CHUNK):
        numbers = np.arange(begin, min(begin + _CHUNK, count + 1))
        yield np.asarray((shift + numbers[:, None] * steps) % 1.0)


def _centres(start: FloatArray, step: float, counts: np.ndarray) -> Iterator[FloatArray]:  # type: ignore[type-arg]
    """Parts of the centres of a grid of `counts` (3,) voxels."""
    total = int(counts.prod())
    for begin in range(0, total, _CHUNK):
        index = np.unravel_index(np.arange(begin, min(begin + _CHUNK, total)), counts)
        yield np.asarray(start + (np.stack(index, axis=1) + 0.5) * step)
