# SPDX-License-Identifier: GPL-3.0-or-later
"""Occupancy Networks: a new object of what a network sees in an image, points or voxels, or of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Matrix, Vector

from ... import bridge, jobs, messages, storage
from ...core.errors import CheckpointError, InvalidParameter
from ...core.mesh import Mesh
from ...idnames import Operators
from ...networks import checkpoints, views
from ...properties.networks.occupancy import BEGINNING, PredictSettings
from ..reconstruct import finish, object_on_new_mesh
from .shell import NeedsTorch, device
from .views import ViewOperator, keep_view, look_into, upright_around

if TYPE_CHECKING:
    from ...core.networks.inputs import View

_SETTINGS = ("up", "resolution", "threshold", "refinement", "faces", "seed", "count")
_GAP = 1.25
"""From the middle of one new shape to the next, in widths."""


def kind_of(model: str) -> str:
    """What the model of that name sees: "image", "points", "voxels", "unconditional"; "" for another family."""
    return model.removeprefix(BEGINNING) if model.startswith(BEGINNING) else ""


class SPHERICAL_COW_OT_predict(NeedsTorch, ViewOperator, PredictSettings, bpy.types.Operator):
    """Make a new object of what a network sees."""

    bl_idname = Operators.PREDICT
    bl_label = "Predict"
    bl_description = (
        "Let the network make a new object of what it sees: of an image, at the 3D cursor; of the active object, in its"
        " place; or new shapes by themselves. The input is kept"
    )
    bl_options = {"UNDO"}

    weights: str
    remarks: tuple[str, ...]
    pictured_place: Matrix | None
    input_uid: int
    input_name: str

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """The prediction; before it a look into a file that is not in the list, as scripts give it, and the picture."""
        path = checkpoints.path_of(self.checkpoint)
        self.weights = Path(path).name  # the list may change while the network works
        model = checkpoints.model_of(self.checkpoint)
        self.remarks, self.pictured_place, self.input_uid, self.input_name = (), None, 0, ""
        if kind_of(model) == "image" or not model:
            return self._chain(context, path, model)
        return jobs.work(self._request(context, path, model))

    def _chain(self, context: bpy.types.Context, path: str, model: str) -> jobs.Work:
        from ...core.networks.inputs import network_view

        model = model or (yield from look_into(path))
        view = None
        if kind_of(model) == "image":
            self._note_source(context)  # what is active may change while the picture is rendered
            view = network_view((yield from self.picture(context)), self.framing())
            self.remarks = view.remarks
        return (yield from jobs.work(self._request(context, path, model, view)))

    def _request(self, context: bpy.types.Context, path: str, model: str, view: View | None = None) -> jobs.Request:
        """The input, read from Blender, and the settings."""
        kind = kind_of(model)
        if not kind:
            raise CheckpointError(
                "These are not the weights of an Occupancy Network.", "Choose another checkpoint, or its own section."
            )
        arrays = self._arrays(context, kind, view)
        parameters: dict[str, Any] = {name: getattr(self, name) for name in _SETTINGS}
        if kind != "unconditional":
            parameters["count"] = 1
        if kind in ("image", "unconditional"):
            parameters["up"] = "z"  # the result stands upright in the scene
        parameters |= {
            "checkpoint": path,
            "device": device(context),
            "blocks": kind == "voxels" and self.show_voxels,
        }
        return jobs.Request("predict", parameters, arrays, torch=True)

    def _note_source(self, context: bpy.types.Context) -> None:
        pictured = self.pictured_object(context)
        if pictured is not None:
            self.pictured_place = upright_around(pictured)
        self.input_name = self.name_of_picture(context)

    def _arrays(self, context: bpy.types.Context, kind: str, view: View | None) -> Mapping[str, Any]:
        if kind == "unconditional":
            return {}
        if view is not None:
            return {"image": view.pixels}
        obj = context.object
        found = views.surface_of(obj, needs_faces=kind == "voxels")
        self.input_uid, self.input_name = obj.session_uid, obj.name
        return found

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        self.report({"INFO"}, self.commit(context, context.object, result))
        return {"FINISHED"}

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the objects."""
        arrays, data = result.arrays, result.data
        meshes = [Mesh(arrays[f"vertices_{n}"], arrays[f"faces_{n}"]) for n in range(len(data["seeds"]))]
        if "view" in arrays:
            keep_view(context, "occupancy", arrays["view"], self.remarks)
        if self.input_uid:
            source = messages.object_of(self.input_uid)
            if source is None:
                raise InvalidParameter("The object was deleted meanwhile: the result is dropped.", "Run it again.")
            made = [self._on_object(context, source, meshes[0], arrays)]
        else:
            made = self._at_cursor(context, meshes)
        seconds = float(data["seconds"]["predict"])
        for one, seed in zip(made, data["seeds"], strict=True):
            self._keep_facts(bridge.mesh_of(one), data, int(seed), seconds / len(made))
        faces = sum(mesh.n_faces for mesh in meshes)
        notes = "".join(f". {remark}" for remark in (*self.remarks, *data["remarks"]))
        what = f"{made[0].name!r}" if len(made) == 1 else f"{len(made)} shapes"
        return f"Made {what}: {self.resolution}³ cells, {faces:,} faces, {seconds:.1f} s{notes}"

    def _on_object(
        self, context: bpy.types.Context, source: bpy.types.Object, mesh: Mesh, arrays: Mapping[str, Any]
    ) -> bpy.types.Object:
        """The result in the place of the object that was the input; the voxels beside it."""
        name = f"{source.name} Prediction"
        voxels = None
        if "blocks_vertices" in arrays:
            voxels = object_on_new_mesh(source, Mesh(arrays["blocks_vertices"], arrays["blocks_faces"]))
            bridge.mesh_of(voxels).shade_flat()
            finish(context, source, voxels, hide=False, name=f"{source.name} Voxels")
        made = object_on_new_mesh(source, mesh)
        finish(context, source, made, hide=self.hide_original, name=name)
        if voxels is not None:
            context.view_layer.update()
            aside = Matrix.Translation((_GAP * max(made.dimensions.x, voxels.dimensions.x), 0.0, 0.0))
            voxels.matrix_world = aside @ voxels.matrix_world
        return made

    def _at_cursor(self, context: bpy.types.Context, meshes: list[Mesh]) -> list[bpy.types.Object]:
        """At the 3D cursor, several in a row; what the camera saw alone, where that object is."""
        start = context.scene.cursor.location
        width = max(float(mesh.vertices[:, 0].max() - mesh.vertices[:, 0].min()) for mesh in meshes)
        name, made = self.input_name and bpy.path.display_name_from_filepath(self.input_name), []
        for number, mesh in enumerate(meshes):
            data = bridge.new_mesh(f"{name} Prediction" if name else "New Shape", mesh)
            one = messages.place(context, data, data.name)
            one.location = start + Vector((number * _GAP * width, 0.0, 0.0))
            if self.pictured_place is not None:
                one.matrix_world = self.pictured_place
            made.append(one)
        for one in made:
            one.select_set(True)
        return made

    def _keep_facts(self, mesh: bpy.types.Mesh, data: Mapping[str, Any], seed: int, seconds: float) -> None:
        facts = storage.data_of(mesh).predicted
        facts.model, facts.title, facts.checkpoint = str(data["model"]), str(data["title"]), self.weights
        facts.parameters, facts.resolution = int(data["parameters"]), int(data["resolution"])
        facts.source, facts.seed, facts.seconds = self.input_name, seed, seconds
        facts.threshold = self.threshold
        facts.remarks = "\n".join((*self.remarks, *data["remarks"]))


classes = (SPHERICAL_COW_OT_predict,)
