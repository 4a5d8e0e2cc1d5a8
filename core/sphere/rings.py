# SPDX-License-Identifier: GPL-3.0-or-later
"""The ordered neighbours of each vertex of a closed triangle mesh, in one pool that can change.

The triangles around vertex u are (u, ring[i], ring[i+1]), counter-clockwise, with ring = pool[start[u] : start[u] +
degree[u]]. A vertex has room for `capacity[u]` neighbours; when it needs more, it moves to the end of the pool.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..mesh import IntArray

SLACK = 6
"""Room for neighbours that a vertex gains before it has to move."""

Int32Array = NDArray[np.int32]


@dataclass
class Rings:
    """Pool (P,) int32, start (V,) int64, degree and capacity (V,) int32, used: entries of the pool in use (1,)."""

    pool: Int32Array
    start: IntArray
    degree: Int32Array
    capacity: Int32Array
    used: IntArray

    def reserve(self, room: int) -> None:
        """Make sure that at least `room` entries are free at the end of the pool."""
        if len(self.pool) - self.used[0] < room:
            self.pool = np.concatenate([self.pool, np.empty(len(self.pool) // 2 + room, dtype=np.int32)])


def build_rings(faces: IntArray, n_vertices: int) -> Rings:
    """Rings of a closed, oriented manifold with faces (F, 3)."""
    degree = np.bincount(faces.ravel(), minlength=n_vertices).astype(np.int32)
    capacity = degree + SLACK
    start = np.concatenate([[0], np.cumsum(capacity, dtype=np.int64)[:-1]])
    used = int(capacity.sum(dtype=np.int64))
    pool = np.full(used + used // 4 + 1024, -1, dtype=np.int32)
    corner = np.argsort(faces.ravel(), kind="stable")
    following = faces.ravel()[_next_corner(corner)].astype(np.int32)
    last = faces.ravel()[_next_corner(_next_corner(corner))].astype(np.int32)
    first = np.concatenate([[0], np.cumsum(degree, dtype=np.int64)])
    _chain(first, following, last, start, pool)
    return Rings(pool, start, degree, capacity, np.array([used], dtype=np.int64))


def _next_corner(corner: IntArray) -> IntArray:
    return np.asarray(corner // 3 * 3 + (corner + 1) % 3)


@njit(cache=True)
def _chain(
    first: NDArray[np.int64], following: NDArray[np.int32], last: NDArray[np.int32], start: NDArray[np.int64],
    pool: NDArray[np.int32],
) -> None:  # fmt: skip
    """Order the triangles around each vertex, so that one ends with the neighbour that the next begins with."""
    for u in range(len(first) - 1):
        low, high = first[u], first[u + 1]
        current = following[low] if high > low else -1
        for i in range(high - low):
            pool[start[u] + i] = current
            j = low + i
            while j < high and following[j] != current:
                j += 1
            if j == high:
                j = low
                while following[j] != current:
                    j += 1
            current = last[j]
            # keep the unused triangles behind position low + i, so that each is looked at few times
            following[j], last[j] = following[low + i], last[low + i]
            following[low + i] = pool[start[u] + i]
            last[low + i] = current
