# SPDX-License-Identifier: GPL-3.0-or-later
"""What Compare asks for, and what a mesh that was compared carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..choices import ALIGNMENTS, PROTOCOLS, SPACES, VOLUMES


class CompareSettings:
    """What Compare asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        space: str
        use_modifiers: bool
        align: str
        scaling: bool
        samples: int
        threshold: float
        volume: str
        points: int
        resolution: int
        seed: int
        protocols: set[str]
    else:
        space: EnumProperty(name="Space", description="Where the meshes are compared", items=SPACES, default="WORLD")
        use_modifiers: BoolProperty(
            name="Apply Modifiers",
            description="Compare what the modifiers make of both meshes. The objects themselves stay as they are",
            default=False,
        )
        align: EnumProperty(
            name="Align",
            description="Whether this mesh is first brought onto the other one, in the numbers only: no object moves",
            items=ALIGNMENTS,
            default="none",
        )
        scaling: BoolProperty(
            name="Also Scale", description="Let the size of this mesh change as well when it is aligned", default=False
        )
        samples: IntProperty(
            name="Samples",
            description="Random points on each surface, whose exact distance from the other surface is measured",
            default=50_000,
            min=1,
            max=10_000_000,
            soft_min=1_000,
            soft_max=500_000,
        )
        threshold: FloatProperty(
            name="Threshold",
            description="Distance up to which a point counts as matched in the F-score, in percent of the diagonal"
            " of the other mesh",
            default=1.0,
            min=0.0001,
            max=100.0,
            precision=3,
            subtype="PERCENTAGE",
        )
        volume: EnumProperty(
            name="Volume",
            description="How the common part of both volumes is measured. Needs closed meshes",
            items=VOLUMES,
            default="points",
        )
        points: IntProperty(
            name="Points",
            description="Points, evenly spread around both meshes, that are tested for being inside",
            default=100_000,
            min=1,
            max=20_000_000,
            soft_min=1_000,
            soft_max=1_000_000,
        )
        resolution: IntProperty(
            name="Resolution",
            description="Voxels along the longest side of the box around both meshes",
            default=64,
            min=1,
            max=512,
            soft_max=256,
        )
        seed: IntProperty(name="Seed", description="Start of the random numbers", min=0)
        protocols: EnumProperty(
            name="Protocols",
            description="Also measure as this published work does (Shift: several). The other mesh is the truth",
            items=PROTOCOLS,
            options={"ENUM_FLAG"},
            default=set(),
        )


class SPHERICAL_COW_PG_compare(CompareSettings, bpy.types.PropertyGroup):
    """Settings of the Compare panel."""

    if TYPE_CHECKING:
        signed: bool
        limit: float
    else:
        signed: BoolProperty(
            name="Signed",
            description="Blue inside the other mesh, red outside. Needs a closed other mesh",
            default=True,
        )
        limit: FloatProperty(
            name="Limit",
            description="Distance at the end of the color scale, so that several objects can be set side by side."
            " 0 chooses it by the distances of this mesh",
            default=0.0,
            min=0.0,
            precision=4,
            unit="LENGTH",
        )


class SPHERICAL_COW_PG_comparison(bpy.types.PropertyGroup):
    """The last comparison of a mesh."""

    if TYPE_CHECKING:
        numbers: str
        other: str
        fingerprint: str
        other_fingerprint: str
        place: str
    else:
        numbers: StringProperty(name="Numbers", description="What was measured (JSON)")
        other: StringProperty(name="Other", description="Name of the object that it was compared with")
        fingerprint: StringProperty(name="Fingerprint", description="Of this mesh when it was compared")
        other_fingerprint: StringProperty(name="Other Fingerprint", description="Of the other mesh then")
        place: StringProperty(
            name="Place", description="How both objects stood then (JSON); empty where it does not matter"
        )


classes = (SPHERICAL_COW_PG_compare, SPHERICAL_COW_PG_comparison)
