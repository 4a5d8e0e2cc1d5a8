# SPDX-License-Identifier: GPL-3.0-or-later
"""What the outlines of an object leave of space, as a field on a lattice (the visual hull, Laurentini 1994)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

from ...datasets.arrays import Camera
from ...errors import InvalidParameter
from ...mesh import FloatArray
from ...repairs.volume.grid import BoolGrid, Field, Lattice, clear_border
from ..inputs.background import bounds_of
from .shots import CutOut

FloatGrid = np.ndarray[tuple[int, int, int], np.dtype[np.float64]]

_FLAT = 25.0
"""Degrees within which all views count as one: then outlines say nothing about the depth."""
_ALIKE = 0.85
"""Share of each outline that the hull covers at least; otherwise the outlines are widened until it does."""
_WIDER = (0.0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15)
"""By how much outlines are widened, in sizes of the object."""
_COARSE, _FINER = 40, 64
_DEEPEST = 0.5
"""Half of the thickness that a shape of unknown depth has at most, in sizes of the object."""


class Outline:
    """One view: how far any point is inside of its outline, and how thick the object may be there."""

    def __init__(self, view: CutOut, *, inflate: bool = False) -> None:
        self.camera = view.camera
        mask = view.mask > 0.5
        if not view.known.all():  # beyond the picture it goes on as at its border
            nearest = ndimage.distance_transform_edt(~view.known, return_distances=False, return_indices=True)
            mask = mask[tuple(nearest)]
            mask[[0, -1]] = mask[:, [0, -1]] = False  # but not for ever
        inside = ndimage.distance_transform_edt(mask) - 0.5
        outside = ndimage.distance_transform_edt(~mask) - 0.5
        self.mask = mask
        self._signed = np.where(mask, inside, -outside)
        self._height = _inflated(mask) if inflate else None

    def inside(self, points: FloatArray) -> FloatArray:
        """(N,) how far points (N, 3) are within the outline, about, in their units; far inside behind the camera."""
        pixels, depths = self.camera.project(points)
        seen = depths > 1e-6
        unit = np.maximum(depths, 1e-6) / self.camera.matrix[0, 0]
        found = _read(self._signed, np.where(seen[:, None], pixels, 0.0)) * unit
        if self._height is not None:
            thick = np.minimum(np.sqrt(_read(self._height, pixels)) * unit, _DEEPEST)
            found = np.minimum(found, thick - np.abs(depths - self.camera.world[2, 3]))
        return np.where(seen, found, 1e3)

    def covered(self, points: FloatArray, reach: float) -> float:
        """The share of the outline that points (N, 3) with distances `reach` between them cover."""
        pixels, depths = self.camera.project(points)
        size = len(self.mask)
        cell = np.rint(pixels - 0.5).astype(np.int64)
        cell = cell[((cell >= 0) & (cell < size)).all(axis=1)]
        near = np.zeros_like(self.mask)
        near[cell[:, 1], cell[:, 0]] = True
        radius = max(float(np.median(depths)) and reach * self.camera.matrix[0, 0] / float(np.median(depths)), 1.0)
        near = ndimage.distance_transform_edt(~near) <= radius
        return float((near & self.mask).sum() / max(self.mask.sum(), 1))


def hull_of(views: Sequence[CutOut], resolution: int, mirrors: Sequence[FloatArray] = ()) -> Field:
    """The space that no outline excludes, around the origin, of objects that are about 1 large.

    resolution: nodes along the longest side. mirrors: (3, 3) matrices that the object is symmetric under: each view is
    mirrored, too. Views from one side alone say nothing about the depth: the object is inflated, as thick as it is
    wide (Δh² = −4 within the outline), evenly to the front and the back. Where cameras do not agree so that too little
    would be left, outlines are widened.

    Raises `InvalidParameter` where nothing is left.
    """
    flat = one_sided([view.camera for view in views])
    outlines = [Outline(view, inflate=flat) for view in views]
    coarse = Lattice.around(np.array([[-0.75] * 3, [0.75] * 3]), _COARSE, 2)
    values = _values(outlines, coarse, mirrors)
    nodes = coarse.positions(np.arange(values.size))
    for widened in _WIDER:
        kept = nodes[values.ravel() > -widened - 0.35 * coarse.spacing]
        if len(kept) and min(outline.covered(kept, coarse.spacing) for outline in outlines) > _ALIKE:
            break
    else:
        raise InvalidParameter(
            "The outlines in the pictures leave no common space for an object.",
            "Check the cameras and the masks; without cameras, the pictures are taken as those of a turntable.",
        )
    lattice = Lattice.around(np.stack([kept.min(axis=0), kept.max(axis=0)]), resolution, 4)
    values = ndimage.gaussian_filter(_values(outlines, lattice, mirrors) + widened, 0.6)
    inside = clear_border(_without_crumbs(values > 0.0))
    distance = np.where(inside, -np.abs(values), np.abs(values)).astype(np.float32)
    return Field(lattice.origin, lattice.spacing, distance, inside)


def middle_of(views: Sequence[CutOut], axes: Sequence[int]) -> FloatArray:
    """(3,) where the planes across `axes` are in which the hull is most like its mirror image; 0 along other axes."""
    outlines = [Outline(view, inflate=one_sided([view.camera for view in views])) for view in views]
    lattice = Lattice.around(np.array([[-0.75] * 3, [0.75] * 3]), _FINER, 2)
    inside = _values(outlines, lattice, ()) > 0.0
    found = np.zeros(3)
    for axis in axes:
        layers = np.moveaxis(inside, axis, 0).reshape(lattice.shape[axis], -1)
        count = len(layers)
        alike = np.zeros(2 * count - 1)
        for total in range(count // 2, 2 * count - 1 - count // 2):  # layer i and layer total − i mirror each other
            first, last = max(0, total - count + 1), min(count - 1, total)
            alike[total] = (layers[first : last + 1] & layers[first : last + 1][::-1]).sum()
        found[axis] = lattice.origin[axis] + lattice.spacing * 0.5 * float(np.argmax(alike))
    return found


def _values(outlines: Sequence[Outline], lattice: Lattice, mirrors: Sequence[FloatArray]) -> FloatGrid:
    """(nx, ny, nz) how far each node is within all outlines."""
    nodes = lattice.positions(np.arange(int(np.prod(lattice.shape))))
    values = np.full(len(nodes), np.inf)
    for matrix in (np.eye(3), *mirrors):
        turned = nodes @ matrix.T
        for outline in outlines:
            np.minimum(values, outline.inside(turned), out=values)
    return values.reshape(lattice.shape)


def _without_crumbs(inside: BoolGrid) -> BoolGrid:
    labels, count = ndimage.label(inside, np.ones((3, 3, 3), int))
    if count < 2:
        return inside
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= 0.01 * sizes.max())[labels] & inside)


def one_sided(cameras: Sequence[Camera]) -> bool:
    """Whether all look along nearly one line."""
    ways = np.array([camera.world[2, :3] / np.linalg.norm(camera.world[2, :3]) for camera in cameras])
    return bool((np.abs(ways @ ways.T) > np.cos(np.radians(_FLAT))).all())


def _inflated(mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> FloatArray:
    """(N, N) the square of the half thickness, in pixels: h with Δh = −4 within the outline, 0 outside.

    A disc becomes a ball. Solved in the box around the outline.
    """
    found = np.zeros(mask.shape)
    box = bounds_of(mask)
    if box is None:
        return found
    left, top, right, bottom = box
    part = np.pad(mask[top:bottom, left:right], 1)
    number = np.full(part.shape, -1)
    number[part] = np.arange(int(part.sum()))
    count = int(part.sum())
    rows, columns = [], []
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        other = np.roll(number, step, axis=axis)[part]
        both = other >= 0
        rows.append(number[part][both])
        columns.append(other[both])
    row, column = np.concatenate(rows), np.concatenate(columns)
    beside = sparse.coo_matrix((np.ones(len(row)), (row, column)), shape=(count, count))
    height = np.zeros(part.shape)
    height[part] = spsolve((sparse.identity(count) * 4.0 - beside).tocsc(), np.full(count, 4.0))
    found[top:bottom, left:right] = height[1:-1, 1:-1]
    return found


def _read(values: FloatArray, pixels: FloatArray) -> FloatArray:
    """(n,) the values (N, N) at pixels (n, 2), between their middles."""
    return np.asarray(
        ndimage.map_coordinates(values, [pixels[:, 1] - 0.5, pixels[:, 0] - 0.5], order=1, mode="nearest")
    )
