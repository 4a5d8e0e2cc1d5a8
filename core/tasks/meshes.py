# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about meshes: check, repair."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from ..mesh import require_usable
from ..progress import Progress
from ..repairs.recipe import recipe_from_json
from ..repairs.run import repair
from ..topology import check
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from


def _check(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    mesh = mesh_from(arrays)
    require_usable(mesh)
    report = check(mesh, bool(parameters.get("self_intersections", True)), progress)
    indices = {f"indices_{row.name}": row.indices for row in report.rows}
    return Outcome(indices, report.to_dict())


def _repair(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    recipe = recipe_from_json(str(parameters["recipe"]))
    host = parameters.get("engines")  # a module whose FUNCTIONS take the place of some steps
    engines = import_module(str(host)).FUNCTIONS if host else None
    stages_too = bool(parameters.get("keep_stages"))
    result = repair(mesh_from(arrays), recipe, keep_stages=stages_too, engines=engines, progress=progress)
    mesh, origin = result.mesh, result.origin
    named = {"vertices": mesh.vertices, "faces": mesh.faces, **mesh.attributes, **origin.__dict__}
    for number, stage in enumerate(result.stages):
        named |= {f"stage_{number}_vertices": stage.mesh.vertices, f"stage_{number}_faces": stage.mesh.faces}
    stages = [stage.name for stage in result.stages]
    return Outcome(named, {**result.report.to_dict(), "stages": stages})


TASKS: Mapping[str, Task] = {"check": _check, "repair": _repair}
