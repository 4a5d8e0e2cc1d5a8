# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of an encode: flips, distortions, and the distance between the two surfaces."""

from __future__ import annotations

import numpy as np

from .geometry.spherical import spherical_areas
from .geometry.subdivide import midpoint_sphere
from .harmonics.container import POSITION, Harmonics
from .harmonics.transforms import synthesize
from .mesh import FloatArray, Mesh
from .metrics.comparison import compare
from .progress import Progress, silent
from .shape import Certificate
from .sphere.distortion import flips, mean_angle_distortion, mean_area_distortion

SAMPLES = 20_000
SUBDIVIDE_BELOW = 200_000
"""Faces up to which the reconstruction is measured on the source connectivity subdivided once."""


def certify(
    mesh: Mesh, sphere: FloatArray, harmonics: Harmonics, method: str, progress: Progress = silent
) -> Certificate:
    """Measure the map `sphere` (V, 3) of `mesh`, and how far the surface of `harmonics` is from it."""
    progress(0.0, "Measuring the error")
    mean, hausdorff = surface_error(mesh, sphere, harmonics)
    return Certificate(
        method=method,
        flips=flips(sphere, mesh.faces),
        area_sum=float(spherical_areas(sphere, mesh.faces).sum() / (4.0 * np.pi)),
        angle_distortion=mean_angle_distortion(mesh, sphere),
        area_distortion=mean_area_distortion(mesh, sphere),
        fit_error_rel=mean,
        fit_hausdorff_rel=hausdorff,
    )


def surface_error(mesh: Mesh, sphere: FloatArray, harmonics: Harmonics, samples: int = SAMPLES) -> tuple[float, float]:
    """(mean, Hausdorff) distance both ways, relative to the diagonal, between the mesh and its rebuilt surface.

    The rebuilt surface is evaluated on the source connectivity subdivided once, so that an overshoot
    between the vertices counts.
    """
    directions, faces = sphere, mesh.faces
    if len(faces) <= SUBDIVIDE_BELOW:
        directions, faces = midpoint_sphere(sphere, faces)
    rebuilt = Mesh(synthesize(harmonics.select(POSITION), directions), faces)
    comparison = compare(mesh, rebuilt, samples, volume="none")
    return comparison.mean_rel, comparison.hausdorff_rel
