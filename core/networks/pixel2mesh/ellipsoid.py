# SPDX-License-Identifier: GPL-3.0-or-later
"""The template of the published networks, made anew: an ellipsoid cut by a grid, number by number as in their files.

These do not say how it was made, and most checkpoints not even what its triangles are. It is the surface
x² + 2y² + 2z² = 0.08 by marching cubes (Lorensen and Cline 1987) in cells of 0.0775 that are visited by y, then x, then
z; vertices are numbered as faces name them, and coordinates have six digits.
"""

from __future__ import annotations

from functools import lru_cache

import igl
import numpy as np

from ...fields.surface import CORNERS, crossed_cells
from ...mesh import Mesh

PLACE = (0.0, 0.0, -0.8)
"""Where the published template lies, in the space of the camera."""

_CELL, _CORNER, _POINTS = 0.0775, (-0.3025, -0.225, -0.2), (9, 7, 7)
_DIGITS = 6


@lru_cache(maxsize=1)
def published_ellipsoid() -> Mesh:
    """156 vertices and 308 faces, looking outward, around the origin; half axes of about 0.28, 0.2 and 0.2."""
    grid = np.asarray(_CORNER) + _CELL * np.indices(_POINTS).reshape(3, -1).T
    values = np.square(grid) @ np.array([1.0, 2.0, 2.0]) - 0.08
    lowest = crossed_cells((values > 0.0).reshape(_POINTS))
    lowest = lowest[np.lexsort((lowest[:, 2], lowest[:, 0], lowest[:, 1]))]
    corners = np.ravel_multi_index(tuple(np.moveaxis(lowest[:, None] + CORNERS, -1, 0)), _POINTS)
    made, found, _ = igl.marching_cubes(values, grid, corners.astype(np.int64), 0.0)
    vertices, faces = np.asarray(made), np.asarray(found, np.int64)
    _, first = np.unique(faces, return_index=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return Mesh(np.round(vertices[order], _DIGITS), number[faces])
