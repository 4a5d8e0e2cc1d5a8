# SPDX-License-Identifier: GPL-3.0-or-later
"""Load Harmonics: objects from files of coefficients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from .. import bridge, jobs, messages, resynthesis, storage
from ..core.mesh import Mesh
from ..core.shape import Shape
from ..idnames import Operators
from .coefficients import GLOB, with_notes
from .reconstruct import fields_at, positions_at
from .shell import SceneOperator, guarded

FREQUENCY = 32
"""Of the icosphere on which a file without its own mesh is opened."""
QUICK = (".npz", ".psh")
"""Endings of our own files: they hold all there is to know, and need no worker."""


class SPHERICAL_COW_OT_load_shape(ImportHelper, SceneOperator, bpy.types.Operator):
    """Open coefficients as new objects."""

    bl_idname = Operators.LOAD_SHAPE
    bl_label = "Load Harmonics"
    bl_description = (
        "Make an object from a file of coefficients, also of other programs: on its own vertices where the file has"
        " them, else on an icosphere. It carries the coefficients, so it can be reconstructed otherwise"
    )
    bl_options = {"UNDO"}
    filename_ext = ".npz"

    job: jobs.Running

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
        directory: str
        files: bpy.types.bpy_prop_collection[bpy.types.OperatorFileListElement]
    else:
        filter_glob: StringProperty(name="Filter", description="Files shown", default=GLOB, options={"HIDDEN"})
        directory: StringProperty(name="Folder", description="Where the files are", options={"HIDDEN", "SKIP_SAVE"})
        files: CollectionProperty(
            name="Files",
            description="Several files",
            type=bpy.types.OperatorFileListElement,
            options={"HIDDEN", "SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file, unless it is known; then start."""
        if self.directory and len(self.files):
            return self._at_once(context) if self._is_quick() else super().invoke(context, event)
        self.selecting = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: wait. From the file browser: start over as a job that does not wait."""
        if self._is_quick():
            return self._at_once(context)
        if not getattr(self, "selecting", False):
            return super().execute(context)
        folder, names = str(self._paths()[0].parent), [{"name": path.name} for path in self._paths()]
        bpy.ops.spherical_cow.load_shape("INVOKE_DEFAULT", directory=folder, files=names)
        return {"FINISHED"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The files. Those of other programs may need their surface solved for, or measured."""
        return jobs.Request("open_shapes", {"paths": [str(path) for path in self._paths()]})

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        shapes = [storage.shape_from(result.arrays[f"shape_{n}"]) for n in range(len(result.data["names"]))]
        self.report({"INFO"}, make_objects(context, result.data["names"], shapes, result.data["notes"]))
        return {"FINISHED"}

    def _at_once(self, context: bpy.types.Context) -> set[str]:
        return guarded(self, None, lambda: self._open(context))

    def _open(self, context: bpy.types.Context) -> str:
        from ..core.interchange import open_several

        contents = open_several(self._paths())
        shapes = [content.to_shape() for content in contents]  # all of it before anything is made
        notes = list(dict.fromkeys(note for content in contents for note in content.notes))
        return make_objects(context, [content.name for content in contents], shapes, notes)

    def _paths(self) -> list[Path]:
        names = [file.name for file in self.files if file.name]
        return [Path(self.directory, name) for name in names] or [Path(bpy.path.abspath(self.filepath))]

    def _is_quick(self) -> bool:
        return all(path.suffix.lower() in QUICK for path in self._paths())


def make_objects(context: bpy.types.Context, names: list[str], shapes: list[Shape], notes: list[str]) -> str:
    """An object for each shape; gives the line to report."""
    objects = [_object_of(context, shape, name) for shape, name in zip(shapes, names, strict=True)]
    return with_notes(f"Loaded {', '.join(obj.name for obj in objects)}", notes)


def _object_of(context: bpy.types.Context, shape: Shape, name: str) -> bpy.types.Object:
    from ..core.sphere.icosphere import icosphere

    unit = icosphere(FREQUENCY) if shape.sphere is None else Mesh(*shape.require_sphere())
    mesh = bridge.new_mesh(name, Mesh(positions_at(shape, unit.vertices), unit.faces))
    storage.store_reconstruction(mesh, shape, live=True)
    storage.write_fields(mesh, unit.vertices, fields_at(shape, unit.vertices))
    resynthesis.write_colors(mesh, shape.harmonics, unit.vertices)
    return messages.place(context, mesh, name)


classes = (SPHERICAL_COW_OT_load_shape,)
