# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside or outside, for any triangle set that encloses or outlines something."""

from __future__ import annotations

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...mesh import Mesh, require_usable
from ...progress import Progress, part, silent
from .band import near_distance, spread
from .grid import MARGIN, BoolGrid, Field, FloatGrid, Lattice, clear_border
from .lines import VIEWS, look_around
from .patches import Patches, find_patches, outward_sides
from .thin import Thin, find_thin, thicken

UNSURE = (0.2, 0.8)
"""Winding numbers, as the mean of 26 views, between which the exact one is asked for at the border of the solid."""
ROUNDS = 3
"""How often the border of the solid is followed to where the exact winding numbers move it."""
ASK_AT_MOST = 200_000
"""Exact winding numbers that are computed at most."""
RESOLVED = 1.75
"""A solid this many voxels thick is resolved."""


def inside_field(mesh: Mesh, resolution: int = 128, thicken_voxels: float = 1.8, progress: Progress = silent) -> Field:
    """Which nodes of a lattice are inside a mesh, and their distances to its surface.

    mesh: any triangles; faces may be turned at random, doubled, missing, overlap or cross, and vertices need not be
        shared. resolution: nodes along the longest side. thicken_voxels: sheets and parts of the solid that the
        lattice would lose are made this many voxels thick; from 1.74 on, sheets have no gaps.

    Closed patches count as outward, open ones are turned by what each side sees (`patches`); inside is where the
    winding number is above one half (Jacobson et al. 2013), so that overlapping shells unite and holes are closed
    by a membrane.

    Raises `InvalidMesh` for a mesh without area, and `InvalidParameter` for a resolution out of range.
    """
    finite = np.isfinite(mesh.vertices).all(axis=1)
    faces = mesh.faces[finite[mesh.faces].all(axis=1)]
    used = np.unique(faces)
    number = np.zeros(mesh.n_vertices, dtype=np.int64)
    number[used] = np.arange(len(used))
    bare = Mesh(mesh.vertices[used], number[faces])
    require_usable(bare)
    lattice = Lattice.around(bare.vertices, resolution)
    patches = find_patches((bare.vertices - lattice.origin) / lattice.spacing, bare.faces)
    sides, _ = outward_sides(patches, lattice.shape, part(progress, 0.0, 0.3))
    solid = _solid(patches, sides, lattice, part(progress, 0.3, 0.6))
    progress(0.6, "Measuring distances to the surface")
    unsigned = near_distance(patches.points, patches.faces, lattice.shape)
    spread(unsigned)
    signed: FloatGrid = np.where(solid, -unsigned, unsigned)
    progress(0.8, "Looking for thin parts")
    corners = np.ascontiguousarray(patches.points[patches.faces])
    thin = find_thin(corners, patches.normals, patches.closed[patches.patch], solid, unsigned)
    if len(thin.points):
        thicken(thin, signed, unsigned, thicken_voxels)
    solid = clear_border(signed < 0.0)
    signed = np.where(solid, signed, np.maximum(signed, np.float32(0.0)))
    progress(1.0, "Found inside and outside")
    return Field(
        lattice.origin,
        lattice.spacing,
        (signed * lattice.spacing).astype(np.float32),
        solid,
        _count_sheets(thin, solid.shape),
        _resolution_needed(thin, resolution),
    )


def _solid(patches: Patches, sides: NDArray[np.int8], lattice: Lattice, progress: Progress) -> BoolGrid:
    """Nodes with a winding number above one half."""
    views = look_around(patches.points, patches.faces, sides, lattice.shape, progress)
    winding: FloatGrid = views.winding.astype(np.float32) / VIEWS
    if not patches.closed.all():
        _ask_where_unsure(winding, patches, sides)
    return clear_border(winding > 0.5, MARGIN)


def _ask_where_unsure(winding: FloatGrid, patches: Patches, sides: NDArray[np.int8]) -> None:
    """Replaces, in place, the mean of the views by the exact winding number where the solid ends without a surface."""
    faces = patches.faces[sides != 0]
    faces = np.where((sides[sides != 0] > 0)[:, None], faces, faces[:, ::-1])
    if not len(faces):
        return
    open_to_doubt = (winding > UNSURE[0]) & (winding < UNSURE[1])
    asked = np.zeros(winding.shape, dtype=bool)
    left = ASK_AT_MOST
    for _ in range(ROUNDS):
        solid = winding > 0.5
        border = ndimage.binary_dilation(solid, iterations=2) & ~ndimage.binary_erosion(solid, iterations=2)
        nodes = np.flatnonzero(border & open_to_doubt & ~asked)[:left]
        if not len(nodes):
            return
        left -= len(nodes)
        points = np.stack(np.unravel_index(nodes, winding.shape), axis=1).astype(np.float64)
        winding.ravel()[nodes] = igl.fast_winding_number(patches.points, np.ascontiguousarray(faces), points)
        asked.ravel()[nodes] = True


def _count_sheets(thin: Thin, shape: tuple[int, ...]) -> int:
    """Connected pieces of surface that have no other side; 0 if they are only a small part of the surface."""
    bare = thin.lost & ~np.isfinite(thin.thickness)
    if not bare.any() or np.count_nonzero(bare) < 0.01 * thin.total:
        return 0
    nodes = np.rint(thin.points[bare]).astype(np.int64)
    mark = np.zeros(shape, dtype=bool)
    mark[tuple(nodes.T)] = True
    return int(ndimage.label(mark, structure=np.ones((3, 3, 3)))[1])


def _resolution_needed(thin: Thin, resolution: int) -> int:
    """The resolution that makes thin parts of the solid `RESOLVED` voxels thick; 0 if there are few."""
    solid = thin.lost & np.isfinite(thin.thickness)
    if np.count_nonzero(solid) < 0.002 * thin.total:
        return 0
    thickness = float(np.quantile(thin.thickness[solid], 0.25))
    if thickness < 1e-3:
        return 0
    return int(np.ceil(resolution * max(RESOLVED / thickness, 1.0)))
