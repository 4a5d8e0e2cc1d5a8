# SPDX-License-Identifier: GPL-3.0-or-later
"""How far left and right are from each other's mirror images, without any alignment (no ICP, no principal axes)."""

from __future__ import annotations

import numpy as np

from ..geometry.distance import SurfaceTree
from ..geometry.mirror import mirror_errors
from ..mesh import FloatArray, IntArray, Mesh, require_usable
from .elements import Plane


def left_right_errors(mesh: Mesh, plane: Plane, opposite: IntArray | None = None) -> dict[str, float]:
    """Errors of a mesh about a plane, as parts of its width along the normal; 0 for a symmetric mesh.

    `surface_mean`, `hausdorff`: mean and largest distance of the mirrored vertices from the surface. With opposite
    (V,), the partner of each vertex, also `mean` and `max`, the distances between the vertices of the side of the
    normal and the mirrored partners of these, as symmetric MCMR reports them.

    Raises `InvalidMesh` for a mesh that cannot be measured.
    """
    require_usable(mesh)
    local = mesh.with_vertices(in_frame(mesh.vertices, plane))
    width = float(np.ptp(local.vertices[:, 0]))
    used = np.unique(mesh.faces)
    gaps = SurfaceTree(local).nearest(local.vertices[used] * np.array([-1.0, 1.0, 1.0]))[0] / (width or 1.0)
    errors = {"surface_mean": float(gaps.mean()), "hausdorff": float(gaps.max())}
    if opposite is None:
        return errors
    right = np.flatnonzero(local.vertices[:, 0] > local.vertices[opposite, 0])
    by_index = mirror_errors(local, opposite, right=right if len(right) else None)
    return {"mean": by_index["mean"], "max": by_index["max"], **errors}


def in_frame(points: FloatArray, plane: Plane) -> FloatArray:
    """(N, 3) points in coordinates whose x is the signed distance from the plane; y and z lie in it."""
    second = np.cross(plane.normal, np.eye(3)[int(np.argmin(np.abs(plane.normal)))])
    second /= np.linalg.norm(second)
    frame = np.stack([plane.normal, second, np.cross(plane.normal, second)])
    return np.asarray((points - plane.offset * plane.normal) @ frame.T)
