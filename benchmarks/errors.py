# SPDX-License-Identifier: GPL-3.0-or-later
"""The one measure of error: exact distances between surfaces, both ways, without alignment.

At least 50,000 area-weighted samples a side and all vertices, relative to the bounding-box diagonal of the source.
"""

from __future__ import annotations

from spherical_cow.geometry.subdivide import midpoint_sphere
from spherical_cow.harmonics.container import POSITION
from spherical_cow.harmonics.transforms import synthesize
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import Comparison, compare
from spherical_cow.shape import Shape

from .report import Quantity

SAMPLES = 50_000


def error_on_source(mesh: Mesh, shape: Shape) -> Comparison:
    """Of the surface on the source's connectivity subdivided once, so that overshoot between vertices counts."""
    directions, faces = midpoint_sphere(*shape.require_sphere())
    rebuilt = Mesh(synthesize(shape.harmonics.select(POSITION), directions), faces)
    return compare(mesh, rebuilt, samples=SAMPLES, volume="none")


def error_between(mesh: Mesh, rebuilt: Mesh) -> Comparison:
    """Of a rebuilt surface as it is."""
    return compare(mesh, rebuilt, samples=SAMPLES, volume="none")


def quantities(
    error: Comparison, mean: float | None = None, hausdorff: float | None = None
) -> tuple[Quantity, Quantity]:
    """Mean and Hausdorff distance with their bounds (fractions of the diagonal)."""
    return (
        Quantity("mean", error.mean_rel, "%", mean),
        Quantity("Hausdorff", error.hausdorff_rel, "%", hausdorff),
    )
