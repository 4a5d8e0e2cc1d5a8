# SPDX-License-Identifier: GPL-3.0-or-later
"""What SDF Tools asks for, and what the mesh of a slice carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...choices import AXES, SDF_TOOLS, SHELL_SIDES
from ...networks import slices


class SdfToolSettings:
    """What the tools ask for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        tool: str
        distance: float
        thickness: float
        side: str
        radius: float
        weight: float
        resolution: int
        faces: int
        use_modifiers: bool
        use_fields: bool
        hide_original: bool
    else:
        tool: EnumProperty(name="Tool", description="What is made", items=SDF_TOOLS)
        distance: FloatProperty(
            name="Distance",
            description="How far the surface moves outward; negative shrinks the body",
            unit="LENGTH",
            default=0.1,
            soft_min=-1.0,
            soft_max=1.0,
        )
        thickness: FloatProperty(
            name="Thickness", description="Of the wall", unit="LENGTH", default=0.1, min=0.0, soft_max=1.0
        )
        side: EnumProperty(name="Wall", description="Where the wall is", items=SHELL_SIDES)
        radius: FloatProperty(
            name="Radius",
            description="How far from the crease the smooth blend begins; 0 leaves it sharp",
            unit="LENGTH",
            min=0.0,
            soft_max=1.0,
        )
        weight: FloatProperty(
            name="Weight",
            description="0 is the active object, 1 the other one",
            default=0.5,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )
        resolution: IntProperty(
            name="Resolution",
            description="Cells along the longest side of the result: finer keeps more detail, and takes longer",
            default=128,
            min=8,
            max=1024,
            soft_max=512,
        )
        faces: IntProperty(name="Faces", description="Simplify to so many triangles; 0 keeps all", min=0)
        use_modifiers: BoolProperty(
            name="Use Modifiers", description="Take what the modifiers make of the meshes", default=True
        )
        use_fields: BoolProperty(
            name="Fitted Fields",
            description="Of objects that carry a fitted field, take that instead of their mesh. Needs PyTorch",
        )
        hide_original: BoolProperty(
            name="Hide Originals", description="Hide the objects that went into the new one", default=True
        )


class SPHERICAL_COW_PG_sdf_tools(SdfToolSettings, bpy.types.PropertyGroup):
    """Settings of the SDF Tools panel."""


def _cut(group: SPHERICAL_COW_PG_slice, context: bpy.types.Context) -> None:
    slices.recut(slices.mesh_of_group(group))


def _color(group: SPHERICAL_COW_PG_slice, context: bpy.types.Context) -> None:
    slices.recolor(slices.mesh_of_group(group))


class SPHERICAL_COW_PG_slice(bpy.types.PropertyGroup):
    """What the mesh of a slice shows, and of which object. The settings act at once."""

    if TYPE_CHECKING:
        source: str
        key: str
        width: int
        height: int
        axis: str
        position: float
        resolution: int
        limit: float
        spacing: float
        lines: bool
        smallest: float
        largest: float
    else:
        source: StringProperty(name="Of", description="The object that is cut; empty where this is no slice")
        key: StringProperty(name="Key", description="Of the mesh that was cut, and where it stood")
        width: IntProperty(name="Width", description="Points along the first side")
        height: IntProperty(name="Height", description="Points along the second side")
        axis: EnumProperty(
            name="Axis",
            description="The axis of the scene that the plane stands across",
            items=AXES,
            default="z",
            update=_cut,
        )
        position: FloatProperty(
            name="Position",
            description="0 is the low end of the object, 1 the high one",
            default=0.5,
            soft_min=0.0,
            soft_max=1.0,
            min=-10.0,
            max=10.0,
            update=_cut,
        )
        resolution: IntProperty(
            name="Resolution",
            description="Points along the longer side",
            default=128,
            min=8,
            max=1024,
            soft_max=256,
            update=_cut,
        )
        limit: FloatProperty(
            name="Limit",
            description="Distance where the colors end; 0 for a fitting one",
            unit="LENGTH",
            min=0.0,
            update=_color,
        )
        spacing: FloatProperty(
            name="Lines",
            description="Distance from one line to the next; 0 for a tenth of the limit",
            unit="LENGTH",
            min=0.0,
            update=_color,
        )
        lines: BoolProperty(name="Show Lines", description="Draw lines of equal distance", default=True, update=_color)
        smallest: FloatProperty(name="Smallest", description="The smallest distance on the plane", unit="LENGTH")
        largest: FloatProperty(name="Largest", description="The largest distance on the plane", unit="LENGTH")


classes = (SPHERICAL_COW_PG_sdf_tools, SPHERICAL_COW_PG_slice)
