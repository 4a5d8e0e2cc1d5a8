# SPDX-License-Identifier: GPL-3.0-or-later
"""What Train asks for, and how the last training ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

MODELS = (
    ("occupancy-points", "Points", "An Occupancy Network that completes the surface through 300 points"),
    ("occupancy-voxels", "Voxels", "An Occupancy Network that makes a smooth surface of 32 × 32 × 32 voxels"),
    ("occupancy-image", "Image", "An Occupancy Network that sees an object in one image"),
    ("occupancy-unconditional", "New Shapes", "An Occupancy Network that makes a new shape for each seed"),
    ("pixel2mesh", "Pixel2Mesh", "Bends an ellipsoid to the object in one image; the dataset needs images"),
    ("reconstruction", "Symmetric Reconstruction", "Shape and texture from one image; the dataset needs images"),
)

SIZES = (
    ("full", "As Published", "8 to 20 million parameters: for a graphics card"),
    ("half", "Half", "Half as wide: a quarter of the parameters"),
    ("small", "Small", "A quarter as wide: for some hundred shapes on a processor"),
    ("tiny", "Tiny", "A sixteenth as wide: to try whether all works, and for a few shapes"),
)


WITHOUT_POINTS = ("reconstruction",)
"""Models that look at no points of the shapes."""


class TrainSettings:
    """What is trained, on what, and how; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        model: str
        size: str
        dataset: str
        out: str
        steps: int
        batch: int
        points: int
        learning_rate: float
        seed: int
        overfit: bool
    else:
        model: EnumProperty(name="Model", description="What learns", items=MODELS)
        size: EnumProperty(name="Size", description="How wide its layers are", items=SIZES, default="small")
        dataset: StringProperty(
            name="Dataset",
            description="The folder to learn from, as the section Dataset makes it",
            subtype="DIR_PATH",
            options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        )
        out: StringProperty(
            name="Output",
            description="A folder for the checkpoints and the log of this one training",
            subtype="DIR_PATH",
            options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        )
        steps: IntProperty(
            name="Steps", description="Of the optimizer in all", default=10_000, min=1, soft_max=1_000_000
        )
        batch: IntProperty(
            name="Batch", description="Shapes that are looked at in a step", default=16, min=1, soft_max=256
        )
        points: IntProperty(
            name="Points",
            description="Random points of each shape in a step; 2048 as published",
            default=1024,
            min=1,
            soft_max=8192,
        )
        learning_rate: FloatProperty(
            name="Learning Rate",
            description="Length of the steps; 0.0001 as published. Lower it if the loss jumps",
            default=5e-4,
            min=1e-8,
            max=1.0,
            precision=6,
        )
        seed: IntProperty(name="Seed", description="Another one draws other weights and points", default=0, min=0)
        overfit: BoolProperty(
            name="Learn by Heart",
            description="Measure the network on the shapes that it learns from, where there are too few to hold"
            " some back",
        )


class SPHERICAL_COW_PG_training(TrainSettings, bpy.types.PropertyGroup):
    """Settings of the Train panel."""

    if TYPE_CHECKING:
        summary: str
    else:
        summary: StringProperty(name="Summary", description="How the last training ended (JSON)")


classes = (SPHERICAL_COW_PG_training,)
