# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Align section asks for, and what a mesh that was aligned carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ..choices import ALIGNMENTS, CENTERS, CHANGES, SIZES, SPHERE_REFERENCES

_CHANGE = "What moves: the objects, or the vertices of their meshes"


class AlignSettings:
    """What Align asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        method: str
        scaling: bool
        change: str
        use_modifiers: bool
        overlap: float
        one_way: bool
        starts: int
        seed: int
    else:
        method: EnumProperty(
            name="Method", description="How the rotation is found", items=ALIGNMENTS[1:], default="harmonic"
        )
        scaling: BoolProperty(name="Also Scale", description="Let the size change as well", default=False)
        change: EnumProperty(name="Change", description=_CHANGE, items=CHANGES, default="OBJECT")
        use_modifiers: BoolProperty(
            name="Apply Modifiers",
            description="Look at what the modifiers make of all meshes. The modifiers themselves stay",
            default=False,
        )
        overlap: FloatProperty(
            name="Overlap",
            description="Share of each surface that has a counterpart on the other: less than 100 % where the shapes"
            " agree only in part",
            default=100.0,
            min=1.0,
            max=100.0,
            precision=0,
            subtype="PERCENTAGE",
        )
        one_way: BoolProperty(
            name="Part of Active",
            description="The selected mesh is a part of the active one: points of the active mesh need no counterpart",
            default=False,
        )
        starts: IntProperty(
            name="Starts",
            description="Rotations that are refined, of which the nearest wins; 0 for as many as the method usually"
            " needs. More take longer, and help where the shapes differ much",
            default=0,
            min=0,
            max=200,
            soft_max=24,
        )
        seed: IntProperty(name="Seed", description="Start of the random numbers", min=0)


class NormaliseSettings:
    """What Normalize asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        center: str
        size: str
        axes: bool
        change: str
    else:
        center: EnumProperty(
            name="Center", description="What comes to lie at the origin of the scene", items=CENTERS, default="area"
        )
        size: EnumProperty(name="Size", description="What becomes 1", items=SIZES, default="none")
        axes: BoolProperty(
            name="Principal Axes",
            description="Turn the longest axis of each mesh to X and the shortest to Z. Each points to the side to"
            " which the surface reaches farther",
            default=False,
        )
        change: EnumProperty(name="Change", description=_CHANGE, items=CHANGES, default="OBJECT")


class SphereSettings:
    """What Align Parameters asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        reference: str
    else:
        reference: EnumProperty(
            name="Reference", description="To what the spheres are turned", items=SPHERE_REFERENCES, default="scene"
        )


class SPHERICAL_COW_PG_normalise(NormaliseSettings, bpy.types.PropertyGroup):
    """Settings of Normalize."""


class SPHERICAL_COW_PG_sphere(SphereSettings, bpy.types.PropertyGroup):
    """Settings of Align Parameters."""


class SPHERICAL_COW_PG_align(AlignSettings, bpy.types.PropertyGroup):
    """Settings of the Align panel."""

    if TYPE_CHECKING:
        normalise: SPHERICAL_COW_PG_normalise
        sphere: SPHERICAL_COW_PG_sphere
    else:
        normalise: PointerProperty(
            name="Normalize", type=SPHERICAL_COW_PG_normalise, description="Settings of Normalize"
        )
        sphere: PointerProperty(
            name="Parameter Sphere", type=SPHERICAL_COW_PG_sphere, description="Settings of Align Parameters"
        )


class SPHERICAL_COW_PG_aligned(bpy.types.PropertyGroup):
    """The last alignment of a mesh."""

    if TYPE_CHECKING:
        target: str
        angle: float
        scale: float
        error: float
        sphere_target: str
        sphere_angle: float
        sphere_error: float
    else:
        target: StringProperty(name="Target", description="The object that it was aligned to; empty if never")
        angle: FloatProperty(name="Turned", description="Angle of the rotation, in degrees")
        scale: FloatProperty(name="Scaled", description="Factor of the size")
        error: FloatProperty(name="Distance", description="Root mean square distance, as a part of the diagonal")
        sphere_target: StringProperty(name="Reference", description="To what its sphere was turned; empty if never")
        sphere_angle: FloatProperty(name="Sphere Turned", description="Angle of that rotation, in degrees")
        sphere_error: FloatProperty(
            name="Difference",
            description="Root mean square distance of points with equal parameters, as a part of the diagonal;"
            " negative if there was no reference",
        )


classes = (
    SPHERICAL_COW_PG_normalise,
    SPHERICAL_COW_PG_sphere,
    SPHERICAL_COW_PG_align,
    SPHERICAL_COW_PG_aligned,
)
