# SPDX-License-Identifier: GPL-3.0-or-later
"""What Detect Symmetry asks for, and the planes and axes that a mesh carries."""

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


class DetectSettings:
    """What Detect Symmetry asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        threshold: float
    else:
        threshold: FloatProperty(
            name="Threshold",
            description="A plane or axis counts if the mirrored or turned mesh is nearer to the mesh than this: root"
            " mean square distance, in % of the bounding-box diagonal",
            subtype="PERCENTAGE",
            default=1.0,
            min=0.001,
            max=20.0,
            soft_max=5.0,
            precision=2,
        )


class SPHERICAL_COW_PG_detect_symmetry(DetectSettings, bpy.types.PropertyGroup):
    """Settings of the Symmetry panel."""


class SPHERICAL_COW_PG_symmetry(bpy.types.PropertyGroup):
    """One plane of reflection or axis of rotation, in the coordinates of the mesh."""

    if TYPE_CHECKING:
        kind: str
        direction: tuple[float, float, float]
        point: tuple[float, float, float]
        order: int
        error: float
        largest: float
        score: float
        family: bool
        counts: bool
    else:
        kind: EnumProperty(
            name="Kind",
            description="What it is",
            items=(("PLANE", "Plane", "A plane of reflection"), ("AXIS", "Axis", "An axis of rotation")),
        )
        direction: FloatVectorProperty(name="Direction", description="Normal of the plane, or direction of the axis")
        point: FloatVectorProperty(name="Point", description="A point of the plane or axis")
        order: IntProperty(name="Order", description="How many rotations make a full turn; 0 for all angles")
        error: FloatProperty(name="Error", description="Root mean square distance, as a part of the diagonal")
        largest: FloatProperty(name="Largest", description="Largest distance, as a part of the diagonal")
        score: FloatProperty(name="Score", description="Share of the surface that is within the threshold")
        family: BoolProperty(name="Family", description="One of infinitely many of the same kind")
        counts: BoolProperty(name="Counts", description="Its error is within the threshold")


class SPHERICAL_COW_PG_symmetries(bpy.types.PropertyGroup):
    """The symmetries of a mesh, as they were found last."""

    if TYPE_CHECKING:
        elements: bpy.types.bpy_prop_collection_idprop[SPHERICAL_COW_PG_symmetry]
        active: int
        kind: str
        parameters: float
        threshold: float
        fingerprint: str
        guide: bpy.types.Object | None
    else:
        elements: CollectionProperty(
            name="Elements", type=SPHERICAL_COW_PG_symmetry, description="Planes and axes, best first"
        )
        active: IntProperty(name="Chosen", description="The plane or axis that is chosen", min=0, options=set())
        kind: StringProperty(name="Kind", description="Symmetry of the shape as a whole")
        parameters: FloatProperty(name="Parameters", description="Share of the parameters that is enough")
        threshold: FloatProperty(name="Threshold", description="Error up to which something counted")
        fingerprint: StringProperty(name="Fingerprint", description="Of the mesh that was looked at; empty before")
        guide: PointerProperty(name="Guide", type=bpy.types.Object, description="The lines that show planes and axes")


classes = (SPHERICAL_COW_PG_detect_symmetry, SPHERICAL_COW_PG_symmetry, SPHERICAL_COW_PG_symmetries)
