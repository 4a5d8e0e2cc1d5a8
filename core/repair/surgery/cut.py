# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting a closed surface along loops, and closing both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray
from ...topology.components import component_labels


@dataclass(frozen=True)
class Opened:
    """A surface cut along simple loops that do not meet.

    faces (F, 3): the right side of each loop, in its direction, on new vertices from `n_vertices` on.
    origin (n,): of which vertex each new one is a copy, loop after loop, in the order of the loops.
    """

    faces: IntArray
    origin: IntArray


def cut_open(faces: IntArray, loops: list[IntArray], n_vertices: int) -> Opened:
    """Cut a closed, oriented manifold along loops of vertices (n,), which run along edges and do not meet."""
    origin = np.concatenate(loops)
    number = np.full(n_vertices, -1)
    number[origin] = np.arange(len(origin))
    following = np.concatenate([np.roll(loop, -1) for loop in loops])
    near = np.flatnonzero((number[faces] >= 0).any(axis=1))
    small = faces[near]
    table = edge_table(small)
    # Corner c of face f is item f + n c. Corners at one vertex belong together across edges that are not cut.
    n = len(near)
    pairs = np.flatnonzero(table.count == 2)
    a, b = table.vertices[pairs].T
    on_loop = ((number[a] >= 0) & (following[number[a]] == b)) | ((number[b] >= 0) & (following[number[b]] == a))
    one, other = (table.order[table.start[pairs[~on_loop]] + side] for side in (0, 1))
    one_head, other_head = ((half + n) % (3 * n) for half in (one, other))
    label = component_labels(3 * n, np.concatenate([one, one_head]), np.concatenate([other_head, other]))
    # Half-edges against the direction of the loop lie on its right side; so does the fan at their head.
    tail, head = small.T.ravel(), np.roll(small, -1, axis=1).T.ravel()
    against = np.flatnonzero((number[head] >= 0) & (following[number[head]] == tail))
    right = np.zeros(3 * n, bool)
    right[label[(against + n) % (3 * n)]] = True
    turn = right[label] & (number[tail] >= 0)
    renamed = tail.copy()
    renamed[turn] = n_vertices + number[tail[turn]]
    opened = faces.copy()
    opened[near] = renamed.reshape(3, n).T
    return Opened(opened, origin)


def step_aside(vertices: FloatArray, opened: Opened, fraction: float) -> FloatArray:
    """(n, 3) places for the copied vertices, so that a gap is between the sides of each loop.

    They move along the surface by `fraction` of the way to their neighbours, across the loop.
    """
    first = len(vertices)
    there = np.concatenate([vertices, vertices[opened.origin]])
    tail = np.concatenate([opened.faces.ravel(), opened.faces.ravel()])
    head = np.concatenate([np.roll(opened.faces, -1, axis=1).ravel(), np.roll(opened.faces, 1, axis=1).ravel()])
    of_copy = (tail >= first) & (head < first)
    tail, head = tail[of_copy] - first, head[of_copy]
    count = np.bincount(tail, minlength=len(opened.origin))
    total = np.stack([np.bincount(tail, there[head, k], minlength=len(opened.origin)) for k in range(3)], axis=1)
    return there[first:] + fraction * (total / np.maximum(count, 1)[:, None] - there[first:]) * (count > 0)[:, None]
