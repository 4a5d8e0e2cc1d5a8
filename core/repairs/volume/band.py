# SPDX-License-Identifier: GPL-3.0-or-later
"""Distance of lattice nodes: exact near a triangle set, a close estimate farther away."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from ...mesh import FloatArray, IntArray
from .grid import FloatGrid

REACH = 1.8
"""Nodes up to this far from the surface, in lattice units, know their exact distance (a space diagonal is 1.73)."""
FAR = np.float32(1e9)
"""Distance of nodes that do not know any."""


def near_distance(points: FloatArray, faces: IntArray, shape: tuple[int, int, int], reach: float = REACH) -> FloatGrid:
    """(nx, ny, nz) exact distance of the nodes within `reach` of the triangles, else `FAR`; all in lattice units.

    points: (V, 3) vertices in lattice units, at least `reach` inside the border.
    """
    distance = np.full(shape, FAR, dtype=np.float32)
    _near(np.ascontiguousarray(points[faces]), reach, distance)
    return distance


def spread(distance: FloatGrid) -> None:
    """Replaces each distance by the least of its neighbours' plus the way from there (chamfer; at most 14 % too long).

    In place. Nodes with smaller values keep them; `FAR` nodes get a value.
    """
    _spread(distance)


def distance_to(nodes: NDArray[np.bool_]) -> FloatGrid:
    """(nx, ny, nz) distance of each node to the nearest of `nodes` in lattice units (chamfer); `FAR` if none."""
    distance: FloatGrid = np.where(nodes, np.float32(0), FAR)
    _spread(distance)
    return distance


@numba.njit(cache=True)
def squared_distance(p: FloatArray, corners: FloatArray) -> float:  # pragma: no cover
    """Squared distance of the point p (3,) from the triangle `corners` (3, 3) (Ericson 2005, section 5.1.5)."""
    ab0, ab1, ab2 = corners[1, 0] - corners[0, 0], corners[1, 1] - corners[0, 1], corners[1, 2] - corners[0, 2]
    ac0, ac1, ac2 = corners[2, 0] - corners[0, 0], corners[2, 1] - corners[0, 1], corners[2, 2] - corners[0, 2]
    ap0, ap1, ap2 = p[0] - corners[0, 0], p[1] - corners[0, 1], p[2] - corners[0, 2]
    bb, bc, cc = ab0 * ab0 + ab1 * ab1 + ab2 * ab2, ab0 * ac0 + ab1 * ac1 + ab2 * ac2, ac0 * ac0 + ac1 * ac1 + ac2 * ac2
    d1, d2 = ab0 * ap0 + ab1 * ap1 + ab2 * ap2, ac0 * ap0 + ac1 * ap1 + ac2 * ap2
    d3, d4, d5, d6 = d1 - bb, d2 - bc, d1 - bc, d2 - cc
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    u, v = 0.0, 0.0
    if d1 <= 0.0 and d2 <= 0.0:
        pass
    elif d3 >= 0.0 and d4 <= d3:
        u = 1.0
    elif d6 >= 0.0 and d5 <= d6:
        v = 1.0
    elif vc <= 0.0 and d1 >= 0.0 and d3 <= 0.0 and bb > 0.0:
        u = d1 / bb
    elif vb <= 0.0 and d2 >= 0.0 and d6 <= 0.0 and cc > 0.0:
        v = d2 / cc
    elif va <= 0.0 and d4 - d3 >= 0.0 and d5 - d6 >= 0.0 and d4 - d3 + d5 - d6 > 0.0:
        v = (d4 - d3) / (d4 - d3 + d5 - d6)
        u = 1.0 - v
    elif va + vb + vc > 0.0:
        u, v = vb / (va + vb + vc), vc / (va + vb + vc)
    r0, r1, r2 = ap0 - u * ab0 - v * ac0, ap1 - u * ab1 - v * ac1, ap2 - u * ab2 - v * ac2
    return r0 * r0 + r1 * r1 + r2 * r2


@numba.njit(cache=True)
def _near(triangles: FloatArray, reach: float, distance: FloatGrid) -> None:  # pragma: no cover
    """Visits, in the columns along the axis that a triangle faces most, the nodes near its plane."""
    shape = distance.shape
    point, normal = np.zeros(3), np.zeros(3)
    low, high = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    node = np.zeros(3, dtype=np.int64)
    for face in range(len(triangles)):
        corners = triangles[face]
        for c in range(3):
            a, b = (c + 1) % 3, (c + 2) % 3
            normal[c] = (corners[1, a] - corners[0, a]) * (corners[2, b] - corners[0, b]) - (
                corners[1, b] - corners[0, b]
            ) * (corners[2, a] - corners[0, a])
            low[c] = max(int(np.ceil(corners[:, c].min() - reach)), 0)
            high[c] = min(int(np.floor(corners[:, c].max() + reach)), shape[c] - 1)
        length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
        axis = 2
        if length > 0.0:
            axis = int(np.argmax(np.abs(normal)))
        first, second = (axis + 1) % 3, (axis + 2) % 3
        for i in range(low[first], high[first] + 1):
            for j in range(low[second], high[second] + 1):
                begin, end = low[axis], high[axis]
                slope = 0.0
                centre = 0.0
                if length > 1e-12:
                    tilt = normal[first] * (i - corners[0, first]) + normal[second] * (j - corners[0, second])
                    centre = corners[0, axis] - tilt / normal[axis]
                    slope = abs(normal[axis]) / length
                    begin = max(begin, int(np.ceil(centre - reach / slope)))
                    end = min(end, int(np.floor(centre + reach / slope)))
                for k in range(begin, end + 1):
                    node[first], node[second], node[axis] = i, j, k
                    best = distance[node[0], node[1], node[2]]
                    if slope * abs(k - centre) >= best:
                        continue
                    point[0], point[1], point[2] = node[0], node[1], node[2]
                    squared = squared_distance(point, corners)
                    if squared < min(best, reach) ** 2:
                        distance[node[0], node[1], node[2]] = np.sqrt(squared)


@numba.njit(cache=True)
def _spread(distance: FloatGrid) -> None:  # pragma: no cover
    """Two sweeps over the 26 neighbours, half of them each way."""
    nx, ny, nz = distance.shape
    one, two, three = np.float32(1.0), np.float32(np.sqrt(2.0)), np.float32(np.sqrt(3.0))
    for way in range(2):
        sign = 1 if way == 0 else -1
        for ii in range(nx):
            i = ii if way == 0 else nx - 1 - ii
            for jj in range(ny):
                j = jj if way == 0 else ny - 1 - jj
                for kk in range(nz):
                    k = kk if way == 0 else nz - 1 - kk
                    best = distance[i, j, k]
                    c = k - sign
                    if 0 <= c < nz:
                        best = min(best, distance[i, j, c] + one)
                    b = j - sign
                    if 0 <= b < ny:
                        best = min(best, distance[i, b, k] + one)
                        if k > 0:
                            best = min(best, distance[i, b, k - 1] + two)
                        if k < nz - 1:
                            best = min(best, distance[i, b, k + 1] + two)
                    a = i - sign
                    if 0 <= a < nx:
                        for db in range(-1, 2):
                            b = j + db
                            if b < 0 or b >= ny:
                                continue
                            for dc in range(-1, 2):
                                c = k + dc
                                if c < 0 or c >= nz:
                                    continue
                                steps = abs(db) + abs(dc)
                                way_there = one if steps == 0 else (two if steps == 1 else three)
                                best = min(best, distance[a, b, c] + way_there)
                    distance[i, j, k] = best
