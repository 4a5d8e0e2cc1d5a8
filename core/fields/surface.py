# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface on which a sampled field has a given value: marching cubes (Lorensen and Cline 1987)."""

from __future__ import annotations

import igl
import numpy as np

from ..mesh import FloatArray, IntArray, Mesh
from .multiresolution import Box

OUTSIDE = -1e6
"""The value beyond the grid, so that surfaces end at its border and are closed."""

_ROUNDING, _NUDGE = 1e-12, 1e-3
"""How near to the threshold a value is taken for it, relative to the largest; and how far vertices are kept from such a
grid point, as a part of a cell."""

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]])
"""The corners of a cell in the order of libigl's tables."""


def iso_surface(values: FloatArray, box: Box, threshold: float = 0.0) -> Mesh:
    """The closed surface around where values (n + 1, n + 1, n + 1), indexed x, y, z, are above `threshold`.

    Faces look outward, to the lower values; a mesh without faces where nothing is above. Only cells that the surface
    passes are looked at. What reaches the border of the box is closed there. Grid points with exactly the threshold
    count as inside by a thousandth of a cell: else all faces around them would shrink to a point.
    """
    cells = len(values) - 1
    padded = np.pad(_off_threshold(np.asarray(values, np.float64), threshold), 1, constant_values=OUTSIDE)
    corner = crossed_cells(padded > threshold)
    if not len(corner):
        return Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    flat = np.ravel_multi_index(tuple(np.moveaxis(corner[:, None] + CORNERS, -1, 0)), padded.shape)
    used, local = np.unique(flat, return_inverse=True)
    places = np.stack(np.unravel_index(used, padded.shape), axis=1).astype(np.float64)
    index = np.ascontiguousarray(local.reshape(-1, 8).astype(np.int64))
    vertices, faces, _ = igl.marching_cubes(padded.ravel()[used], places, index, threshold)
    inside = np.clip(np.asarray(vertices) - 1.0, 0.0, cells)
    return Mesh(np.asarray(box.centre) + box.size * (inside / cells - 0.5), np.asarray(faces, np.int64)[:, ::-1])


def _off_threshold(values: FloatArray, threshold: float) -> FloatArray:
    """The values, those at the threshold (but for rounding) raised by a little of how far their neighbours are off."""
    at = np.argwhere(np.abs(values - threshold) <= _ROUNDING * max(float(np.abs(values).max()), abs(threshold)))
    if not len(at):
        return values
    difference = np.zeros(len(at))
    for step in (*np.eye(3, dtype=np.int64), *-np.eye(3, dtype=np.int64)):
        beside = np.clip(at + step, 0, len(values) - 1)
        difference = np.maximum(difference, np.abs(values[tuple(beside.T)] - threshold))
    raised = values.copy()
    raised[tuple(at.T)] = np.maximum(threshold + _NUDGE * difference, np.nextafter(threshold, np.inf))
    return raised


def crossed_cells(above: np.ndarray[tuple[int, int, int], np.dtype[np.bool_]]) -> IntArray:
    """(n, 3) the lowest corners of the cells with corners of both kinds."""
    some = np.zeros(tuple(n - 1 for n in above.shape), np.int8)
    for x, y, z in np.ndindex(2, 2, 2):
        n, m, k = some.shape
        some += above[x : x + n, y : y + m, z : z + k]
    return np.argwhere((some > 0) & (some < 8))
