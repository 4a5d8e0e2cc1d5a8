# SPDX-License-Identifier: GPL-3.0-or-later
"""What Symmetrize asks for, and the errors between left and right that it leaves on a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ..choices import MIRROR_PLANES, MIRROR_SIDES, SYMMETRISE_METHODS, UV_SIDES


class SymmetriseSettings:
    """What Symmetrize asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        plane: str
        method: str
        side: str
        uvs: str
        hide_original: bool
    else:
        plane: EnumProperty(name="Plane", description="The mirror, in the coordinates of the mesh", items=MIRROR_PLANES)
        method: EnumProperty(name="Method", description="How the halves are matched", items=SYMMETRISE_METHODS)
        side: EnumProperty(name="Keep", description="Which half the other one is made of", items=MIRROR_SIDES)
        uvs: EnumProperty(name="UV Maps", description="Where the mirrored half is on UV maps", items=UV_SIDES)
        hide_original: BoolProperty(
            name="Hide Original",
            description="Hide the encoded object, since the new one is at the same place",
            default=True,
        )


class SPHERICAL_COW_PG_symmetrise(SymmetriseSettings, bpy.types.PropertyGroup):
    """Settings of the Symmetrize panel."""


class SPHERICAL_COW_PG_left_right(bpy.types.PropertyGroup):
    """How far the halves of a mesh were from each other's mirror images when they were measured last."""

    if TYPE_CHECKING:
        mean: float
        max: float
        surface_mean: float
        hausdorff: float
        by_index: bool
        about: str
        fingerprint: str
    else:
        mean: FloatProperty(name="Mean", description="Mean distance of partners, as a part of the width")
        max: FloatProperty(name="Largest", description="Largest distance of partners, as a part of the width")
        surface_mean: FloatProperty(name="Surface", description="Mean distance of mirrored vertices from the surface")
        hausdorff: FloatProperty(name="Hausdorff", description="Largest distance of mirrored vertices from the surface")
        by_index: BoolProperty(name="By Index", description="Partners of vertices were found")
        about: StringProperty(name="About", description="The plane")
        fingerprint: StringProperty(name="Fingerprint", description="Of the mesh that was measured; empty before")


classes = (SPHERICAL_COW_PG_symmetrise, SPHERICAL_COW_PG_left_right)
