# SPDX-License-Identifier: GPL-3.0-or-later
"""What Shape Codes asks for, and what a mesh that shows codes carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

from ...choices import CODE_PRESETS
from ...networks import shape_codes


class CodesTrainSettings:
    """What Train asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        preset: str
        epochs: int
        common_size: bool
        seed: int
    else:
        preset: EnumProperty(
            name="Decoder", description="How large the network is", items=CODE_PRESETS, default="small"
        )
        epochs: IntProperty(
            name="Epochs",
            description="How often each shape is looked at: more is better, and takes longer",
            default=2500,
            min=1,
            soft_min=100,
            soft_max=20_000,
        )
        common_size: BoolProperty(
            name="Learn Sizes",
            description="Scale all shapes alike, so that sizes are part of the codes. Small shapes get less detail",
        )
        seed: IntProperty(name="Seed", description="Another seed gives another training", min=0)


class SPHERICAL_COW_PG_codes_settings(CodesTrainSettings, bpy.types.PropertyGroup):
    """Settings of the Shape Codes panel."""

    if TYPE_CHECKING:
        target: bpy.types.Object | None
        steps: int
    else:
        target: PointerProperty(
            name="Into",
            description="The shape codes that the active mesh is fitted into",
            type=bpy.types.Object,
            poll=lambda group, obj: shape_codes.has_codes(obj),
        )
        steps: IntProperty(
            name="Steps", description="How long a code is looked for", default=800, min=1, soft_min=50, soft_max=4000
        )


class SPHERICAL_COW_PG_code_member(bpy.types.PropertyGroup):
    """A member of shape codes, and how well it was learned."""

    if TYPE_CHECKING:
        name: str
        f1: float
    else:
        f1: FloatProperty(name="F1", description="How well inside and outside are met near the surface; 1 is perfect")


def _update(group: SPHERICAL_COW_PG_codes, context: bpy.types.Context) -> None:
    mesh = group.id_data
    assert isinstance(mesh, bpy.types.Mesh)
    shape_codes.refresh(mesh)


class SPHERICAL_COW_PG_codes(bpy.types.PropertyGroup):
    """The shape codes that a mesh shows, and their slider."""

    if TYPE_CHECKING:
        content: bytes
        key: str
        loss: float
        f1: float
        parameters: int
        code: int
        cells: int
        resting: bool
        resolution: int
        first: str
        second: str
        weight: float
        members: bpy.types.bpy_prop_collection[SPHERICAL_COW_PG_code_member]
    else:
        content: StringProperty(name="Codes", description="Decoder and codes (.safetensors)", subtype="BYTE_STRING")
        key: StringProperty(name="Key", description="Digest of the codes; empty where there are none")
        loss: FloatProperty(name="Loss", description="Mean error of the clamped distances at the end of the training")
        f1: FloatProperty(name="F1", description="Mean over the members")
        parameters: IntProperty(name="Parameters", description="Numbers that the decoder has learned")
        code: IntProperty(name="Code", description="Numbers in a code")
        cells: IntProperty(name="Shown", description="Cells along an edge of the grid of what is shown")
        resting: BoolProperty(name="Resting", description="The slider does not move the mesh just now")
        resolution: IntProperty(
            name="Resolution",
            description="Cells along an edge of the grid on which Refine and Keep find the surface",
            default=128,
            min=16,
            max=1024,
            soft_max=512,
        )
        first: StringProperty(name="From", description="The member at the left end of the slider", update=_update)
        second: StringProperty(name="To", description="The member at the right end of the slider", update=_update)
        weight: FloatProperty(
            name="Between",
            description="0 is the first member, 1 the second; beyond them the difference is exaggerated",
            min=-1.0,
            max=2.0,
            soft_min=0.0,
            soft_max=1.0,
            precision=3,
            step=5,
            update=_update,
        )
        members: CollectionProperty(name="Members", description="In their order", type=SPHERICAL_COW_PG_code_member)


classes = (SPHERICAL_COW_PG_codes_settings, SPHERICAL_COW_PG_code_member, SPHERICAL_COW_PG_codes)
