# SPDX-License-Identifier: GPL-3.0-or-later
"""What Fit SDF asks for, and the fitted field that a mesh carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...choices import SDF_LOSSES, SDF_NETWORKS, SDF_PRESETS


class FitSdfSettings:
    """What Fit asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        preset: str
        network: str
        loss: str
        samples: int
        epochs: int
        seed: int
        resolution: int
        use_modifiers: bool
        hide_original: bool
    else:
        preset: EnumProperty(name="Preset", description="How large the network is", items=SDF_PRESETS)
        network: EnumProperty(name="Network", description="What the distances are computed by", items=SDF_NETWORKS)
        loss: EnumProperty(name="Loss", description="Which errors count how much", items=SDF_LOSSES)
        samples: IntProperty(
            name="Samples",
            description="Points near the surface, and as many in the whole cube, that the network learns from",
            default=500_000,
            min=1000,
            max=20_000_000,
            soft_max=1_000_000,
        )
        epochs: IntProperty(
            name="Epochs", description="How often each point is seen", default=20, min=1, max=10_000, soft_max=100
        )
        seed: IntProperty(name="Seed", description="Another number gives other points and first weights", min=0)
        resolution: IntProperty(
            name="Resolution",
            description="Cells along each side of the grid that the new mesh is taken from",
            default=128,
            min=8,
            max=1024,
            soft_max=512,
        )
        use_modifiers: BoolProperty(
            name="Use Modifiers", description="Fit what the modifiers make of the mesh", default=True
        )
        hide_original: BoolProperty(
            name="Hide Original",
            description="Hide the object that was fitted, since the new one is at the same place",
            default=True,
        )


class ExtractSdfSettings:
    """What Extract asks for."""

    if TYPE_CHECKING:
        resolution: int
        level: float
        faces: int
        refinement: int
    else:
        resolution: IntProperty(
            name="Resolution",
            description="Cells along each side of the grid that the mesh is taken from",
            default=128,
            min=8,
            max=1024,
            soft_max=512,
        )
        level: FloatProperty(
            name="Level",
            description="Distance from the fitted surface: positive makes the body larger, negative smaller",
            unit="LENGTH",
            soft_min=-1.0,
            soft_max=1.0,
        )
        faces: IntProperty(name="Faces", description="Simplify to so many triangles; 0 keeps all", min=0)
        refinement: IntProperty(
            name="Refine",
            description="Steps that move the vertices onto the surface of the field",
            default=1,
            min=0,
            max=20,
        )


class SPHERICAL_COW_PG_fit_sdf(FitSdfSettings, bpy.types.PropertyGroup):
    """Settings of the Fit SDF panel."""


class SPHERICAL_COW_PG_extract_sdf(ExtractSdfSettings, bpy.types.PropertyGroup):
    """Settings of Extract."""


class SPHERICAL_COW_PG_fitted(bpy.types.PropertyGroup):
    """The fitted field that a mesh carries, and where it comes from."""

    if TYPE_CHECKING:
        content: bytes
        size: int
        report: str
        preset: str
        network: str
        source: str
        with_modifiers: bool
        source_fingerprint: str
        fingerprint: str
        resolution: int
        level: float
    else:
        content: StringProperty(name="Field", description="The network (.safetensors)", subtype="BYTE_STRING")
        size: IntProperty(name="Size", description="Bytes of the network; 0 where there is none")
        report: StringProperty(name="Report", description="How well it was fitted (JSON)")
        preset: StringProperty(name="Preset", description="How large the network is")
        network: StringProperty(name="Network", description="What the distances are computed by")
        source: StringProperty(name="Source", description="The object that it was fitted to")
        with_modifiers: BoolProperty(name="With Modifiers", description="Fitted to what the modifiers made")
        source_fingerprint: StringProperty(name="Source Fingerprint", description="Of the mesh that it was fitted to")
        fingerprint: StringProperty(name="Fingerprint", description="Of the mesh that was last taken from it")
        resolution: IntProperty(name="Resolution", description="That the mesh was taken from it with")
        level: FloatProperty(name="Level", description="That the mesh was taken from it at", unit="LENGTH")


classes = (SPHERICAL_COW_PG_extract_sdf, SPHERICAL_COW_PG_fit_sdf, SPHERICAL_COW_PG_fitted)
