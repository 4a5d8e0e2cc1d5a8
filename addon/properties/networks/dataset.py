# SPDX-License-Identifier: GPL-3.0-or-later
"""What Dataset asks for, and what it says at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty


class DatasetSettings:
    """What is made of the selected objects; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        directory: str
        category: str
        points: int
        views: int
        size: int
        val: float
        test: float
        seed: int
    else:
        directory: StringProperty(
            name="Folder",
            description="The folder of the data: models are added to what is there",
            subtype="DIR_PATH",
            options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        )
        category: StringProperty(
            name="Class", description="What the selected objects are: the name of a folder", default="meshes"
        )
        points: IntProperty(
            name="Points",
            description="Random points in the box around each object, and as many on its surface",
            default=100_000,
            min=1,
            soft_max=500_000,
            max=10_000_000,
        )
        views: IntProperty(
            name="Views",
            description="Images of each object, from random sides a little above it; 0 for none",
            default=24,
            min=0,
            soft_max=48,
            max=999,
        )
        size: IntProperty(
            name="Size", description="Pixels along a side of the images", default=137, min=8, soft_max=512, max=4096
        )
        val: FloatProperty(
            name="Validation",
            description="Share of the models by which the best network is chosen",
            default=10.0,
            min=0.0,
            max=90.0,
            subtype="PERCENTAGE",
        )
        test: FloatProperty(
            name="Test",
            description="Share of the models that a network never sees before it is measured",
            default=20.0,
            min=0.0,
            max=90.0,
            subtype="PERCENTAGE",
        )
        seed: IntProperty(name="Seed", description="Another one makes other points and views", default=0, min=0)


class SPHERICAL_COW_PG_dataset(DatasetSettings, bpy.types.PropertyGroup):
    """Settings of the Dataset panel."""

    if TYPE_CHECKING:
        summary: str
    else:
        summary: StringProperty(name="Summary", description="What was made or found last (JSON)")


classes = (SPHERICAL_COW_PG_dataset,)
