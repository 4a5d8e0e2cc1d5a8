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

from ...mesh import FloatArray, IntArray
from .graph import SurfaceGraph
from .paths import closed_lengths, cotree, face_loop, face_tree, shortest_crossing, shortest_paths

_SLACK = 1.25
"""Loops up to so many times longer than the shortest one of a family are kept as second choices."""
_LONG = 2.0
"""Families whose first loop is so many times longer than those of half of all families are not looked at closely."""
_FLATTENED = 3
"""Of how many loops of a family a flatter one is sought."""
_STIFFNESS = 3.0
"""How much longer an edge counts that is one edge away from the plane of the loop that is made flatter."""


@dataclass(frozen=True)
class HandleLoop:
    """A simple loop along edges that does not part the surface.

    vertices: (n,) in order. family: which loop of faces it crosses an odd number of times.
    """

    vertices: IntArray
    length: float
    family: int

    def reversed(self) -> HandleLoop:
        """The same loop in the other direction, so that a cut along it moves the other side."""
        return HandleLoop(self.vertices[::-1].copy(), self.length, self.family)


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
    distance, parent, parent_edge = shortest_paths(
        graph.start, graph.through, graph.edges, graph.length, roots, len(vertices)
    )
    loop_length = closed_lengths(graph.edges, graph.length, distance, parent, parent_edge)
    order = np.argsort(-loop_length, kind="stable")
    joining, chords = cotree(order, loop_length, graph.sides, len(graph.face_edges))
    up_edge, depth = face_tree(graph.face_edges, graph.sides, joining)
    crossed = [face_loop(chord, graph.sides, up_edge, depth) for chord in chords[::-1].tolist()]
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
        loop = shortest_crossing(
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
