# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of triangles refined to the density of the surface around them (Liepa 2003, Filling holes in meshes).

Triangles whose centre is far from their corners, by the size wanted there, are split at the centre; edges are flipped
to the Delaunay side in between. The rim is never touched.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ...mesh import FloatArray, IntArray
from ..traced import BoolArray

_ROUNDS = 40
_MOST = 200  # new vertices for each one given: beyond some such limit refinement stops
_FLIPS = 1000  # after each new vertex, at most


def refine(
    points: FloatArray, triangles: IntArray, size: FloatArray, n_rim: int, taken: IntArray, growth: float
) -> tuple[FloatArray, IntArray]:
    """The patch `triangles` (m, 3) on `points` (p, 3) with more vertices: points (p + k, 3), triangles.

    size: (p,) the edge length wanted at each point. n_rim: n, how many of the points, the first, are the rim.
    taken: (j,) diagonals of the rim i n + j, i < j, ascending, that must not appear.
    growth: by how much of the distance from the rim triangles may grow.
    """
    limit = 2 * len(points) + 64
    while True:
        made, out_points, out = _refine(points, triangles, size, n_rim, taken, growth, limit)
        if made >= 0 or limit > _MOST * len(points):
            return out_points, out
        limit *= 4


def flipped(points: FloatArray, triangles: IntArray, n_rim: int, taken: IntArray) -> IntArray:
    """The same patch (m, 3) on the same points, with its edges flipped to the Delaunay side where that is smooth."""
    out: IntArray = _flipped(points, triangles, n_rim, taken)
    return out


@njit(cache=True)
def _neighbours(triangles: IntArray, limit: int) -> IntArray:
    """(limit, 3) for the side from corner k to k + 1 of each triangle: the triangle beyond it, or -1."""
    beyond = np.full((limit, 3), -1, np.int64)
    m = len(triangles)
    size = triangles.max() + 1
    keys = np.empty(3 * m, np.int64)
    for t in range(m):
        for k in range(3):
            a, b = triangles[t, k], triangles[t, (k + 1) % 3]
            keys[3 * t + k] = min(a, b) * size + max(a, b)
    order = np.argsort(keys)
    for i in range(3 * m - 1):
        h, g = order[i], order[i + 1]
        if keys[h] == keys[g]:
            beyond[h // 3, h % 3], beyond[g // 3, g % 3] = g // 3, h // 3
    return beyond


@njit(cache=True)
def _distance(p: FloatArray, q: FloatArray) -> float:
    x, y, z = p[0] - q[0], p[1] - q[1], p[2] - q[2]
    return np.sqrt(x * x + y * y + z * z)


@njit(cache=True)
def _corner(triangles: IntArray, t: int, vertex: int) -> int:
    for k in range(3):
        if triangles[t, k] == vertex:
            return k
    return -1


@njit(cache=True)
def _joined(triangles: IntArray, beyond: IntArray, t: int, vertex: int, other: int) -> bool:
    """Whether an edge joins the vertex, a corner of triangle t, to the other one."""
    for direction in range(2):
        now = t
        for _ in range(len(triangles)):
            if now < 0:
                break
            k = _corner(triangles, now, vertex)
            if triangles[now, (k + 1) % 3] == other or triangles[now, (k + 2) % 3] == other:
                return True
            now = beyond[now, k] if direction == 0 else beyond[now, (k + 2) % 3]
            if now == t:
                return False
    return False


@njit(cache=True)
def _normal(points: FloatArray, a: int, b: int, c: int) -> tuple[float, float, float]:
    ux, uy, uz = (points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2])
    vx, vy, vz = (points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2])
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    length = np.sqrt(x * x + y * y + z * z)
    if length <= 1e-6 * (ux * ux + uy * uy + uz * uz + vx * vx + vy * vy + vz * vz):
        return 0.0, 0.0, 0.0
    return x / length, y / length, z / length


@njit(cache=True)
def _opening(points: FloatArray, a: int, b: int, c: int) -> tuple[float, float]:
    """The cosine and the sine of the angle at a, between b and c, times the lengths of its sides."""
    ux, uy, uz = (points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2])
    vx, vy, vz = (points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2])
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return ux * vx + uy * vy + uz * vz, np.sqrt(x * x + y * y + z * z)


@njit(cache=True)
def _dot(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True)
def _wants_flip(points: FloatArray, a: int, b: int, c: int, d: int) -> bool:
    """Whether the edge a-b of the triangles a, b, c and b, a, d is better replaced by c-d."""
    cos_c, sin_c = _opening(points, c, a, b)
    cos_d, sin_d = _opening(points, d, a, b)
    most = 1e-6 * (abs(cos_c) + sin_c) * (abs(cos_d) + sin_d)
    if cos_c * sin_d + sin_c * cos_d >= -most:  # the sum of the angles opposite to the edge is at most 180 degrees
        return False
    now_1, now_2 = _normal(points, a, b, c), _normal(points, b, a, d)
    new_1, new_2 = _normal(points, c, a, d), _normal(points, d, b, c)
    if new_1 == (0.0, 0.0, 0.0) or new_2 == (0.0, 0.0, 0.0):
        return False
    if now_1 == (0.0, 0.0, 0.0) or now_2 == (0.0, 0.0, 0.0):
        return _dot(new_1, new_2) > 0.0
    smooth = _dot(now_1, now_2)
    return _dot(new_1, new_2) > min(smooth, 0.95) - 0.05 and min(_dot(new_1, now_1), _dot(new_2, now_2)) > 0.0


@njit(cache=True)
def _flip(
    points: FloatArray,
    triangles: IntArray,
    beyond: IntArray,
    queue: IntArray,
    doubtful: BoolArray,
    waiting: int,
    left: int,
    n_rim: int,
    taken: IntArray,
) -> None:
    """Flip edges until all are on the Delaunay side, at most `left` of them.

    queue: (3 M,) the first `waiting` are the sides 3 t + k to look at, which are those that are `doubtful` (3 M,).
    """
    first = 0
    while waiting:
        side = queue[first]
        first = (first + 1) % len(queue)
        waiting -= 1
        doubtful[side] = False
        if left == 0:
            continue
        t, k = side // 3, side % 3
        s = beyond[t, k]
        if s < 0:
            continue
        a, b, c = triangles[t, k], triangles[t, (k + 1) % 3], triangles[t, (k + 2) % 3]
        at_b = _corner(triangles, s, b)
        d = triangles[s, (at_b + 2) % 3]
        if c == d or not _wants_flip(points, a, b, c, d):
            continue
        if c < n_rim and d < n_rim:
            key = min(c, d) * n_rim + max(c, d)
            place = np.searchsorted(taken, key)
            if place < len(taken) and taken[place] == key:
                continue
        if _joined(triangles, beyond, t, c, d):
            continue
        # t becomes c, a, d and s becomes d, b, c.
        bc, ca = beyond[t, (k + 1) % 3], beyond[t, (k + 2) % 3]
        ad, db = beyond[s, (at_b + 1) % 3], beyond[s, (at_b + 2) % 3]
        triangles[t, 0], triangles[t, 1], triangles[t, 2] = c, a, d
        triangles[s, 0], triangles[s, 1], triangles[s, 2] = d, b, c
        beyond[t, 0], beyond[t, 1], beyond[t, 2] = ca, ad, s
        beyond[s, 0], beyond[s, 1], beyond[s, 2] = db, bc, t
        if ad >= 0:
            _replace(beyond, ad, s, t)
        if bc >= 0:
            _replace(beyond, bc, t, s)
        left -= 1
        for side in (3 * t, 3 * t + 1, 3 * s, 3 * s + 1):
            if not doubtful[side]:
                doubtful[side] = True
                queue[(first + waiting) % len(queue)] = side
                waiting += 1


@njit(cache=True)
def _replace(beyond: IntArray, t: int, old: int, new: int) -> None:
    for k in range(3):
        if beyond[t, k] == old:
            beyond[t, k] = new
            return


@njit(cache=True)
def _flipped(points: FloatArray, triangles: IntArray, n_rim: int, taken: IntArray) -> IntArray:
    out = triangles.copy()
    m = len(out)
    beyond = _neighbours(out, m)
    _flip(points, out, beyond, np.arange(3 * m), np.ones(3 * m, np.bool_), 3 * m, 30 * m, n_rim, taken)
    return out


@njit(cache=True)
def _limit_growth(points: FloatArray, triangles: IntArray, size: FloatArray, growth: float) -> None:
    """Lower sizes so that along edges they grow by at most `growth` times the length."""
    for t in range(len(triangles)):
        for k in range(3):
            a, b = triangles[t, k], triangles[t, (k + 1) % 3]
            rise = growth * _distance(points[a], points[b])
            size[a], size[b] = min(size[a], size[b] + rise), min(size[b], size[a] + rise)


@njit(cache=True)
def _refine(
    given: FloatArray,
    start: IntArray,
    given_size: FloatArray,
    n_rim: int,
    taken: IntArray,
    growth: float,
    limit: int,
) -> tuple[int, FloatArray, IntArray]:
    """As `refine`, with at most `limit` vertices more; the number of them is -1 when more were wanted."""
    n, m, made = len(given), len(start), 0
    points, size = np.empty((n + limit, 3)), np.empty(n + limit)
    points[:n], size[:n] = given, given_size
    triangles = np.empty((m + 2 * limit, 3), np.int64)
    triangles[:m] = start
    beyond = _neighbours(start, m + 2 * limit)
    queue, doubtful = np.arange(3 * (m + 2 * limit)), np.zeros(3 * (m + 2 * limit), np.bool_)
    doubtful[: 3 * m] = True
    _flip(points, triangles, beyond, queue, doubtful, 3 * m, 30 * m, n_rim, taken)
    centre, away = np.empty(3), np.empty(3)
    for _ in range(_ROUNDS):
        before, last = made, m
        for t in range(last):
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            for i in range(3):
                centre[i] = (points[a, i] + points[b, i] + points[c, i]) / 3.0
            away[0], away[1], away[2] = (
                _distance(centre, points[a]),
                _distance(centre, points[b]),
                _distance(centre, points[c]),
            )
            wanted = (size[a] + size[b] + size[c]) / 3.0
            if growth > 0.0:
                wanted = min(size[a] + growth * away[0], size[b] + growth * away[1], size[c] + growth * away[2])
            near = min(away[0], away[1], away[2])
            if np.sqrt(2.0) * near <= max(wanted, size[a], size[b], size[c]):
                continue
            if made == limit:
                return -1, points[: n + made].copy(), triangles[:m].copy()
            v = n + made
            points[v], size[v] = centre, wanted
            made += 1
            bc, ca = beyond[t, 1], beyond[t, 2]
            triangles[t, 2] = v
            triangles[m, 0], triangles[m, 1], triangles[m, 2] = b, c, v
            triangles[m + 1, 0], triangles[m + 1, 1], triangles[m + 1, 2] = c, a, v
            beyond[t, 1], beyond[t, 2] = m, m + 1
            beyond[m, 0], beyond[m, 1], beyond[m, 2] = bc, m + 1, t
            beyond[m + 1, 0], beyond[m + 1, 1], beyond[m + 1, 2] = ca, t, m
            if bc >= 0:
                _replace(beyond, bc, t, m)
            if ca >= 0:
                _replace(beyond, ca, t, m + 1)
            for i, side in enumerate((3 * t, 3 * m, 3 * m + 3)):
                queue[i], doubtful[side] = side, True
            m += 2
            _flip(points, triangles, beyond, queue, doubtful, 3, _FLIPS, n_rim, taken)
        if made == before:
            break
        if growth > 0.0:
            _limit_growth(points, triangles[:m], size, growth)
    return made, points[: n + made].copy(), triangles[:m].copy()
