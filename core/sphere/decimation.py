# SPDX-License-Identifier: GPL-3.0-or-later
"""Collapse a closed genus-0 mesh, vertex by vertex, down to a tetrahedron.

A half-edge collapse u → v removes u and gives its triangles to v (Hoppe 1996). It is allowed when it keeps the
surface a manifold (link condition), so the sequence can be run backwards; which collapse comes next is decided by
the quadric error (Garland and Heckbert 1997), the shape of the new triangles and the valence. Every triangulated
sphere with more than four vertices has such a collapse, so the end is always a tetrahedron.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..errors import MapFailed
from ..mesh import FloatArray, IntArray
from ..progress import Progress, silent
from .rings import Rings

CHUNK = 20_000
"""Collapses between two calls of `progress`."""
VALENCE_LIMIT = 40
REMOVAL_LIMIT = 22
LENGTH_WEIGHT = 1e-3
NEVER = 1e300


@dataclass(frozen=True)
class Collapses:
    """removed, kept: (V - 4,) int64, in order: vertex `removed[i]` was collapsed into `kept[i]`.

    The ring of a removed vertex is as it was at that moment, and begins with the kept one. base: (4,) the tetrahedron.
    """

    removed: IntArray
    kept: IntArray
    base: IntArray


def collapse_to_tetrahedron(
    vertices: FloatArray, faces: IntArray, rings: Rings, progress: Progress = silent
) -> Collapses:
    """Collapse until four vertices are left, changing `rings`.

    vertices: (V, 3), of about unit size; faces: (F, 3) of a closed genus-0 manifold. Raises `MapFailed` when it is not.
    """
    count = len(vertices)
    progress(0.0, "Simplifying the mesh")
    quadrics = _quadrics(vertices, faces)
    progress(0.0, "Simplifying the mesh")
    heap = np.arange(count)
    costs, targets = np.empty(count), np.empty(count, dtype=np.int64)
    state = np.zeros(count, dtype=np.int8)
    removed, kept = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    sizes = np.array([0, count], dtype=np.int64)  # collapses so far, length of the heap
    limits = np.array([VALENCE_LIMIT, REMOVAL_LIMIT], dtype=np.int64)
    _first_costs(vertices, quadrics, rings.pool, rings.start, rings.degree, costs, targets, limits)
    _heapify(heap, costs, count)
    while sizes[0] < count - 4:
        progress(sizes[0] / count, "Simplifying the mesh")
        rings.reserve(max(2 * VALENCE_LIMIT * CHUNK, 4 * int(rings.degree.max())))
        before = sizes[0]
        _collapse(
            vertices, quadrics, rings.pool, rings.start, rings.degree, rings.capacity, rings.used, heap, costs,
            targets, state, removed, kept, sizes, limits, min(before + CHUNK, count - 4),
        )  # fmt: skip
        if sizes[0] < count - 4 and sizes[1] == 0:
            if limits[0] > count and before == sizes[0]:
                raise MapFailed("The mesh could not be simplified to a tetrahedron.", "Check it for defects.")
            limits[:] = 4 * count  # without limits on the valence, there always is a collapse
            heap, sizes[1] = _revive(vertices, quadrics, rings, costs, targets, state, limits)
    alive = np.flatnonzero(state != _GONE)
    return Collapses(removed[: sizes[0]], kept[: sizes[0]], alive)


def _revive(
    vertices: FloatArray, quadrics: FloatArray, rings: Rings, costs: FloatArray, targets: IntArray,
    state: NDArray[np.int8], limits: IntArray,
) -> tuple[IntArray, int]:  # fmt: skip
    """Put all vertices that are left back into the heap."""
    _first_costs(
        vertices,
        quadrics,
        rings.pool,
        rings.start,
        rings.degree,
        costs,
        targets,
        limits,
    )
    alive = np.flatnonzero(state != _GONE)
    state[alive] = _CLEAN
    heap = np.concatenate([alive, np.zeros(len(costs) - len(alive), dtype=np.int64)])
    _heapify(heap, costs, len(alive))
    return heap, len(alive)


def _quadrics(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """(V, 10) sums of area-weighted plane quadrics, upper triangle of the symmetric 4×4 matrix."""
    corner = vertices[faces[:, 0]]
    cross = np.cross(vertices[faces[:, 1]] - corner, vertices[faces[:, 2]] - corner)
    length = np.linalg.norm(cross, axis=1)
    plane = np.zeros((len(faces), 4))
    np.divide(cross, length[:, None], out=plane[:, :3], where=length[:, None] > 0)
    plane[:, 3] = -np.einsum("ij,ij->i", plane[:, :3], corner)
    row, column = np.triu_indices(4)
    per_face = 0.5 * length[:, None] * plane[:, row] * plane[:, column]
    total = [np.bincount(faces.ravel(), np.repeat(per_face[:, k], 3), minlength=len(vertices)) for k in range(10)]
    return np.ascontiguousarray(np.stack(total, axis=1))


_WIDEN = 0  # added, makes 64 bits of 32, so that a function is compiled for one type only
_CLEAN, _DIRTY, _OUT, _GONE = (
    0,
    1,
    2,
    3,
)  # in the heap; in the heap with an old cost; not in the heap; removed


@njit(cache=True, error_model="numpy")
def _cost(
    vertices: NDArray[np.float64], quadrics: NDArray[np.float64], pool: NDArray[np.int32],
    start: NDArray[np.int64], degree: NDArray[np.int32], u: int, slot: int, limits: NDArray[np.int64],
) -> float:  # fmt: skip
    """Cost of collapsing u into its neighbour number `slot`, or -1 where that is not allowed."""
    d, base = degree[u], start[u]
    v = pool[base + slot]
    valence = degree[v] + d - 4
    if d > limits[1] or (valence > limits[0] and valence > degree[v]):
        return -1.0
    left, right = pool[base + (slot + 1) % d], pool[base + (slot + d - 1) % d]
    if degree[left] <= 3 or degree[right] <= 3:
        return -1.0
    first_v, end_v = start[v], start[v] + degree[v]
    for i in range(2, d - 1):
        w = pool[base + (slot + i) % d]
        for j in range(first_v, end_v):
            if pool[j] == w:
                return -1.0
    x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
    q = quadrics[u]
    error = (
        q[0] * x * x + 2 * q[1] * x * y + 2 * q[2] * x * z + 2 * q[3] * x + q[4] * y * y + 2 * q[5] * y * z
        + 2 * q[6] * y + q[7] * z * z + 2 * q[8] * z + q[9]
    )  # fmt: skip
    length = (vertices[u, 0] - x) ** 2 + (vertices[u, 1] - y) ** 2 + (vertices[u, 2] - z) ** 2
    worst = 0.0
    for i in range(1, d - 1):
        a, b = pool[base + (slot + i) % d], pool[base + (slot + i + 1) % d]
        px, py, pz = vertices[a, 0] - x, vertices[a, 1] - y, vertices[a, 2] - z
        qx, qy, qz = vertices[b, 0] - x, vertices[b, 1] - y, vertices[b, 2] - z
        rx, ry, rz = qx - px, qy - py, qz - pz
        cx, cy, cz = py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx
        twice = np.sqrt(cx * cx + cy * cy + cz * cz)
        edges = px * px + py * py + pz * pz + qx * qx + qy * qy + qz * qz + rx * rx + ry * ry + rz * rz
        worst = max(worst, edges / (3.4641 * twice + 1e-4 * edges + 1e-300))
    penalty = 1.0 + 0.1 * worst + 0.2 * max(0, valence - 8) + 0.2 * max(0, d - 8)
    return float((max(error, 0.0) + LENGTH_WEIGHT * length * length) * penalty + 1e-30 * length)


@njit(cache=True, error_model="numpy")
def _best(
    vertices: NDArray[np.float64], quadrics: NDArray[np.float64], pool: NDArray[np.int32],
    start: NDArray[np.int64], degree: NDArray[np.int32], u: int, costs: NDArray[np.float64],
    targets: NDArray[np.int64], limits: NDArray[np.int64],
) -> None:  # fmt: skip
    """Set `costs[u]` and `targets[u]` (a neighbour) to the cheapest collapse of u; NEVER where there is none."""
    costs[u], targets[u] = NEVER, -1
    if degree[u] > limits[1]:
        return
    for slot in range(degree[u] + _WIDEN):
        cost = _cost(vertices, quadrics, pool, start, degree, u, slot, limits)
        if 0.0 <= cost < costs[u]:
            costs[u], targets[u] = cost, pool[start[u] + slot]


@njit(cache=True, error_model="numpy")
def _first_costs(
    vertices: NDArray[np.float64], quadrics: NDArray[np.float64], pool: NDArray[np.int32],
    start: NDArray[np.int64], degree: NDArray[np.int32], costs: NDArray[np.float64],
    targets: NDArray[np.int64], limits: NDArray[np.int64],
) -> None:  # fmt: skip
    for u in range(len(vertices)):
        _best(vertices, quadrics, pool, start, degree, u, costs, targets, limits)


@njit(cache=True, error_model="numpy")
def _sift_down(heap: NDArray[np.int64], costs: NDArray[np.float64], size: int, at: int) -> None:
    item = heap[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and costs[heap[child + 1]] < costs[heap[child]]:
            child += 1
        if costs[heap[child]] >= costs[item]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = item


@njit(cache=True, error_model="numpy")
def _sift_up(heap: NDArray[np.int64], costs: NDArray[np.float64], at: int) -> None:
    item = heap[at]
    while at > 0:
        parent = (at - 1) // 2
        if costs[heap[parent]] <= costs[item]:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = item


@njit(cache=True, error_model="numpy")
def _heapify(heap: NDArray[np.int64], costs: NDArray[np.float64], size: int) -> None:
    for at in range(size // 2 - 1, -1, -1):
        _sift_down(heap, costs, size, at)


@njit(cache=True, error_model="numpy")
def _remove(
    pool: NDArray[np.int32], start: NDArray[np.int64], degree: NDArray[np.int32], capacity: NDArray[np.int32],
    used: NDArray[np.int64], u: int, v: int,
) -> None:  # fmt: skip
    """Take u out of all rings and give its triangles to v; afterwards the ring of u begins with v."""
    d, base = degree[u], start[u]
    ring = np.empty(d, np.int32)
    slot = 0
    while pool[base + slot] != v:
        slot += 1
    for i in range(d):
        ring[i] = pool[base + (slot + i) % d]
    for i in range(d):
        pool[base + i] = ring[i]
    for side in (1, d - 1):
        r = ring[side]
        to = start[r]
        for j in range(start[r], start[r] + degree[r]):
            if pool[j] != u:
                pool[to] = pool[j]
                to += 1
        degree[r] -= 1
    for i in range(2, d - 1):
        r = ring[i]
        j = start[r]
        while pool[j] != u:
            j += 1
        pool[j] = v
    old, wide = start[v], degree[v]
    new = wide + d - 4
    copy = np.empty(wide, np.int32)
    for i in range(wide):
        copy[i] = pool[old + i]
    if new > capacity[v]:
        capacity[v] = new + new // 2
        start[v] = used[0]
        used[0] += capacity[v]
    to = start[v]
    for j in range(wide):
        if copy[j] == u:
            for i in range(2, d - 1):
                pool[to] = ring[i]
                to += 1
        else:
            pool[to] = copy[j]
            to += 1
    degree[v] = new


@njit(cache=True, error_model="numpy")
def _collapse(
    vertices: NDArray[np.float64], quadrics: NDArray[np.float64], pool: NDArray[np.int32],
    start: NDArray[np.int64], degree: NDArray[np.int32], capacity: NDArray[np.int32], used: NDArray[np.int64],
    heap: NDArray[np.int64], costs: NDArray[np.float64], targets: NDArray[np.int64], state: NDArray[np.int8],
    removed: NDArray[np.int64], kept: NDArray[np.int64], sizes: NDArray[np.int64], limits: NDArray[np.int64],
    goal: int,
) -> None:  # fmt: skip
    """Do the cheapest collapses until `goal` are done, the heap is empty, or the pool has no room.

    Costs are brought up to date only when a vertex reaches the top of the heap: they hardly ever fall.
    """
    size, top = int(sizes[1]), int(sizes[0] * 0)
    while sizes[0] < goal and size > 0:
        u = heap[0]
        if state[u] == _DIRTY:
            _best(vertices, quadrics, pool, start, degree, u, costs, targets, limits)
            state[u] = _CLEAN
            _sift_down(heap, costs, size, top)
            continue
        v = targets[u]
        if v >= 0 and used[0] + 2 * (degree[u] + degree[v]) > len(pool):
            break
        size -= 1
        heap[0] = heap[size]
        _sift_down(heap, costs, size, top)
        if v < 0:
            state[u] = _OUT
            continue
        slot = 0
        while pool[start[u] + slot] != v:
            slot += 1
        if _cost(vertices, quadrics, pool, start, degree, u, slot, limits) < 0.0:
            _best(vertices, quadrics, pool, start, degree, u, costs, targets, limits)
            heap[size] = u
            size += 1
            _sift_up(heap, costs, size - 1)
            continue
        _remove(pool, start, degree, capacity, used, u, v)
        state[u] = _GONE
        for k in range(10):
            quadrics[v, k] += quadrics[u, k]
        removed[sizes[0]], kept[sizes[0]] = u, v
        sizes[0] += 1
        for i in range(degree[u]):
            w = pool[start[u] + i] + _WIDEN
            if state[w] == _OUT:
                _best(vertices, quadrics, pool, start, degree, w, costs, targets, limits)
                heap[size] = w
                size += 1
                _sift_up(heap, costs, size - 1)
                state[w] = _CLEAN
            elif state[w] == _CLEAN:
                state[w] = _DIRTY
    sizes[1] = size
