# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points are inside a closed mesh, by its generalised winding number."""

from __future__ import annotations

import igl
import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidMesh
from ..mesh import FloatArray, Mesh, require_usable
from .edges import edge_table
from .measure import oriented_outward

_INSIDE = 0.5
"""Winding number above which a point is inside."""


def why_no_inside(mesh: Mesh) -> str:
    """Why a mesh has no inside and no volume, as "it …"; "" for one that has."""
    table = edge_table(mesh.faces)
    once = int((table.count == 1).sum())
    if once:
        return f"it is open ({once} boundary edges)"
    uneven = int((2 * table.forward != table.count).sum())
    return f"its faces do not agree which side is out (at {uneven} edges)" if uneven else ""


def contains(mesh: Mesh, points: FloatArray) -> NDArray[np.bool_]:
    """(N,) whether points (N, 3) are inside a closed mesh, by its generalised winding number (Jacobson et al. 2013).

    Where shells overlap or are nested the union counts, and faces that all look inward are turned. Raises
    `InvalidMesh` for a mesh that has no inside (see `why_no_inside`).
    """
    require_usable(mesh)
    reason = why_no_inside(mesh)
    if reason:
        raise InvalidMesh(f"The mesh has no inside: {reason}.", "Repair it first; Clean fills holes and turns faces.")
    outward = oriented_outward(mesh)
    centre, scale = mesh.vertices.mean(axis=0), mesh.diagonal
    vertices = np.ascontiguousarray((outward.vertices - centre) / scale)
    query = (np.asarray(points, dtype=np.float64) - centre) / scale
    inside = np.zeros(len(query), dtype=bool)
    near = ((query >= vertices.min(axis=0)) & (query <= vertices.max(axis=0))).all(axis=1)
    if near.any():  # what is outside the box needs no look
        faces = np.ascontiguousarray(outward.faces)
        inside[near] = igl.fast_winding_number(vertices, faces, np.ascontiguousarray(query[near])) > _INSIDE
    return inside
