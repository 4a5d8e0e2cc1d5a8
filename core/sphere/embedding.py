# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the vertices back, coarse to fine, onto the sphere, and relax the map on the way.

Praun and Hoppe 2003: the tetrahedron is put on the sphere; each vertex returns inside the kernel of its ring, which is
never empty, since the vertex that it was collapsed into sees the whole ring. So no triangle is ever flipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..errors import MapFailed
from ..mesh import FloatArray, IntArray
from ..progress import Progress, part, silent
from .decimation import Collapses
from .energy import FLIPPED, relax_vertex, ring_energy, surface_terms
from .rings import Rings

GROWTH = 1.5
"""The whole map is relaxed each time that it has grown by this factor."""
SWEEPS = 5
FINAL_SWEEPS = 12
SETTLED = 2e-3
"""A vertex rests when its last step, relative to its ring, was shorter than this and no neighbour moved more."""
CHUNK = 20_000
WIDE = 32
"""A vertex of n times this valence is relaxed on every n-th change of its ring only, or a fan would take O(V²)."""
_WIDEN = 0  # added, makes 64 bits of 32, so that a function is compiled for one type only
ONE_BY_ONE = 30
"""Up to this size the map is relaxed after every vertex."""
CROWDED = 1e-3
"""The whole map is relaxed early, too, when a new ring has less than this part of the area that it is to have."""
PATIENCE = 10
"""But not for more than this many times the vertices of the mesh."""
GROWING_SHARE = 0.6
_CORNERS = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]) / np.sqrt(3.0)


@dataclass
class _Growing:
    """The map while it grows: all that the steps below read and change.

    points: (V, 8), see `energy`. live: (V,) vertices that are back. active: (V,) vertices that may still move.
    """

    points: FloatArray
    rings: Rings
    theta: float
    scratch: FloatArray
    live: NDArray[np.bool_]
    active: NDArray[np.bool_]

    def scale(self, order: IntArray) -> float:
        """4π over the weighted surface area of the mesh that the vertices `order` make up."""
        rings = self.rings
        return float(4.0 * np.pi / _area(self.points, rings.pool, rings.start, rings.degree, order, self.scratch))


def embed(
    vertices: FloatArray,
    rings: Rings,
    collapses: Collapses,
    theta: float,
    weights: FloatArray,
    rounding: float,
    progress: Progress = silent,
) -> FloatArray:
    """(V, 3) unit vectors: the map of all vertices. `rings` is put back as it was before the collapses.

    vertices: (V, 3) positions on the surface. theta: ≥ 0, see `energy`. weights: (V,) positive, the share of the sphere
    that a unit of surface area is to have. rounding: added to all squared lengths on the surface, so that triangles
    without size count as small ones with equal sides. Raises `MapFailed` when a vertex finds no place.
    """
    growing = _tetrahedron(vertices, weights, rounding, rings, collapses.base, theta)
    count, size, done = len(vertices), 4, len(collapses.removed)
    patience = PATIENCE * count
    scale = growing.scale(collapses.base)
    while done > 0:
        goal = max(size + 1, min(int(size * GROWTH), count)) if size >= ONE_BY_ONE else size + 1
        while size < goal:
            reached = _give_back(growing, collapses, done, max(done - CHUNK, count - goal), scale, patience > 0)
            crowded = reached > max(done - CHUNK, count - goal)
            done, size = reached, count - reached
            progress(GROWING_SHARE * size / count, "Mapping to the sphere")
            if crowded:
                patience -= size
                break
        order = np.flatnonzero(growing.live)
        scale = growing.scale(order)
        begin = GROWING_SHARE * size / count
        end = 1.0 if size == count else begin
        _relax(growing, order, scale, FINAL_SWEEPS if size == count else SWEEPS, part(progress, begin, end))
    return np.ascontiguousarray(growing.points[:, 3:6])


def relax_map(
    vertices: FloatArray, rings: Rings, sphere: FloatArray, theta: float, rounding: float, sweeps: int
) -> FloatArray:
    """(V, 3) unit vectors: a map `sphere` (V, 3) without flips after up to `sweeps` sweeps of `energy`, without flips.

    vertices: (V, 3) positions on the surface. theta, rounding: as for `embed`.
    """
    count = len(vertices)
    points = np.zeros((count, 8))
    points[:, :3], points[:, 3:6], points[:, 6], points[:, 7] = vertices, sphere, 1.0, rounding
    everywhere = np.ones(count, dtype=np.bool_)
    map_ = _Growing(points, rings, theta, np.empty((int(rings.capacity.max()) + 1, 7)), everywhere, everywhere.copy())
    order = np.arange(count)
    _relax(map_, order, map_.scale(order), sweeps, silent)
    return np.ascontiguousarray(points[:, 3:6])


def _give_back(growing: _Growing, collapses: Collapses, begin: int, end: int, scale: float, careful: bool) -> int:
    """Undo the collapses number begin-1 down to `end`; gives the number of those left.

    careful: stop early after a vertex whose triangles are far smaller than they are to be.
    """
    rings = growing.rings
    left = _insert(
        growing.points, rings.pool, rings.start, rings.degree, collapses.removed, collapses.kept, begin, end, scale,
        growing.theta, growing.scratch, growing.live, growing.active, careful,
    )  # fmt: skip
    if left < 0:
        raise MapFailed("A vertex found no place on the sphere.", "Merge vertices by distance first.")
    return int(left)


def _relax(growing: _Growing, order: IntArray, scale: float, sweeps: int, progress: Progress) -> None:
    """Sweep over the vertices `order`, to and fro, as long as some of them move."""
    rings = growing.rings
    for sweep in range(sweeps):
        row = order if sweep % 2 == 0 else order[::-1]
        moved = 0
        for begin in range(0, len(row), CHUNK):
            progress((sweep + begin / len(row)) / sweeps, "Mapping to the sphere")
            moved += _sweep(
                growing.points, rings.pool, rings.start, rings.degree, np.ascontiguousarray(row[begin : begin + CHUNK]),
                scale, growing.theta, growing.scratch, growing.active, SETTLED,
            )  # fmt: skip
        if moved == 0:
            break


def _tetrahedron(
    vertices: FloatArray, weights: FloatArray, rounding: float, rings: Rings, base: IntArray, theta: float
) -> _Growing:
    """The beginning: the four vertices `base` at the corners of a regular tetrahedron, faces outward."""
    count = len(vertices)
    points = np.zeros((count, 8))
    points[:, :3], points[:, 6], points[:, 7] = vertices, weights, rounding
    points[base, 3:6] = _CORNERS
    first = rings.start[base[0]]
    a, b = rings.pool[first], rings.pool[first + 1]
    if points[base[0], 3:6] @ np.cross(points[a, 3:6], points[b, 3:6]) < 0:
        points[base, 3:6] *= -1.0
    live = np.zeros(count, dtype=np.bool_)
    live[base] = True
    scratch = np.empty((int(rings.capacity.max()) + 1, 7))
    return _Growing(points, rings, theta, scratch, live, live.copy())


@njit(cache=True, error_model="numpy")
def _area(
    points: NDArray[np.float64], pool: NDArray[np.int32], start: NDArray[np.int64], degree: NDArray[np.int32],
    order: NDArray[np.int64], scratch: NDArray[np.float64],
) -> float:  # fmt: skip
    """Weighted area of the surface that the vertices `order` make up, as `energy` counts it."""
    total = 0.0
    for u in order:
        surface_terms(points, pool, start[u], degree[u], u, 1.0, scratch)
        for i in range(degree[u]):
            total += scratch[i, 3]
    return total / 3.0


@njit(cache=True, error_model="numpy")
def _sweep(
    points: NDArray[np.float64], pool: NDArray[np.int32], start: NDArray[np.int64], degree: NDArray[np.int32],
    order: NDArray[np.int64], scale: float, theta: float, scratch: NDArray[np.float64],
    active: NDArray[np.bool_], settled: float,
) -> int:  # fmt: skip
    """Relax the active vertices of `order`; a vertex that moves wakes its neighbours. Gives how many moved."""
    count = 0
    for u in order:
        if not active[u]:
            continue
        moved = relax_vertex(points, pool, start[u], degree[u], u, scale, theta, scratch, 1)
        active[u] = moved > settled
        if moved > settled:
            count += 1
            for i in range(degree[u]):
                active[pool[start[u] + i]] = True
    return count


@njit(cache=True, error_model="numpy")
def _restore(pool: NDArray[np.int32], start: NDArray[np.int64], degree: NDArray[np.int32], u: int, v: int) -> None:
    """Undo the collapse of u into v in the rings; the ring of u begins with v."""
    d, base = degree[u], start[u]
    for side in (1, d - 1):
        r = pool[base + side]
        first = start[r]
        at = 0
        while pool[first + at] != v:
            at += 1
        if side != 1:
            at += 1
        for j in range(degree[r], at, -1):
            pool[first + j] = pool[first + j - 1]
        pool[first + at] = u
        degree[r] += 1
    for i in range(2, d - 1):
        j = start[pool[base + i]]
        while pool[j] != v:
            j += 1
        pool[j] = u
    wide, first = degree[v], start[v]
    copy = np.empty(wide, np.int32)
    for j in range(wide):
        copy[j] = pool[first + j]
    at = 0
    while copy[at] != pool[base + 1]:
        at += 1
    pool[first], pool[first + 1] = pool[base + 1], u
    to = first + 2
    for j in range(at + d - 2, at + wide):
        pool[to] = copy[j % wide]
        to += 1
    degree[v] = to - first


@njit(cache=True, error_model="numpy")
def _insert(
    points: NDArray[np.float64], pool: NDArray[np.int32], start: NDArray[np.int64], degree: NDArray[np.int32],
    removed: NDArray[np.int64], kept: NDArray[np.int64], begin: int, end: int, scale: float, theta: float,
    scratch: NDArray[np.float64], live: NDArray[np.bool_], active: NDArray[np.bool_], careful: bool,
) -> int:  # fmt: skip
    """Undo the collapses begin-1 … end: place each vertex and relax it and its ring.

    Gives the number of collapses left, or -1 when a vertex has no place.
    """
    for record in range(begin - 1, end - 1, -1):
        u, v = removed[record], kept[record]
        _restore(pool, start, degree, u, v)
        if not _place(points, pool, start[u], degree[u], u, scale, theta, scratch):
            return -1
        live[u] = True
        active[u] = True
        relax_vertex(points, pool, start[u], degree[u], u, scale, theta, scratch, 3)
        for i in range(degree[u]):
            w = pool[start[u] + i] + _WIDEN
            active[w] = True
            if degree[w] <= WIDE or record % (degree[w] // WIDE) == 0:
                relax_vertex(points, pool, start[w], degree[w], w, scale, theta, scratch, 1)
        if careful and _crowded(points, pool, start[u], degree[u], u, scale, scratch):
            return record
    return end


@njit(cache=True, error_model="numpy")
def _crowded(
    points: NDArray[np.float64], pool: NDArray[np.int32], first: int, valence: int, u: int, scale: float,
    scratch: NDArray[np.float64],
) -> bool:  # fmt: skip
    """Whether the ring of u on the sphere is far smaller than it is to be."""
    surface_terms(points, pool, first, valence, u, scale, scratch)
    x, y, z = points[u, 3], points[u, 4], points[u, 5]
    wanted, mapped = 0.0, 0.0
    for i in range(valence):
        k = i + 1 if i + 1 < valence else 0
        ax, ay, az = scratch[i, 4] - x, scratch[i, 5] - y, scratch[i, 6] - z
        bx, by, bz = scratch[k, 4] - x, scratch[k, 5] - y, scratch[k, 6] - z
        wanted += scratch[i, 3]
        mapped += 0.5 * (x * (ay * bz - az * by) + y * (az * bx - ax * bz) + z * (ax * by - ay * bx))
    return mapped < CROWDED * wanted


@njit(cache=True, error_model="numpy")
def _place(
    points: NDArray[np.float64], pool: NDArray[np.int32], first: int, valence: int, u: int, scale: float,
    theta: float, scratch: NDArray[np.float64],
) -> bool:  # fmt: skip
    """Put u inside the kernel of its ring: at the ring's mean, or between that and the ring's first vertex, or close
    to that vertex along the bisector of its two edges, where the kernel always is."""
    surface_terms(points, pool, first, valence, u, scale, scratch)
    mx, my, mz = 0.0, 0.0, 0.0
    for i in range(valence):
        mx, my, mz = mx + scratch[i, 4], my + scratch[i, 5], mz + scratch[i, 6]
    length = np.sqrt(mx * mx + my * my + mz * mz) + 1e-300
    mx, my, mz = mx / length, my / length, mz / length
    best = ring_energy(mx, my, mz, scratch, valence, theta)
    points[u, 3], points[u, 4], points[u, 5] = mx, my, mz
    vx, vy, vz = scratch[0, 4], scratch[0, 5], scratch[0, 6]
    ax, ay, az = scratch[1, 4] - vx, scratch[1, 5] - vy, scratch[1, 6] - vz
    bx, by, bz = scratch[valence - 1, 4] - vx, scratch[valence - 1, 5] - vy, scratch[valence - 1, 6] - vz
    reach = np.sqrt(ax * ax + ay * ay + az * az) + np.sqrt(bx * bx + by * by + bz * bz)
    # inward normals of the two edges at v, within the tangent plane
    px, py, pz = vy * az - vz * ay, vz * ax - vx * az, vx * ay - vy * ax
    qx, qy, qz = by * vz - bz * vy, bz * vx - bx * vz, bx * vy - by * vx
    length = np.sqrt(px * px + py * py + pz * pz) + 1e-300
    wide = np.sqrt(qx * qx + qy * qy + qz * qz) + 1e-300
    wx, wy, wz = px / length + qx / wide, py / length + qy / wide, pz / length + qz / wide
    length = np.sqrt(wx * wx + wy * wy + wz * wz) + 1e-300
    wx, wy, wz = wx / length, wy / length, wz / length
    near, share = reach, 1.0
    for attempt in range(60):
        for way in range(2):
            if way == 0:
                x, y, z = vx + near * wx, vy + near * wy, vz + near * wz
            else:
                x, y, z = vx + share * (mx - vx), vy + share * (my - vy), vz + share * (mz - vz)
            length = np.sqrt(x * x + y * y + z * z) + 1e-300
            x, y, z = x / length, y / length, z / length
            energy = ring_energy(x, y, z, scratch, valence, theta)
            if energy < best:
                best = energy
                points[u, 3], points[u, 4], points[u, 5] = x, y, z
        if best < FLIPPED and attempt > 6:
            break
        near *= 0.6
        share *= 0.7071
    return best < FLIPPED
