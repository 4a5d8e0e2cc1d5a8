# SPDX-License-Identifier: GPL-3.0-or-later
"""Shortest paths and spanning trees on a surface graph, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...mesh import FloatArray, IntArray


@njit(cache=True)
def _push(keys: list[float], items: list[int], key: float, item: int) -> None:
    keys.append(key)
    items.append(item)
    i = len(keys) - 1
    while i > 0:
        above = (i - 1) // 2
        if keys[above] <= key:
            break
        keys[i], items[i] = keys[above], items[above]
        i = above
    keys[i], items[i] = key, item


@njit(cache=True)
def _pop(keys: list[float], items: list[int]) -> tuple[float, int]:
    """The smallest key and its item."""
    first, what = keys[0], items[0]
    key, item = keys.pop(), items.pop()
    size = len(keys)
    if size:
        i = 0
        while True:
            below = 2 * i + 1
            if below >= size:
                break
            if below + 1 < size and keys[below + 1] < keys[below]:
                below += 1
            if keys[below] >= key:
                break
            keys[i], items[i] = keys[below], items[below]
            i = below
        keys[i], items[i] = key, item
    return first, what


@njit(cache=True)
def shortest_paths(
    start: IntArray, through: IntArray, edges: IntArray, length: FloatArray, roots: IntArray, n_vertices: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """Distance to the root of the part, and the vertex and the edge before (−1 at roots), by Dijkstra."""
    distance = np.full(n_vertices, np.inf)
    parent = np.full(n_vertices, -1, np.int64)
    parent_edge = np.full(n_vertices, -1, np.int64)
    keys = [0.0 for _ in range(0)]
    items = [0 for _ in range(0)]
    for root in roots:
        distance[root] = 0.0
        _push(keys, items, 0.0, root)
    while len(keys):
        d, v = _pop(keys, items)
        if d > distance[v]:
            continue
        for k in range(start[v], start[v + 1]):
            e = through[k]
            w = edges[e, 0] + edges[e, 1] - v
            new = d + length[e]
            if new < distance[w]:
                distance[w] = new
                parent[w] = v
                parent_edge[w] = e
                _push(keys, items, new, w)
    return distance, parent, parent_edge


@njit(cache=True)
def closed_lengths(
    edges: IntArray, length: FloatArray, distance: FloatArray, parent: IntArray, parent_edge: IntArray
) -> FloatArray:
    """(E,) length of the loop that each edge closes through the tree; −1 for edges of the tree."""
    result = np.empty(len(edges))
    for e in range(len(edges)):
        a, b = edges[e]
        if parent_edge[a] == e or parent_edge[b] == e:
            result[e] = -1.0
            continue
        total = distance[a] + distance[b] + length[e]
        while a != b:
            if distance[a] >= distance[b]:
                a = parent[a]
            else:
                b = parent[b]
        result[e] = total - 2.0 * distance[a]
    return result


@njit(cache=True)
def cotree(
    order: IntArray, loop_length: FloatArray, sides: IntArray, n_faces: int
) -> tuple[NDArray[np.bool_], IntArray]:
    """Which edges join the faces to a forest, taken in order; and the edges left, in that order."""
    parent = np.arange(n_faces)
    chosen = np.zeros(len(order), np.bool_)
    left = np.empty(len(order), np.int64)
    n = 0
    for e in order:
        if loop_length[e] < 0.0:
            continue
        i, j = sides[e]
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        while parent[j] != j:
            parent[j] = parent[parent[j]]
            j = parent[j]
        if i == j:
            left[n] = e
            n += 1
        else:
            parent[max(i, j)] = min(i, j)
            chosen[e] = True
    return chosen, left[:n]


@njit(cache=True)
def face_tree(face_edges: IntArray, sides: IntArray, cotree: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """(F,) the edge toward the root of the forest of faces (−1 at roots), and the depth below the root."""
    n_faces = len(face_edges)
    up_edge = np.full(n_faces, -1, np.int64)
    depth = np.full(n_faces, -1, np.int64)
    queue = np.empty(n_faces, np.int64)
    for root in range(n_faces):
        if depth[root] >= 0:
            continue
        depth[root] = 0
        queue[0] = root
        head, tail = 0, 1
        while head < tail:
            f = queue[head]
            head += 1
            for e in face_edges[f]:
                g = sides[e, 0] + sides[e, 1] - f
                if cotree[e] and depth[g] < 0:
                    depth[g] = depth[f] + 1
                    up_edge[g] = e
                    queue[tail] = g
                    tail += 1
    return up_edge, depth


@njit(cache=True)
def face_loop(chord: int, sides: IntArray, up_edge: IntArray, depth: IntArray) -> IntArray:
    """Edges that the loop of faces through `chord` crosses, in order; the chord first."""
    f, g = sides[chord]
    one, other = [chord], [chord]
    while f != g:
        if depth[f] >= depth[g]:
            e = up_edge[f]
            one.append(e)
            f = sides[e, 0] + sides[e, 1] - f
        else:
            e = up_edge[g]
            other.append(e)
            g = sides[e, 0] + sides[e, 1] - g
    return np.array(one + other[:0:-1])


@njit(cache=True)
def shortest_crossing(
    start: IntArray,
    through: IntArray,
    edges: IntArray,
    length: FloatArray,
    sheet: NDArray[np.uint8],
    source: int,
    bound: float,
    vertices: FloatArray,
    normal: FloatArray,
    height: float,
    stiffness: float,
    distance: FloatArray,
    previous: IntArray,
) -> IntArray:
    """The shortest loop near `source` that changes the sheet, if it is shorter than `bound`.

    Item 2 v + s is vertex v on sheet s; `sheet` (E,) tells the edges that lead to the other one. Paths from the
    source to v on both sheets make such a loop; both halves of the shortest one are shortest paths.
    Edges off the plane normal · x = height count as longer by the factor 1 + stiffness (normal · x − height)².
    """
    keys = [0.0 for _ in range(0)]
    items = [0 for _ in range(0)]
    touched = [2 * source]
    distance[2 * source] = 0.0
    _push(keys, items, 0.0, 2 * source)
    best, meeting = bound, -1
    while len(keys):
        d, item = _pop(keys, items)
        if 2.0 * d >= best:
            break
        if d > distance[item]:
            continue
        v, s = item // 2, item % 2
        for k in range(start[v], start[v + 1]):
            e = through[k]
            a, b = edges[e]
            w = 2 * (a + b - v) + (s ^ sheet[e])
            weight = length[e]
            if stiffness > 0.0:
                off = -height
                for i in range(3):
                    off += 0.5 * normal[i] * (vertices[a, i] + vertices[b, i])
                weight *= 1.0 + stiffness * off * off
            new = d + weight
            if new < distance[w]:
                if distance[w] == np.inf:
                    touched.append(w)
                distance[w] = new
                previous[w] = item
                _push(keys, items, new, w)
                if new + distance[w ^ 1] < best:
                    best = new + distance[w ^ 1]
                    meeting = w
    loop = [0 for _ in range(0)]
    if meeting >= 0:
        one, other = [meeting], [meeting ^ 1]
        while previous[one[-1]] >= 0:
            one.append(previous[one[-1]])
        while previous[other[-1]] >= 0:
            other.append(previous[other[-1]])
        # Both come from the source: what they share there is no part of the loop.
        while len(one) > 1 and len(other) > 1 and one[-2] == other[-2]:
            one.pop()
            other.pop()
        for item in one[::-1]:
            loop.append(item // 2)
        for item in other[1:-1]:
            loop.append(item // 2)
        if len(set(loop)) < len(loop):
            loop = loop[:0]
    for item in touched:
        distance[item] = np.inf
        previous[item] = -1
    return np.array(loop, np.int64)
