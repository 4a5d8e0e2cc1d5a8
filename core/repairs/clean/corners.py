# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a surface apart, and keep together only what is told to be."""

from __future__ import annotations

import numpy as np

from ...geometry.edges import edge_table
from ...mesh import IntArray
from ...topology.components import component_labels
from ..traced import BoolArray, Traced


def take_apart(traced: Traced, first: IntArray, second: IntArray, at: BoolArray) -> tuple[Traced, int]:
    """The same surface, joined only across the given pairs of half-edges, and how many vertices that adds.

    first, second: (n,) half-edges `f + F k` that lie on each other, each in at most one pair.
    at: (V,) the vertices that may come apart. Edges that are not joined to each other but still have the same two
    vertices get a midpoint each, so that every edge of the mesh is one edge of the surface.
    """
    n_faces = traced.mesh.n_faces
    local = np.flatnonzero(at[traced.mesh.faces].any(axis=1))
    place = np.full(n_faces, -1)
    place[local] = np.arange(len(local))
    inside = (place[first % n_faces] >= 0) & (place[second % n_faces] >= 0)
    first, second = (place[h[inside] % n_faces] + len(local) * (h[inside] // n_faces) for h in (first, second))
    corners, origin = _fans(traced.mesh.faces[local], first, second, at)
    faces = traced.mesh.faces.copy()
    faces[local] = corners
    partner = np.full(3 * len(local), -1)
    partner[first], partner[second] = second, first
    return _halve_shared_edges(traced.duplicated(faces, origin), local, partner), len(origin)


def _fans(faces: IntArray, first: IntArray, second: IntArray, at: BoolArray) -> tuple[IntArray, IntArray]:
    """The faces with a vertex of its own for each fan, and the origin of the added vertices."""
    count = len(faces)
    tail = faces.T.ravel()
    next_first, next_second = (np.where(h < 2 * count, h + count, h - 2 * count) for h in (first, second))
    same = tail[first] == tail[second]
    a = np.concatenate([first, next_first])
    b = np.concatenate([np.where(same, second, next_second), np.where(same, next_second, second)])
    fan = component_labels(3 * count, a, b)  # corner f + F k → the first corner of its fan
    roots = np.flatnonzero(fan == np.arange(3 * count))
    owner = tail[roots]
    order = np.lexsort((roots, owner))
    extra = np.concatenate([[False], owner[order[1:]] == owner[order[:-1]]])[: len(order)] & at[owner[order]]
    number = np.empty(len(roots), np.int64)
    number[order] = np.where(extra, len(at) + np.cumsum(extra) - 1, owner[order])
    corner_number = np.empty(3 * count, np.int64)
    corner_number[roots] = number
    return corner_number[fan].reshape(3, count).T, owner[order[extra]]


def _halve_shared_edges(traced: Traced, local: IntArray, partner: IntArray) -> Traced:
    """Midpoints for edges of the faces `local` that have the vertices of another edge, but are not joined to it."""
    faces, count = traced.mesh.faces[local], len(local)
    number = np.arange(3 * count)
    group = np.where(partner < 0, number, np.minimum(partner, number))
    table = edge_table(faces)
    first_group = np.minimum.reduceat(group[table.order], table.start[:-1])
    away = np.zeros(3 * count, dtype=bool)
    away[table.order] = group[table.order] != np.repeat(first_group, table.count)
    if not away.any():
        return traced
    halves = np.flatnonzero(away)
    groups, index = np.unique(group[halves], return_inverse=True)
    middle = np.full(3 * count, -1)
    middle[halves] = traced.mesh.n_vertices + index
    tail, head = faces.T.ravel(), np.roll(faces, -1, axis=1).T.ravel()
    points = 0.5 * (traced.mesh.vertices[tail[groups]] + traced.mesh.vertices[head[groups]])
    touched = np.unique(halves % count)
    new = [triangle for face in touched.tolist() for triangle in _split(faces[face], middle[face::count])]
    keep = np.ones(traced.mesh.n_faces, dtype=bool)
    keep[local[touched]] = False
    return traced.keep_faces(keep).added(points, np.array(new, np.int64))


def _split(face: IntArray, middle: IntArray) -> list[tuple[int, int, int]]:
    """The triangles of a face, some of whose edges have a midpoint (else −1)."""
    ring: list[int] = []
    start = 0
    for k in range(3):
        ring.append(int(face[k]))
        if middle[k] >= 0:
            start = len(ring)
            ring.append(int(middle[k]))
    ring = ring[start:] + ring[:start]
    return [(ring[0], ring[i], ring[i + 1]) for i in range(1, len(ring) - 1)]
