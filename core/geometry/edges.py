# SPDX-License-Identifier: GPL-3.0-or-later
"""Edges of a triangle list and the faces at them, by sorting 64-bit keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import IntArray


@dataclass(frozen=True)
class EdgeTable:
    """The edges of F triangles, sorted by (smaller vertex, larger vertex).

    The half-edge `f + F k` runs from corner k to corner k + 1 of face f.

    order: (3F,) half-edges so sorted that those of one edge lie together.
    start: (E + 1,) where each edge's half-edges begin in `order`.
    vertices: (E, 2) the two vertices of each edge, smaller first.
    forward: (E,) how many half-edges run from the smaller to the larger vertex.
    """

    order: IntArray
    start: IntArray
    vertices: IntArray
    forward: IntArray

    @property
    def count(self) -> IntArray:
        """(E,) number of half-edges of each edge."""
        return np.diff(self.start)


def edge_table(faces: IntArray) -> EdgeTable:
    """The table of `faces` (F, 3)."""
    tail = faces.T.ravel()
    head = np.roll(tail, -len(faces))
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    size = int(high.max()) + 1 if len(high) else 1
    key = low * size + high
    order = np.argsort(key, kind="stable")
    key = key[order]
    new = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    start = np.concatenate([new, [len(key)]])
    vertices = np.stack([low[order[new]], high[order[new]]], axis=1)
    upward = (tail < head)[order].astype(np.int64)
    forward = np.add.reduceat(upward, new) if len(new) else np.zeros(0, np.int64)
    return EdgeTable(order, start, vertices, forward)


def edge_uses(faces: IntArray) -> NDArray[np.int64]:
    """(E,) how many triangles use each edge, collapsed edges (of triangles that name a vertex twice) too."""
    tail, head = faces, np.roll(faces, -1, axis=1)
    size = int(faces.max()) + 1 if faces.size else 1
    key = np.sort((np.minimum(tail, head) * size + np.maximum(tail, head)).ravel())
    if not len(key):
        return np.zeros(0, np.int64)
    start = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1], [True]]))
    return np.diff(start)


def is_open(faces: IntArray) -> bool:
    """Whether some edge has only one triangle."""
    return bool((edge_uses(faces) == 1).any())


def is_closed_manifold(faces: IntArray) -> bool:
    """Whether every edge has exactly two triangles."""
    return bool((edge_uses(faces) == 2).all())
