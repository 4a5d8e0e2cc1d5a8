# SPDX-License-Identifier: GPL-3.0-or-later
"""Stitch cracks: borders that run along each other, with or without vertices at the same places."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ..traced import StepResult, Traced
from .merge import near_targets

_MOST_ROUNDS = 10


def stitch(traced: Traced, *, distance_rel: float = 1e-4, progress: Progress = silent) -> StepResult:
    """Weld border vertices nearer than `distance_rel` of the diagonal, and split border edges at vertices on them.

    The second half mends T-junctions: a long edge on one side of a crack against several short ones on the other.
    Only borders are touched.
    """
    distance = distance_rel * traced.mesh.diagonal
    closed = 0
    for number in range(_MOST_ROUNDS):
        progress(number / _MOST_ROUNDS, "Stitching cracks")
        border = _border(traced.mesh)
        if not len(border):
            break
        before = traced.mesh
        traced, welded = _weld(traced, np.unique(border[:, :2]), distance)
        traced, halved = _split_edges(traced, _border(traced.mesh), distance)
        closed += welded + halved
        if traced.mesh is before:
            break
    return StepResult(traced.without_loose(), {"cracks_stitched": closed} if closed else {})


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
    edge, vertex = _on_edges(mesh.vertices, border, distance)
    if not len(edge):
        return traced, 0
    face = border[edge, 2] % mesh.n_faces
    _, first_of_face = np.unique(face, return_index=True)
    chosen = np.isin(edge, edge[first_of_face])
    single = {int(f): int(e) for f, e in zip(face[first_of_face], edge[first_of_face], strict=True)}
    chosen &= np.array([single[int(f)] == int(e) for f, e in zip(face, edge, strict=True)])
    new = []
    for number in np.unique(edge[chosen]).tolist():
        half = int(border[number, 2])
        a, b, apex = (int(mesh.faces[half % mesh.n_faces, (half // mesh.n_faces + k) % 3]) for k in range(3))
        chain = [a, *vertex[chosen & (edge == number)].tolist(), b]
        new += [(p, q, apex) for p, q in pairwise(chain)]
    keep = np.ones(mesh.n_faces, dtype=bool)
    keep[face[chosen]] = False
    halved = int(chosen.sum())
    return traced.keep_faces(keep).added(np.zeros((0, 3)), np.array(new, np.int64)), halved


def _on_edges(vertices: FloatArray, border: IntArray, distance: float) -> tuple[IntArray, IntArray]:
    """Pairs of a border edge and a border vertex on it, along each edge from its tail to its head."""
    points = np.unique(border[:, :2])
    tail, head = vertices[border[:, 0]], vertices[border[:, 1]]
    along = head - tail
    length = np.linalg.norm(along, axis=1)
    near = cKDTree(vertices[points]).query_ball_point(0.5 * (tail + head), 0.5 * length + distance)
    edge = np.repeat(np.arange(len(border)), [len(found) for found in near])
    if not len(edge):
        return edge, edge
    vertex = points[np.concatenate([np.array(found, np.int64) for found in near])]
    offset = vertices[vertex] - tail[edge]
    place = np.einsum("ni,ni->n", offset, along[edge]) / np.maximum(length[edge], 1e-300)
    gap = np.linalg.norm(offset - (place / np.maximum(length[edge], 1e-300))[:, None] * along[edge], axis=1)
    inside = (gap <= distance) & (place > distance) & (place < length[edge] - distance)
    order = np.lexsort((place[inside], edge[inside]))
    return edge[inside][order], vertex[inside][order]
