# SPDX-License-Identifier: GPL-3.0-or-later
"""Image to Mesh: a mesh that a network bends to a picture, with the stages on the way, its texture and its camera."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ... import bridge, jobs, keyframes, messages, storage, textured
from ...core.datasets.arrays import Camera
from ...core.datasets.pinhole import Pinhole, pinhole
from ...core.errors import CheckpointError, InvalidParameter
from ...idnames import Operators
from ...networks import checkpoints
from ...networks.matched_cameras import add_camera
from ...properties.networks.image_to_mesh import BEGINNINGS, ImageToMeshSettings
from ...shape_keys import add_key
from .shell import NeedsTorch, device
from .views import ViewOperator, box_around, keep_view, look_into

_GAP = 1.25
"""From the middle of one stage to the next, in widths."""

Arrays = Mapping[str, NDArray[Any]]


class SPHERICAL_COW_OT_image_to_mesh(NeedsTorch, ViewOperator, ImageToMeshSettings, bpy.types.Operator):
    """Make a mesh of a picture."""

    bl_idname = Operators.IMAGE_TO_MESH
    bl_label = "Make Mesh"
    bl_description = (
        "Let the network bend a mesh to the object in the image: a new object at the 3D cursor, as seen from the front"
    )
    bl_options = {"UNDO"}

    weights: str
    picture_name: str
    seen_object: tuple[Matrix, float, Matrix] | None
    """Of a picture of the active object: its middle, its size, and how the camera was turned."""

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """The picture, and what the network makes of it."""
        if self.output == "KEYS" and self.animate and self.frame_end <= self.frame_start:
            raise InvalidParameter(
                f"The animation ends at frame {self.frame_end}, before it begins.", "Give a later end frame."
            )
        path = checkpoints.path_of(self.checkpoint)
        self.weights = Path(path).name  # the list may change while the network works
        return self._chain(context, path, checkpoints.model_of(self.checkpoint))

    def _chain(self, context: bpy.types.Context, path: str, model: str) -> jobs.Work:
        model = model or (yield from look_into(path))
        if not model.startswith(BEGINNINGS):
            raise CheckpointError(
                "These are not the weights of a network that bends a mesh to a picture.",
                "Choose another checkpoint, or its own section.",
            )
        self.picture_name = self.name_of_picture(context)  # what is active may change while the picture is rendered
        self.seen_object = self._seen_object(context)
        picture = yield from self.picture(context)
        return (yield from jobs.work(self._request(context, path, picture)))

    def _seen_object(self, context: bpy.types.Context) -> tuple[Matrix, float, Matrix] | None:
        pictured, camera = self.pictured_object(context), context.scene.camera
        if pictured is None or camera is None:
            return None
        middle, size = box_around(pictured)
        return Matrix.Translation(middle), size, camera.matrix_world.to_quaternion().to_matrix().to_4x4()

    def _request(self, context: bpy.types.Context, path: str, picture: Path | NDArray[Any]) -> jobs.Request:
        from ...core.networks.inputs import bytes_of

        parameters: dict[str, Any] = {
            "checkpoint": path,
            "device": device(context),
            "framing": {"crop": self.crop, "whiten": self.whiten},
            "up": "z",
            "unit": True,
            "carry": self.output == "KEYS",
            "fine": self.add_camera,
        }
        if not self.as_trained:
            parameters["framing"]["fill"] = self.fill / 100.0
        arrays = {}
        if isinstance(picture, Path):
            parameters["input"] = str(picture)
        else:
            arrays["image"] = bytes_of(picture)
        return jobs.Request("reconstruct", parameters, arrays, torch=True)

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        self.report({"INFO"}, self.commit(context, context.object, result))
        return {"FINISHED"}

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the objects."""
        arrays, data = result.arrays, result.data
        camera, notes = _camera_in(arrays, int(data["picture_size"]))
        last, name = int(data["stages"]) - 1, f"{bpy.path.display_name_from_filepath(self.picture_name)} Mesh"
        keep_view(context, "image_to_mesh", arrays["view"], data["view_remarks"])
        made = textured.textured_object(context, name, _of_stage(arrays, last))
        made.matrix_world = self._place(context, camera)
        self._keep_facts(bridge.mesh_of(made), data, last)
        others: list[bpy.types.Object] = []
        if self.output == "KEYS":
            self._add_keys(made, arrays, last)
        elif self.output == "OBJECTS":
            others = self._add_stages(context, made, arrays, data)
        if self.add_camera and camera is not None:
            others.append(add_camera(context, f"{name} Camera", camera, made.matrix_world, arrays["picture"]))
        elif self.add_camera:
            notes += ". The network does not say how the picture was taken, so there is no camera"
        messages.select_only(context, made)
        for other in others:
            other.select_set(other.type == "MESH")
        notes += "".join(f". {remark}" for remark in data["remarks"])
        stages = f"{last + 1} stages" if last else "1 stage"
        faces, seconds = len(bridge.mesh_of(made).polygons), float(data["seconds"]["predict"])
        return f"Made {made.name!r}: {stages}, {faces:,} faces, {seconds:.1f} s{notes}"

    def _place(self, context: bpy.types.Context, camera: Pinhole | None) -> Matrix:
        """At the 3D cursor; what the camera saw alone, where that object is, and turned to the camera as there."""
        if self.seen_object is None:
            return Matrix.Translation(context.scene.cursor.location)
        middle, size, turn = self.seen_object
        if camera is None:
            return middle @ Matrix.Scale(size, 4)
        return middle @ turn @ Matrix(camera.pose[:3, :3].T.tolist()).to_4x4() @ Matrix.Scale(size, 4)

    def _add_keys(self, made: bpy.types.Object, arrays: Arrays, last: int) -> None:
        """Shape keys for the stages before the last, which is the basis; all at 0 show the result."""
        if not last:
            return
        add_key(made, "Result", arrays[f"carried_{last}"])
        frames = np.linspace(self.frame_start, self.frame_end, last + 1)
        for number in range(last):
            key = add_key(made, f"Stage {number + 1}", arrays[f"carried_{number}"])
            if self.animate:
                values = [float(station == number) for station in range(last + 1)]
                keyframes.set_values(key, "value", frames, values, "BEZIER")

    def _add_stages(
        self, context: bpy.types.Context, made: bpy.types.Object, arrays: Arrays, data: Mapping[str, Any]
    ) -> list[bpy.types.Object]:
        """The stages before the last, to its left."""
        last, step, found = int(data["stages"]) - 1, _GAP * max(made.dimensions.x, made.dimensions.y), []
        for number in range(last):
            stage = textured.textured_object(context, f"{made.name} Stage {number + 1}", _of_stage(arrays, number))
            stage.matrix_world = Matrix.Translation(((number - last) * step, 0.0, 0.0)) @ made.matrix_world
            self._keep_facts(bridge.mesh_of(stage), data, number)
            found.append(stage)
        return found

    def _keep_facts(self, mesh: bpy.types.Mesh, data: Mapping[str, Any], number: int) -> None:
        facts = storage.data_of(mesh).predicted
        facts.model, facts.title, facts.checkpoint = str(data["model"]), str(data["title"]), self.weights
        facts.parameters, facts.source = int(data["parameters"]), self.picture_name
        facts.stage = f"{number + 1} of {data['stages']}"
        facts.seconds = float(data["seconds"]["predict"])
        facts.remarks = "\n".join(data["remarks"])


def _of_stage(arrays: Arrays, number: int) -> dict[str, NDArray[Any]]:
    """The arrays of one mesh; colours and texture are those of the last."""
    found = {"vertices": arrays[f"vertices_{number}"], "faces": arrays[f"faces_{number}"]}
    if f"vertices_{number + 1}" not in arrays:
        found |= {name: arrays[name] for name in ("color", "uv", "texture") if name in arrays}
    return found


def _camera_in(arrays: Arrays, size: int) -> tuple[Pinhole | None, str]:
    """The camera of a result, and what is wrong with it."""
    if "camera_matrix" not in arrays:
        return None, ""
    try:
        return pinhole(Camera(arrays["camera_matrix"], arrays["camera_world"]), size), ""
    except InvalidParameter as error:
        return None, f". {error.found}"


classes = (SPHERICAL_COW_OT_image_to_mesh,)
