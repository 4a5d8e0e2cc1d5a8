# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops around and through the handles of a closed surface, to show where they are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from ..geometry.edges import edge_table
from ..mesh import IntArray
from .components import component_labels


def handle_loops(faces: IntArray) -> IntArray:
    """(n, 2) edges of 2 g loops that generate the handles of a closed manifold (tree–cotree, Eppstein 2003).

    A spanning tree of the vertices and one of the faces that does not cross it leave 2 g edges; each closes a
    loop through the first tree. The tree is grown breadth first, so that loops have few edges.
    """
    table = edge_table(faces)
    n_vertices = int(faces.max()) + 1
    tree = _breadth_first_parents(table.vertices, n_vertices)
    child = np.flatnonzero(tree >= 0)
    tree_key = np.minimum(child, tree[child]) * n_vertices + np.maximum(child, tree[child])
    key = table.vertices[:, 0] * n_vertices + table.vertices[:, 1]
    free = np.flatnonzero(~np.isin(key, tree_key))
    left, right = (table.order[table.start[free] + side] % len(faces) for side in (0, 1))
    joins = _spanning(left, right, len(faces))
    chords = table.vertices[free[~joins]]
    edges = {tuple(sorted(edge)) for a, b in chords.tolist() for edge in _loop(a, b, tree)}
    return np.array(sorted(edges), dtype=np.int64).reshape(-1, 2)


def _breadth_first_parents(edges: IntArray, n_vertices: int) -> IntArray:
    """(V,) parent of each vertex in a breadth-first forest; negative at roots."""
    ones = np.ones(len(edges), dtype=np.int8)
    graph = sparse.csr_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(n_vertices, n_vertices))
    label = component_labels(n_vertices, edges[:, 0], edges[:, 1])
    parents = np.full(n_vertices, -1, dtype=np.int64)
    for root in np.unique(label[edges.ravel()]):
        order, found = csgraph.breadth_first_order(graph, root, directed=False)
        parents[order] = found[order]
    return parents


def _spanning(a: IntArray, b: IntArray, count: int) -> NDArray[np.bool_]:
    """(n,) whether pair a[i]–b[i] is in a spanning forest of the items."""
    weight = np.arange(1, len(a) + 1)
    graph = sparse.coo_matrix((weight, (np.minimum(a, b), np.maximum(a, b))), shape=(count, count))
    # Two faces may share two free edges; one of those at most is in a forest.
    _, first = np.unique(graph.row.astype(np.int64) * count + graph.col, return_index=True)
    slim = sparse.csr_matrix((weight[first], (graph.row[first], graph.col[first])), shape=(count, count))
    chosen = csgraph.minimum_spanning_tree(slim).data.astype(np.int64)
    result = np.zeros(len(a), dtype=bool)
    result[chosen - 1] = True
    return result


def _loop(a: int, b: int, parents: IntArray) -> list[tuple[int, int]]:
    """The edges of the loop that the chord a–b closes through the tree."""
    up_a, up_b = _to_root(a, parents), _to_root(b, parents)
    while len(up_a) > 1 and len(up_b) > 1 and up_a[-2] == up_b[-2]:
        up_a.pop()
        up_b.pop()
    return [(a, b), *pairwise(up_a), *pairwise(up_b)]


def _to_root(vertex: int, parents: IntArray) -> list[int]:
    path = [vertex]
    while parents[path[-1]] >= 0:
        path.append(int(parents[path[-1]]))
    return path
