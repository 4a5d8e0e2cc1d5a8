# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repair found, what it did, and how far the result is from the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..geometry.distance import SurfaceTree
from ..geometry.measure import area, signed_volume
from ..geometry.sampling import sample_surface
from ..mesh import IntArray, Mesh
from ..topology.report import TopologyReport
from .traced import Traced
from .transfer import InputSurface
from .words import phrases

SAMPLES = 20_000


@dataclass(frozen=True)
class StepReport:
    """One step that ran: its name and title, what it counted, and what it warned of."""

    name: str
    title: str
    counts: Mapping[str, int]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with `done`: the counts as phrases."""
        return {
            "name": self.name,
            "title": self.title,
            "counts": dict(self.counts),
            "done": list(phrases(self.counts)),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Change:
    """How the result differs from the input; lengths as parts of the input's diagonal.

    mean_rel, hausdorff_rel: symmetric distance of the surfaces. mean_to_input_rel, mean_to_result_rel: one-sided,
    from the result to the input and back. volume, area: before → after, in the units of the input (the volume
    before is None where the input does not enclose one).
    faces_kept: input faces that are still there; faces_new: faces of the result that are not the input's.
    """

    mean_rel: float
    hausdorff_rel: float
    mean_to_input_rel: float
    mean_to_result_rel: float
    volume_before: float | None
    volume_after: float
    area_before: float
    area_after: float
    faces_before: int
    faces_kept: int
    faces_new: int

    def to_dict(self) -> dict[str, Any]:
        """All numbers by name, JSON-ready."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class RepairReport:
    """The whole story. method: "unchanged", "surface" (most faces kept) or "volume" (rebuilt). seconds: wall time."""

    recipe: str
    method: str
    before: TopologyReport
    after: TopologyReport
    steps: tuple[StepReport, ...]
    change: Change
    warnings: tuple[str, ...]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """What all steps together counted."""
        total: dict[str, int] = {}
        for step in self.steps:
            for name, count in step.counts.items():
                total[name] = total.get(name, 0) + count
        return total

    @property
    def found(self) -> tuple[str, ...]:
        """What was wrong with the input, a sentence each."""
        return tuple(row.text for row in self.before.rows if not row.ok)

    @property
    def done(self) -> tuple[str, ...]:
        """What was done, a phrase each; empty when nothing was."""
        return phrases(self.counts)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: `recipe`, `method`, `found`, `done`, `counts`, `warnings`, `change`, `before`, `after`,
        `steps`, `seconds`."""
        return {
            "recipe": self.recipe,
            "method": self.method,
            "found": list(self.found),
            "done": list(self.done),
            "counts": self.counts,
            "warnings": list(self.warnings),
            "change": self.change.to_dict(),
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "steps": [step.to_dict() for step in self.steps],
            "seconds": self.seconds,
        }


def measure_change(traced: Traced, surface: InputSurface, closed_before: bool) -> Change:
    """Compare the result with the input, of which only `surface` counts: the faces whose corners are numbers.

    Faces that were kept lie on each other exactly: only new faces and those that are gone are measured.
    """
    source, result, before = traced.source, traced.mesh, surface.mesh
    kept = np.zeros(source.n_faces, dtype=bool)
    kept[traced.face_source[~traced.new_faces]] = True
    gone = _part(source, surface.faces[~kept[surface.faces]])
    new = _part(result, np.flatnonzero(traced.new_faces))
    area_before, area_after, scale = area(before), area(result), before.diagonal
    to_input, far_from_input = _distances(new, area_after, surface)
    to_result, far_from_result = _distances(gone, area_before, result)
    return Change(
        mean_rel=0.5 * (to_input + to_result) / scale,
        hausdorff_rel=max(far_from_input, far_from_result) / scale,
        mean_to_input_rel=to_input / scale,
        mean_to_result_rel=to_result / scale,
        volume_before=signed_volume(before) if closed_before else None,
        volume_after=signed_volume(result),
        area_before=area_before,
        area_after=area_after,
        faces_before=source.n_faces,
        faces_kept=int(kept.sum()),
        faces_new=new.n_faces,
    )


def _part(mesh: Mesh, faces: IntArray) -> Mesh:
    return Traced.start(mesh).keep_faces(faces).without_loose().mesh


def _distances(part: Mesh, whole_area: float, other: InputSurface | Mesh) -> tuple[float, float]:
    """Mean over a surface of area `whole_area`, of which only `part` is away from `other`, and maximum."""
    share = area(part) / whole_area if part.n_faces else 0.0
    if share == 0.0:
        return 0.0, 0.0
    points = sample_surface(part, SAMPLES, 0)[0]
    tree = SurfaceTree(other) if isinstance(other, Mesh) else other
    distance = tree.nearest(np.concatenate([points, part.vertices]))[0]
    return share * float(distance[:SAMPLES].mean()), float(distance.max())


def no_change(mesh: Mesh) -> Change:
    """For a mesh that is given back as it came."""
    volume, surface = signed_volume(mesh), area(mesh)
    return Change(0.0, 0.0, 0.0, 0.0, volume, volume, surface, surface, mesh.n_faces, mesh.n_faces, 0)
