# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh as voxels, for tools that work on images."""

from __future__ import annotations

from typing import Any

import igl
import numpy as np
from spherical_cow.mesh import Mesh

SIZE, MARGIN = 120, 4


def voxels(mesh: Mesh) -> dict[str, Any]:
    """The inside of a closed mesh: `volume` (Z, Y, X) uint8, `origin` (3,) of voxel 0 and `spacing`, its edge.

    The longest side takes `SIZE` voxels. A voxel is inside when its centre is (winding number above one half).
    """
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    spacing = float((high - low).max()) / SIZE
    shape = np.ceil((high - low) / spacing).astype(int) + 2 * MARGIN
    origin = 0.5 * (low + high) - 0.5 * spacing * (shape - 1)
    axes = [origin[k] + spacing * np.arange(shape[k]) for k in range(3)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
    inside = np.asarray(igl.fast_winding_number(mesh.vertices, mesh.faces, points)) > 0.5
    return {"volume": inside.reshape(z.shape).astype(np.uint8), "origin": origin, "spacing": spacing}
