# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether new faces would touch or pass through the surface, or each other. All decisions are exact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...mesh import FloatArray, IntArray, Mesh
from ...topology.checks import degenerate_faces
from ...topology.intersections import LEAF, along_curve, box_tree, equal_positions, meet
from ..traced import BoolArray


def touching(vertices: FloatArray, faces: Sequence[IntArray], new: IntArray) -> BoolArray:
    """(m,) which of the faces `new` (m, 3) are without area, or touch others beside their common edges and corners.

    `faces`, lists (F, 3), that touch each other do not matter, nor do those without area.
    """
    hit = np.zeros(len(new), dtype=bool)
    hit[degenerate_faces(Mesh(vertices, new))] = True
    sound = np.flatnonzero(~hit)
    if not len(sound):
        return hit
    sound = sound[along_curve(vertices[new[sound]].mean(axis=1))]
    ordered = new[sound]
    boxes = box_tree(vertices, ordered)
    near = [part[np.flatnonzero(_near(vertices, part, boxes))] for part in faces]
    used, local = np.unique(np.concatenate([ordered, *near]), return_inverse=True)
    local, points = local.reshape(-1, 3), vertices[used]
    flat = degenerate_faces(Mesh(points, local))
    local = np.delete(local, flat[flat >= len(ordered)], axis=0)
    hit[sound] = _touching(points, local, equal_positions(points)[local], boxes, len(ordered))
    return hit


@njit(cache=True)
def _near(vertices: FloatArray, faces: IntArray, boxes: FloatArray) -> NDArray[np.bool_]:
    """(F,) whether the box of a face overlaps one of the smallest boxes of the tree."""
    leaves = len(boxes) // 2
    near = np.zeros(len(faces), np.bool_)
    stack = np.empty(128, np.int64)
    low, high = np.empty(3), np.empty(3)
    for f in range(len(faces)):
        for i in range(3):
            a, b, c = vertices[faces[f, 0], i], vertices[faces[f, 1], i], vertices[faces[f, 2], i]
            low[i], high[i] = min(a, b, c), max(a, b, c)
        stack[0], top = 1, 1
        while top:
            top -= 1
            node = stack[top]
            apart = False
            for i in range(3):
                apart |= not (boxes[node, i] <= high[i] and boxes[node, 3 + i] >= low[i])
            if apart:
                continue
            if node >= leaves:
                near[f] = True
                break
            stack[top], stack[top + 1] = 2 * node, 2 * node + 1
            top += 2
    return near


@njit(cache=True)
def _touching(
    vertices: FloatArray, faces: IntArray, place: IntArray, boxes: FloatArray, n_new: int
) -> NDArray[np.bool_]:
    """(n_new,) which of the first faces, those in the tree, touch others."""
    leaves = len(boxes) // 2
    hit = np.zeros(n_new, np.bool_)
    stack = np.empty(128, np.int64)
    low, high = np.empty(3), np.empty(3)
    for f in range(len(faces)):
        for i in range(3):
            a, b, c = vertices[faces[f, 0], i], vertices[faces[f, 1], i], vertices[faces[f, 2], i]
            low[i], high[i] = min(a, b, c), max(a, b, c)
        stack[0], top = 1, 1
        while top:
            top -= 1
            node = stack[top]
            apart = False
            for i in range(3):
                apart |= boxes[node, i] > high[i] or boxes[node, 3 + i] < low[i]
            if apart:
                continue
            if node < leaves:
                stack[top], stack[top + 1] = 2 * node, 2 * node + 1
                top += 2
                continue
            first = (node - leaves) * LEAF
            for g in range(first, min(first + LEAF, n_new)):
                if f < n_new and (g <= f or (hit[f] and hit[g])):
                    continue
                if (f >= n_new and hit[g]) or _apart(vertices, faces, g, low, high):
                    continue
                if meet(vertices, faces, place, f, g):
                    hit[g] = True
                    if f < n_new:
                        hit[f] = True
    return hit


@njit(cache=True)
def _apart(vertices: FloatArray, faces: IntArray, f: int, low: FloatArray, high: FloatArray) -> bool:
    """Whether the box of a face is apart from the box from `low` to `high`."""
    for i in range(3):
        a, b, c = vertices[faces[f, 0], i], vertices[faces[f, 1], i], vertices[faces[f, 2], i]
        if min(a, b, c) > high[i] or max(a, b, c) < low[i]:
            return True
    return False
