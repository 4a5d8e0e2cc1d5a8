# SPDX-License-Identifier: GPL-3.0-or-later
"""Solid voxels of a mesh, as the published code makes them: each that the surface passes through, and each whose
centre is inside."""

from __future__ import annotations

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...errors import InvalidParameter
from ...geometry.inside import contains, why_no_inside
from ...geometry.measure import oriented_outward
from ...mesh import FloatArray, IntArray, Mesh, require_usable

BoolArray = NDArray[np.bool_]

VOXELS = 32
"""Voxels along an edge of what the published network sees."""
MOST_VOXELS = 256

_CHUNK = 400_000


def voxelise(mesh: Mesh, cells: int = VOXELS) -> BoolArray:
    """(cells, cells, cells) which cells of the cube [−½, ½]³ are touched by the surface of a mesh or inside of it.

    Indexed x, y, z. A mesh that is not closed is filled where its winding number is above ½, and where its voxels
    leave no way out. Raises `InvalidMesh` for a mesh without a surface.
    """
    if not 1 <= cells <= MOST_VOXELS:
        raise InvalidParameter(f"{cells} voxels along an edge cannot be made.", f"Give 1 to {MOST_VOXELS}.")
    require_usable(mesh)
    solid = _surface((mesh.vertices + 0.5) * cells, mesh.faces, cells)
    axis = (np.arange(cells) + 0.5) / cells - 0.5
    centres = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    open_cells = ~solid
    solid[open_cells] = _inside(mesh, centres[open_cells])
    if why_no_inside(mesh):
        solid |= _enclosed(solid)
    return solid


def _inside(mesh: Mesh, points: FloatArray) -> BoolArray:
    if not len(points):
        return np.zeros(0, bool)
    if not why_no_inside(mesh):
        return contains(mesh, points)
    outward = oriented_outward(mesh)
    vertices, faces = np.ascontiguousarray(outward.vertices), np.ascontiguousarray(outward.faces)
    return np.asarray(igl.fast_winding_number(vertices, faces, np.ascontiguousarray(points)) > 0.5)


def _enclosed(solid: BoolArray) -> BoolArray:
    """What has no way to the border but through solid voxels."""
    labels, _ = ndimage.label(np.pad(~solid, 1, constant_values=True))
    return np.asarray(labels != labels[0, 0, 0])[1:-1, 1:-1, 1:-1]


def _surface(vertices: FloatArray, faces: IntArray, cells: int) -> BoolArray:
    """The cells [i, i + 1]³ that triangles touch (Akenine-Möller 2001). vertices: (V, 3) in cells."""
    corners = vertices[faces]
    low = np.clip(np.floor(corners.min(axis=1)).astype(np.int64), 0, cells)
    high = np.clip(np.floor(corners.max(axis=1)).astype(np.int64), -1, cells - 1)
    extent = np.maximum(high - low + 1, 0)
    count = extent.prod(axis=1)
    solid = np.zeros((cells,) * 3, bool)
    ends = np.cumsum(count)
    begin = 0
    while begin < len(count):
        done = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, done + _CHUNK, side="right")), begin + 1)
        solid[tuple(_touched(corners[begin:end], low[begin:end], extent[begin:end]).T)] = True
        begin = end
    return solid


def _touched(corners: FloatArray, low: IntArray, extent: IntArray) -> IntArray:
    """(M, 3) cells that triangles (n, 3, 3) touch. low, extent: (n, 3) the first of the cells around each, and how
    many there are."""
    count = extent.prod(axis=1)
    owner = np.repeat(np.arange(len(count)), count)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    _, height, depth = extent[owner].T
    cell = low[owner] + np.stack([rank // (height * depth), rank // depth % height, rank % depth], axis=1)
    triangle = corners[owner] - (cell + 0.5)[:, None]
    edge = np.roll(triangle, -1, axis=1) - triangle
    touched = _between(triangle, np.cross(edge[:, 0], edge[:, 1]))
    for axis in range(3):
        unit = np.eye(3)[axis]
        for side in range(3):
            touched &= _between(triangle, np.cross(unit, edge[:, side]))
    return cell[touched]


def _between(triangle: FloatArray, direction: FloatArray) -> BoolArray:
    """Whether triangles (M, 3, 3) and the cube [−½, ½]³ overlap along directions (M, 3)."""
    along = np.einsum("mki,mi->mk", triangle, direction)
    reach = 0.5 * np.abs(direction).sum(axis=1) + 1e-12
    return (along.min(axis=1) <= reach) & (along.max(axis=1) >= -reach)


def network_voxels(voxels: NDArray[np.generic], cells: int = VOXELS) -> BoolArray:
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
