# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a map to the sphere is: flips, covered area, angle and area distortion."""

from __future__ import annotations

import numpy as np

from ..geometry.measure import corner_angles, face_areas, scatter_to_vertices
from ..geometry.spherical import orientation, spherical_areas
from ..mesh import FloatArray, IntArray, Mesh


def flips(sphere: FloatArray, faces: IntArray) -> int:
    """Number of triangles that are not positively oriented on the sphere (V, 3) unit vectors."""
    return int(np.count_nonzero(~(orientation(sphere, faces) > 0)))


def area_distortion(mesh: Mesh, sphere: FloatArray) -> FloatArray:
    """(V,) surface area over sphere area around each vertex, the surface scaled to area 4π.

    Its integral over the sphere is 4π. One everywhere means that the map keeps area.
    """
    surface = scatter_to_vertices(face_areas(mesh), mesh.faces, mesh.n_vertices)
    mapped = scatter_to_vertices(spherical_areas(sphere, mesh.faces), mesh.faces, mesh.n_vertices)
    return np.asarray(surface / surface.sum() * mapped.sum() / mapped)


def mean_area_distortion(mesh: Mesh, sphere: FloatArray) -> float:
    """Area-weighted mean of |log(sphere area / surface area)| over triangles of positive area."""
    surface, mapped = face_areas(mesh), spherical_areas(sphere, mesh.faces)
    surface, mapped = surface / surface.sum(), np.maximum(mapped, 1e-300) / (4.0 * np.pi)
    keep = surface > 0
    return float(surface[keep] @ np.abs(np.log(mapped[keep] / surface[keep])))


def angle_distortion(mesh: Mesh, sphere: FloatArray) -> FloatArray:
    """(F,) mean absolute change of the three corner angles, in degrees (flat triangles on both sides)."""
    change = corner_angles(mesh) - corner_angles(Mesh(sphere, mesh.faces))
    return np.asarray(np.degrees(np.abs(change)).mean(axis=1))


def mean_angle_distortion(mesh: Mesh, sphere: FloatArray) -> float:
    """Area-weighted mean of `angle_distortion`, in degrees."""
    areas = face_areas(mesh)
    return float(areas @ angle_distortion(mesh, sphere) / areas.sum())
