# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair Folder: a recipe on every mesh file of a folder, without bringing them into the scene."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from .. import jobs, messages
from ..choices import FILE_TYPES
from ..core.errors import InvalidParameter, OutputError, SphericalCowError
from ..core.files import atomic_write
from ..core.mesh import Mesh
from ..core.repairs.recipe import Recipe
from ..idnames import Operators
from .batch import share
from .repair import RepairSettings, repair_request
from .shell import JobOperator

OUTPUT = "repaired"
"""Folder of the results inside the folder of the files, where no other is given."""


def mesh_files(folder: Path) -> list[Path]:
    """The mesh files in a folder, by name. Raises `InvalidParameter` where there are none."""
    from ..core.meshfile import READABLE

    if not folder.is_dir():
        raise InvalidParameter(f"There is no folder {str(folder)!r}.", "Choose another.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in READABLE and path.is_file())
    if not found:
        raise InvalidParameter(f"There is no mesh file in {folder.name!r}.", f"It reads {', '.join(READABLE)}.")
    return found


def repair_file(source: Path, target: Path, recipe: Recipe, *, stages: bool, blender_steps: bool) -> jobs.Work:
    """Repair one file and write `target`; with `stages`, also the mesh after each step into a folder beside it."""
    from ..core.meshfile import read_mesh, write_mesh

    mesh = read_mesh(source)
    result = yield from jobs.work(repair_request(mesh, recipe, keep_stages=stages, blender_steps=blender_steps))
    arrays = result.arrays
    colors = {"color": arrays["color"]} if "color" in arrays else {}
    write_mesh(Mesh(arrays["vertices"], arrays["faces"], colors), target)
    for number, name in enumerate(result.data.get("stages", ()) if stages else ()):
        folder = target.parent / f"{target.stem} steps"
        folder.mkdir(exist_ok=True)
        stage = Mesh(arrays[f"stage_{number}_vertices"], arrays[f"stage_{number}_faces"])
        write_mesh(stage, folder / f"{number + 1:02} {name}{target.suffix}")
    return result


class SPHERICAL_COW_OT_repair_folder(RepairSettings, JobOperator, bpy.types.Operator):
    """Repair all mesh files of a folder."""

    bl_idname = Operators.REPAIR_FOLDER
    bl_label = "Repair Folder"
    bl_description = (
        "Repair every mesh file of a folder (OBJ, PLY, STL, OFF, GLB) by the recipe, and write the results and a"
        " report into another. The scene is left as it is"
    )

    job: jobs.Running
    lines: dict[str, Any]

    if TYPE_CHECKING:
        directory: str
        output: str
        file_type: str
        keep_stages: bool
    else:
        directory: StringProperty(name="Folder", description="Where the mesh files are", subtype="DIR_PATH")
        output: StringProperty(
            name="Output",
            description=f"Where the results go. When empty, a folder {OUTPUT!r} inside the folder of the files",
            subtype="DIR_PATH",
        )
        file_type: EnumProperty(name="Format", description="Format of the results", items=FILE_TYPES)
        keep_stages: BoolProperty(name="Keep Each Step", description="Also write the mesh after each step")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One folder at a time."""
        if jobs.running(context.scene) is not None:
            cls.poll_message_set("A folder is being repaired: wait for it, or cancel it")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the folder; when it is known, start."""
        if self.directory:
            return super().invoke(context, event)
        self.selecting = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: wait. From the file browser: start over as a job that does not wait."""
        if not getattr(self, "selecting", False):
            return super().execute(context)
        names = ("recipe", "blender_steps", "directory", "output", "file_type", "keep_stages")
        bpy.ops.spherical_cow.repair_folder("INVOKE_DEFAULT", **{name: getattr(self, name) for name in names})
        return {"FINISHED"}

    def _begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> None:
        messages.clear(context)
        source = Path(bpy.path.abspath(self.directory))
        files = mesh_files(source)
        target = Path(bpy.path.abspath(self.output)) if self.output else source / OUTPUT
        if target.resolve() == source.resolve():
            raise InvalidParameter("The results would replace the files.", "Choose another folder for the output.")
        recipe = self.chosen_recipe(context)
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"There is no folder to write to: {error}.", "Choose another.") from error
        self.lines = {}
        self.job = jobs.claim(context.scene, type(self).bl_idname, self._all(files, target, recipe))

    def _all(self, files: list[Path], target: Path, recipe: Recipe) -> Generator[jobs.Step, None, jobs.Result]:
        """One file after the other; one that fails does not stop the others."""
        names = Counter(path.stem.casefold() for path in files)
        for index, path in enumerate(files):
            # Files that differ in their endings only keep them, so that no result replaces another.
            stem = path.name if names[path.stem.casefold()] > 1 else path.stem
            place = target / f"{stem}.{self.file_type.lower()}"
            try:
                working = repair_file(path, place, recipe, stages=self.keep_stages, blender_steps=self.blender_steps)
                result = yield from share(working, index, len(files), path.name)
                self.lines[path.name] = {name: value for name, value in result.data.items() if name != "stages"}
            except SphericalCowError as error:
                self.lines[path.name] = error.to_dict()
        with atomic_write(target / "report.json") as file:
            file.write_text(json.dumps(self.lines, indent=1), encoding="utf-8")
        return jobs.Result({}, {})

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        failed = {name: line for name, line in self.lines.items() if "error" in line}
        done = len(self.lines) - len(failed)
        text = [f"{self.bl_label}: {done} of {len(self.lines)} files"]
        text += [f"{name}: {line['found']}" for name, line in failed.items()]
        self.report({"INFO"} if not failed else {"WARNING"} if done else {"ERROR"}, "\n".join(text))
        return {"FINISHED"} if done else {"CANCELLED"}


classes = (SPHERICAL_COW_OT_repair_folder,)
