# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the surface that is sought: area and curvature around each vertex of a sphere map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..geometry.curvature import integrated_mean_curvature
from ..geometry.measure import scatter_to_vertices, unique_edges, vertex_areas
from ..geometry.spherical import orientation, spherical_areas
from ..mesh import FloatArray, IntArray, Mesh


@dataclass(frozen=True)
class Features:
    """Area and curvature to reach, the surface scaled to area 1.

    sphere: (V, 3) unit vectors; faces: (F, 3), outward on the sphere. sphere_areas: (V,) their areas, a
    third of the triangles around a vertex; areas: (V,) the same on the surface, sum 1.
    density: (V,) mean curvature half-density H √(areas / sphere_areas).
    """

    sphere: FloatArray
    faces: IntArray
    sphere_areas: FloatArray
    areas: FloatArray
    density: FloatArray

    @property
    def bending(self) -> FloatArray:
        """(V,) ∫ H dA around each vertex."""
        return np.asarray(self.density * np.sqrt(self.areas * self.sphere_areas))

    def lengths(self, edges: IntArray) -> FloatArray:
        """(E,) length on the surface of edges (E, 2), were the map conformal: arcs, times a factor at either end."""
        chords = np.linalg.norm(self.sphere[edges[:, 0]] - self.sphere[edges[:, 1]], axis=1)
        stretch = np.sqrt(self.areas / self.sphere_areas)
        return np.asarray(2.0 * np.arcsin(chords / 2.0) * np.sqrt(stretch[edges[:, 0]] * stretch[edges[:, 1]]))

    def edges(self) -> IntArray:
        """(E, 2) each edge once."""
        return unique_edges(self.faces)

    def density_of(self, surface: Mesh) -> FloatArray:
        """(V,) the half-density of a surface (V, 3) on the same vertices."""
        return np.asarray(integrated_mean_curvature(surface) / np.sqrt(vertex_areas(surface) * self.sphere_areas))

    def mismatch(self, surface: Mesh) -> tuple[float, float]:
        """How far a surface is from these features; 0 for both when it has them.

        Root mean square of half the log area ratio, weighted by area; and of the half-density's difference,
        relative to the half-density (both over the sphere: the Willmore energy's measure).
        """
        log_stretch = 0.5 * np.log(vertex_areas(surface) / self.areas)
        difference = self.density_of(surface) - self.density
        norm = np.square(self.density) @ self.sphere_areas
        return (
            float(np.sqrt(np.square(log_stretch) @ self.areas)),
            float(np.sqrt(np.square(difference) @ self.sphere_areas / norm)),
        )


def make_features(
    sphere: FloatArray, faces: IntArray, log_area_distortion: FloatArray, curvature_density: FloatArray
) -> Features:
    """Check and scale the input of `surface_from_curvature`; see there for shapes and errors."""
    count = len(sphere)
    for name, values in (
        ("log_area_distortion", log_area_distortion),
        ("curvature_density", curvature_density),
    ):
        if np.shape(values) != (count,):
            raise InvalidParameter(
                f"{name} has shape {np.shape(values)} for {count} vertices.", "Give one number for each vertex."
            )
        if not np.isfinite(values).all():
            raise InvalidParameter(f"{name} has values that are not numbers.", "Encode the mesh again.")
    turned = int(np.count_nonzero(~(orientation(sphere, faces) > 0)))
    if turned:
        raise InvalidParameter(
            f"{turned} triangles of the sphere are flipped or have no area.", "Use a map without flips."
        )
    if not np.any(curvature_density):
        raise InvalidParameter("The curvature is 0 everywhere, which no closed surface has.", "Encode again.")
    sphere_areas = scatter_to_vertices(spherical_areas(sphere, faces) / 3.0, faces, count)
    areas = sphere_areas * np.exp(log_area_distortion - np.max(log_area_distortion))
    return Features(
        np.asarray(sphere, dtype=np.float64),
        np.asarray(faces, dtype=np.int64),
        sphere_areas,
        areas / areas.sum(),
        np.asarray(curvature_density, dtype=np.float64),
    )
