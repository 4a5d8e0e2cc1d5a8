# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirror one half of a mesh onto the other."""

from __future__ import annotations

import numpy as np

from ...errors import InvalidParameter, RepairFailed
from ...progress import Progress, silent
from ...symmetry.elements import Plane
from ...symmetry.halves import mirror_half
from ..traced import NEW, StepResult, Traced


def symmetrise(
    traced: Traced, *, axis: str = "x", side: str = "positive", about: str = "middle", progress: Progress = silent
) -> StepResult:
    """Cut the mesh at a plane across `axis`, and replace the other half by the mirror image of `side`.

    about: "middle", the plane through the middle of the bounding box, or "origin", x = 0 as in Blender's Symmetrize.
    A closed mesh stays closed. Raises `RepairFailed` where nothing lies on the side that is to be kept.
    """
    mesh = traced.mesh
    k = "xyz".index(axis)
    level = 0.0 if about == "origin" else 0.5 * float(mesh.vertices[:, k].min() + mesh.vertices[:, k].max())
    try:
        halves = mirror_half(mesh, Plane(np.eye(3)[k], level), side)
    except InvalidParameter as error:
        raise RepairFailed(error.found, "Keep the other half, or another axis.") from error
    vertex, face = (
        np.where(origin >= 0, source[origin], NEW)
        for origin, source in ((halves.vertex_source, traced.vertex_source), (halves.face_source, traced.face_source))
    )
    return StepResult(Traced(traced.source, halves.mesh, vertex, face), {"halves_mirrored": 1})
