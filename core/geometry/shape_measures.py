# SPDX-License-Identifier: GPL-3.0-or-later
"""How round a surface is, and how far a map moves and stretches it: the measures of mesh2sh.

`sphere.distortion` has the angle and area distortion.
"""

from __future__ import annotations

import numpy as np

from ..errors import InvalidMesh
from ..mesh import FloatArray, Mesh, require_usable
from .edges import edge_table
from .laplacian import mass_matrix
from .measure import area, area_centroid, signed_volume, vertex_areas


def sphericity(mesh: Mesh) -> float:
    """(36 π V²)^⅓ / A of the enclosed volume V and the area A: 1 for a ball, else less (Wadell 1935).

    The volume is that of the closed surface, counted with sign, so that the shape need not be star-shaped.
    Raises `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers.
    """
    require_usable(mesh)
    return float(np.cbrt(36.0 * np.pi * signed_volume(mesh) ** 2) / area(mesh))


def radial_deviation(mesh: Mesh) -> float:
    """Standard deviation over mean of the distance of the vertices from the area centroid, weighted by area.

    0 for a sphere. A pure number. Raises `InvalidMesh` as `sphericity` does.
    """
    require_usable(mesh)
    weight = vertex_areas(mesh) / area(mesh)
    radius = np.linalg.norm(mesh.vertices - area_centroid(mesh), axis=1)
    mean = float(weight @ radius)
    return float(np.sqrt(weight @ np.square(radius - mean)) / mean)


def length_cross_ratios(mesh: Mesh) -> FloatArray:
    """(E,) |im| |jk| / (|mj| |ki|) of each edge ij: k to its left, m to its right.

    Edges i < j in lexicographic order, those of the boundary left out. Conformal maps keep these numbers
    (Springborn, Schröder, Pinkall 2008). Infinite or NaN where a length is 0.
    """
    table = edge_table(mesh.faces)
    inner = np.flatnonzero((table.count == 2) & (table.forward == 1))
    halves = np.stack([table.order[table.start[inner] + side] for side in (0, 1)])
    tail, head = mesh.faces.T.ravel(), np.roll(mesh.faces, -1, axis=1).T.ravel()
    across = np.roll(mesh.faces, -2, axis=1).T.ravel()
    if not (tail[halves[0]] == head[halves[1]]).all():
        raise InvalidMesh("The faces are not consistently oriented.", "Recalculate the normals.")
    upward = tail[halves] < head[halves]
    left, right = np.where(upward[0], halves[0], halves[1]), np.where(upward[0], halves[1], halves[0])
    i, j, k, m = (mesh.vertices[v] for v in (tail[left], head[left], across[left], across[right]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(_length(i, m) * _length(j, k) / (_length(m, j) * _length(k, i)))


def length_cross_ratio_distortion(mesh: Mesh, sphere: FloatArray) -> float:
    """Mean over the edges of |c′ − c|, the change of the length cross-ratio from the mesh to `sphere` (V, 3).

    0 for a discretely conformal map. Edges at which a length is 0 are left out.
    """
    change = np.abs(length_cross_ratios(mesh.with_vertices(sphere)) - length_cross_ratios(mesh))
    finite = change[np.isfinite(change)]
    return float(finite.mean()) if len(finite) else 0.0


def deformation_scale(mesh: Mesh, moved: FloatArray) -> float:
    """√(Σ M_ij d_i·d_j / Σ M_ij y_i·y_j): how far `moved` (V, 3) is from the mesh, relative to its own size.

    d = y − x, with y the moved vertices and x those of the mesh; M is the exact mass matrix of the mesh. The
    flows of mesh2sh stop when it stays the same.
    """
    mass = mass_matrix(mesh, lumped=False)
    change = moved - mesh.vertices
    return float(np.sqrt(np.sum(change * (mass @ change)) / np.sum(moved * (mass @ moved))))


def _length(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(a - b, axis=1))
