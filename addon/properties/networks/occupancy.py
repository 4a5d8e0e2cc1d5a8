# SPDX-License-Identifier: GPL-3.0-or-later
"""What Occupancy Networks ask for, and what is kept on a mesh that one has made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...choices import UP_AXES
from ...networks import checkpoints
from .views import PanelViewSettings, ViewSettings

BEGINNING = "occupancy-"
"""Of the names of the models that this section uses."""


class PredictSettings(ViewSettings):
    """What Predict asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        checkpoint: str
        up: str
        resolution: int
        threshold: float
        refinement: int
        faces: int
        seed: int
        count: int
        show_voxels: bool
        hide_original: bool
    else:
        checkpoint: StringProperty(
            name="Checkpoint", description="The weights of the network", search=checkpoints.search(BEGINNING)
        )
        up: EnumProperty(
            name="Up",
            description="The axis of the object that points up. The network knows only objects that stand upright",
            items=UP_AXES,
        )
        resolution: IntProperty(
            name="Resolution",
            description="Cells along an edge of the grid in which the surface is found. Twice as many take four times"
            " as long",
            default=128,
            min=8,
            max=512,
            soft_max=256,
        )
        threshold: FloatProperty(
            name="Threshold",
            description="Probability of being inside at the surface: lower gives more. 0.2 as published",
            default=0.2,
            min=0.001,
            max=0.999,
            precision=3,
            step=1,
            subtype="FACTOR",
        )
        refinement: IntProperty(
            name="Refine",
            description="Steps of moving the vertices onto the surface; 0 leaves them between the cells of the grid",
            min=0,
            max=100,
            soft_max=10,
        )
        faces: IntProperty(
            name="Faces", description="Simplify to so many triangles; 0 keeps all", min=0, max=10_000_000
        )
        seed: IntProperty(
            name="Seed",
            description="Start of the random numbers: another seed draws other points, or makes another shape",
            min=0,
        )
        count: IntProperty(name="Shapes", description="How many new shapes are made", default=1, min=1, max=1000)
        show_voxels: BoolProperty(
            name="Show Voxels", description="Add the voxels that the network saw, beside the result"
        )
        hide_original: BoolProperty(
            name="Hide Original",
            description="Hide the object that was the input, since the new one is at the same place",
            default=True,
        )


class SPHERICAL_COW_PG_occupancy(PredictSettings, PanelViewSettings, bpy.types.PropertyGroup):
    """Settings of the Occupancy Networks panel."""


class SPHERICAL_COW_PG_predicted(bpy.types.PropertyGroup):
    """How a mesh was made by a network."""

    if TYPE_CHECKING:
        model: str
        title: str
        checkpoint: str
        parameters: int
        source: str
        stage: str
        seed: int
        threshold: float
        resolution: int
        seconds: float
        remarks: str
    else:
        model: StringProperty(name="Kind", description="The network, as the library names it")
        title: StringProperty(name="Model", description="The network; empty for a mesh that none has made")
        checkpoint: StringProperty(name="Checkpoint", description="The weights that it had")
        parameters: IntProperty(name="Parameters", description="Of the network")
        source: StringProperty(name="Input", description="What the network saw")
        stage: StringProperty(name="Stage", description="Which of several, where the network works in stages")
        seed: IntProperty(name="Seed", description="Of the points that were drawn, or of the new shape")
        threshold: FloatProperty(name="Threshold", description="Probability of being inside at the surface")
        resolution: IntProperty(name="Resolution", description="Cells along an edge of the grid; 0 without one")
        seconds: FloatProperty(name="Seconds", description="Time that it took")
        remarks: StringProperty(name="Remarks", description="What may have been wrong with the input")


classes = (SPHERICAL_COW_PG_occupancy, SPHERICAL_COW_PG_predicted)
