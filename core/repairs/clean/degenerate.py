# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove faces without area, and leave no crack where they were."""

from __future__ import annotations

import numpy as np

from ...errors import InvalidMesh
from ...geometry.edges import edge_table
from ...mesh import IntArray
from ...progress import Progress, silent
from ...topology.checks import degenerate_faces
from ...topology.components import component_labels
from ..traced import StepResult, Traced

_MOST_ROUNDS = 50
_NEEDLE = 1e-9
"""A degenerate face is a needle when its shortest edge is below this part of its longest: then that is collapsed."""


def remove_degenerate(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Collapse needles, and let the neighbours of flat caps take over the vertex that lies on their edge.

    Faces that name a vertex twice are dropped. What is degenerate is decided as by `topology.check`. Faces
    without a place go too. Raises `InvalidMesh` when no face is left.
    """
    count, removed = traced.mesh.n_faces, 0
    placed = np.isfinite(traced.mesh.vertices).all(axis=1)[traced.mesh.faces].all(axis=1)
    traced = without_repeats(traced if placed.all() else traced.keep_faces(placed))
    for number in range(_MOST_ROUNDS):
        progress(number / _MOST_ROUNDS, "Removing degenerate faces")
        flat = degenerate_faces(traced.mesh)
        if not number:
            removed = count - traced.mesh.n_faces + len(flat)
        if not len(flat):
            break
        traced = without_repeats(_round(traced, flat))
    else:
        keep = np.ones(traced.mesh.n_faces, dtype=bool)
        keep[degenerate_faces(traced.mesh)] = False
        traced = traced.keep_faces(keep)
    if not traced.mesh.n_faces:
        raise InvalidMesh("All faces are collapsed to lines or points.", "Check the scale of the object.")
    return StepResult(traced.without_loose(), {"degenerate_faces": removed} if removed else {})


def without_repeats(traced: Traced) -> Traced:
    """Without the faces that name a vertex twice."""
    faces = traced.mesh.faces
    repeats = (faces[:, 0] == faces[:, 1]) | (faces[:, 1] == faces[:, 2]) | (faces[:, 2] == faces[:, 0])
    return traced.keep_faces(~repeats) if repeats.any() else traced


def _round(traced: Traced, flat: IntArray) -> Traced:
    """Collapse all needles; if there are none, dissolve caps that do not disturb each other."""
    mesh = traced.mesh
    corner = mesh.vertices[mesh.faces[flat]]
    length = np.linalg.norm(np.roll(corner, -1, axis=1) - corner, axis=2)  # of the edge from corner k to k + 1
    needle = length.min(axis=1) <= _NEEDLE * length.max(axis=1)
    if needle.any():
        k = np.argmin(length[needle], axis=1)
        face = mesh.faces[flat[needle]]
        a, b = face[np.arange(len(face)), k], face[np.arange(len(face)), (k + 1) % 3]
        return traced.merged(component_labels(mesh.n_vertices, a, b))
    return _dissolve_caps(traced, flat, np.argmax(length, axis=1))


def _dissolve_caps(traced: Traced, flat: IntArray, longest: IntArray) -> Traced:
    """Each cap (a, b, c), c on the edge a–b: its neighbours across a–b are split at c, and the cap goes."""
    mesh = traced.mesh
    table = edge_table(mesh.faces)
    edge_of = np.empty(3 * mesh.n_faces, np.int64)
    edge_of[table.order] = np.repeat(np.arange(len(table.vertices)), table.count)
    is_flat = np.zeros(mesh.n_faces, dtype=bool)
    is_flat[flat] = True
    gone, new = [], []
    busy = np.zeros(mesh.n_faces, dtype=bool)
    for face, k in zip(flat.tolist(), longest.tolist(), strict=True):
        edge = edge_of[face + mesh.n_faces * k]
        halves = table.order[table.start[edge] : table.start[edge + 1]]
        around = halves % mesh.n_faces
        if busy[around].any():
            continue
        busy[around] = True
        apex = mesh.faces[face, (k + 2) % 3]
        gone.extend(around.tolist())
        for half in halves.tolist():
            other, side = half % mesh.n_faces, half // mesh.n_faces
            p, q, r = (mesh.faces[other, (side + i) % 3] for i in range(3))
            if other != face and r != apex:
                new += [(p, apex, r), (apex, q, r)]
    keep = np.ones(mesh.n_faces, dtype=bool)
    keep[gone] = False
    return traced.keep_faces(keep).added(np.zeros((0, 3)), np.array(new, np.int64).reshape(-1, 3))
