# SPDX-License-Identifier: GPL-3.0-or-later
"""The guarantee: one closed surface of genus 0, from the surface as it is mended or from its volume."""

from __future__ import annotations

import numpy as np

from ..errors import RepairFailed
from ..geometry.distance import distances_to_surface
from ..geometry.inside import contains, why_no_inside
from ..geometry.measure import face_areas, signed_volume
from ..geometry.sampling import sample_surface
from ..geometry.visibility import sample_visible
from ..mesh import Mesh
from ..progress import Progress, part, silent
from ..topology import check
from ..topology.intersections import intersecting_faces
from .surgery.handles import remove_handles
from .surgery.union import resolve_self_intersections
from .traced import StepResult, Traced
from .transfer import usable_faces
from .volume.remesh import remesh_volume

LOST = 0.003
"""Where the visible surface of the input is farther than this from the result on average, as a part of the diagonal,
something was lost: the volume may be nearer to what was meant."""

MADE_UP = 0.05
"""The same for the result's distance from the input; covers of large holes are far from it by right."""

_SAMPLES = 4_000
_REACH = 0.25
"""What is taken away or added is nearer than this to what stays, on average, as a part of the diagonal."""


def ensure_genus_zero(
    traced: Traced,
    *,
    resolution: int = 128,
    prefer: str = "auto",
    parts: str = "join",
    rebuild_from: str = "original",
    progress: Progress = silent,
) -> StepResult:
    """Give the mesh back where it is one closed surface of genus 0 near the input; else rebuild it from the volume.

    resolution, prefer, parts: as in `remesh_volume`. rebuild_from: "original", the input of the whole repair, or
    "current", the mesh as it is now (for recipes that change the shape on purpose).
    Raises `RepairFailed` where even that fails.
    """
    progress(0.0, "Looking at the result")
    traced = _outward(traced.without_loose())
    mended = check(traced.mesh, self_intersections=False).is_genus_zero
    if mended and (rebuild_from == "current" or _mostly_kept(traced)):
        return _uncrossed(traced)
    lost, made_up = _distances(traced.mesh, traced.source)
    if mended and lost <= LOST and made_up <= MADE_UP:
        return _uncrossed(traced)
    base = Traced.start(_usable(traced.source) if rebuild_from == "original" else traced.mesh)
    share = part(progress, 0.1, 0.95)
    rebuilt = remesh_volume(base, resolution=resolution, prefer=prefer, parts=parts, progress=share)
    mesh = rebuilt.traced.mesh
    if mended and max(lost, made_up) <= max(_distances(mesh, traced.source)):
        return _uncrossed(traced)
    if not check(mesh, self_intersections=False).is_genus_zero:
        raise RepairFailed(
            "The surface rebuilt from the volume is not one closed surface of genus 0.", "Try another resolution."
        )
    return StepResult(Traced.remade(traced.source, mesh), rebuilt.counts, rebuilt.warnings)


def _uncrossed(traced: Traced) -> StepResult:
    """Without the self-intersections that mending brought in, where their outer surface is a sphere as well."""
    crossing = intersecting_faces(traced.mesh)
    if not traced.new_faces[crossing].any() or len(intersecting_faces(_usable(traced.source))):
        return StepResult(traced)
    try:
        outer = resolve_self_intersections(traced)
        whole = remove_handles(outer.traced)
    except RepairFailed:
        return StepResult(traced, warnings=(_crossing(len(crossing)),))
    mesh = whole.traced.mesh
    if not check(mesh, self_intersections=False).is_genus_zero or len(intersecting_faces(mesh)) >= len(crossing):
        return StepResult(traced, warnings=(_crossing(len(crossing)),))
    return StepResult(whole.traced, {**outer.counts, **whole.counts}, (*outer.warnings, *whole.warnings))


def _crossing(count: int) -> str:
    return f"{count:,} faces pass through others; the input had none such. Rebuild from Volume gives a surface without."


def _usable(mesh: Mesh) -> Mesh:
    return Traced.start(mesh).keep_faces(usable_faces(mesh)).without_loose().mesh


def _mostly_kept(traced: Traced) -> bool:
    """Whether so little was taken away and added that the distances must be within the limits."""
    with np.errstate(invalid="ignore"):
        before, after = np.nan_to_num(face_areas(traced.source)), face_areas(traced.mesh)
    kept = before[np.unique(traced.face_source[~traced.new_faces])].sum()
    lost, added = 1.0 - kept / before.sum(), after[traced.new_faces].sum() / after.sum()
    return bool(_REACH * lost <= LOST and _REACH * added <= MADE_UP)


def _outward(traced: Traced) -> Traced:
    """Turned as a whole where its volume is negative, as after mending a surface that passes through itself."""
    if signed_volume(traced.mesh) >= 0.0:
        return traced
    return traced.with_faces(traced.mesh.faces[:, [0, 2, 1]])


def _distances(result: Mesh, source: Mesh) -> tuple[float, float]:
    """Mean distances, as parts of the diagonal: from the input's visible surface to the result, and back.

    What the result encloses is not lost: it lies behind the cover of an opening.
    """
    usable = _usable(source)
    seen = sample_visible(usable, _SAMPLES, 1)
    distance = distances_to_surface(seen, result)
    if not why_no_inside(result):
        distance[contains(result, seen)] = 0.0
    lost = float(distance.mean()) if len(seen) else 0.0
    made_up = float(distances_to_surface(sample_surface(result, _SAMPLES, 0)[0], usable).mean())
    return lost / usable.diagonal, made_up / usable.diagonal
