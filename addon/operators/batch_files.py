# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch: the work of a section on all files of a folder, without bringing them into the scene."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import bpy

from .. import jobs, recipe_book
from ..core.errors import InvalidParameter
from ..core.repairs.recipe import recipe_to_json
from ..idnames import Operators
from ..properties.batch import BatchSettings
from .encode import CHANNEL_NAMES
from .reconstruct import size_of
from .shell import SceneOperator


def verb_options(scene: bpy.types.Scene, verb: str) -> dict[str, Any]:
    """The options of a verb, as the settings of its own section say, in plain JSON."""
    settings = scene.spherical_cow
    if verb == "check":
        return {"self_intersections": settings.self_intersections}
    if verb == "repair":
        return {"recipe": json.loads(recipe_to_json(recipe_book.shown(settings.repair)))}
    if verb == "encode":
        encode = settings.encode
        names = [name for group in CHANNEL_NAMES if group in encode.channels for name in CHANNEL_NAMES[group]]
        return {
            "lmax": encode.lmax,
            "method": encode.method,
            "channels": ["position", *names],
            "color_if_any": True,
            "target": encode.target / 100.0 if encode.use_target else None,
        }
    if verb == "decode":
        new = settings.reconstruct
        return {
            "sampling": None if new.sampling == "source" else new.sampling,
            "size": size_of(new),
            "seed": new.seed,
            "from_curvature": new.basis == "CURVATURE",
        }
    compare = settings.compare
    return {"samples": compare.samples, "seed": compare.seed, "volume": compare.volume}


class SPHERICAL_COW_OT_batch(BatchSettings, SceneOperator, bpy.types.Operator):
    """Work on all files of a folder."""

    bl_idname = Operators.BATCH
    bl_label = "Run Batch"
    bl_description = (
        "Check, repair, encode, decode or compare all files of a folder, with the settings of that section, and write"
        " the results and a table into another folder. What is done already is left. The scene stays as it is"
    )

    job: jobs.Running
    place: Path

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The folders and the settings of the section. Raises `InvalidParameter` where a folder is missing."""
        source = _folder(self.directory, "input")
        if not source.is_dir():
            raise InvalidParameter(f"There is no folder {str(source)!r}.", "Choose another input.")
        self.place = _folder(self.output, "output")
        reference = _folder(self.reference, "reference") if self.verb == "compare" else None
        parameters = {
            "verb": self.verb,
            "inputs": [str(source)],
            "out": str(self.place),
            "reference": None if reference is None else str(reference),
            "jobs": self.jobs,
            "timeout": self.timeout,
            "options": verb_options(context.scene, self.verb),
        }
        return jobs.Request("batch", parameters, many=True)

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        data = dict(result.data)
        context.scene.spherical_cow.batch.summary = json.dumps(data)
        lines = [f"Batch: {data['done']} of {data['total']} files"]
        lines += [f"{row['input']}: {row['message']}" for row in data["failures"]]
        self.report({"WARNING"} if data["failed"] else {"INFO"}, "\n".join(lines))
        return {"FINISHED"}

    def _release(self) -> None:
        super()._release()
        place = getattr(self, "place", None)
        if place is not None:  # a worker that was stopped could not put this away
            shutil.rmtree(place / ".unfinished", ignore_errors=True)


def _folder(text: str, what: str) -> Path:
    if not text:
        raise InvalidParameter(f"No {what} is chosen.", f"Choose the {what} first.")
    if text.startswith("//") and not bpy.data.filepath:
        raise InvalidParameter(f"The {what} {text!r} is relative to a file that is not saved.", "Save it first.")
    return Path(bpy.path.abspath(text))


classes = (SPHERICAL_COW_OT_batch,)
