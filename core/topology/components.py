# SPDX-License-Identifier: GPL-3.0-or-later
"""Connected parts: of the vertices, of the faces, and of the faces around each vertex."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..geometry.edges import EdgeTable
from ..mesh import IntArray


@njit(cache=True)
def _labels(count: int, a: IntArray, b: IntArray) -> IntArray:
    """(count,) the root of each item's set after uniting a[i] with b[i]: union-find with path halving."""
    parent = np.arange(count)
    for k in range(len(a)):
        i, j = a[k], b[k]
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        while parent[j] != j:
            parent[j] = parent[parent[j]]
            j = parent[j]
        if i < j:
            parent[j] = i
        elif j < i:
            parent[i] = j
    for i in range(count):  # roots are the smallest of their set, so one ascending pass is enough
        parent[i] = parent[parent[i]]
    return parent


def component_labels(count: int, a: IntArray, b: IntArray) -> IntArray:
    """(count,) for items 0 … count − 1 joined in pairs a[i]–b[i]: the smallest item of each one's part."""
    labels: IntArray = _labels(count, np.ascontiguousarray(a, np.int64), np.ascontiguousarray(b, np.int64))
    return labels


def vertex_components(faces: IntArray, n_vertices: int) -> IntArray:
    """(V,) the smallest vertex of the part that each vertex belongs to; vertices of a face are joined."""
    return component_labels(
        n_vertices, np.concatenate([faces[:, 0], faces[:, 1]]), np.concatenate([faces[:, 1], faces[:, 2]])
    )


def face_components(faces: IntArray, n_vertices: int) -> IntArray:
    """(F,) the part of each face, numbered from 0 in the order of their first vertices."""
    label = vertex_components(faces, n_vertices)[faces[:, 0]]
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def umbrellas(faces: IntArray, table: EdgeTable, n_vertices: int) -> IntArray:
    """(V,) into how many parts the faces around each vertex fall, when joined across their shared edges.

    1 at a manifold vertex, inside or on the boundary; 0 at a vertex without faces.
    """
    n_faces = len(faces)
    # Neighbours in the sorted order that belong to the same edge: a chain through all faces of the edge.
    link = np.ones(len(table.order), dtype=bool)
    link[table.start[1:] - 1] = False
    first = table.order[:-1][link[:-1]]
    second = table.order[1:][link[:-1]]
    tail = faces.T.ravel()
    # Corner c of the half-edge at its tail, and the corner at its head: the next one of the face.
    first_head, second_head = (np.where(h < 2 * n_faces, h + n_faces, h - 2 * n_faces) for h in (first, second))
    same = tail[first] == tail[second]
    a = np.concatenate([first, first_head])
    b = np.concatenate([np.where(same, second, second_head), np.where(same, second_head, second)])
    labels = component_labels(3 * n_faces, a, b)
    roots = labels == np.arange(3 * n_faces)
    return np.bincount(tail[roots], minlength=n_vertices)
