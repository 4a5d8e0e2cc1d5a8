# SPDX-License-Identifier: GPL-3.0-or-later
"""The edges of a closed surface as a graph with lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray
from ...topology.components import vertex_components


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
