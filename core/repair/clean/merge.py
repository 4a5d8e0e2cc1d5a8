# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge vertices that lie at the same place."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ...mesh import FloatArray, IntArray
from ...progress import Progress, silent
from ...topology.components import component_labels
from ..traced import StepResult, Traced


def merge_vertices(traced: Traced, *, distance_rel: float = 1e-7, progress: Progress = silent) -> StepResult:
    """Weld vertices nearer to each other than `distance_rel` of the diagonal; 0 welds equal positions only.

    The vertex with the smallest number stays where it is. In a chain of near vertices only those within the distance
    of that one are merged with it, so that fine detail does not collapse. Faces that become degenerate are left to
    `remove_degenerate`.
    """
    mesh = traced.mesh
    progress(0.0, "Merging vertices")
    target = _equal(mesh.vertices)
    distance = distance_rel * mesh.diagonal
    if distance > 0.0:
        target = _near(mesh.vertices, target, distance)
    merged = int((target != np.arange(mesh.n_vertices)).sum())
    if not merged:
        return StepResult(traced)
    return StepResult(traced.merged(target).without_loose(), {"vertices_merged": merged})


def _equal(vertices: FloatArray) -> IntArray:
    """(V,) the first vertex at exactly the same position."""
    keys = vertices + 0.0  # -0 becomes 0
    order = np.lexsort((np.arange(len(keys)), *keys.T))
    new = np.concatenate([[True], (keys[order[1:]] != keys[order[:-1]]).any(axis=1)])
    first = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    target = np.empty(len(keys), np.int64)
    target[order] = first
    return target


def _near(vertices: FloatArray, target: IntArray, distance: float) -> IntArray:
    """Further merges, of the vertices that are left."""
    alone = np.flatnonzero(target == np.arange(len(target)))
    near = near_targets(vertices[alone], distance)
    return np.asarray(alone[near[np.searchsorted(alone, target)]])


def near_targets(points: FloatArray, distance: float) -> IntArray:
    """(N,) the point that each of `points` (N, 3) is merged with: itself, or one no farther than `distance`.

    Of each cluster the first point takes those within the distance; the rest is looked at again.
    """
    target = np.arange(len(points))
    pairs = cKDTree(points).query_pairs(distance, output_type="ndarray") if len(points) else np.zeros((0, 2), np.int64)
    while len(pairs):
        leader = component_labels(len(points), pairs[:, 0], pairs[:, 1])
        joined = (leader != np.arange(len(points))) & (np.linalg.norm(points - points[leader], axis=1) <= distance)
        target[joined] = leader[joined]
        settled = joined.copy()
        settled[leader] = True
        pairs = pairs[~settled[pairs].any(axis=1)]
    return target
