# SPDX-License-Identifier: GPL-3.0-or-later
"""What Fit to Pictures asks for, the list of pictures, and what is kept on a mesh that was fitted to some."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ...networks.picture_choices import (
    FIT_QUALITIES,
    FIT_STARTS,
    PICTURE_BACKGROUNDS,
    PICTURE_CAMERAS,
    PICTURE_SYMMETRIES,
)


class FitPicturesSettings:
    """What Fit to Pictures asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        cameras: str
        azimuth: float
        elevation: float
        turn: float
        field_of_view: float
        refine_cameras: bool
        background: str
        symmetry: str
        symmetric_texture: bool
        quality: str
        level: int
        steps: int
        resolution: int
        texture_size: int
        start: str
        smoothness: float
        color_weight: float
        seconds: float
        seed: int
    else:
        cameras: EnumProperty(name="Cameras", description="From where the pictures were taken", items=PICTURE_CAMERAS)
        azimuth: FloatProperty(
            name="First From",
            description="From where the first picture was taken: 0° is the front (-Y), 90° the side at positive X",
            min=-2 * math.pi,
            max=2 * math.pi,
            subtype="ANGLE",
        )
        elevation: FloatProperty(
            name="Elevation",
            description="How far above the horizon of the object the camera stood",
            min=math.radians(-89.0),
            max=math.radians(89.0),
            subtype="ANGLE",
        )
        turn: FloatProperty(
            name="Turn",
            description="From each picture to the next, counter-clockwise from above; 0° is once around in all",
            min=-2 * math.pi,
            max=2 * math.pi,
            subtype="ANGLE",
        )
        field_of_view: FloatProperty(
            name="Field of View",
            description="Of the camera, across the longer side of the picture",
            default=math.radians(40.0),
            min=math.radians(1.0),
            max=math.radians(120.0),
            subtype="ANGLE",
        )
        refine_cameras: BoolProperty(
            name="Refine Cameras",
            description="Move the cameras, too, where that makes the pictures agree better. Those of the scene stay",
        )
        background: EnumProperty(
            name="Background", description="What of a picture is not the object", items=PICTURE_BACKGROUNDS
        )
        symmetry: EnumProperty(
            name="Symmetry",
            description="What the object is known to have: what no picture shows is then as what one shows",
            items=PICTURE_SYMMETRIES,
        )
        symmetric_texture: BoolProperty(
            name="Symmetric Colors", description="The colors have the symmetry, too, not only the shape"
        )
        quality: EnumProperty(
            name="Quality",
            description="How fine the mesh and its texture are, and the pictures that it is compared with",
            items=FIT_QUALITIES,
            default="normal",
        )
        level: IntProperty(
            name="Level", description="Of the mesh, which has 10 level² + 2 vertices", default=20, min=2, max=48
        )
        steps: IntProperty(
            name="Steps", description="How often the mesh is improved", default=160, min=1, max=5000, soft_max=500
        )
        resolution: IntProperty(
            name="Resolution",
            description="Pixels along an edge of the pictures that the shape is compared with. The texture uses all"
            " that there are",
            default=128,
            min=16,
            max=512,
        )
        texture_size: IntProperty(
            name="Texture",
            description="Pixels of the height of the texture, which is twice as wide",
            default=512,
            min=16,
            max=2048,
        )
        start: EnumProperty(name="Start", description="Where the shape begins", items=FIT_STARTS)
        smoothness: FloatProperty(
            name="Smoothness",
            description="How smooth the shape is. 1 suits clean pictures; more suits outlines that are not sharp",
            default=1.0,
            min=0.01,
            max=100.0,
            soft_max=10.0,
        )
        color_weight: FloatProperty(
            name="Colors",
            description="How much the colors shape the object, beside the outlines; 0 is outlines alone",
            default=1.0,
            min=0.0,
            max=10.0,
        )
        seconds: FloatProperty(
            name="Time Limit",
            description="Seconds after which the best so far is taken; 0 for no limit",
            min=0.0,
            max=86400.0,
            soft_max=600.0,
            precision=0,
        )
        seed: IntProperty(name="Seed", description="Start of the random numbers", min=0)


def _is_camera(picture: SPHERICAL_COW_PG_picture, obj: Any) -> bool:
    return bool(obj.type == "CAMERA")


class SPHERICAL_COW_PG_picture(bpy.types.PropertyGroup):
    """A picture in the list."""

    if TYPE_CHECKING:
        image: bpy.types.Image | None
        camera: bpy.types.Object | None
        enabled: bool
    else:
        image: PointerProperty(name="Image", description="The picture", type=bpy.types.Image)
        camera: PointerProperty(
            name="Camera",
            description="The camera that the picture was taken with, at the current frame",
            type=bpy.types.Object,
            poll=_is_camera,
        )
        enabled: BoolProperty(name="Use", description="Fit to this picture", default=True)


class SPHERICAL_COW_PG_fit_pictures(FitPicturesSettings, bpy.types.PropertyGroup):
    """Settings of the Fit to Pictures panel."""

    if TYPE_CHECKING:
        pictures: bpy.types.bpy_prop_collection_idprop[SPHERICAL_COW_PG_picture]
        active_picture: int
    else:
        pictures: CollectionProperty(
            name="Pictures", description="What the mesh is fitted to", type=SPHERICAL_COW_PG_picture
        )
        active_picture: IntProperty(name="Active Picture", description="The one that is chosen in the list")


class SPHERICAL_COW_PG_pictured(bpy.types.PropertyGroup):
    """How a mesh was fitted to pictures."""

    if TYPE_CHECKING:
        count: int
        iou: float
        psnr: float
        seconds: float
        symmetry: str
        stopped: bool
        remarks: str
    else:
        count: IntProperty(name="Pictures", description="How many; 0 for a mesh that was not fitted to pictures")
        iou: FloatProperty(name="IoU", description="How well the outlines agree, on average; 1 is all, 0 not known")
        psnr: FloatProperty(name="PSNR", description="How well the colors agree, in decibels; 0 is not known")
        seconds: FloatProperty(name="Seconds", description="Time that it took")
        symmetry: StringProperty(name="Symmetry", description="That it was given")
        stopped: BoolProperty(name="Stopped", description="The best that there was when it was stopped")
        remarks: StringProperty(name="Remarks", description="What may be wrong with the pictures")


classes = (SPHERICAL_COW_PG_picture, SPHERICAL_COW_PG_fit_pictures, SPHERICAL_COW_PG_pictured)
