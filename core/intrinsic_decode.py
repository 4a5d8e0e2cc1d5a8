# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions from curvature and area distortion alone, put where the shape was."""

from __future__ import annotations

import numpy as np

from .errors import InvalidParameter
from .geometry.measure import scatter_to_vertices
from .geometry.spherical import spherical_areas
from .harmonics.container import AREA_DISTORTION, CURVATURE_DENSITY, POSITION, Harmonics
from .harmonics.transforms import synthesize
from .intrinsic import surface_from_curvature
from .mesh import FloatArray, IntArray, Mesh
from .progress import Progress, silent
from .shape import Shape

CONFORMAL_METHODS = ("conformal", "cmcf")


def positions_from_curvature(
    shape: Shape, harmonics: Harmonics, on_sphere: Mesh, progress: Progress = silent
) -> FloatArray:
    """(V, 3) positions of the vertices of `on_sphere`, solved from two functions instead of read from three.

    shape: its map must keep angles, so that the area distortion gives all lengths. harmonics: its channels, perhaps
    cut at a degree; `curvature_density` and `log_area_distortion` make the shape, and degrees 0 and 1 of the
    positions say where it is and how it is turned, which curvature cannot know.

    Raises `InvalidParameter` without those channels, or for a map that does not keep angles.
    """
    if not harmonics.has((CURVATURE_DENSITY, AREA_DISTORTION)):
        raise InvalidParameter(
            "This shape has no curvature and area distortion to rebuild it from.",
            f"Encode again with the conformal map and the channels {CURVATURE_DENSITY} and {AREA_DISTORTION}.",
        )
    if shape.certificate.method not in CONFORMAL_METHODS:
        raise InvalidParameter(
            f"The {shape.certificate.method} map does not keep angles, so curvature and area distortion "
            "do not determine the shape.",
            "Encode again with the map conformal, or rebuild from the positions.",
        )
    sphere, faces = on_sphere.vertices, on_sphere.faces
    scalars = synthesize(harmonics.select((CURVATURE_DENSITY, AREA_DISTORTION)), sphere)
    surface = surface_from_curvature(sphere, faces, scalars[:, 1], scalars[:, 0], shape.source.area, progress=progress)
    return placed(surface, synthesize(harmonics.select(POSITION).truncate(1), sphere), sphere, faces)


def placed(surface: FloatArray, ellipsoid: FloatArray, sphere: FloatArray, faces: IntArray) -> FloatArray:
    """Move and turn `surface` (V, 3) onto the degree-1 `ellipsoid` (V, 3) of the shape it stands for.

    Weighted by area on the sphere, the degree-1 part of a shape is its projection, so the best rotation (Kabsch 1976)
    between a shape and its own ellipsoid is none: this finds exactly the turn that is missing.
    """
    weights = scatter_to_vertices(spherical_areas(sphere, faces), faces, len(sphere))
    weights = weights / weights.sum()
    here, there = surface - weights @ surface, ellipsoid - weights @ ellipsoid
    u, _, vt = np.linalg.svd((there * weights[:, None]).T @ here)
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    return np.asarray(here @ rotation.T + weights @ ellipsoid)
