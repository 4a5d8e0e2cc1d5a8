# SPDX-License-Identifier: GPL-3.0-or-later
"""A triangle set taken apart into patches that have two sides, and which side of each is out."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray
from ...progress import Progress, silent
from .lines import VIEWS, Views, look_around

SAME_PLACE = 1e-6
"""Vertices closer than this, in lattice units, count as one."""
OFF_SURFACE = 1.5
"""How far from the surface, in lattice units, the two sides of a face are looked at."""
SHEET = 0.12
"""A patch whose sides look out into the open this equally (difference over sum) is a sheet that encloses nothing."""
HIDDEN = 0.02
"""A patch from which less than this part of all views is free lies inside the object."""


@dataclass(frozen=True)
class Patches:
    """Faces without area-less and double ones, and the patches that they form across edges with two faces.

    points: (V, 3) in lattice units, places that coincide merged. faces: (F, 3), turned alike within a patch.
    patch: (F,) numbers 0 … n-1. closed: (n,) whether a patch has no border. normals: (F, 3) unit.
    areas: (F,) in squares of the lattice. one_sided: (n,) whether a patch is a single face of a surface with one side.
    """

    points: FloatArray
    faces: IntArray
    patch: IntArray
    closed: NDArray[np.bool_]
    one_sided: NDArray[np.bool_]
    normals: FloatArray
    areas: FloatArray


def find_patches(points: FloatArray, faces: IntArray) -> Patches:
    """Merges coinciding places and faces, and turns the faces of each patch alike, as most of them were before.

    points: (V, 3) in lattice units; faces: (F, 3) with vertices that are numbers.
    """
    points, faces = _tidy(points, faces)
    first, second, agree = _joints(faces)
    count = len(faces)
    # Each face twice: as it is (f) and turned (f + count). What is joined must be turned alike.
    rows = np.concatenate([first, first + count])
    columns = np.concatenate([np.where(agree, second, second + count), np.where(agree, second + count, second)])
    _, twofold = _components(rows, columns, 2 * count)
    n, patch = _components(first, second, count)
    one_sided = np.zeros(n, dtype=bool)
    one_sided[patch[twofold[:count] == twofold[count:]]] = True
    leader = np.full(n, -1)
    leader[patch[::-1]] = np.arange(count)[::-1]
    turned = twofold[:count] != twofold[leader[patch]]
    most = np.bincount(patch, turned, minlength=n) > 0.5 * np.bincount(patch, minlength=n)
    turned ^= most[patch]
    turned &= ~one_sided[patch]
    faces = np.where(turned[:, None], faces[:, ::-1], faces)
    joints = np.bincount(patch[first], minlength=n)
    closed = (2 * joints == 3 * np.bincount(patch, minlength=n)) & ~one_sided
    if one_sided.any():  # every face of such a patch decides for itself
        alone = one_sided[patch]
        _, patch = np.unique(np.where(alone, n + np.arange(count), patch), return_inverse=True)
        single = np.arange(len(one_sided) - np.count_nonzero(one_sided), int(patch.max()) + 1)
        closed = np.r_[closed[~one_sided], np.zeros(len(single), dtype=bool)]
        one_sided = np.arange(len(closed)) >= single[0]
    cross = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    length = np.linalg.norm(cross, axis=1)
    return Patches(points, faces, patch, closed, one_sided, cross / np.maximum(length, 1e-300)[:, None], 0.5 * length)


def outward_sides(
    patches: Patches, shape: tuple[int, int, int], progress: Progress = silent
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """((F,) 1 if a face looks out, -1 if in, 0 if it separates nothing; (F,) whether it belongs to a sheet).

    Closed patches look out when the volume that they enclose is positive. For others the two sides are compared:
    the outer one has the freer view, and where neither has a view, the parity of the lines tells. Walls
    inside the object have neither, and separate nothing; sheets have two sides that are alike.
    """
    n = len(patches.closed)
    corners = patches.points[patches.faces] - patches.points.mean(axis=0)
    volume = np.einsum("fi,fi->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    side = np.where(np.bincount(patches.patch, volume, minlength=n) < 0.0, -1, 1)
    sheet = np.zeros(n, dtype=bool)
    if not patches.closed.all():
        views = look_around(patches.points, patches.faces, np.zeros(len(patches.faces), np.int8), shape, progress)
        votes = _votes(patches, views, n)
        votes[patches.one_sided, :] = _one_voice(votes[patches.one_sided])
        opened, sighted, odd, area = votes.T
        area = np.maximum(area, 1e-300)
        score = 2.0 * opened / VIEWS + odd / 13.0
        judged = np.where(score < 0.0, -1, 1)
        sheet = (np.abs(opened) < SHEET * sighted) & (np.abs(score) < SHEET * area)
        hidden = sighted < 2.0 * HIDDEN * VIEWS * area
        wall = hidden & (np.abs(odd) < 0.3 * 13.0 * area)
        side = np.where(patches.closed, side, np.where(wall | sheet, 0, judged))
        sheet &= ~patches.closed & ~wall
    return side[patches.patch].astype(np.int8), sheet[patches.patch]


def _tidy(points: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray]:
    """Vertices at the same place become one; faces with the same vertices become one."""
    _, first, same = np.unique(np.round(points / SAME_PLACE), axis=0, return_index=True, return_inverse=True)
    points, faces = points[first], same.ravel()[faces]
    different = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    faces = faces[different]
    _, kept = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)
    faces = faces[np.sort(kept)]
    return points, np.ascontiguousarray(faces)


def _joints(faces: IntArray) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """For each edge with exactly two faces: the two, and whether they are turned alike."""
    edges = edge_table(faces)
    two = np.flatnonzero(edges.count == 2)
    begin = edges.start[two]
    return edges.order[begin] % len(faces), edges.order[begin + 1] % len(faces), edges.forward[two] == 1


def _components(rows: IntArray, columns: IntArray, count: int) -> tuple[int, IntArray]:
    graph = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(count, count))
    n, label = connected_components(graph, directed=False)
    return int(n), label.astype(np.int64)


def _one_voice(votes: FloatArray) -> FloatArray:
    """Votes (n, 4) of the faces of one-sided surfaces; without a view to tell apart if that is so for most of them."""
    if np.abs(votes[:, 0]).sum() > 0.25 * votes[:, 1].sum():
        return votes
    return votes * np.array([0.0, 1.0, 0.0, 1.0])


def _votes(patches: Patches, views: Views, n: int) -> FloatArray:
    """(n, 4) for each patch: area × (front − back free views, front + back, back − front parity, 1)."""
    corners = np.ascontiguousarray(patches.points[patches.faces])
    result = np.zeros((n, 4))
    _vote(corners, patches.normals, patches.areas, patches.patch, views.free, views.parity, result)
    return result


@numba.njit(cache=True)
def _vote(
    corners: FloatArray,
    normals: FloatArray,
    areas: FloatArray,
    patch: IntArray,
    free: NDArray[np.int8],
    parity: NDArray[np.int8],
    result: FloatArray,
) -> None:  # pragma: no cover
    limit_i, limit_j, limit_k = free.shape
    for face in range(len(corners)):
        longest = 0.0
        for c in range(3):
            d = (c + 1) % 3
            edge = 0.0
            for x in range(3):
                edge += (corners[face, c, x] - corners[face, d, x]) ** 2
            longest = max(longest, np.sqrt(edge))
        parts = min(max(int(np.ceil(longest / OFF_SURFACE)), 1), 48)
        weight = areas[face] / (parts * parts)
        for i in range(parts):
            for j in range(2 * (parts - i) - 1):
                # centroids of the parts² similar triangles
                u = (i + (1.0 if j % 2 == 0 else 2.0) / 3.0) / parts
                v = (j // 2 + (1.0 if j % 2 == 0 else 2.0) / 3.0) / parts
                for way in range(2):
                    sign = 1.0 if way == 0 else -1.0
                    x = corners[face, 0] * (1.0 - u - v) + corners[face, 1] * u + corners[face, 2] * v
                    x = np.rint(x + sign * OFF_SURFACE * normals[face])
                    a = min(max(int(x[0]), 0), limit_i - 1)
                    b = min(max(int(x[1]), 0), limit_j - 1)
                    c = min(max(int(x[2]), 0), limit_k - 1)
                    result[patch[face], 0] += weight * sign * free[a, b, c]
                    result[patch[face], 1] += weight * free[a, b, c]
                    result[patch[face], 2] -= weight * sign * parity[a, b, c]
        result[patch[face], 3] += areas[face]
