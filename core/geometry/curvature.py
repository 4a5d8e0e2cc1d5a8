# SPDX-License-Identifier: GPL-3.0-or-later
"""Curvature at the vertices of a closed surface, and the curvature density that encodes it on the sphere."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray, Mesh
from .laplacian import cotangent_laplacian, cotangents
from .measure import corner_angles, face_areas, scatter_to_vertices, vertex_areas, vertex_normals
from .spherical import spherical_areas


def mean_curvature(mesh: Mesh) -> FloatArray:
    """(V,) mean curvature H = (κ₁ + κ₂) / 2 in 1/length: 1/r on a sphere of radius r with outward faces.

    `integrated_mean_curvature` over `mixed_areas` (Meyer, Desbrun, Schröder, Barr 2003); 0 at vertices
    without area.
    """
    return _over(integrated_mean_curvature(mesh), mixed_areas(mesh))


def integrated_mean_curvature(mesh: Mesh) -> FloatArray:
    """(V,) ∫ H dA around each vertex, in length.

    Half the cotangent Laplacian of the positions, along the vertex normal.
    """
    centred = mesh.vertices - mesh.vertices.mean(axis=0)
    bend = cotangent_laplacian(mesh) @ centred
    return np.asarray(0.5 * np.einsum("vi,vi->v", bend, vertex_normals(mesh)))


def mixed_areas(mesh: Mesh) -> FloatArray:
    """(V,) the part of the surface that is nearest to each vertex; sums to the area.

    Voronoi areas in triangles without an obtuse angle; of others half goes to the obtuse corner and a
    quarter to each other one (Meyer, Desbrun, Schröder, Barr 2003). Curvature over these areas is right on
    meshes of any pattern, which it is not over a third of the triangles around a vertex.
    """
    points = mesh.vertices[mesh.faces]
    cotangent = cotangents(mesh)
    opposite = np.square(np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1)).sum(axis=2)
    part = cotangent * opposite / 8.0  # for either end of the edge opposite to this corner
    voronoi = np.roll(part, 1, axis=1) + np.roll(part, -1, axis=1)
    areas = face_areas(mesh)[:, None]
    obtuse = cotangent < 0.0
    share = np.where(obtuse.any(axis=1, keepdims=True), np.where(obtuse, areas / 2.0, areas / 4.0), voronoi)
    return np.asarray(np.bincount(mesh.faces.ravel(), share.ravel(), mesh.n_vertices), dtype=np.float64)


def angle_defect(mesh: Mesh) -> FloatArray:
    """(V,) 2π minus the angles around each vertex, in radians; sums to 2π χ on a closed surface."""
    angles = corner_angles(mesh)
    around = np.bincount(mesh.faces.ravel(), angles.ravel(), mesh.n_vertices)
    used = np.bincount(mesh.faces.ravel(), minlength=mesh.n_vertices) > 0
    return np.where(used, 2.0 * np.pi - around, 0.0)


def gaussian_curvature(mesh: Mesh) -> FloatArray:
    """(V,) Gaussian curvature κ₁ κ₂ in 1/length²: `angle_defect` over `mixed_areas`."""
    return _over(angle_defect(mesh), mixed_areas(mesh))


def curvature_density(mesh: Mesh, sphere: FloatArray) -> FloatArray:
    """(V,) mean curvature half-density H · √(dA_surface / dA_sphere): a pure number, 1 on any round sphere.

    sphere: (V, 3) unit vectors of the vertices, the map of the outward mesh. Computed from quantities around
    each vertex as ∫ H dA over √(A_surface A_sphere), with `measure.vertex_areas` of the surface in its own
    units and a third of the spherical triangles; so `integrated_mean_curvature` can be had back exactly.
    Scaling the surface changes nothing. Together with the area distortion it determines the surface (Gu,
    Wang, Yau 2004; Kamberov, Pedit, Pinkall 1998 for the half-density).
    """
    mapped = scatter_to_vertices(spherical_areas(sphere, mesh.faces) / 3.0, mesh.faces, mesh.n_vertices)
    return _over(integrated_mean_curvature(mesh), np.sqrt(vertex_areas(mesh) * np.maximum(mapped, 0.0)))


def _over(values: FloatArray, areas: FloatArray) -> FloatArray:
    return np.divide(values, areas, out=np.zeros_like(values), where=areas > 0)
