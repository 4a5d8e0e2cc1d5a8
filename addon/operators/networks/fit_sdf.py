# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit SDF: a mesh becomes a neural distance field, and meshes of any resolution come out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import StringProperty
from bpy_extras.io_utils import ImportHelper

from ... import bridge, jobs, messages
from ...core.errors import InvalidParameter
from ...core.mesh import Mesh
from ...idnames import Operators
from ...networks import fitted_fields
from ...properties.networks.fit_sdf import ExtractSdfSettings, FitSdfSettings
from ..reconstruct import finish, object_on_new_mesh
from ..shell import MeshOperator, SaveOperator, SceneOperator, guarded
from .shell import NeedsTorch, NetworkOperator, device

ENDING = ".safetensors"
FITTING = ("preset", "network", "loss", "samples", "epochs", "seed")
"""The settings that go to the library as they are."""
MOST_BYTES = 512_000_000
"""Of a file: more is no field."""

_COARSE = 4
"""Grids are doubled twice near the surface, so their cells are counted in fours."""


def cells(resolution: int) -> int:
    """The next resolution that the grids can have."""
    return -(-resolution // _COARSE) * _COARSE


class SPHERICAL_COW_OT_fit_sdf(FitSdfSettings, NetworkOperator, bpy.types.Operator):
    """From a mesh to a distance field."""

    bl_idname = Operators.FIT_SDF
    bl_label = "Fit SDF"
    bl_description = (
        "Let a network learn how far any point is from the mesh, also from an open or broken one, and make a new object"
        " from it. The object carries the network: a mesh of any resolution can be taken out of it"
    )
    bl_options = {"UNDO"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh and the settings."""
        mesh = bridge.read(obj, use_modifiers=self.use_modifiers).mesh
        parameters: dict[str, Any] = {name: getattr(self, name) for name in FITTING}
        parameters |= {"device": device(context), "source": obj.name}
        parameters |= {"resolution": cells(self.resolution), "refinement": 1}
        arrays = {"vertices": mesh.vertices, "faces": mesh.faces}
        return jobs.Request("fit_distance", parameters, arrays, torch=True)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the object, which carries the field."""
        mesh = extracted(result)
        made = object_on_new_mesh(obj, mesh)
        data, report = bridge.mesh_of(made), result.data
        fitted_fields.store(data, result.arrays["field"].tobytes(), report, self.network, self.preset)
        fitted_fields.store_source(data, obj, self.before, with_modifiers=self.use_modifiers)
        fitted_fields.note_extracted(data, cells(self.resolution), 0.0)
        finish(context, obj, made, hide=self.hide_original, name=f"{obj.name} SDF")
        return f"Fitted {obj.name!r}: F1 {report['f1_near']:.3f} near the surface, {report['f1_volume']:.3f} in all"


def extracted(result: jobs.Result) -> Mesh:
    """The mesh that the worker took from a field. Raises `InvalidParameter` where the field has no surface."""
    mesh = Mesh(result.arrays["vertices"], result.arrays["faces"])
    if not mesh.n_faces:
        raise InvalidParameter("The field has no surface there.", "Choose another level, or fit with more epochs.")
    return mesh


class FieldOperator(MeshOperator):
    """For operators on a fitted field: greyed out where the mesh carries none."""

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The object carries a fitted field."""
        if not fitted_fields.has_field(obj):
            cls.poll_message_set("Fit a field to the mesh first, and select the object that this makes")
            return False
        return super().poll_object(obj)


class SPHERICAL_COW_OT_extract_sdf(ExtractSdfSettings, FieldOperator, NetworkOperator, bpy.types.Operator):
    """Another mesh of the same field."""

    bl_idname = Operators.EXTRACT_SDF
    bl_label = "Extract"
    bl_description = "Take the mesh out of the field anew, with this resolution and at this distance from the surface"
    bl_options = {"UNDO"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The field and the settings."""
        mesh = bridge.mesh_of(obj)
        if mesh.shape_keys is not None:
            raise InvalidParameter(f"{obj.name!r} has shape keys, which cannot follow.", "Apply or remove them first.")
        parameters: dict[str, Any] = {"resolution": cells(self.resolution), "level": self.level, "faces": self.faces}
        parameters |= {"refinement": self.refinement, "device": device(context)}
        return jobs.Request("extract_distance", parameters, {"field": fitted_fields.array_of(mesh)}, torch=True)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Put the new triangles into the same mesh; materials and field stay."""
        made = extracted(result)
        with bridge.object_mode(obj):
            mesh = bridge.mesh_of(obj)
            bridge.set_triangles(mesh, made)
            fitted_fields.note_extracted(mesh, cells(self.resolution), self.level)
        return f"Extracted {made.n_faces:,} faces"


class SPHERICAL_COW_OT_save_sdf(FieldOperator, SaveOperator, bpy.types.Operator):
    """The field as a file."""

    bl_idname = Operators.SAVE_SDF
    bl_label = "Save Field"
    bl_description = "Save the fitted field as a file (.safetensors), for the library and the command line"
    filename_ext = ENDING

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filter_glob: StringProperty(name="Filter", description="Files shown", default=f"*{ENDING}", options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        mesh = bridge.mesh_of(context.object)
        return guarded(self, context.object, lambda: self._save(mesh))

    def _save(self, mesh: bpy.types.Mesh) -> str:
        from ...core.files import atomic_write

        path = Path(bpy.path.abspath(self.filepath))
        with atomic_write(path) as temporary:
            temporary.write_bytes(fitted_fields.group_of(mesh).content)
        return f"Saved {path.name!r}"


class SPHERICAL_COW_OT_load_sdf(NeedsTorch, ImportHelper, SceneOperator, bpy.types.Operator):
    """An object from the file of a field."""

    bl_idname = Operators.LOAD_SDF
    bl_label = "Load Field"
    bl_description = "Make an object from the file of a fitted field (.safetensors), at the 3D cursor"
    bl_options = {"UNDO"}
    filename_ext = ENDING

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
        resolution: int
        content: bytes
    else:
        filter_glob: StringProperty(name="Filter", description="Files shown", default=f"*{ENDING}", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file, unless it is known; then start."""
        if self.properties.is_property_set("filepath") and not getattr(self, "selecting", False):
            return super().invoke(context, event)
        self.selecting = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: wait. From the file browser: start over as a job that does not wait."""
        if not getattr(self, "selecting", False):
            return super().execute(context)
        bpy.ops.spherical_cow.load_sdf("INVOKE_DEFAULT", filepath=self.filepath)
        return {"FINISHED"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The content of the file, which the worker reads with care."""
        path = Path(bpy.path.abspath(self.filepath))
        try:
            if path.stat().st_size > MOST_BYTES:
                raise InvalidParameter(f"{path.name!r} is too large for a field.", "Choose another file.")
            self.content = path.read_bytes()
        except OSError as error:
            found = f"{path.name!r} cannot be read: {error.strerror}."
            raise InvalidParameter(found, "Choose another file.") from error
        options = context.scene.spherical_cow.networks.fit_sdf
        self.resolution = cells(options.resolution)
        parameters = {"resolution": self.resolution, "refinement": 1, "device": device(context)}
        return jobs.Request(
            "extract_distance", parameters, {"field": np.frombuffer(self.content, np.uint8)}, torch=True
        )

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        data = bridge.new_mesh(path.stem, extracted(result))
        facts = result.data
        fitted_fields.store(data, self.content, facts["report"], facts["network"], facts["preset"])
        fitted_fields.note_extracted(data, self.resolution, 0.0)
        obj = messages.place(context, data, path.stem)
        self.report({"INFO"}, f"Loaded {obj.name!r}: {len(data.polygons):,} faces")
        return {"FINISHED"}


classes = (
    SPHERICAL_COW_OT_fit_sdf,
    SPHERICAL_COW_OT_extract_sdf,
    SPHERICAL_COW_OT_save_sdf,
    SPHERICAL_COW_OT_load_sdf,
)
