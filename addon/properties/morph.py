# SPDX-License-Identifier: GPL-3.0-or-later
"""What Morph asks for, and what a mesh with a morph carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..choices import POSES, SAMPLINGS
from .new_mesh import count_property, frequency_property, seed_property


class MorphSettings:
    """What Morph asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        sampling: str
        frequency: int
        count: int
        seed: int
        pose: str
        match: bool
        hide_originals: bool
    else:
        sampling: EnumProperty(
            name="Mesh",
            description="Which vertices and faces the new object gets",
            items=SAMPLINGS,
            default="icosphere",
        )
        frequency: frequency_property()
        count: count_property()
        seed: seed_property()
        pose: EnumProperty(
            name="Pose",
            description="How the other shapes are laid onto the active one before they are blended",
            items=POSES,
            default="rigid",
        )
        match: BoolProperty(
            name="Match Limbs",
            description="Bend the spheres of the other shapes, so that limbs that lie differently meet. Without, the"
            " spheres are only turned: quicker, but such limbs fade out in one place and grow in another",
            default=True,
        )
        hide_originals: BoolProperty(
            name="Hide Originals",
            description="Hide the shapes that are blended, since the new object is at the place of the active one",
            default=True,
        )


class SPHERICAL_COW_PG_morph(MorphSettings, bpy.types.PropertyGroup):
    """Settings of the Morph panel."""

    if TYPE_CHECKING:
        frame_start: int
        frame_end: int
    else:
        frame_start: IntProperty(name="Start", description="First frame of the transition", default=1)
        frame_end: IntProperty(name="End", description="Last frame of the transition", default=60)


def _blend(group: SPHERICAL_COW_PG_morphed) -> float:
    from .. import morphs

    mesh = group.id_data
    assert isinstance(mesh, bpy.types.Mesh)
    return morphs.place(mesh)


def _set_blend(group: SPHERICAL_COW_PG_morphed, value: float) -> None:
    from .. import morphs

    mesh = group.id_data
    assert isinstance(mesh, bpy.types.Mesh)
    morphs.set_place(mesh, value)


class SPHERICAL_COW_PG_morphed(bpy.types.PropertyGroup):
    """The morph of a mesh: its shape keys, and the coefficients behind them."""

    if TYPE_CHECKING:
        count: int
        blend: float
        distances: str
        family: bytes
    else:
        count: IntProperty(name="Shapes", description="Shapes besides the basis; 0 when there is no morph")
        blend: FloatProperty(
            name="Blend",
            description="Where between the shapes: 0 is the first, 1 the last, the others in between in equal steps",
            min=0.0,
            max=1.0,
            subtype="FACTOR",
            get=_blend,
            set=_set_blend,
            options=set(),
        )
        distances: StringProperty(name="Distances", description="Of each shape from the first (JSON)")
        family: StringProperty(
            name="Family", description="The aligned coefficients of all shapes (NPZ)", subtype="BYTE_STRING"
        )


classes = (SPHERICAL_COW_PG_morph, SPHERICAL_COW_PG_morphed)
