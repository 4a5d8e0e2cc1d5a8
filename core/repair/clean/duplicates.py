# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove faces that lie on other faces."""

from __future__ import annotations

import numpy as np

from ...progress import Progress, silent
from ...topology.checks import duplicate_faces
from ..traced import StepResult, Traced


def remove_duplicates(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Keep the first of the faces that have the same three vertices, in whatever order."""
    extra = duplicate_faces(traced.mesh)
    if not len(extra):
        return StepResult(traced)
    keep = np.ones(traced.mesh.n_faces, dtype=bool)
    keep[extra] = False
    return StepResult(traced.keep_faces(keep), {"duplicate_faces": len(extra)})
