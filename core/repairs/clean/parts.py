# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep all parts or the largest."""

from __future__ import annotations

import numpy as np

from ...geometry.measure import face_areas
from ...progress import Progress, silent
from ...topology.components import face_components
from ..traced import StepResult, Traced


def keep_parts(
    traced: Traced, *, keep: str = "all", min_area_rel: float = 0.0, progress: Progress = silent
) -> StepResult:
    """Drop the parts with less than `min_area_rel` of the whole area, or with "largest" all but the one with most.

    The largest part always stays.
    """
    mesh = traced.mesh
    if not mesh.n_faces:
        return StepResult(traced)
    part = face_components(mesh.faces, mesh.n_vertices)
    area = np.bincount(part, weights=face_areas(mesh))
    stays = area >= min_area_rel * area.sum() if keep == "all" else np.zeros(len(area), dtype=bool)
    stays[np.argmax(area)] = True
    dropped = int((~stays).sum())
    if not dropped:
        return StepResult(traced)
    return StepResult(traced.keep_faces(stays[part]).without_loose(), {"parts_dropped": dropped})
