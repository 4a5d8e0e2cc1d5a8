# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a surface apart, and keep together only what is told to be."""

from __future__ import annotations

import numpy as np

from ...geometry.edges import edge_table
from ...mesh import IntArray
from ...topology.components import component_labels
from ..traced import Traced


def keep_joined(traced: Traced, first: IntArray, second: IntArray) -> Traced:
    """The same faces, joined only across the given pairs of half-edges; vertices come apart where they must.

    first, second: (n,) half-edges `f + F k` that lie on each other, each in at most one pair.
    """
    faces, n_faces = traced.mesh.faces, traced.mesh.n_faces
    tail = faces.T.ravel()
    next_first, next_second = (np.where(h < 2 * n_faces, h + n_faces, h - 2 * n_faces) for h in (first, second))
    same = tail[first] == tail[second]
    a = np.concatenate([first, next_first])
    b = np.concatenate([np.where(same, second, next_second), np.where(same, next_second, second)])
    fan = component_labels(3 * n_faces, a, b)  # corner f + F k → the first corner of its fan
    roots = np.flatnonzero(fan == np.arange(3 * n_faces))
    owner = tail[roots]
    order = np.lexsort((roots, owner))
    extra = np.concatenate([[False], owner[order[1:]] == owner[order[:-1]]])
    number = np.empty(len(roots), np.int64)
    number[order] = np.where(extra, traced.mesh.n_vertices + np.cumsum(extra) - 1, owner[order])
    corner_number = np.empty(3 * n_faces, np.int64)
    corner_number[roots] = number
    return traced.duplicated(corner_number[fan].reshape(3, n_faces).T, owner[order[extra]])


def halve_shared_edges(traced: Traced, partner: IntArray) -> Traced:
    """Give a midpoint to edges that have the same two vertices as another edge, but are not joined to it.

    partner: (3F,) the half-edge joined to each, or −1. Afterwards every edge of the mesh is one edge of the surface.
    """
    faces, n_faces = traced.mesh.faces, traced.mesh.n_faces
    group = np.where(partner < 0, np.arange(3 * n_faces), np.minimum(partner, np.arange(3 * n_faces)))
    table = edge_table(faces)
    first_group = np.minimum.reduceat(group[table.order], table.start[:-1])
    away = np.zeros(3 * n_faces, dtype=bool)
    away[table.order] = group[table.order] != np.repeat(first_group, table.count)
    if not away.any():
        return traced
    halves = np.flatnonzero(away)
    groups, index = np.unique(group[halves], return_inverse=True)
    middle = np.full(3 * n_faces, -1)
    middle[halves] = traced.mesh.n_vertices + index
    tail, head = faces.T.ravel(), np.roll(faces, -1, axis=1).T.ravel()
    points = 0.5 * (traced.mesh.vertices[tail[groups]] + traced.mesh.vertices[head[groups]])
    touched = np.unique(halves % n_faces)
    new = [triangle for face in touched.tolist() for triangle in _split(faces[face], middle[face::n_faces])]
    keep = np.ones(n_faces, dtype=bool)
    keep[touched] = False
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
