# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of boxes around the faces of a mesh, which stand in the order of a space-filling curve."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..mesh import FloatArray, IntArray

LEAF = 4
"""Faces in each leaf of the tree."""


@njit(cache=True)
def box_tree(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """(2 P, 6) boxes (low xyz, high xyz) of a complete binary tree: node 1 the root, leaf k node P + k."""
    leaves = 1
    while leaves * LEAF < len(faces):
        leaves *= 2
    boxes = np.empty((2 * leaves, 6))
    boxes[:, :3] = np.inf
    boxes[:, 3:] = -np.inf
    for f in range(len(faces)):
        node = leaves + f // LEAF
        for k in range(3):
            for i in range(3):
                x = vertices[faces[f, k], i]
                boxes[node, i] = min(boxes[node, i], x)
                boxes[node, 3 + i] = max(boxes[node, 3 + i], x)
    for node in range(leaves - 1, 0, -1):
        for i in range(3):
            boxes[node, i] = min(boxes[2 * node, i], boxes[2 * node + 1, i])
            boxes[node, 3 + i] = max(boxes[2 * node, 3 + i], boxes[2 * node + 1, 3 + i])
    return boxes


@njit(cache=True)
def face_box(vertices: FloatArray, face: IntArray, low: FloatArray, high: FloatArray) -> None:
    """Set low and high (3,) to the corners of the box around a face (3,)."""
    for i in range(3):
        a, b, c = vertices[face[0], i], vertices[face[1], i], vertices[face[2], i]
        low[i], high[i] = min(a, b, c), max(a, b, c)


@njit(cache=True)
def leaves_near(boxes: FloatArray, low: FloatArray, high: FloatArray, found: IntArray) -> tuple[int, IntArray]:
    """(n, found): the n leaves whose boxes overlap the box from low to high (3,) stand first in `found`.

    A leaf k holds the faces `leaf_faces(k, …)`. found: an array to write into; a longer one comes back if need be.
    """
    leaves = len(boxes) // 2
    stack = np.empty(128, np.int64)
    stack[0] = 1
    top, count = 1, 0
    while top:
        top -= 1
        node = stack[top]
        apart = False
        for i in range(3):
            apart |= not (boxes[node, i] <= high[i] and boxes[node, 3 + i] >= low[i])
        if apart:
            continue
        if node < leaves:
            stack[top], stack[top + 1] = 2 * node, 2 * node + 1
            top += 2
            continue
        if count == len(found):
            longer = np.empty(2 * count + 8, np.int64)
            longer[:count] = found
            found = longer
        found[count] = node - leaves
        count += 1
    return count, found


@njit(cache=True)
def leaf_faces(leaf: int, n_faces: int) -> range:
    """The places of the faces in a leaf, in the order of the tree."""
    return range(LEAF * leaf, min(LEAF * leaf + LEAF, n_faces))
