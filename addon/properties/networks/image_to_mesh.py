# SPDX-License-Identifier: GPL-3.0-or-later
"""What Image to Mesh asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...networks import checkpoints
from .views import PanelViewSettings, ViewSettings

BEGINNINGS = ("pixel2mesh", "reconstruction")
"""Of the names of the models that this section uses."""

OUTPUTS = (
    ("RESULT", "Result", "One object: the last mesh"),
    (
        "KEYS",
        "Shape Keys",
        "One object: the last mesh, with a shape key for each stage before it, that shows that stage",
    ),
    ("OBJECTS", "Objects", "An object for each stage, with the mesh as coarse as it is there, in a row"),
)


class ImageToMeshSettings(ViewSettings):
    """Shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        checkpoint: str
        as_trained: bool
        output: str
        animate: bool
        frame_start: int
        frame_end: int
        add_camera: bool
    else:
        checkpoint: StringProperty(
            name="Checkpoint", description="The weights of the network", search=checkpoints.search(*BEGINNINGS)
        )
        as_trained: BoolProperty(
            name="As Trained",
            description="Let the object take as much of the picture as in the pictures that the network has learned"
            " from. Off: set it yourself",
            default=True,
        )
        output: EnumProperty(
            name="Stages", description="What becomes of the meshes on the way", items=OUTPUTS, default="RESULT"
        )
        animate: BoolProperty(
            name="Keyframes", description="Animate the shape keys, from the first stage to the result", default=True
        )
        frame_start: IntProperty(name="Start", description="First frame: the first stage", default=1)
        frame_end: IntProperty(name="End", description="Last frame: the result", default=60)
        add_camera: BoolProperty(
            name="Matching Camera",
            description="Add a camera through which the result lies over the picture, which it has as its background",
            default=True,
        )


class SPHERICAL_COW_PG_image_to_mesh(ImageToMeshSettings, PanelViewSettings, bpy.types.PropertyGroup):
    """Settings of the Image to Mesh panel."""


classes = (SPHERICAL_COW_PG_image_to_mesh,)
