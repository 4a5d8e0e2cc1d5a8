# SPDX-License-Identifier: GPL-3.0-or-later
"""How a surface is taken out of a field: sampled near it, triangulated, simplified, moved onto it, coloured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..errors import InvalidParameter
from ..geometry.measure import vertex_normals
from ..mesh import FloatArray, Mesh
from ..progress import Progress, part, silent
from .multiresolution import MOST_CELLS, Box, Field, sample_near_surface
from .narrow_band import sample_distance
from .projection import Gradient, difference_gradient, in_batches, outward_normals, project
from .surface import iso_surface

Refine = Callable[[Mesh, int, Progress], Mesh]
"""(mesh, steps, progress) → the mesh with its vertices moved onto the surface."""

Colour = Callable[[FloatArray], FloatArray]
"""Points (N, 3) → linear RGB (N, 3) in [0, 1]."""


@dataclass(frozen=True)
class Extraction:
    """How a surface is taken out of a field.

    resolution: cells along an edge of the finest grid; a multiple of 2^steps. steps: how often the first grid is
    doubled near the surface. refinement: steps of moving the vertices onto the surface, before it is simplified; two or
    three do. normals: keep the normals of the field at the vertices. faces: simplified to so many; 0 for all. batch:
    points evaluated at once, which bounds the memory. published: refine as Occupancy Networks do, after it is
    simplified, where the field is one; 30 steps is their number.
    """

    resolution: int = 128
    steps: int = 2
    refinement: int = 0
    normals: bool = False
    faces: int = 0
    batch: int = 50_000
    published: bool = False

    def __post_init__(self) -> None:
        step = 1 << max(self.steps, 0)
        if self.steps < 0 or not step <= self.resolution <= MOST_CELLS or self.resolution % step:
            raise InvalidParameter(
                f"A grid of {self.resolution} cells cannot be reached by doubling {self.steps} times.",
                f"Give a multiple of {step} up to {MOST_CELLS}." if step <= MOST_CELLS else "Double it less often.",
            )
        if min(self.refinement, self.faces) < 0 or self.batch < 1:
            raise InvalidParameter("Counts of the extraction are negative.", "Give 0 or more.")

    @property
    def start(self) -> int:
        """Cells along an edge of the first grid."""
        return self.resolution >> self.steps


def extract(
    field: Field,
    box: Box,
    threshold: float = 0.0,
    extraction: Extraction | None = None,
    gradient: Gradient | None = None,
    progress: Progress = silent,
    *,
    colour: Colour | None = None,
    refine: Refine | None = None,
    lipschitz: float | None = None,
) -> Mesh:
    """The closed surface in `box` around where `field` is above `threshold`.

    field: points (N, 3) → (N,), higher inside. gradient: of the field; by differences where there is none. colour:
    what the attribute `color` is made of. refine: in place of Newton steps along the gradient. lipschitz: how much
    the field changes at most over a length of 1, where that is known: then no part of it is missed. The mesh has the
    attribute `normal`, outward, where the extraction asks for it; it has no faces where nothing is inside. What reaches
    the border of the box is closed there. Raises `InvalidParameter` for a field that gives what is no number.
    """
    chosen = extraction or Extraction()
    sample = sample_near_surface if lipschitz is None else partial(sample_distance, lipschitz=lipschitz)
    sampled = sample(
        field,
        box,
        start=chosen.start,
        steps=chosen.steps,
        threshold=threshold,
        batch=chosen.batch,
        progress=part(progress, 0.0, 0.7),
    )
    mesh = iso_surface(sampled.values, box, threshold)
    if not mesh.n_faces:
        return mesh
    values = in_batches(field, chosen.batch)
    slope = in_batches(gradient or difference_gradient(values, box.size), chosen.batch)
    if chosen.refinement and refine is None:
        reach = 0.5 * box.size / chosen.resolution
        mesh = _projected(mesh, values, slope, threshold, box, reach, chosen.refinement, part(progress, 0.7, 0.85))
    if chosen.faces:
        mesh = _simplified(mesh, chosen.faces, part(progress, 0.85, 0.9))
    if chosen.refinement and refine is not None:
        mesh = refine(mesh, chosen.refinement, part(progress, 0.9, 0.95))
    if chosen.normals:
        mesh = mesh.with_attributes(normal=outward_normals(mesh, slope, vertex_normals(mesh)))
    if colour is not None:
        progress(0.95, "Colouring")
        mesh = mesh.with_attributes(color=np.clip(in_batches(colour, chosen.batch)(mesh.vertices), 0.0, 1.0))
    return mesh


def _simplified(mesh: Mesh, faces: int, progress: Progress) -> Mesh:
    """Without self-intersections if there are none before, as there may be in a surface of noise."""
    from ..repairs.volume.simplify import simplify  # these load numba, which would hold Blender up where a slider moves
    from ..topology.intersections import intersecting_faces

    if mesh.n_faces <= faces:
        return mesh
    meets = len(intersecting_faces(mesh, progress=part(progress, 0.0, 0.2))) > 0
    return simplify(mesh, faces, progress=part(progress, 0.2, 1.0), may_meet=meets)


def _projected(
    mesh: Mesh,
    field: Field,
    gradient: Gradient,
    threshold: float,
    box: Box,
    reach: float,
    steps: int,
    progress: Progress,
) -> Mesh:
    """The mesh with its vertices on the surface; those on the border of the box, where it is cut, stay."""
    half = 0.5 * box.size
    free = (np.abs(mesh.vertices - box.centre) < half * (1.0 - 1e-6)).all(axis=1)
    vertices = mesh.vertices.copy()
    moved = project(vertices[free], field, gradient, threshold, reach, steps, progress)
    vertices[free] = np.clip(moved, np.asarray(box.centre) - half, np.asarray(box.centre) + half)
    return mesh.with_vertices(vertices)
