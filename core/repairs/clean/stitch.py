# SPDX-License-Identifier: GPL-3.0-or-later
"""Stitch cracks: borders that run along each other, with or without vertices at the same places."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from ...geometry.edges import edge_table
from ...mesh import IntArray, Mesh
from ...progress import Progress, silent
from ..traced import StepResult, Traced
from .degenerate import remove_degenerate
from .duplicates import remove_duplicates
from .merge import near_targets

_MOST_ROUNDS = 10
_MOST_CANDIDATES = 10_000_000
"""Pairs of an edge and a vertex to measure at once; the longest edges of a large loose soup are left."""


def stitch(traced: Traced, *, distance_rel: float = 1e-4, progress: Progress = silent) -> StepResult:
    """Weld border vertices nearer than `distance_rel` of the diagonal, and split border edges at vertices on them.

    The second half mends T-junctions: a long edge on one side of a crack against several short ones on the other.
    Only borders are touched. Repeated until no crack is left, so that stitching again changes nothing.
    """
    closed = 0
    for number in range(_MOST_ROUNDS):
        progress(number / _MOST_ROUNDS, "Stitching cracks")
        stitched, found = _close(traced, distance_rel * traced.mesh.diagonal)
        if not found:
            break
        closed += found
        size, stitched = traced.mesh.diagonal, stitched.without_loose()
        traced = remove_duplicates(remove_degenerate(stitched).traced).traced.without_loose()
        if traced.mesh is stitched.mesh and traced.mesh.diagonal == size:
            break  # nothing went that could open another border
    return StepResult(traced, {"cracks_stitched": closed} if closed else {})


def _close(traced: Traced, distance: float) -> tuple[Traced, int]:
    """Weld and split in turns until nothing changes, and how often that was done."""
    closed = 0
    for _ in range(_MOST_ROUNDS):
        border = _border(traced.mesh)
        if not len(border):
            break
        traced, welded = _weld(traced, np.unique(border[:, :2]), distance)
        traced, halved = _split_edges(traced, _border(traced.mesh) if welded else border, distance)
        closed += welded + halved
        if not welded + halved:
            break
    return traced, closed


def _border(mesh: Mesh) -> IntArray:
    """(n, 3) tail, head and face of each half-edge without a partner."""
    table = edge_table(mesh.faces)
    halves = table.order[table.start[:-1][table.count == 1]]
    tail, head = mesh.faces.T.ravel(), np.roll(mesh.faces, -1, axis=1).T.ravel()
    return np.stack([tail[halves], head[halves], halves], axis=1)


def _weld(traced: Traced, border: IntArray, distance: float) -> tuple[Traced, int]:
    mesh = traced.mesh
    target = np.arange(mesh.n_vertices)
    target[border] = border[near_targets(mesh.vertices[border], distance)]
    faces = target[mesh.faces]
    lost = (faces[:, 0] == faces[:, 1]) | (faces[:, 1] == faces[:, 2]) | (faces[:, 2] == faces[:, 0])
    target[mesh.faces[lost].ravel()] = mesh.faces[lost].ravel()  # small faces at the border are no crack
    count = int((target != np.arange(mesh.n_vertices)).sum())
    return (traced.merged(target), count) if count else (traced, 0)


def _split_edges(traced: Traced, border: IntArray, distance: float) -> tuple[Traced, int]:
    """Split border edges, one of each face, at the border vertices that lie on them."""
    mesh = traced.mesh
    if not len(border):
        return traced, 0
    edge, vertex = _on_edges(mesh, border, distance)
    if not len(edge):
        return traced, 0
    edges, begin = np.unique(edge, return_index=True)
    chains = np.split(vertex, begin[1:])
    _, chosen = np.unique(border[edges, 2] % mesh.n_faces, return_index=True)
    keep = np.ones(mesh.n_faces, dtype=bool)
    new, halved = [], 0
    for number in chosen.tolist():
        half = int(border[edges[number], 2])
        face, side = half % mesh.n_faces, half // mesh.n_faces
        a, b, apex = (int(mesh.faces[face, (side + k) % 3]) for k in range(3))
        new += [(p, q, apex) for p, q in pairwise([a, *chains[number].tolist(), b])]
        keep[face] = False
        halved += len(chains[number])
    return traced.keep_faces(keep).added(np.zeros((0, 3)), np.array(new, np.int64)), halved


def _on_edges(mesh: Mesh, border: IntArray, distance: float) -> tuple[IntArray, IntArray]:
    """Pairs of a border edge and a border vertex on it, along each edge from its tail to its head."""
    vertices = mesh.vertices
    points = np.unique(border[:, :2])
    tail = vertices[border[:, 0]]
    along = vertices[border[:, 1]] - tail
    length = np.maximum(np.linalg.norm(along, axis=1), np.finfo(float).tiny)
    tree = cKDTree(vertices[points])
    middle, reach = tail + 0.5 * along, 0.5 * length + distance
    sizes = tree.query_ball_point(middle, reach, return_length=True)
    order = np.argsort(sizes, kind="stable")
    looked_at = np.sort(order[np.cumsum(sizes[order]) <= _MOST_CANDIDATES])
    edge = np.repeat(looked_at, sizes[looked_at])
    if not len(edge):
        return edge, edge
    near = tree.query_ball_point(middle[looked_at], reach[looked_at], return_sorted=True)
    vertex = points[np.concatenate([np.array(found, np.int64) for found in near])]
    apex = mesh.faces[border[edge, 2] % mesh.n_faces, (border[edge, 2] // mesh.n_faces + 2) % 3]
    offset = vertices[vertex] - tail[edge]
    place = np.einsum("ni,ni->n", offset, along[edge]) / length[edge]
    gap = np.linalg.norm(offset - (place / length[edge])[:, None] * along[edge], axis=1)
    inside = (gap <= distance) & (place > distance) & (place < length[edge] - distance) & (vertex != apex)
    order = np.lexsort((vertex[inside], place[inside], edge[inside]))
    return edge[inside][order], vertex[inside][order]
