# SPDX-License-Identifier: GPL-3.0-or-later
"""Solid voxels of any mesh, closed or not, for a network; and voxels as a mesh, to look at."""

from __future__ import annotations

from typing import Any

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...errors import InvalidParameter
from ...fields.voxels import voxelise, voxelise_surface
from ...geometry.edges import edge_table
from ...geometry.inside import why_no_inside
from ...geometry.measure import oriented_outward
from ...mesh import Mesh, require_usable

BoolArray = NDArray[np.bool_]

VOXELS = 32
"""Voxels along an edge of what the published network sees."""


def solid_voxels(mesh: Mesh, cells: int = VOXELS) -> BoolArray:
    """(cells, cells, cells) which cells of the cube [−½, ½]³ are touched by the surface of a mesh or inside of it.

    Indexed x, y, z. A mesh that is not closed is filled where its winding number is above ½, if its faces agree which
    side is out, and where its voxels leave no way out. Raises `InvalidMesh` for a mesh without a surface, and
    `InvalidParameter` for too many cells.
    """
    require_usable(mesh)
    if not why_no_inside(mesh):
        return voxelise(mesh, cells)
    solid = voxelise_surface(mesh, cells)
    if _sides_agree(mesh):
        solid |= _wound(mesh, ~solid)
    return solid | _enclosed(solid)


def _sides_agree(mesh: Mesh) -> bool:
    """Whether neighbouring faces look to the same side."""
    table = edge_table(mesh.faces)
    return bool((2 * table.forward == table.count)[table.count == 2].all())


def _wound(mesh: Mesh, where: BoolArray) -> BoolArray:
    """Cells, of those in `where`, in whose middle the winding number is above ½."""
    axis = (np.arange(len(where)) + 0.5) / len(where) - 0.5
    centres = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)[where]
    wound = np.zeros_like(where)
    if len(centres):
        outward = oriented_outward(mesh)
        vertices, faces = np.ascontiguousarray(outward.vertices), np.ascontiguousarray(outward.faces)
        wound[where] = igl.fast_winding_number(vertices, faces, centres) > 0.5
    return wound


def _enclosed(solid: BoolArray) -> BoolArray:
    """What has no way to the border but through solid voxels."""
    labels, _ = ndimage.label(np.pad(~solid, 1, constant_values=True))
    return np.asarray(labels != labels[0, 0, 0])[1:-1, 1:-1, 1:-1]


def network_voxels(voxels: NDArray[Any], cells: int = VOXELS) -> BoolArray:
    """(cells, cells, cells) voxels of an array, made coarser where it is a multiple: solid where any part is.

    Raises `InvalidParameter` for another size, and values that are not numbers.
    """
    values = np.asarray(voxels)
    if values.ndim != 3 or len(set(values.shape)) != 1 or not values.size or values.dtype.kind not in "biuf":
        raise InvalidParameter(f"Voxels of shape {values.shape} are not understood.", f"Give {cells}³ of them.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InvalidParameter("Some voxels are not numbers.", "Give 0 and 1.")
    solid, factor = values > 0.5, len(values) // cells
    if len(values) != factor * cells:
        raise InvalidParameter(
            f"There are {len(values)}³ voxels; the network sees {cells}³.", f"Give {cells}³, or a multiple."
        )
    return np.asarray(solid.reshape(cells, factor, cells, factor, cells, factor).any(axis=(1, 3, 5)))


_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])


def blocks(voxels: BoolArray) -> Mesh:
    """The voxels (n, n, n) as cubes in [−½, ½]³: the faces between solid and empty, outward, two triangles each."""
    cells = len(voxels)
    padded = np.pad(np.asarray(voxels, bool), 1)
    squares = []
    for axis in range(3):
        here, there = np.moveaxis(padded, axis, 0)[:-1], np.moveaxis(padded, axis, 0)[1:]
        for solid, turned in ((here & ~there, False), (there & ~here, True)):
            index = np.argwhere(solid)  # plane, then the two other axes, still with the padding
            corner = np.repeat(index[:, None], 4, axis=1)
            corner[:, :, 1:] += _SQUARE - 1
            corner = np.insert(corner[:, :, 1:], axis, corner[:, :, 0], axis=2)
            # The two other axes in ascending order make a right-handed frame with x and z, but not with y.
            squares.append(corner[:, ::-1] if turned != (axis == 1) else corner)
    quads = np.concatenate(squares).reshape(-1, 3)
    keys = np.ravel_multi_index(tuple(quads.T), (cells + 1,) * 3)
    unique, number = np.unique(keys, return_inverse=True)
    vertices = np.stack(np.unravel_index(unique, (cells + 1,) * 3), axis=1) / cells - 0.5
    corners = number.reshape(-1, 4)
    return Mesh(vertices, np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]]))
