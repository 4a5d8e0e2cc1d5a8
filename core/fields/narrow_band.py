# SPDX-License-Identifier: GPL-3.0-or-later
"""A distance field on a grid that is fine near its surface only, and misses nothing.

The signs at the corners of a coarse voxel do not tell whether something thin is within. A distance does: one that
changes by at most L over a length of 1 and is d at the middle of a voxel has no zero nearer than |d| / L. Voxels that
cannot be ruled out so are split into eight, down to the finest grid, whose corners are then evaluated.
"""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray
from ..progress import Progress, silent
from .multiresolution import MOST_CELLS, Box, Field, Sampled, evaluated

_CORNERS = np.array(list(np.ndindex(2, 2, 2)))
_ROUNDING = 1e-9
_FIRST = 8
"""Cells along an edge from which on a first grid is made coarser: proofs need no fine one."""


def sample_distance(
    field: Field,
    box: Box,
    *,
    start: int = 32,
    steps: int = 2,
    threshold: float = 0.0,
    lipschitz: float = 1.0,
    batch: int = 100_000,
    progress: Progress = silent,
) -> Sampled:
    """As `sample_near_surface`, for a field that changes by at most `lipschitz` over a length of 1.

    Grid points away from the surface get the value of a voxel around them, whose sign is right. Raises
    `InvalidParameter` for a grid that is empty or too fine, and for values that are not numbers.
    """
    cells = start << max(steps, 0)
    if start < 1 or steps < 0 or cells > MOST_CELLS or not lipschitz > 0.0:
        raise InvalidParameter(
            f"A grid that starts with {start} cells and doubles {steps} times cannot be evaluated.",
            f"Start with at least 1, and end with at most {MOST_CELLS}.",
        )
    while start % 2 == 0 and start > _FIRST:
        start, steps = start // 2, steps + 1
    inner, rounds = np.empty((cells,) * 3), list[int]()
    voxels = np.stack(np.meshgrid(*[np.arange(start)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    for level in range(steps):
        count = start << level
        progress(0.6 * level / steps, f"Evaluating {len(voxels):,} points")
        middle = evaluated(field, box.points(2 * voxels + 1, 2 * count), batch)
        rounds.append(len(voxels))
        _fill(inner, voxels, middle, count)
        reach = 0.5 * np.sqrt(3.0) * box.size / count * (1.0 + _ROUNDING)
        voxels = voxels[np.abs(middle - threshold) <= lipschitz * reach]
        voxels = (2 * voxels[:, None] + _CORNERS).reshape(-1, 3)
    values = np.pad(inner, (0, 1), mode="edge")
    corners = np.unique(np.ravel_multi_index(tuple((voxels[:, None] + _CORNERS).reshape(-1, 3).T), values.shape))
    progress(0.6, f"Evaluating {len(corners):,} points")
    places = np.stack(np.unravel_index(corners, values.shape), axis=1)
    values.ravel()[corners] = evaluated(field, box.points(places, cells), batch)
    return Sampled(values, (*rounds, len(corners)))


def _fill(inner: FloatArray, voxels: IntArray, middle: FloatArray, count: int) -> None:
    """Give the grid points of each of the voxels, of which `count` are along an edge, the value at its middle."""
    size = len(inner) // count
    i, j, k = voxels.T
    inner.reshape(count, size, count, size, count, size)[i, :, j, :, k, :] = middle[:, None, None, None]
