# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lattice would lose of a surface: sheets, and parts of the solid thinner than a voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from ...mesh import FloatArray, IntArray
from .band import distance_to
from .grid import BoolGrid, FloatGrid

CORE = 1.0
"""Nodes at least this deep are the core of the solid."""
AROUND_CORE = 2.6
"""Solid nodes this near to the core are safe; others may be crumbs of something thin."""
SAMPLE_SPACING = 0.9
"""Distance of the samples of the surface."""
LOST = 1.75
"""Surface this far from safe solid nodes is lost."""
TOUCHED = 0.5
"""Surface around a loss is thickened together with it where it is at least this far from safe solid nodes."""
MOST_SAMPLES = 400_000
"""Of more samples than this, every second, third … is enough."""
NO_OTHER_SIDE = np.inf
THIN_ENOUGH = 0.3
"""A thickness below which it does not matter how thin exactly."""


@dataclass(frozen=True)
class Thin:
    """Samples of the surface that the lattice would lose; all lengths in lattice units.

    points: (n, 3). thickness: (n,) of the solid under each; infinite where there is no other side, as in sheets.
    lost: (n,) whether it is lost itself, not only next to a loss. total: how many samples the whole surface has.
    """

    points: FloatArray
    thickness: FloatArray
    lost: NDArray[np.bool_]
    total: int


def find_thin(
    corners: FloatArray, normals: FloatArray, closed: NDArray[np.bool_], solid: BoolGrid, depth: FloatGrid
) -> Thin:
    """Samples of the triangles `corners` (F, 3, 3) that are far from what the lattice holds safely.

    normals: (F, 3) unit, either side. closed: (F,) whether a face belongs to a closed surface, of which only places
        with another side opposite are thin. depth: distance of the nodes from the surface.
    """
    core = solid & (depth >= CORE)
    safe = solid & (distance_to(core) <= AROUND_CORE)
    total, points, face, far = _far_samples(corners, safe, TOUCHED)
    lost = far > LOST
    if not lost.any():
        return Thin(np.zeros((0, 3)), np.zeros(0), np.zeros(0, bool), total)
    mark = np.zeros(solid.shape, dtype=bool)
    mark[tuple(np.rint(points[lost]).astype(np.int64).T)] = True
    near = distance_to(mark)[tuple(np.rint(points).astype(np.int64).T)] <= AROUND_CORE
    every = int(np.ceil(np.count_nonzero(near) / MOST_SAMPLES))
    chosen = np.flatnonzero(near)[::every]
    points, face, lost = points[chosen], face[chosen], lost[chosen]
    thickness = _thickness(points, np.ascontiguousarray(normals[face]), solid.shape)
    kept = np.isfinite(thickness) | (~closed[face] & lost)
    return Thin(points[kept], thickness[kept], lost[kept], max(total // every, 1))


def thicken(thin: Thin, signed: FloatGrid, unsigned: FloatGrid, voxels: float) -> BoolGrid:
    """Lowers the distances `signed`, in place, so that what is thin becomes `voxels` thick; (nx, ny, nz) where."""
    thickness = np.where(np.isfinite(thin.thickness), thin.thickness, 0.0)
    extra = np.maximum(0.5 * (voxels - thickness), 0.15).astype(np.float32)
    more = np.zeros(signed.shape, dtype=np.float32)
    _stamp(thin.points, extra, more, 0.5 * voxels + 1.0)
    raised = unsigned - more
    where: BoolGrid = (more > 0.0) & (raised < signed)
    signed[where] = raised[where]
    return where


@numba.njit(cache=True)
def _longest_edge(corners: FloatArray) -> tuple[int, float, float]:  # pragma: no cover
    """(Corner where the longest edge of a triangle begins, its length, height of the triangle above it)."""
    first, length = 0, -1.0
    for c in range(3):
        squared = ((corners[c] - corners[(c + 1) % 3]) ** 2).sum()
        if squared > length:
            first, length = c, squared
    length = np.sqrt(length)
    foot, apex = corners[(first + 1) % 3] - corners[first], corners[(first + 2) % 3] - corners[first]
    cross = np.sqrt(
        (foot[1] * apex[2] - foot[2] * apex[1]) ** 2
        + (foot[2] * apex[0] - foot[0] * apex[2]) ** 2
        + (foot[0] * apex[1] - foot[1] * apex[0]) ** 2
    )
    return first, length, cross / max(length, 1e-300)


@numba.njit(cache=True)
def _far_samples(
    corners: FloatArray, safe: BoolGrid, minimum: float
) -> tuple[int, FloatArray, IntArray, FloatArray]:  # pragma: no cover
    """How many samples there are, and of those at least `minimum` from `safe`: point, face, distance (at most 2)."""
    room = 1024
    points, face, far = np.empty((room, 3)), np.empty(room, dtype=np.int64), np.empty(room)
    kept, total = 0, 0
    nx, ny, nz = safe.shape
    p = np.zeros(3)
    for f in range(len(corners)):
        first, length, height = _longest_edge(corners[f])
        second, third = (first + 1) % 3, (first + 2) % 3
        rows = max(int(np.ceil(height / SAMPLE_SPACING)), 1)
        for row in range(rows):  # rows along the longest edge, so that slivers have few samples
            v = (row + 0.5) / rows
            count = max(int(np.ceil(length * (1.0 - v) / SAMPLE_SPACING)), 1)
            for j in range(count):
                u = (1.0 - v) * (j + 0.5) / count
                for c in range(3):
                    p[c] = corners[f, first, c] * (1.0 - u - v) + corners[f, second, c] * u + corners[f, third, c] * v
                total += 1
                x, y, z = int(np.floor(p[0])), int(np.floor(p[1])), int(np.floor(p[2]))
                best = 4.0
                for a in range(max(x - 1, 0), min(x + 3, nx)):
                    for b in range(max(y - 1, 0), min(y + 3, ny)):
                        for c in range(max(z - 1, 0), min(z + 3, nz)):
                            if safe[a, b, c]:
                                best = min(best, (a - p[0]) ** 2 + (b - p[1]) ** 2 + (c - p[2]) ** 2)
                best = np.sqrt(best)
                if best < minimum:
                    continue
                if kept == room:
                    room *= 2
                    more_points, more_face, more_far = (
                        np.empty((room, 3)),
                        np.empty(room, dtype=np.int64),
                        np.empty(room),
                    )
                    more_points[:kept], more_face[:kept], more_far[:kept] = points, face, far
                    points, face, far = more_points, more_face, more_far
                points[kept], face[kept], far[kept] = p, f, best
                kept += 1
    return total, points[:kept].copy(), face[:kept].copy(), far[:kept].copy()


def _thickness(points: FloatArray, normals: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """(n,) distance to the nearest sample that faces the other way, straight across; infinite if there is none."""
    cell = np.ravel_multi_index(tuple(np.floor(points).astype(np.int64).T), shape)
    order = np.argsort(cell, kind="stable")
    cells, begin = np.unique(cell[order], return_index=True)
    slot = np.full(int(np.prod(shape)), -1, dtype=np.int32)
    slot[cells] = np.arange(len(cells))
    result = np.empty(len(points))
    result[order] = _across(
        points[order], normals[order], slot.reshape(shape), np.r_[begin, len(points)].astype(np.int64)
    )
    return result


@numba.njit(cache=True)
def _across(
    points: FloatArray, normals: FloatArray, slot: NDArray[np.int32], begin: IntArray
) -> FloatArray:  # pragma: no cover
    result = np.full(len(points), NO_OTHER_SIDE)
    reach, aside = 2.0, 0.6
    for n in range(len(points)):
        p, normal = points[n], normals[n]
        x, y, z = int(np.floor(p[0])), int(np.floor(p[1])), int(np.floor(p[2]))
        for a in range(x - 2, x + 3):
            for b in range(y - 2, y + 3):
                for c in range(z - 2, z + 3):
                    if not (0 <= a < slot.shape[0] and 0 <= b < slot.shape[1] and 0 <= c < slot.shape[2]):
                        continue
                    s = slot[a, b, c]
                    if s < 0 or result[n] < THIN_ENOUGH:
                        continue
                    d0, d1, d2 = a + 0.5 - p[0], b + 0.5 - p[1], c + 0.5 - p[2]
                    along = d0 * normal[0] + d1 * normal[1] + d2 * normal[2]
                    if d0 * d0 + d1 * d1 + d2 * d2 - along * along > (aside + 0.87) ** 2:
                        continue
                    for m in range(begin[s], begin[s + 1]):
                        other = normals[m]
                        if normal[0] * other[0] + normal[1] * other[1] + normal[2] * other[2] > -0.3:
                            continue
                        d0, d1, d2 = points[m, 0] - p[0], points[m, 1] - p[1], points[m, 2] - p[2]
                        along = abs(d0 * normal[0] + d1 * normal[1] + d2 * normal[2])
                        across = d0 * d0 + d1 * d1 + d2 * d2 - along * along
                        if along <= reach and across <= aside * aside:
                            result[n] = min(result[n], along)
    return result


@numba.njit(cache=True)
def _stamp(points: FloatArray, extra: NDArray[np.float32], more: FloatGrid, reach: float) -> None:  # pragma: no cover
    """more[node] = the largest `extra` of the samples within `reach`."""
    nx, ny, nz = more.shape
    for n in range(len(points)):
        p = points[n]
        for a in range(max(int(np.ceil(p[0] - reach)), 0), min(int(np.floor(p[0] + reach)) + 1, nx)):
            for b in range(max(int(np.ceil(p[1] - reach)), 0), min(int(np.floor(p[1] + reach)) + 1, ny)):
                for c in range(max(int(np.ceil(p[2] - reach)), 0), min(int(np.floor(p[2] + reach)) + 1, nz)):
                    if extra[n] > more[a, b, c]:
                        squared = (a - p[0]) ** 2 + (b - p[1]) ** 2 + (c - p[2]) ** 2
                        if squared <= reach * reach:
                            more[a, b, c] = extra[n]
