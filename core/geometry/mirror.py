# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a mesh is from its mirror image, by partners of vertices."""

from __future__ import annotations

import numpy as np

from ..mesh import IntArray, Mesh, require_usable
from .distance import SurfaceTree


def mirror_errors(mesh: Mesh, opposite: IntArray, axis: int = 0, right: IntArray | None = None) -> dict[str, float]:
    """How far vertices are from the mirror images of their partners, as parts of the size along `axis`.

    opposite: (V,) the partner of each vertex (itself on the plane); the mirror is at 0. `mean`, `max` over all
    vertices, or over those of `right` (n,), as symmetric MCMR reports them; and `hausdorff`, the largest distance of
    the mirrored vertices from the surface. A mesh without size along the axis has lengths in place of parts.
    """
    require_usable(mesh)
    mirrored = mesh.vertices.copy()
    mirrored[:, axis] *= -1.0
    size = float(np.ptp(mesh.vertices[:, axis])) or 1.0
    gap = np.linalg.norm(mesh.vertices - mirrored[opposite], axis=1) / size
    gap = gap if right is None else gap[right]
    far = SurfaceTree(mesh).nearest(mirrored[np.unique(mesh.faces)])[0].max() / size
    return {"mean": float(gap.mean()), "max": float(gap.max()), "hausdorff": float(far)}
