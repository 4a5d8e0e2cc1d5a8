# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge vertices that lie at the same place."""

from __future__ import annotations

import numpy as np
from numba import njit

from ...mesh import FloatArray, IntArray
from ...progress import Progress, silent
from ..traced import StepResult, Traced

_SKEW = (0.61803398875, 0.54713204, 0.56419021)


def merge_vertices(traced: Traced, *, distance_rel: float = 1e-7, progress: Progress = silent) -> StepResult:
    """Weld vertices nearer to each other than `distance_rel` of the diagonal; 0 welds equal positions only.

    The vertex with the smallest number stays where it is. Those that stay are farther from each other than the
    distance, and none moves farther than it, so that chains of near vertices do not collapse. Faces that become
    degenerate are left to `remove_degenerate`.
    """
    mesh = traced.mesh
    progress(0.0, "Merging vertices")
    target = _equal(mesh.vertices)
    distance = distance_rel * mesh.diagonal
    if distance > 0.0:
        target = _near(mesh.vertices, target, distance)
    merged = int((target != np.arange(mesh.n_vertices)).sum())
    if not merged:
        return StepResult(traced)
    return StepResult(traced.merged(target).without_loose(), {"vertices_merged": merged})


def _equal(vertices: FloatArray) -> IntArray:
    """(V,) the first vertex at exactly the same position."""
    target = np.arange(len(vertices))
    near = _close_in_one_direction(vertices, 0.0)
    keys = vertices[near] + 0.0  # -0 becomes 0
    order = np.lexsort((near, *keys.T))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    target[near[order]] = near[order[np.flatnonzero(new)]][np.cumsum(new) - 1]
    return target


def _near(vertices: FloatArray, target: IntArray, distance: float) -> IntArray:
    """Further merges, of the vertices that are left."""
    alone = np.flatnonzero(target == np.arange(len(target)))
    near = near_targets(vertices[alone], distance)
    return np.asarray(alone[near[np.searchsorted(alone, target)]])


def near_targets(points: FloatArray, distance: float) -> IntArray:
    """(N,) the point that each of `points` (N, 3) is merged with: itself, or one no farther than `distance`.

    Points are taken in order: each goes to the nearest earlier one that stays within the distance, or stays itself.
    """
    target = np.arange(len(points))
    near = _close_in_one_direction(points, distance)
    if len(near):
        origin = points[near].min(axis=0)
        cell = max(distance, 1e-15 * float(np.ptp(points[near], axis=0).max()))
        target[near] = near[_greedy(np.floor((points[near] - origin) / cell).astype(np.int64), points[near], distance)]
    return target


def _close_in_one_direction(points: FloatArray, distance: float) -> IntArray:
    """The points, ascending, that have another one within the distance as seen along a skew direction: few, if far."""
    shadow = points @ np.array(_SKEW)
    size = np.abs(points[np.isfinite(shadow)]).max(initial=0.0)
    order = np.argsort(shadow, kind="stable")
    close = np.diff(shadow[order]) <= distance + 16.0 * np.finfo(float).eps * size
    near = np.zeros(len(points), dtype=bool)
    near[order[1:][close]] = True
    near[order[:-1][close]] = True
    return np.flatnonzero(near)


@njit(cache=True)
def _greedy(cells: IntArray, points: FloatArray, distance: float) -> IntArray:
    """`near_targets`, with the points that stay in a hashed grid of cells no smaller than the distance."""
    count = len(points)
    size = 1
    while size < 2 * count:
        size *= 2
    first = np.full(size, -1, np.int64)
    following = np.full(count, -1, np.int64)
    target = np.arange(count)
    for i in range(count):
        best, nearest = distance * distance, -1
        for dx in range(-1, 2):
            for dy in range(-1, 2):
                for dz in range(-1, 2):
                    j = first[_bucket(cells[i, 0] + dx, cells[i, 1] + dy, cells[i, 2] + dz, size)]
                    while j >= 0:
                        x, y, z = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
                        square = x * x + y * y + z * z
                        if square < best or (square == best and (nearest < 0 or j < nearest)):
                            best, nearest = square, j
                        j = following[j]
        if nearest >= 0:
            target[i] = nearest
        else:
            bucket = _bucket(cells[i, 0], cells[i, 1], cells[i, 2], size)
            following[i] = first[bucket]
            first[bucket] = i
    return target


@njit(cache=True)
def _bucket(x: int, y: int, z: int, size: int) -> int:
    mixed = x * 73856093 ^ y * 19349663 ^ z * 83492791
    return (mixed ^ (mixed >> 17)) & (size - 1)
