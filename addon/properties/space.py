# SPDX-License-Identifier: GPL-3.0-or-later
"""What Shape Space asks for, and what a mesh that shows a space carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .. import spaces
from ..choices import LIKENESSES, SPACE_ALIGNMENTS, SPACE_SAMPLINGS
from .new_mesh import frequency_property


class SpaceSettings:
    """What Build asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        alignment: str
        sampling: str
        frequency: int
        color: bool
    else:
        alignment: EnumProperty(
            name="Align",
            description="What is made equal first, so that only differences of shape are left",
            items=SPACE_ALIGNMENTS,
            default="rigid",
        )
        sampling: EnumProperty(
            name="Mesh",
            description="Which vertices and faces the new object gets",
            items=SPACE_SAMPLINGS,
            default="icosphere",
        )
        frequency: frequency_property()
        color: BoolProperty(
            name="Color",
            description="Let the colors vary with the shape. All shapes must have been encoded with their color",
        )


class SPHERICAL_COW_PG_space_build(SpaceSettings, bpy.types.PropertyGroup):
    """Settings of the Shape Space panel."""

    if TYPE_CHECKING:
        collection: bpy.types.Collection | None
        likeness: str
    else:
        collection: PointerProperty(
            name="From",
            description="The encoded objects of this collection; without one, the selected encoded objects",
            type=bpy.types.Collection,
        )
        likeness: EnumProperty(name="By", description="What is compared", items=LIKENESSES)


class SPHERICAL_COW_PG_member(bpy.types.PropertyGroup):
    """A member of a space, by the name of its object, and how far it is from the others."""

    if TYPE_CHECKING:
        name: str
        outlyingness: float
        mahalanobis: float
        residual: float
    else:
        outlyingness: FloatProperty(name="Unusual", description="Distance from the others; 1 is usual")
        mahalanobis: FloatProperty(name="Mahalanobis", description="Distance within the main components of the others")
        residual: FloatProperty(name="Residual", description="Distance outside the main components of the others")


def _mesh(group: bpy.types.PropertyGroup) -> bpy.types.Mesh:
    mesh = group.id_data
    assert isinstance(mesh, bpy.types.Mesh)
    return mesh


def _update(group: SPHERICAL_COW_PG_space, context: bpy.types.Context) -> None:
    spaces.refresh(_mesh(group))


def _leave_member(group: SPHERICAL_COW_PG_space, context: bpy.types.Context) -> None:
    group.shown_member = group.member = ""
    spaces.refresh(_mesh(group))


def _show_member(group: SPHERICAL_COW_PG_space, context: bpy.types.Context) -> None:
    spaces.show_member(_mesh(group))


class SPHERICAL_COW_PG_space(bpy.types.PropertyGroup):
    """The shape space that a mesh shows, and its sliders."""

    if TYPE_CHECKING:
        content: bytes
        key: str
        count: int
        components: int
        explained: list[float]
        error: float
        scores: list[float]
        further: bytes
        exaggeration: float
        member: str
        shown_member: str
        members: bpy.types.bpy_prop_collection[SPHERICAL_COW_PG_member]
    else:
        content: StringProperty(name="Space", description="The shape space (.space.npz)", subtype="BYTE_STRING")
        key: StringProperty(name="Key", description="Digest of the space; empty where there is none")
        count: IntProperty(name="Members", description="Shapes that the space was made of")
        components: IntProperty(name="Components", description="Principal components of the space")
        explained: FloatVectorProperty(
            name="Explained", description="Share of the variance of each component", size=spaces.SLIDERS
        )
        error: FloatProperty(
            name="Leave-One-Out Error",
            description="Mean distance of a member to what the others can make of it, over the size of the shapes",
        )
        scores: FloatVectorProperty(
            name="Score",
            description="How much of this component, in standard deviations: 0 is the mean",
            size=spaces.SLIDERS,
            min=-20.0,
            max=20.0,
            soft_min=-spaces.LIMIT,
            soft_max=spaces.LIMIT,
            precision=2,
            step=10,
            update=_leave_member,
        )
        further: StringProperty(
            name="Further Scores", description="Of the components without a slider", subtype="BYTE_STRING"
        )
        exaggeration: FloatProperty(
            name="Exaggerate",
            description="Enlarge the difference from the mean: 1 as it is, 0 the mean, 2 a caricature",
            default=1.0,
            min=-10.0,
            max=10.0,
            soft_min=0.0,
            soft_max=3.0,
            update=_update,
        )
        member: StringProperty(
            name="Member", description="Move the sliders to where this member is", update=_show_member
        )
        shown_member: StringProperty(name="Shown", description="The member that the sliders were moved to")
        members: CollectionProperty(name="Members", description="The most unusual first", type=SPHERICAL_COW_PG_member)


classes = (SPHERICAL_COW_PG_space_build, SPHERICAL_COW_PG_member, SPHERICAL_COW_PG_space)
