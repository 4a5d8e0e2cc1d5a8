# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a recipe on a mesh and report what it did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InvalidMesh, RepairFailed
from ..mesh import Mesh, require_usable
from ..progress import Progress, part, silent
from ..topology import TopologyReport, check
from .catalogue import STEPS, Value
from .recipe import Recipe, Step
from .recipes import find_recipe
from .report import Change, RepairReport, StepReport, measure_change, no_change
from .steps import FUNCTIONS, StepFunction
from .traced import NEW, StepResult, Traced
from .transfer import InputSurface, Origin, origin_of, with_attributes

LAST_RESORT = "ensure_genus_zero"
"""The step that can still succeed where an earlier one had to give up."""


NUMERICAL = (np.linalg.LinAlgError, ArithmeticError, RuntimeError)
"""How libraries say that an equation has no solution, as happens between faces that all but coincide."""


@dataclass(frozen=True)
class Stage:
    """The mesh after one step of a recipe, without attributes."""

    name: str
    mesh: Mesh


@dataclass(frozen=True)
class RepairResult:
    """The repaired mesh with its attributes, the report, where everything comes from, and the stages if kept."""

    mesh: Mesh
    report: RepairReport
    origin: Origin
    stages: tuple[Stage, ...] = ()

    @property
    def repaired(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(F,) whether a face is not one of the input's."""
        return self.origin.face_source == NEW


def repair(
    mesh: Mesh,
    recipe: Recipe | str | Path = "genus0",
    *,
    keep_stages: bool = False,
    engines: Mapping[str, StepFunction] | None = None,
    progress: Progress = silent,
    **settings: Value,
) -> RepairResult:
    """Mend a mesh by a recipe: "clean", "cad", "genus0", a file with a recipe, or a `Recipe`.

    settings: parameters of steps, for all steps of the recipe that have them, such as `parts="largest"`,
    `resolution=256` or `prefer="cut"`. keep_stages: keep the mesh after each step. engines: other functions for
    some steps, by name, such as those of a host program.

    With "genus0" a mesh that already is one closed surface of genus 0, facing outward, comes back as it is. The faces
    that a recipe does not have to touch keep their vertices exactly. Attributes are exact at vertices of the input,
    and come from the nearest point elsewhere.

    Example:
        >>> result = repair(read_mesh("cup.ply"))
        >>> result.report.done
        ('1 handle cut',)

    Raises `InvalidMesh` for a mesh without faces or area (a point cloud, say), `InvalidParameter` for settings that
    do not fit, and `RepairFailed` where the recipe cannot do what it promises.
    """
    chosen = recipe if isinstance(recipe, Recipe) else find_recipe(recipe)
    chosen = chosen.with_settings(**settings)
    surface, begin = _require_surface(mesh), time.perf_counter()
    before = check(mesh, progress=part(progress, 0.0, 0.05))
    if chosen.spares_spheres and before.is_genus_zero and before.row("outward").ok:
        return _unchanged(mesh, chosen, before, begin)
    traced, steps, stages = _run(mesh, chosen, {**FUNCTIONS, **(engines or {})}, keep_stages, progress)
    progress(0.9, "Comparing with the input")
    origin = origin_of(traced, surface)
    after = check(traced.mesh)
    change = measure_change(traced, surface, _is_closed(before))
    progress(1.0, "Repaired")
    report = _report(chosen, before, after, steps, change, begin)
    return RepairResult(with_attributes(traced, origin), report, origin, stages)


def _run(
    mesh: Mesh, recipe: Recipe, functions: Mapping[str, StepFunction], keep_stages: bool, progress: Progress
) -> tuple[Traced, list[StepReport], tuple[Stage, ...]]:
    """Do the steps one after the other; where one fails, go on with the last resort, if the recipe has one."""
    traced, reports, stages = Traced.start(mesh), list[StepReport](), list[Stage]()
    todo = [step for step in recipe.steps if step.enabled]
    given_up = ""
    for number, step in enumerate(todo):
        if given_up and step.name != LAST_RESORT:
            continue
        share = part(progress, 0.05 + 0.85 * number / len(todo), 0.05 + 0.85 * (number + 1) / len(todo))
        share(0.0, STEPS[step.name].title)
        try:
            result = _step(step, traced, functions, share)
        except (RepairFailed, *NUMERICAL) as failure:
            given_up = _reason(failure, STEPS[step.name].title)
            if LAST_RESORT not in {later.name for later in todo[number + 1 :]}:
                if isinstance(failure, RepairFailed):
                    raise
                raise RepairFailed(given_up, "Switch the step off, or try Make Genus 0.") from failure
            result = StepResult(traced, warnings=(given_up,))
        traced = result.traced
        reports.append(StepReport(step.name, STEPS[step.name].title, result.counts, result.warnings))
        if keep_stages:
            stages.append(Stage(step.name, traced.mesh))
        if not traced.mesh.n_faces:
            raise InvalidMesh(f"Nothing is left of the mesh after {STEPS[step.name].title!r}.", "Change its settings.")
    return traced.without_loose(), reports, tuple(stages)


def _reason(failure: Exception, title: str) -> str:
    if isinstance(failure, RepairFailed):
        return failure.found
    return f"{title} met numbers that it could not compute with."


def _step(step: Step, traced: Traced, functions: Mapping[str, StepFunction], progress: Progress) -> StepResult:
    return functions[step.name](traced, progress=progress, **step.settings)


def _require_surface(mesh: Mesh) -> InputSurface:
    if not mesh.n_faces:
        raise InvalidMesh(
            "The mesh has no faces: a cloud of points or a wire frame encloses nothing.",
            "Give it faces first; in Blender, Points to Volume and Volume to Mesh do so.",
        )
    surface = InputSurface(mesh)
    require_usable(surface.mesh)
    return surface


def _is_closed(report: TopologyReport) -> bool:
    return all(report.row(name).ok for name in ("closed", "manifold_edges", "oriented"))


def _unchanged(mesh: Mesh, recipe: Recipe, before: TopologyReport, begin: float) -> RepairResult:
    report = _report(recipe, before, before, [], no_change(mesh), begin)
    return RepairResult(mesh, report, origin_of(Traced.start(mesh)))


def _report(
    recipe: Recipe,
    before: TopologyReport,
    after: TopologyReport,
    steps: list[StepReport],
    change: Change,
    begin: float,
) -> RepairReport:
    rebuilt = any(step.counts.get("surfaces_rebuilt") for step in steps)
    method = "volume" if rebuilt else ("surface" if any(step.counts for step in steps) else "unchanged")
    warnings = tuple(text for step in steps for text in step.warnings)
    seconds = time.perf_counter() - begin
    return RepairReport(recipe.name, method, before, after, tuple(steps), change, warnings, seconds)
