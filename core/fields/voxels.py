# SPDX-License-Identifier: GPL-3.0-or-later
"""Voxels of a mesh in the unit cube: those that its surface touches, and those whose middle it encloses.

As the published tools of the Occupancy Networks make them (`voxelize_ray`): the surface by the separating axes of
triangle and box (Akenine-Möller 2001), the inside by a slightly shaken middle.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..geometry.inside import contains
from ..mesh import FloatArray, IntArray, Mesh, require_usable

MOST = 512
"""Voxels along an edge."""
SHAKE = 0.1
"""Twice the way, in voxels, that a middle is moved at most: no flat surface then runs through a layer of middles."""

_PAIRS = 1 << 18


def voxelise(mesh: Mesh, resolution: int = 32, seed: int = 0) -> NDArray[np.bool_]:
    """(n, n, n) bool, indexed [x, y, z]: which voxels of the cube [−0.5, 0.5]³ a closed mesh touches or encloses.

    Raises `InvalidMesh` for a mesh that has no inside, and `InvalidParameter` for a resolution out of 1 to 512.
    """
    touched = voxelise_surface(mesh, resolution)
    lattice = np.stack(np.meshgrid(*[np.arange(resolution) + 0.5] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    shaken = lattice + SHAKE * (np.random.default_rng(seed).random(lattice.shape) - 0.5)
    return touched | contains(mesh, shaken / resolution - 0.5).reshape(touched.shape)


def voxelise_surface(mesh: Mesh, resolution: int = 32) -> NDArray[np.bool_]:
    """(n, n, n) bool: the voxels of [−0.5, 0.5]³ that the surface touches, open or closed. Raises as `voxelise`."""
    require_usable(mesh)
    if not 1 <= resolution <= MOST:
        raise InvalidParameter(f"Cannot make {resolution} voxels a side.", f"Give 1 to {MOST}; 32 is usual.")
    occupied = np.zeros((resolution,) * 3, dtype=bool)
    corners = (mesh.vertices[mesh.faces] + 0.5) * resolution
    low = np.clip(np.floor(corners.min(axis=1)), 0, resolution).astype(np.int64)
    high = np.clip(np.floor(corners.max(axis=1)) + 1, 0, resolution).astype(np.int64)
    for triangle, voxel in _pairs(low, np.maximum(high - low, 0)):
        hit = voxel[_touch(corners[triangle] - (voxel[:, None] + 0.5))]
        occupied[hit[:, 0], hit[:, 1], hit[:, 2]] = True
    return occupied


def _pairs(low: IntArray, sides: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """All pairs of a triangle (n,) and a voxel (n, 3) of its box, some at a time."""
    ends = np.cumsum(sides.prod(axis=1))
    total = int(ends[-1]) if len(ends) else 0
    for begin in range(0, total, _PAIRS):
        number = np.arange(begin, min(begin + _PAIRS, total))
        triangle = np.searchsorted(ends, number, side="right")
        side = sides[triangle]
        left = number - (ends[triangle] - side.prod(axis=1))
        left, z = np.divmod(left, side[:, 2])
        x, y = np.divmod(left, side[:, 1])
        yield triangle, low[triangle] + np.stack([x, y, z], axis=1)


def _touch(corners: FloatArray) -> NDArray[np.bool_]:
    """(n,) whether triangles (n, 3, 3) touch the box [−0.5, 0.5]³."""
    apart = (corners.min(axis=1) > 0.5).any(axis=1) | (corners.max(axis=1) < -0.5).any(axis=1)
    edges = np.roll(corners, -1, axis=1) - corners
    normal = np.cross(edges[:, 0], edges[:, 1])
    apart |= np.abs(np.einsum("ni,ni->n", normal, corners[:, 0])) > 0.5 * np.abs(normal).sum(axis=1)
    for edge in range(3):
        for axis in range(3):
            across = np.cross(np.eye(3)[axis], edges[:, edge])
            along = np.einsum("ni,nki->nk", across, corners)
            reach = 0.5 * np.abs(across).sum(axis=1)
            apart |= (along.min(axis=1) > reach) | (along.max(axis=1) < -reach)
    return ~apart
