# SPDX-License-Identifier: GPL-3.0-or-later
"""Short loops around and through the handles of a closed surface.

A shortest-path tree of the vertices and a tree of the faces that does not cross it leave 2 g edges (tree–cotree,
Eppstein 2003). Each closes a loop through the first tree, and a loop of faces through the second, which crosses it
once. A loop that crosses a loop of faces an odd number of times does not part the surface; the shortest one through a
vertex is a shortest path in the double cover that changes its sheet there (Erickson and Har-Peled 2004). Each loop is
sought from vertices all along the loop of faces that it has to cross, so that a handle is found at its thinnest place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray
from ...topology.components import vertex_components

_SLACK = 1.25
"""Loops up to so many times longer than the shortest one of a family are kept as second choices."""
_LONG = 2.0
"""Families whose first loop is so many times longer than those of half of all families are not looked at closely."""
_FLATTENED = 3
"""Of how many loops of a family a flatter one is sought."""
_STIFFNESS = 3.0
"""How much longer an edge counts that is one edge away from the plane of the loop that is made flatter."""


@dataclass(frozen=True)
class SurfaceGraph:
    """Edges of a closed manifold with their lengths, and which of them meet at each vertex.

    edges (E, 2), smaller vertex first; length (E,); sides (E, 2) the two faces; face_edges (F, 3).
    The edges at vertex v are through[start[v] : start[v + 1]]. parts (V,): the smallest vertex of the part.
    keys (E,): the two vertices of each edge as one number, ascending. genus: the handles of all parts together.
    """

    edges: IntArray
    length: FloatArray
    sides: IntArray
    face_edges: IntArray
    start: IntArray
    through: IntArray
    parts: IntArray
    keys: IntArray
    genus: int

    def at(self, vertices: IntArray) -> IntArray:
        """(n,) the edges at these vertices, in ascending order."""
        return np.unique(np.concatenate([self.through[self.start[v] : self.start[v + 1]] for v in vertices]))

    def around(self, vertices: IntArray, rings: int) -> IntArray:
        """These vertices, and those that are at most so many edges away."""
        for _ in range(rings):
            vertices = np.unique(self.edges[self.at(vertices)])
        return vertices

    def edges_between(self, one: IntArray, other: IntArray) -> IntArray:
        """(n,) the edges between neighbours one[i] and other[i]."""
        return np.searchsorted(self.keys, np.minimum(one, other) * len(self.parts) + np.maximum(one, other))

    def edges_of(self, loop: IntArray) -> IntArray:
        """(n,) the edges of a loop of vertices."""
        return self.edges_between(loop, np.roll(loop, -1))


def surface_graph(vertices: FloatArray, faces: IntArray) -> SurfaceGraph:
    """The graph of a closed manifold: every edge has two faces."""
    table = edge_table(faces)
    edges, n_faces = table.vertices, len(faces)
    sides = table.order.reshape(-1, 2)
    face_edges = np.empty(3 * n_faces, np.int64)
    face_edges[table.order] = np.repeat(np.arange(len(edges)), 2)
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    # Edges without length would make shortest paths wander among equals.
    length += 1e-9 * length.mean()
    start, through = _edges_at_vertices(edges, len(vertices))
    parts = vertex_components(faces, len(vertices))
    used = np.diff(start) > 0
    n_parts = int((used & (parts == np.arange(len(vertices)))).sum())
    genus = (2 * n_parts - int(used.sum()) + len(edges) - n_faces) // 2
    return SurfaceGraph(
        edges, length, sides % n_faces, np.ascontiguousarray(face_edges.reshape(3, -1).T), start, through, parts,
        edges[:, 0] * len(vertices) + edges[:, 1], genus,
    )  # fmt: skip


@dataclass(frozen=True)
class HandleLoop:
    """A simple loop along edges that does not part the surface.

    vertices: (n,) in order. family: which loop of faces it crosses an odd number of times.
    """

    vertices: IntArray
    length: float
    family: int


@dataclass(frozen=True)
class Families:
    """Loops of 2 g families, from different places, the shortest of each family first; and how to tell them apart.

    The loops of faces that define the families cross the edges `crossed` (n,), loop after loop; the edges of family
    k are crossed[begin[k] : begin[k + 1]].
    """

    loops: tuple[HandleLoop, ...]
    crossed: IntArray
    begin: IntArray

    def crossings(self, edges: IntArray) -> int:
        """A bit for each family: whether these edges cross its loop of faces an odd number of times.

        Loops are independent when these numbers are (as vectors of bits); independent loops that do not meet do not
        part the surface, all together.
        """
        family = np.repeat(np.arange(len(self.begin) - 1), np.diff(self.begin))[np.isin(self.crossed, edges)]
        odd = np.bincount(family, minlength=len(self.begin) - 1) % 2
        return int.from_bytes(np.packbits(odd.astype(np.uint8)).tobytes(), "big")


def handle_loops(graph: SurfaceGraph, vertices: FloatArray, *, thorough: bool = False) -> Families:
    """Short loops of 2 g families, g the number of handles of the surface.

    thorough: whether families whose loops are much longer than those of others are looked at closely, too.
    """
    roots = _roots(graph, vertices)
    distance, parent, parent_edge = _shortest_paths(
        graph.start, graph.through, graph.edges, graph.length, roots, len(vertices)
    )
    loop_length = _closed_lengths(graph.edges, graph.length, distance, parent, parent_edge)
    order = np.argsort(-loop_length, kind="stable")
    cotree, chords = _cotree(order, loop_length, graph.sides, len(graph.face_edges))
    up_edge, depth = _face_tree(graph.face_edges, graph.sides, cotree)
    crossed = [_face_loop(chord, graph.sides, up_edge, depth) for chord in chords[::-1].tolist()]
    search = _Search(graph, vertices)
    first = [search.first(edges, float(loop_length[edges[0]]), family) for family, edges in enumerate(crossed)]
    lengths = sorted(loop.length for loop in first)
    genus = len(first) // 2
    n_samples = int(np.clip(240 // genus, 6, 24))
    found: list[HandleLoop] = []
    for loop in first:
        close = thorough or loop.length <= _LONG * lengths[genus - 1]
        found += search.family(crossed[loop.family], loop, n_samples) if close else [loop]
    begin = np.cumsum([0] + [len(edges) for edges in crossed])
    return Families(tuple(found), np.concatenate(crossed), begin)


class _Search:
    """Searches for shortest loops, with arrays that they share; after each they are as they were made."""

    def __init__(self, graph: SurfaceGraph, vertices: FloatArray) -> None:
        self._graph, self._vertices = graph, vertices
        self._sheet = np.zeros(len(graph.edges), np.uint8)
        self._distance = np.full(2 * len(vertices), np.inf)
        self._previous = np.full(2 * len(vertices), -1, np.int64)

    def first(self, crossed: IntArray, length: float, family: int) -> HandleLoop:
        """A loop that crosses the edges `crossed` an odd number of times, near the first of them.

        length: of the loop that the first edge closes through the tree.
        """
        self._sheet[crossed] = 1
        loop = self._from(int(self._graph.edges[crossed[0], 0]), length * (1.0 + 1e-9), family)
        self._sheet[crossed] = 0
        return loop[0]

    def family(self, crossed: IntArray, first: HandleLoop, n_samples: int) -> list[HandleLoop]:
        """Loops that cross the edges `crossed` an odd number of times, shortest first, from different places.

        first: one of them. n_samples: from how many vertices along `crossed` they are sought.
        """
        self._sheet[crossed] = 1
        loops, tried = self._tightened([first], set(), first.family)
        best = loops[0].length
        samples = crossed[:: max(1, len(crossed) // n_samples)]
        for source in dict.fromkeys(self._graph.edges[samples, 0].tolist()):
            found = self._from(source, best * _SLACK, first.family)
            loops += found
            best = min([best, *(loop.length for loop in found)])
        loops, _ = self._tightened(loops, tried, first.family, aside=True)
        loops = _different([loop for loop in loops if loop.length <= loops[0].length * _SLACK])
        loops += [flat for loop in loops[:_FLATTENED] for flat in self._flattened(loop)]
        self._sheet[crossed] = 0
        return loops

    def _tightened(
        self, loops: list[HandleLoop], tried: set[int], family: int, *, aside: bool = False
    ) -> tuple[list[HandleLoop], set[int]]:
        """These and shorter ones through vertices of the shortest, shortest first; and the vertices tried.

        aside: whether to look beside the shortest, too.
        """
        loops = sorted(loops, key=lambda loop: loop.length)
        for _ in range(8):
            best, shortest = loops[0].length, loops[0].vertices
            sources = shortest[:: -(-len(shortest) // 4)]
            if aside:
                sources = np.concatenate([sources, self._graph.around(sources[:1], 1)])
            fresh = [v for v in dict.fromkeys(sources.tolist()) if v not in tried]
            tried = tried | set(fresh)
            shorter = [loop for source in fresh for loop in self._from(source, best * (1.0 - 1e-9), family)]
            if not shorter:
                break
            loops = sorted(shorter + loops, key=lambda loop: loop.length)
        return loops, tried

    def _flattened(self, loop: HandleLoop) -> list[HandleLoop]:
        """A loop near this one that keeps close to a plane, if there is another."""
        flat = loop
        for _ in range(2):
            points = self._vertices[flat.vertices]
            centre = points.mean(axis=0)
            normal = np.cross(points - centre, np.roll(points, -1, axis=0) - centre).sum(axis=0)
            steep = np.linalg.norm(normal) * loop.length / len(loop.vertices)
            if steep == 0.0:
                return []
            nearest = int(np.abs((points - centre) @ normal).argmin())
            found = self._from(
                int(flat.vertices[nearest]), 4.0 * loop.length, loop.family, normal / steep, centre @ normal / steep
            )
            if not found:
                break
            flat = found[0]
        same = len(flat.vertices) == len(loop.vertices) and not np.setdiff1d(flat.vertices, loop.vertices).size
        return [] if same or flat.length > _SLACK * loop.length else [flat]

    def _from(
        self, source: int, bound: float, family: int, normal: FloatArray | None = None, height: float = 0.0
    ) -> list[HandleLoop]:
        """The shortest loop near the source, if there is one shorter than `bound` (as its edges are weighed)."""
        graph = self._graph
        loop = _shortest_crossing(
            graph.start, graph.through, graph.edges, graph.length, self._sheet, source, bound, self._vertices,
            np.zeros(3) if normal is None else normal, height, 0.0 if normal is None else _STIFFNESS,
            self._distance, self._previous,
        )  # fmt: skip
        if len(loop) < 3:
            return []
        points = self._vertices[loop]
        return [HandleLoop(loop, float(np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1).sum()), family)]


def _different(loops: list[HandleLoop], most: int = 6) -> list[HandleLoop]:
    """The first few that share few vertices with those before them."""
    kept: list[HandleLoop] = []
    seen: set[int] = set()
    for loop in loops:
        names = loop.vertices.tolist()
        if sum(v in seen for v in names) * 4 <= len(names):
            kept.append(loop)
            seen.update(names)
        if len(kept) == most:
            break
    return kept


def _roots(graph: SurfaceGraph, vertices: FloatArray) -> IntArray:
    """One vertex of each part: the one farthest from the mean of all, whatever the numbering."""
    away = np.linalg.norm(vertices - vertices.mean(axis=0), axis=1)
    used = np.flatnonzero(np.diff(graph.start) > 0)
    order = used[np.lexsort((-away[used], graph.parts[used]))]
    label = graph.parts[order]
    return order[np.concatenate([[True], label[1:] != label[:-1]])]


@njit(cache=True)
def _edges_at_vertices(edges: IntArray, n_vertices: int) -> tuple[IntArray, IntArray]:
    start = np.zeros(n_vertices + 1, np.int64)
    for e in range(len(edges)):
        start[edges[e, 0] + 1] += 1
        start[edges[e, 1] + 1] += 1
    start = np.cumsum(start)
    place = start[:-1].copy()
    through = np.empty(2 * len(edges), np.int64)
    for e in range(len(edges)):
        for v in edges[e]:
            through[place[v]] = e
            place[v] += 1
    return start, through


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
def _shortest_paths(
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
def _closed_lengths(
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
def _cotree(
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
def _face_tree(face_edges: IntArray, sides: IntArray, cotree: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
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
def _face_loop(chord: int, sides: IntArray, up_edge: IntArray, depth: IntArray) -> IntArray:
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
def _shortest_crossing(
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
