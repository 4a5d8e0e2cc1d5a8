# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the image that a network sees comes from: what the sections that show one to a network ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, PointerProperty, StringProperty

from ...choices import IMAGE_SOURCES, PICTURED


class ViewSettings:
    """Where the image comes from, and which part of it is seen; shared by the settings of panels and the operators."""

    if TYPE_CHECKING:
        source: str
        image_path: str
        pictured: str
        crop: bool
        fill: float
        whiten: bool
    else:
        source: EnumProperty(name="Image", description="Where the image comes from", items=IMAGE_SOURCES)
        image_path: StringProperty(
            name="File",
            description="An image (PNG, JPEG …)",
            subtype="FILE_PATH",
            options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        )
        pictured: EnumProperty(name="Show", description="What the picture of the camera shows", items=PICTURED)
        crop: BoolProperty(
            name="Crop to Object",
            description="Cut the picture to what stands out from the background, and put it into the middle. Without it"
            " the whole picture is squeezed to a square, as published",
            default=True,
        )
        fill: FloatProperty(
            name="Fill",
            description="How much of the edge of the picture the longest side of the object takes. The published"
            " Occupancy Network and Pixel2Mesh have seen objects that take about 60 %",
            default=60.0,
            min=10.0,
            max=100.0,
            precision=0,
            subtype="PERCENTAGE",
        )
        whiten: BoolProperty(
            name="White Background",
            description="Paint a plain background white. The networks have seen objects on white only",
        )


class PanelViewSettings(ViewSettings):
    """What only the panel keeps of them: an operator gets the name of the image."""

    if TYPE_CHECKING:
        image: bpy.types.Image | None
        remarks: str
    else:
        image: PointerProperty(name="Image", description="An image of this file", type=bpy.types.Image)
        remarks: StringProperty(name="Remarks", description="What may be wrong with the last image")
