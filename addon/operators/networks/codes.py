# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape Codes: one decoder for the selected meshes, and all that lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper
from numpy.typing import NDArray

from ... import bridge, jobs, messages
from ...core.errors import InvalidParameter
from ...core.mesh import Mesh
from ...idnames import Operators
from ...networks import shape_codes
from ...properties.networks.codes import CodesTrainSettings
from ..reconstruct import object_on_new_mesh
from ..shell import JobOperator, MeshOperator, SaveOperator, guarded
from .shell import NetworkOperator, device

FEWEST = 2
NAME = "Shape Codes"
ENDING = ".safetensors"
PER_STEP = 2000
"""Samples in each step of a fit: a quarter of the published number finds the same code to the third digit of F1."""


class SPHERICAL_COW_OT_codes_train(CodesTrainSettings, NetworkOperator, bpy.types.Operator):
    """A decoder and codes for many shapes."""

    bl_idname = Operators.CODES_TRAIN
    bl_label = "Train Shape Codes"
    bl_description = (
        "Teach one small network all selected meshes, each as a short code, and make a new object with a slider between"
        " any two of them. The meshes are not changed"
    )
    bl_options = {"UNDO"}

    names: list[str]
    first_uid: int

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """All meshes, as they look beside the active one."""
        members = shape_codes.sources(context, obj)
        if len(members) < FEWEST:
            raise InvalidParameter(f"{len(members)} meshes are selected.", "Select at least two.")
        self.names = [member.name for member in members]
        self.first_uid = members[0].session_uid
        arrays: dict[str, NDArray[Any]] = {}
        for number, member in enumerate(members):
            mesh = shape_codes.seen_from(members[0], member)
            arrays |= {f"vertices_{number}": mesh.vertices, f"faces_{number}": mesh.faces}
        changes = {"epochs": self.epochs, "common_size": self.common_size, "seed": self.seed}
        parameters = {
            "names": self.names,
            "preset": self.preset,
            "settings": changes,
            "device": device(context),
        }
        return jobs.Request("codes_train", parameters, arrays, torch=True)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the object that shows the codes."""
        first = messages.object_of(self.first_uid)
        made = new_object(context, first or obj, result.arrays["codes"].tobytes(), result.data)
        data = result.data
        return f"{made.name!r}: {len(self.names)} shapes, F1 {data['f1']:.3f}, loss {data['loss']:.4f}"


def new_object(
    context: bpy.types.Context, like: bpy.types.Object | None, content: bytes, report: Mapping[str, Any]
) -> bpy.types.Object:
    """An object at the 3D cursor that shows codes, turned, scaled and coloured like another; selected alone."""
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    plain = bpy.data.objects.new(NAME, bridge.new_mesh(NAME, empty)) if like is None else None
    made = plain or object_on_new_mesh(like, empty)
    data = bridge.mesh_of(made)
    shape_codes.store(data, content, report)
    made.name = data.name = NAME
    made.parent = None
    made.location = context.scene.cursor.location
    context.collection.objects.link(made)
    names = [member.name for member in shape_codes.group_of(data).members]
    shape_codes.show(data, names[0], names[min(1, len(names) - 1)], 0.0)
    context.view_layer.update()  # else the view layer does not know the new object yet
    messages.select_only(context, made)
    return made


class SPHERICAL_COW_OT_codes_fit(NetworkOperator, bpy.types.Operator):
    """The code of a new shape."""

    bl_idname = Operators.CODES_FIT
    bl_label = "Fit Code"
    bl_description = (
        "Find the code that is most like the selected mesh, and add it to the shape codes as a new member. The network"
        " stays as it is, so only shapes like its members are met well"
    )
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        steps: int
        target: str
    else:
        steps: IntProperty(name="Steps", description="How long a code is looked for", default=800, min=1)
        target: StringProperty(name="Into", description="The object with the shape codes, where there are several")

    holder_uid: int
    key: str

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether there are codes, and a mesh to fit."""
        if not super().poll(context):
            return False
        if not shape_codes.holders(context):
            cls.poll_message_set("Train shape codes first")
        elif shape_codes.has_codes(context.object) and not shape_codes.sources(context, context.object):
            cls.poll_message_set("Select the mesh to fit as well")
        else:
            return True
        return False

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The codes, and the mesh as it looks beside their object."""
        chosen: bpy.types.Object | None = bpy.data.objects.get(self.target)
        holder, source = shape_codes.pair(context, obj, chosen)
        if holder is None or source is None:
            raise InvalidParameter("It is not clear into which shape codes to fit.", "Choose them under Into.")
        self.holder_uid, self.key = holder.session_uid, shape_codes.group_of(bridge.mesh_of(holder)).key
        mesh = shape_codes.seen_from(holder, source)
        arrays = {
            "codes": shape_codes.content_array(bridge.mesh_of(holder)),
            "vertices": mesh.vertices,
            "faces": mesh.faces,
        }
        settings = {"steps": self.steps, "per_step": PER_STEP}
        parameters = {"name": source.name, "settings": settings, "device": device(context)}
        return jobs.Request("codes_fit", parameters, arrays, torch=True)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Store the codes with the new member, and show it."""
        holder = messages.object_of(self.holder_uid)
        if holder is None:
            raise InvalidParameter("The object with the shape codes is gone.", "Undo, and fit again.")
        if shape_codes.group_of(bridge.mesh_of(holder)).key != self.key:  # another fit has added its member
            raise InvalidParameter("The shape codes were changed meanwhile.", "Fit again.")
        data, name = bridge.mesh_of(holder), str(result.data["name"])
        shape_codes.store(data, result.arrays["codes"].tobytes(), {})
        shape_codes.show(data, shape_codes.group_of(data).first, name, 1.0)
        if holder.name in context.view_layer.objects:
            holder.hide_set(False)
            messages.select_only(context, holder)
        return f"{name!r} is met with F1 {result.data['f1']:.3f}"


class _CodesOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The object shows codes."""
        if not shape_codes.has_codes(obj):
            cls.poll_message_set("Train shape codes first, and select their object")
            return False
        return True


class _ExtractOperator(_CodesOperator, JobOperator):
    """The surface that the slider asks for, on the fine grid."""

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The codes, and what the slider asks for."""
        data = bridge.mesh_of(obj)
        parameters = {"blend": shape_codes.blend_of(data), "resolution": shape_codes.group_of(data).resolution}
        return jobs.Request("codes_extract", parameters, {"codes": shape_codes.content_array(data)})


class SPHERICAL_COW_OT_codes_refine(_ExtractOperator, bpy.types.Operator):
    """The fine surface, in place of the first look."""

    bl_idname = Operators.CODES_REFINE
    bl_label = "Refine"
    bl_description = "Find the surface again on the fine grid. The next move of the slider shows a quick look again"
    bl_options = {"UNDO"}

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The object shows codes, and its mesh can be replaced."""
        reason = shape_codes.why_not_live(bridge.mesh_of(obj))
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Replace the surface."""
        data = bridge.mesh_of(obj)
        cells = shape_codes.group_of(data).resolution
        shape_codes.set_surface(data, Mesh(result.arrays["vertices"], result.arrays["faces"]), cells)
        return f"{len(data.vertices):,} vertices"


class SPHERICAL_COW_OT_codes_keep(_ExtractOperator, bpy.types.Operator):
    """What the slider shows, as an object of its own."""

    bl_idname = Operators.CODES_KEEP
    bl_label = "Keep as Mesh"
    bl_description = "Make a new object of the surface that the slider asks for, on the fine grid, without the codes"
    bl_options = {"UNDO"}

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the object, at the same place."""
        parts = [f"{name} {weight:.0%}" for name, weight in shape_codes.blend_of(bridge.mesh_of(obj)).items() if weight]
        made = object_on_new_mesh(obj, Mesh(result.arrays["vertices"], result.arrays["faces"]))
        made.name = made.data.name = parts[0].removesuffix(" 100%") if len(parts) == 1 else ", ".join(parts)
        for collection in obj.users_collection or (context.scene.collection,):
            collection.objects.link(made)
        context.view_layer.update()
        messages.select_only(context, made)
        return f"Made {made.name!r} with {len(made.data.vertices):,} vertices"


class SPHERICAL_COW_OT_codes_save(_CodesOperator, SaveOperator, bpy.types.Operator):
    """The codes as a file."""

    bl_idname = Operators.CODES_SAVE
    bl_label = "Save Codes"
    bl_description = "Save decoder and codes in a file, for the command line and other scenes"
    filename_ext = ENDING

    if TYPE_CHECKING:
        filter_glob: str
    else:
        filter_glob: StringProperty(
            name="Filter", description="Files shown", default="*.safetensors", options={"HIDDEN"}
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        mesh = bridge.mesh_of(context.object)
        return guarded(self, context.object, lambda: self._save(mesh))

    def _save(self, mesh: bpy.types.Mesh) -> str:
        from ...core.networks.deepsdf.codes_file import save_codes

        path = Path(bpy.path.abspath(self.filepath))
        save_codes(shape_codes.load(mesh), path)
        return f"Saved {path.name!r}"


class SPHERICAL_COW_OT_codes_load(ImportHelper, bpy.types.Operator):
    """Codes from a file."""

    bl_idname = Operators.CODES_LOAD
    bl_label = "Load Codes"
    bl_description = "Make an object of shape codes that were saved, or trained on the command line"
    bl_options = {"UNDO"}
    filename_ext = ENDING

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filter_glob: StringProperty(
            name="Filter", description="Files shown", default="*.safetensors", options={"HIDDEN"}
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read the file, make the object."""
        return guarded(self, None, lambda: self._load(context))

    def _load(self, context: bpy.types.Context) -> str:
        from ...core.networks.deepsdf.codes_file import codes_to_bytes, load_codes

        codes = load_codes(bpy.path.abspath(self.filepath))
        known = {name: value for name, value in codes.facts.items() if name in ("loss", "f1") and type(value) is float}
        made = new_object(context, None, codes_to_bytes(codes), known)
        return f"{made.name!r}: {len(codes.names)} shapes"


classes = (
    SPHERICAL_COW_OT_codes_train,
    SPHERICAL_COW_OT_codes_fit,
    SPHERICAL_COW_OT_codes_refine,
    SPHERICAL_COW_OT_codes_keep,
    SPHERICAL_COW_OT_codes_save,
    SPHERICAL_COW_OT_codes_load,
)
