# SPDX-License-Identifier: GPL-3.0-or-later
"""Take apart edges and vertices at which more than one surface meets."""

from __future__ import annotations

import numpy as np

from ...geometry.edges import EdgeTable, edge_table
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ...topology.components import umbrellas
from ..traced import StepResult, Traced
from .corners import halve_shared_edges, keep_joined


def split_non_manifold(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Every edge with at most two faces, every vertex with one fan of faces; faces stay where they are.

    Around an edge with more than two faces, neighbours in angle are joined in pairs that run opposite ways, with the
    solid between them; solids that touch there come apart. What is left over becomes a border.
    """
    mesh = traced.mesh
    table = edge_table(mesh.faces)
    crowded = np.flatnonzero(table.count > 2)
    fans = umbrellas(mesh.faces, table, mesh.n_vertices)
    if not len(crowded) and not (fans > 1).any():
        return StepResult(traced)
    two = np.flatnonzero(table.count == 2)
    first, second = table.order[table.start[two]], table.order[table.start[two] + 1]
    pairs = [_pairs(mesh, table, int(edge)) for edge in crowded]
    extra = np.array([pair for found in pairs for pair in found], np.int64).reshape(-1, 2)
    first, second = np.concatenate([first, extra[:, 0]]), np.concatenate([second, extra[:, 1]])
    partner = np.full(3 * mesh.n_faces, -1)
    partner[first], partner[second] = second, first
    split = keep_joined(traced, first, second)
    vertices_split = split.mesh.n_vertices - mesh.n_vertices
    result = halve_shared_edges(split, partner)
    counts = {"edges_split": len(crowded), "vertices_split": vertices_split}
    return StepResult(result, {name: count for name, count in counts.items() if count})


def _pairs(mesh: Mesh, table: EdgeTable, edge: int) -> list[tuple[int, int]]:
    """Pairs of half-edges around an edge with more than two faces.

    A half-edge that runs forward has its solid on the side of growing or falling angle alike for all; each forward one
    takes the next backward one on that side. Where directions do not fit, neighbours in angle are paired.
    """
    halves = table.order[table.start[edge] : table.start[edge + 1]]
    low, high = table.vertices[edge]
    angle = _angles(mesh, halves, int(low), int(high))
    ring = halves[np.argsort(angle, kind="stable")]
    forward = mesh.faces.T.ravel()[ring] == low
    pairs, used = [], np.zeros(len(ring), dtype=bool)
    for wanted in (True, False):  # first fitting directions, then whatever is left
        for i in range(len(ring)):
            if used[i] or (wanted and not forward[i]):
                continue
            for step in range(1, len(ring)):
                j = (i - step) % len(ring)
                if used[j] or (wanted and forward[j]):
                    continue
                used[i] = used[j] = True
                pairs.append((int(ring[i]), int(ring[j])))
                break
    return pairs


def _angles(mesh: Mesh, halves: IntArray, low: int, high: int) -> FloatArray:
    """(n,) the angle of each face about the edge, from the first face on."""
    n_faces = mesh.n_faces
    apex = mesh.vertices[mesh.faces[halves % n_faces, (halves // n_faces + 2) % 3]] - mesh.vertices[low]
    axis = mesh.vertices[high] - mesh.vertices[low]
    axis = axis / (np.linalg.norm(axis) or 1.0)
    across = apex - (apex @ axis)[:, None] * axis
    reference = across[0] / (np.linalg.norm(across[0]) or 1.0)
    return np.asarray(np.arctan2(across @ np.cross(axis, reference), across @ reference))
