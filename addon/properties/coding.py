# SPDX-License-Identifier: GPL-3.0-or-later
"""What Encode and Reconstruct ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty

from ..choices import BASES, CHANNELS, METHODS, SAMPLINGS
from .new_mesh import count_property, frequency_property, seed_property


class EncodeSettings:
    """What Encode asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        lmax: int
        method: str
        channels: set[str]
        use_modifiers: bool
        use_target: bool
        target: float
    else:
        lmax: IntProperty(
            name="Degree",
            description="Highest degree of the harmonics: (degree + 1)² numbers per channel. Twice the degree"
            " shows detail half as large and takes four times the space",
            default=64,
            min=1,
            max=2047,
            soft_max=256,
        )
        method: EnumProperty(
            name="Map",
            description="How the mesh is laid out on the sphere",
            items=METHODS,
            default="balanced",
        )
        channels: EnumProperty(
            name="Channels",
            description="What is encoded besides the positions",
            items=CHANNELS,
            options={"ENUM_FLAG"},
            default={"color", "curvature", "density"},
        )
        use_modifiers: BoolProperty(
            name="Apply Modifiers",
            description="Encode what the modifiers make of the mesh. The object itself stays as it is",
            default=False,
        )
        use_target: BoolProperty(
            name="Target Error",
            description="Use the smallest degree, up to the one above, whose mean error is below the target",
            default=False,
        )
        target: FloatProperty(
            name="Target",
            description="Mean distance allowed between mesh and reconstruction, in percent of the diagonal",
            default=0.1,
            min=0.0001,
            max=50.0,
            precision=3,
            subtype="PERCENTAGE",
        )


class ReconstructSettings:
    """What Reconstruct asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        sampling: str
        frequency: int
        count: int
        basis: str
        seed: int
        hide_original: bool
    else:
        sampling: EnumProperty(
            name="Mesh",
            description="Which vertices and faces the new object gets",
            items=SAMPLINGS,
            default="source",
        )
        frequency: frequency_property()
        count: count_property()
        basis: EnumProperty(name="From", description="What the shape is computed from", items=BASES, default="POSITION")
        seed: seed_property()
        hide_original: BoolProperty(
            name="Hide Original",
            description="Hide the encoded object, since the new one is at the same place",
            default=True,
        )


class SPHERICAL_COW_PG_encode(EncodeSettings, bpy.types.PropertyGroup):
    """Settings of the Encode panel."""


class SPHERICAL_COW_PG_reconstruct(ReconstructSettings, bpy.types.PropertyGroup):
    """Settings of the Reconstruct panel."""


classes = (SPHERICAL_COW_PG_encode, SPHERICAL_COW_PG_reconstruct)
