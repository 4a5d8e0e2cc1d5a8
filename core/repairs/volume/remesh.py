# SPDX-License-Identifier: GPL-3.0-or-later
"""Genus 0 by way of the volume: works for whatever encloses or outlines one, and replaces the whole surface."""

from __future__ import annotations

import numpy as np

from ...geometry.measure import vertex_normals
from ...mesh import Mesh
from ...progress import Progress, part, silent
from ..traced import StepResult, Traced
from .fit import Target, fit_to
from .grid import Ball, Field
from .growth import ball_labels
from .inside import inside_field
from .simplify import simplify
from .surface import extract

REACH = 1.5
"""In voxels: how far the digital object is from the mesh at most where it belongs to it."""
FINE = 0.25
"""Part of the triangles of the digital object's surface, about as many as it can tell apart, that are fitted."""
FIRST_TOLERANCE = 0.25
"""In voxels: how far the triangles may be from the surface before they are fitted."""
TOLERANCE = 2.5e-4
"""Relative to the diagonal: how far simplification may move the surface."""
FEWEST, MOST = 5_000, 60_000
"""Range of the default number of triangles."""
TANGLE, TANGLE_FACES = 100, 500_000
"""More handles, on a surface with more triangles before it is simplified, are a tangle."""
COARSEST, FINEST = 32, 512
"""Resolutions below which a tangle is not halved any more, and above which none can be chosen."""


def remesh_volume(
    traced: Traced,
    *,
    resolution: int = 128,
    prefer: str = "auto",
    parts: str = "join",
    n_faces: int = 0,
    progress: Progress = silent,
) -> StepResult:
    """The mesh replaced by the surface of its volume: one closed manifold of genus 0 without self-intersections.

    resolution: voxels along the longest side. prefer: "cut" handles, "fill" tunnels, or "auto", the smaller change.
    parts: "join" them by bridges, or keep the "largest". n_faces: triangles of the result; by default about as
    many as the mesh has, from 5,000 to 60,000, and more where the distance would exceed 0.025 % of the diagonal.
    Noise that makes a tangle of hundreds of handles is rebuilt with half the resolution, and a warning.
    Raises `InvalidMesh` for a mesh without area and `InvalidParameter` for settings out of range.
    """
    mesh, used = traced.mesh, resolution
    while True:
        field = inside_field(mesh, used, progress=part(progress, 0.0, 0.3))
        ball = ball_labels(field, prefer=prefer, parts=parts, progress=part(progress, 0.3, 0.5))
        surface = extract(field, ball.inside)
        if used // 2 < COARSEST or not _is_tangle(ball, surface):
            break
        used //= 2
    fitted = fitted_surface(surface, mesh, field.spacing, n_faces, part(progress, 0.5, 1.0))
    counts = {**ball.counts, "sheets_thickened": field.sheets_thickened, "surfaces_rebuilt": 1}
    return StepResult(
        Traced.remade(traced.source, fitted),
        {name: count for name, count in counts.items() if count},
        _warnings(field, resolution, used),
    )


def _is_tangle(ball: Ball, surface: Mesh) -> bool:
    """Whether so many handles are so near to each other that their walls leave no room to simplify."""
    handles = ball.counts.get("handles_cut", 0) + ball.counts.get("tunnels_filled", 0)
    return handles > TANGLE and surface.n_faces > TANGLE_FACES


def fitted_surface(surface: Mesh, mesh: Mesh, spacing: float, n_faces: int = 0, progress: Progress = silent) -> Mesh:
    """The surface of a digital object fitted to `mesh`, which it was made from, and simplified.

    spacing: size of a voxel, in the units of the mesh; n_faces: as in `remesh_volume`.
    """
    target, reach = Target(mesh), REACH * spacing
    surface = target.mark_sheets(surface, reach)
    anchors, own = target.anchors(surface, reach), surface.attributes["sheet"][:, None] > 0.5
    planes = (
        np.where(own, surface.vertices, anchors.points),  # the two sides of a sheet stay apart until they are fitted
        np.where(own, vertex_normals(surface), anchors.normals),
    )
    progress(0.1, "Fitting the surface")
    fine = max(int(FINE * surface.n_faces), n_faces)
    surface = simplify(surface, fine, FIRST_TOLERANCE * spacing, planes, part(progress, 0.1, 0.4))
    surface = fit_to(surface, target, reach, part(progress, 0.4, 0.8))
    normals = target.anchors(surface, reach).normals
    goal, tolerance = n_faces or min(max(mesh.n_faces, FEWEST), MOST), TOLERANCE * target.diagonal
    planes = (surface.vertices, normals)
    simple = simplify(surface, goal, float("inf") if n_faces else tolerance, planes, part(progress, 0.8, 1.0))
    return Mesh(simple.vertices, simple.faces)


def _warnings(field: Field, resolution: int, used: int) -> tuple[str, ...]:
    found = []
    if used < resolution:
        found.append(f"The shape is a tangle of handles: it was rebuilt with a resolution of {used}, not {resolution}.")
    if field.sheets_thickened:
        found.append("Open or very thin pieces were made thick enough to be solid.")
    if field.resolution_needed > FINEST:
        found.append(
            "Parts are thinner than a voxel of any resolution there is: they were made thick enough to be kept."
        )
    elif field.resolution_needed > used:
        found.append(
            f"Parts are thinner than a voxel at resolution {used}. "
            f"A resolution of {field.resolution_needed} would do for them."
        )
    return tuple(found)
