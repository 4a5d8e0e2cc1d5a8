# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what has no place or no use."""

from __future__ import annotations

import numpy as np

from ...errors import InvalidMesh
from ...progress import Progress, silent
from ..traced import StepResult, Traced


def remove_unusable(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Without the vertices whose coordinates are not numbers, their faces, and the vertices that no face uses.

    Raises `InvalidMesh` when no face is left.
    """
    mesh = traced.mesh
    placed = np.isfinite(mesh.vertices).all(axis=1)
    kept = traced.keep_faces(placed[mesh.faces].all(axis=1)).without_loose()
    if not kept.mesh.n_faces:
        raise InvalidMesh("No face has a place: the coordinates are not numbers.", "Export the mesh again.")
    nowhere = int((~placed).sum())
    loose = mesh.n_vertices - kept.mesh.n_vertices - nowhere
    counts = {"vertices_without_place": nowhere, "loose_vertices": loose}
    return StepResult(kept, {name: count for name, count in counts.items() if count})
