# SPDX-License-Identifier: GPL-3.0-or-later
"""Edge collapses of a closed manifold, cheapest first, each to the best place for its quadric.

Quadrics are those of Garland and Heckbert (1997). The surface stays a closed manifold of the same genus by the link
condition (Dey et al. 1999), no triangle turns over, and no collapse moves the surface farther from its planes than a
tolerance.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...mesh import FloatArray, IntArray
from ...progress import Progress, silent
from ...sphere.decimation import _heapify, _remove, _sift_down, _sift_up
from ...sphere.rings import build_rings

CHUNK = 20_000
VALENCE_LIMIT = 20
LENGTH_WEIGHT = 1e-4
TOWARDS_MIDDLE = 1e-3
TURN_LIMIT = 0.2
"""Cosine of the largest turn of a triangle by one collapse."""
THIN = 0.03
"""A new triangle is at least this well shaped (1: equilateral), or no worse than the worst before."""
NEVER = 1e300
_WIDEN = 0  # added, makes 64 bits of 32, so that a function is compiled for one type only
_CLEAN, _DIRTY, _OUT, _GONE = 0, 1, 2, 3  # in the heap; in the heap with an old cost; not in the heap; removed


def collapse_edges(
    vertices: FloatArray,
    faces: IntArray,
    quadrics: FloatArray,
    locked: NDArray[np.bool_],
    n_vertices: int,
    tolerance: float,
    progress: Progress = silent,
) -> tuple[FloatArray, IntArray, IntArray]:
    """Collapse until `n_vertices` are left, or no collapse is allowed.

    vertices: (V, 3), of about unit size; faces: (F, 3) of a closed manifold; quadrics: (V, 11) as `plane_quadrics`;
    locked: (V,) vertices that stay with all their triangles; tolerance: largest root-mean-square distance from the
    planes. Returns the positions (V, 3), the triangles (f, 3) that are left with their corners as numbered before, and
    the vertex (V,) that each has become.
    """
    rings = build_rings(faces, len(vertices))
    place, quadrics = vertices.copy(), quadrics.copy()
    count = len(vertices)
    costs, targets, best = np.empty(count), np.empty(count, np.int64), np.empty((count, 3))
    state = np.where(locked, _OUT, _CLEAN).astype(np.int8)
    parent = np.arange(count)
    heap = np.concatenate([np.flatnonzero(~locked), np.flatnonzero(locked)])
    sizes = np.array([0, int((~locked).sum())], dtype=np.int64)  # collapses so far, length of the heap
    square = min(tolerance * tolerance, 1e30)
    _first(place, quadrics, rings.pool, rings.start, rings.degree, locked, square, costs, targets, best)
    _heapify(heap, costs, sizes[1])
    goal = max(count - max(n_vertices, 4), 0)
    while sizes[0] < goal and sizes[1] > 0:
        progress(sizes[0] / goal, "Simplifying the surface")
        rings.reserve(4 * VALENCE_LIMIT * CHUNK)
        _collapse(
            place, quadrics, rings.pool, rings.start, rings.degree, rings.capacity, rings.used, locked, square, heap,
            costs, targets, best, state, parent, sizes, min(int(sizes[0]) + CHUNK, goal),
        )  # fmt: skip
    while (parent != parent[parent]).any():
        parent = parent[parent]
    corners = parent[faces]
    kept = (corners != np.roll(corners, 1, axis=1)).all(axis=1)
    return place, corners[kept], parent


def plane_quadrics(points: FloatArray, normals: FloatArray, weights: FloatArray) -> FloatArray:
    """(N, 11) weighted squared distances to planes: the upper triangle of a symmetric 4×4 matrix, and the weight."""
    plane = np.concatenate([normals, -np.einsum("ni,ni->n", normals, points)[:, None]], axis=1)
    row, column = np.triu_indices(4)
    return np.concatenate([weights[:, None] * plane[:, row] * plane[:, column], weights[:, None]], axis=1)


@njit(cache=True, error_model="numpy")
def _error(q: FloatArray, x: float, y: float, z: float) -> float:
    return float(
        q[0] * x * x + 2 * q[1] * x * y + 2 * q[2] * x * z + 2 * q[3] * x + q[4] * y * y + 2 * q[5] * y * z
        + 2 * q[6] * y + q[7] * z * z + 2 * q[8] * z + q[9]
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _place(vertices: FloatArray, quadrics: FloatArray, u: int, v: int, q: FloatArray, spot: FloatArray) -> float:
    """Set `spot` (3,) to the best place for u and v as one, `q` (11,) to their quadric; the error there."""
    for k in range(11):
        q[k] = quadrics[u, k] + quadrics[v, k]
    mx, my, mz = (
        0.5 * (vertices[u, 0] + vertices[v, 0]),
        0.5 * (vertices[u, 1] + vertices[v, 1]),
        0.5 * (vertices[u, 2] + vertices[v, 2]),
    )
    pull = TOWARDS_MIDDLE * (q[0] + q[4] + q[7]) + 1e-300
    a, b, c, d, e, f = q[0] + pull, q[1], q[2], q[4] + pull, q[5], q[7] + pull
    # the gradient at the middle; the step from there solves (A + pull I) s = -gradient
    gx = q[0] * mx + q[1] * my + q[2] * mz + q[3]
    gy = q[1] * mx + q[4] * my + q[5] * mz + q[6]
    gz = q[2] * mx + q[5] * my + q[7] * mz + q[8]
    m0, m1, m2 = d * f - e * e, c * e - b * f, b * e - c * d
    m4, m5, m8 = a * f - c * c, b * c - a * e, a * d - b * b
    det = a * m0 + b * m1 + c * m2
    sx = -(m0 * gx + m1 * gy + m2 * gz) / det
    sy = -(m1 * gx + m4 * gy + m5 * gz) / det
    sz = -(m2 * gx + m5 * gy + m8 * gz) / det
    length = (
        (vertices[u, 0] - vertices[v, 0]) ** 2
        + (vertices[u, 1] - vertices[v, 1]) ** 2
        + (vertices[u, 2] - vertices[v, 2]) ** 2
    )
    if not sx * sx + sy * sy + sz * sz <= 4.0 * length:
        sx = sy = sz = 0.0
    spot[0], spot[1], spot[2] = mx + sx, my + sy, mz + sz
    return max(_error(q, spot[0], spot[1], spot[2]), 0.0)


@njit(cache=True, error_model="numpy")
def _shapes(
    vertices: FloatArray, pool: NDArray[np.int32], start: IntArray, degree: NDArray[np.int32], u: int, other: int,
    x: float, y: float, z: float,
) -> tuple[float, float]:  # fmt: skip
    """Worst shape of the triangles of u without `other`, now and with u at x, y, z (-1 where one turns over)."""
    d, base = degree[u], start[u]
    now, then = 1.0, 1.0
    for i in range(d):
        p, q = pool[base + i], pool[base + (i + 1) % d]
        if p == other or q == other:
            continue
        ex, ey, ez = vertices[q, 0] - vertices[p, 0], vertices[q, 1] - vertices[p, 1], vertices[q, 2] - vertices[p, 2]
        ax, ay, az = vertices[u, 0] - vertices[p, 0], vertices[u, 1] - vertices[p, 1], vertices[u, 2] - vertices[p, 2]
        bx, by, bz = x - vertices[p, 0], y - vertices[p, 1], z - vertices[p, 2]
        ox, oy, oz = ey * az - ez * ay, ez * ax - ex * az, ex * ay - ey * ax
        nx, ny, nz = ey * bz - ez * by, ez * bx - ex * bz, ex * by - ey * bx
        old, new = np.sqrt(ox * ox + oy * oy + oz * oz), np.sqrt(nx * nx + ny * ny + nz * nz)
        side = ex * ex + ey * ey + ez * ez
        a_sum = side + ax * ax + ay * ay + az * az + (ax - ex) ** 2 + (ay - ey) ** 2 + (az - ez) ** 2
        b_sum = side + bx * bx + by * by + bz * bz + (bx - ex) ** 2 + (by - ey) ** 2 + (bz - ez) ** 2
        now, then = min(now, 3.4641 * old / a_sum), min(then, 3.4641 * new / b_sum)
        if ox * nx + oy * ny + oz * nz < TURN_LIMIT * old * new:
            return now, -1.0
    return now, then


@njit(cache=True, error_model="numpy")
def _allowed(
    vertices: FloatArray, pool: NDArray[np.int32], start: IntArray, degree: NDArray[np.int32], u: int, v: int,
    spot: FloatArray,
) -> bool:  # fmt: skip
    """Whether u and v may become one at `spot`: the surface stays a manifold, no triangle turns over or gets thin."""
    d = degree[u]
    if d + degree[v] - 4 > VALENCE_LIMIT:
        return False
    common = 0
    for i in range(d):
        w = pool[start[u] + i]
        for j in range(start[v], start[v] + degree[v]):
            if pool[j] == w:
                common += 1
                if degree[w] <= 3:
                    return False
    if common != 2:
        return False
    now_u, then_u = _shapes(vertices, pool, start, degree, u, v, spot[0], spot[1], spot[2])
    if then_u < 0.0:
        return False
    now_v, then_v = _shapes(vertices, pool, start, degree, v, u, spot[0], spot[1], spot[2])
    return then_v >= 0.0 and min(then_u, then_v) >= min(THIN, now_u, now_v)


@njit(cache=True, error_model="numpy")
def _best(
    vertices: FloatArray, quadrics: FloatArray, pool: NDArray[np.int32], start: IntArray, degree: NDArray[np.int32],
    locked: NDArray[np.bool_], square: float, u: int, costs: FloatArray, targets: IntArray, best: FloatArray,
) -> None:  # fmt: skip
    """Set `costs[u]`, `targets[u]` and `best[u]` to the cheapest collapse of u into a neighbour; NEVER if none."""
    costs[u], targets[u] = NEVER, -1
    d, base = degree[u], start[u]
    if d > VALENCE_LIMIT:
        return
    price, spots, q = np.empty(d), np.empty((d, 3)), np.empty(11)
    for i in range(d):
        v = pool[base + i]
        price[i] = NEVER
        if locked[v]:
            continue
        error = _place(vertices, quadrics, u, v, q, spots[i])
        if error <= square * q[10]:
            length = 0.0
            for k in range(3):
                length += (vertices[u, k] - vertices[v, k]) ** 2
            price[i] = error + LENGTH_WEIGHT * length * length
    while True:
        i = int(np.argmin(price))
        if price[i] >= NEVER:
            return
        v = pool[base + i] + _WIDEN
        if _allowed(vertices, pool, start, degree, u, v, spots[i]):
            costs[u], targets[u] = price[i], v
            for k in range(3):
                best[u, k] = spots[i, k]
            return
        price[i] = NEVER


@njit(cache=True, error_model="numpy")
def _first(
    vertices: FloatArray, quadrics: FloatArray, pool: NDArray[np.int32], start: IntArray, degree: NDArray[np.int32],
    locked: NDArray[np.bool_], square: float, costs: FloatArray, targets: IntArray, best: FloatArray,
) -> None:  # fmt: skip
    for u in range(len(vertices)):
        if not locked[u]:
            _best(vertices, quadrics, pool, start, degree, locked, square, u, costs, targets, best)


@njit(cache=True, error_model="numpy")
def _collapse(
    vertices: FloatArray, quadrics: FloatArray, pool: NDArray[np.int32], start: IntArray, degree: NDArray[np.int32],
    capacity: NDArray[np.int32], used: IntArray, locked: NDArray[np.bool_], square: float, heap: IntArray,
    costs: FloatArray, targets: IntArray, best: FloatArray, state: NDArray[np.int8], parent: IntArray,
    sizes: IntArray, goal: int,
) -> None:  # fmt: skip
    """Do the cheapest collapses until `goal` are done, the heap is empty, or the pool has no room.

    Costs are brought up to date only when a vertex reaches the top of the heap: they hardly ever fall.
    """
    size, top = int(sizes[1]), int(sizes[0] * 0)
    while sizes[0] < goal and size > 0:
        u = heap[0]
        v = targets[u]
        if state[u] == _DIRTY or (v >= 0 and not _allowed(vertices, pool, start, degree, u, v, best[u])):
            _best(vertices, quadrics, pool, start, degree, locked, square, u, costs, targets, best)
            state[u] = _CLEAN
            _sift_down(heap, costs, size, top)
            continue
        if v >= 0 and used[0] + 2 * (degree[u] + degree[v]) > len(pool):
            break
        size -= 1
        heap[0] = heap[size]
        _sift_down(heap, costs, size, top)
        if v < 0:
            state[u] = _OUT
            continue
        _remove(pool, start, degree, capacity, used, u, v)
        state[u], parent[u] = _GONE, v
        for k in range(11):
            quadrics[v, k] += quadrics[u, k]
        for k in range(3):
            vertices[v, k] = best[u, k]
        sizes[0] += 1
        for i in range(-1, degree[v]):
            w = v if i < 0 else pool[start[v] + i] + _WIDEN
            if state[w] == _OUT and not locked[w]:
                _best(vertices, quadrics, pool, start, degree, locked, square, w, costs, targets, best)
                if targets[w] >= 0:
                    heap[size] = w
                    size += 1
                    _sift_up(heap, costs, size - 1)
                    state[w] = _CLEAN
            elif state[w] == _CLEAN:
                state[w] = _DIRTY
    sizes[1] = size
