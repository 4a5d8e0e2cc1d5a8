# SPDX-License-Identifier: GPL-3.0-or-later
"""Images for a network, from where its section says; and the preview of what it will see."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import EnumProperty, StringProperty
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from ... import jobs
from ...core.errors import CheckpointError, InvalidParameter
from ...idnames import Operators
from ...networks import checkpoints, views
from ...properties.networks.views import ViewSettings
from ..shell import SceneOperator

if TYPE_CHECKING:
    from ...core.networks.inputs import Framing

SECTIONS = (
    ("occupancy", "Occupancy Networks", "The section Occupancy Networks"),
    ("image_to_mesh", "Image to Mesh", "The section Image to Mesh"),
)
"""Which show images to networks."""


class ViewOperator(ViewSettings, SceneOperator):
    """What shows an image to a network."""

    if TYPE_CHECKING:
        image: str
    else:
        image: StringProperty(name="Image", description="Name of the image data-block")

    def picture(self, context: bpy.types.Context) -> Generator[jobs.Step, None, Path | NDArray[Any]]:
        """The image, or the file of it; the camera's takes a while. Raises `InvalidParameter`, `ImageError`."""
        if self.source == "FILE":
            return views.picture_in_file(self.image_path)
        if self.source == "IMAGE":
            return views.picture_in_image(views.image_named(self.image))
        return (yield from views.picture_of_camera(context, self.pictured_object(context), closely=self.crop))

    def framing(self) -> Framing:
        """Which part of the image is seen."""
        from ...core.networks.inputs import Framing

        return Framing(self.crop, self.fill / 100.0, self.whiten)

    def pictured_object(self, context: bpy.types.Context) -> bpy.types.Object | None:
        """The one object that the camera shows, or None. Raises `InvalidParameter` where there is none."""
        if self.source != "CAMERA" or self.pictured != "OBJECT":
            return None
        obj = context.object
        if obj is None or obj.type not in views.SOLID_TYPES:
            raise InvalidParameter("There is no object to take a picture of.", "Make one active, or show the scene.")
        return obj

    def name_of_picture(self, context: bpy.types.Context) -> str:
        """What the image is called: for the result."""
        pictured = self.pictured_object(context)
        camera = pictured.name if pictured is not None else "Camera"
        return {"FILE": bpy.path.basename(self.image_path), "IMAGE": self.image, "CAMERA": camera}[self.source]


def look_into(path: str) -> Generator[jobs.Step, None, str]:
    """The model of a file of weights that is not in the list, by a look into it. Raises `CheckpointError`."""
    looked = yield from jobs.work(jobs.Request("describe_checkpoints", {"paths": [path]}, torch=True, compiles=False))
    for failure in looked.data["failures"]:
        raise CheckpointError(failure["found"], failure["remedy"])
    card = looked.data["checkpoints"][0].get("card") or {}
    return str(card.get("name", ""))


def box_around(obj: bpy.types.Object) -> tuple[Vector, float]:
    """The middle of the box around the object as it stands in the scene, and its longest side."""
    corners = np.array([obj.matrix_world @ Vector(corner) for corner in obj.bound_box])
    low, high = corners.min(axis=0), corners.max(axis=0)
    return Vector((0.5 * (low + high)).tolist()), float((high - low).max()) or 1.0


def upright_around(obj: bpy.types.Object) -> Matrix:
    """Upright in that box, as large as its longest side."""
    middle, size = box_around(obj)
    return Matrix.LocRotScale(middle, None, Vector((size, size, size)))


def keep_view(context: bpy.types.Context, section: str, pixels: Any, remarks: Any) -> None:
    """Show what the network sees, and what may be wrong with it, in the panel of a section."""
    views.show_view(pixels)
    getattr(context.scene.spherical_cow.networks, section).remarks = "\n".join(remarks)


class SPHERICAL_COW_OT_preview_view(ViewOperator, bpy.types.Operator):
    """Show what the network will see."""

    bl_idname = Operators.PREVIEW_VIEW
    bl_label = "Preview"
    bl_description = "Show here what the network will see, kept as the image Network Input"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        section: str
        trained_as: str
    else:
        section: EnumProperty(name="Section", description="Where it is shown", items=SECTIONS)
        trained_as: StringProperty(
            name="Trained As", description="The checkpoint that says how much of the picture the object takes"
        )

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """The picture."""
        from ...core.networks.inputs import Framing, network_view

        framing = self.framing()
        if self.trained_as:
            framing = Framing(self.crop, checkpoints.trained_fill(self.trained_as), self.whiten)
        picture = yield from self.picture(context)
        view = network_view(picture, framing)
        return jobs.Result({"remarks": view.remarks}, {"view": view.pixels})

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        remarks = result.data["remarks"]
        keep_view(context, self.section, result.arrays["view"], remarks)
        self.report({"INFO"}, ". ".join(remarks) or "The network will see this")
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_preview_view,)
