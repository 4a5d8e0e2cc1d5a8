# SPDX-License-Identifier: GPL-3.0-or-later
"""Cavities and loose parts of a solid on the Freudenthal lattice."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from ...mesh import IntArray
from .grid import CONNECTIVITY, MARGIN, BoolGrid


def fill_cavities(inside: BoolGrid) -> tuple[BoolGrid, int]:
    """(The solid without enclosed cavities, how many there were)."""
    label, count = ndimage.label(~inside, structure=CONNECTIVITY)
    if count <= 1:
        return inside, 0
    return label != label[0, 0, 0], count - 1


def count_parts(inside: BoolGrid) -> int:
    """How many connected parts there are."""
    return int(ndimage.label(inside, structure=CONNECTIVITY)[1])


def largest_part(inside: BoolGrid) -> tuple[BoolGrid, int]:
    """(The part with the most nodes, how many others were dropped)."""
    label, count = ndimage.label(inside, structure=CONNECTIVITY)
    if count <= 1:
        return inside, 0
    return label == 1 + int(np.argmax(np.bincount(label.ravel())[1:])), count - 1


def join_parts(inside: BoolGrid, radius: float = 1.0) -> tuple[BoolGrid, int]:
    """(All parts joined by bridges across the narrowest gaps, how many bridges were built).

    The bridges form a minimum spanning tree of the gaps between parts that are neighbours (in the sense of Voronoi),
    and are straight, `radius` nodes thick.
    """
    label, count = ndimage.label(inside, structure=CONNECTIVITY)
    if count <= 1:
        return inside, 0
    gap, nearest = ndimage.distance_transform_edt(~inside, return_indices=True)
    owner = label[tuple(nearest)]
    first, second, length, here, there = _gaps(owner, gap)
    graph = coo_matrix((length, (first - 1, second - 1)), shape=(count, count))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    chosen = {(int(min(a, b)) + 1, int(max(a, b)) + 1) for a, b in zip(tree.row, tree.col, strict=True)}
    result = inside.copy()
    for a, b, p, q in zip(first, second, here, there, strict=True):
        if (int(a), int(b)) in chosen:
            middle = [np.array(np.unravel_index(node, inside.shape)) for node in (p, q)]
            ends = [nearest[(slice(None), *point)] for point in middle]
            for start, stop in ((ends[0], middle[0]), (middle[0], middle[1]), (middle[1], ends[1])):
                _draw(result, start, stop, radius)
    return result, count - 1


def _gaps(owner: IntArray, gap: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """For each pair of parts that are neighbours: the two, the narrowest gap, its nodes on either side."""
    pieces = []
    number = np.arange(owner.size).reshape(owner.shape)
    for axis in range(3):
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        below, above = tuple(low), tuple(high)
        differs = owner[below] != owner[above]
        a, b = owner[below][differs], owner[above][differs]
        p, q = number[below][differs], number[above][differs]
        swap = a > b
        length = gap[below][differs] + gap[above][differs] + 1.0
        pieces.append((np.minimum(a, b), np.maximum(a, b), length, np.where(swap, q, p), np.where(swap, p, q)))
    a, b, length, p, q = (np.concatenate(column) for column in zip(*pieces, strict=True))
    order = np.lexsort((length, b, a))
    a, b = a[order], b[order]
    best = np.r_[True, (a[1:] != a[:-1]) | (b[1:] != b[:-1])]
    kept = order[best]
    return a[best], b[best], length[kept], p[kept], q[kept]


def _draw(inside: BoolGrid, start: IntArray, stop: IntArray, radius: float) -> None:
    """Adds, in place, the nodes within `radius` of the straight line between two nodes; not in the border layers."""
    steps = 3 * int(np.abs(stop - start).max()) + 1
    line = np.rint(start + (stop - start) * np.linspace(0.0, 1.0, steps + 1)[:, None]).astype(np.int64)
    reach = int(np.ceil(radius))
    brush = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    brush = brush[(brush**2).sum(axis=1) <= radius * radius]
    nodes = np.clip((line[:, None] + brush).reshape(-1, 3), MARGIN, np.array(inside.shape) - 1 - MARGIN)
    inside[tuple(nodes.T)] = True
