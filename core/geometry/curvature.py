# SPDX-License-Identifier: GPL-3.0-or-later
"""Curvature at the vertices of a closed surface, and the curvature density that encodes it on the sphere."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray, Mesh
from ..sphere.distortion import spherical_areas
from .laplacian import cotangent_laplacian
from .measure import corner_angles, scatter_to_vertices, vertex_areas, vertex_normals


def mean_curvature(mesh: Mesh) -> FloatArray:
    """(V,) mean curvature H = (κ₁ + κ₂) / 2 in 1/length: 1/r on a sphere of radius r with outward faces.

    Half the cotangent Laplacian of the positions, along the vertex normal, over the vertex area
    (Desbrun, Meyer, Schröder, Barr 1999). 0 at vertices without area.
    """
    centred = mesh.vertices - mesh.vertices.mean(axis=0)
    bend = cotangent_laplacian(mesh) @ centred
    along_normal = np.einsum("vi,vi->v", bend, vertex_normals(mesh))
    return _over_area(0.5 * along_normal, vertex_areas(mesh))


def angle_defect(mesh: Mesh) -> FloatArray:
    """(V,) 2π minus the angles around each vertex, in radians; sums to 2π χ on a closed surface."""
    angles = corner_angles(mesh)
    around = np.bincount(mesh.faces.ravel(), angles.ravel(), mesh.n_vertices)
    used = np.bincount(mesh.faces.ravel(), minlength=mesh.n_vertices) > 0
    return np.where(used, 2.0 * np.pi - around, 0.0)


def gaussian_curvature(mesh: Mesh) -> FloatArray:
    """(V,) Gaussian curvature κ₁ κ₂ in 1/length²: the angle defect over the vertex area."""
    return _over_area(angle_defect(mesh), vertex_areas(mesh))


def curvature_density(mesh: Mesh, sphere: FloatArray) -> FloatArray:
    """(V,) mean curvature half-density H · √(dA_surface / dA_sphere): a pure number, 1 on any round sphere.

    sphere: (V, 3) unit vectors of the vertices. Both areas are those around a vertex, the surface's in its
    own units, so that scaling the surface changes nothing. Together with the area distortion it determines
    the surface (Gu, Wang, Yau 2004; Kamberov, Pedit, Pinkall 1998 for the half-density).
    """
    mapped = scatter_to_vertices(spherical_areas(sphere, mesh.faces) / 3.0, mesh.faces, mesh.n_vertices)
    stretch = _over_area(vertex_areas(mesh), mapped)
    return np.asarray(mean_curvature(mesh) * np.sqrt(np.maximum(stretch, 0.0)))


def _over_area(values: FloatArray, areas: FloatArray) -> FloatArray:
    return np.divide(values, areas, out=np.zeros_like(values), where=areas > 0)
