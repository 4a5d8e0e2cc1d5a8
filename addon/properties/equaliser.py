# SPDX-License-Identifier: GPL-3.0-or-later
"""The live sliders of a reconstruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, FloatVectorProperty, IntProperty, StringProperty

from .. import resynthesis
from ..choices import SMOOTHINGS

BANDS = 12
"""Gains that a mesh carries: degree 0, 1, 2–3, 4–7 … up to 1024–2047."""


def _update(group: SPHERICAL_COW_PG_equaliser, context: bpy.types.Context) -> None:
    mesh = group.id_data
    assert isinstance(mesh, bpy.types.Mesh)
    resynthesis.refresh(mesh)


def _degree(group: SPHERICAL_COW_PG_equaliser) -> int:
    return min(group.cutoff, group.id_data.spherical_cow.lmax)


def _set_degree(group: SPHERICAL_COW_PG_equaliser, value: int) -> None:
    group.cutoff = min(value, group.id_data.spherical_cow.lmax)


class SPHERICAL_COW_PG_equaliser(bpy.types.PropertyGroup):
    """The live sliders of a reconstruction."""

    if TYPE_CHECKING:
        cutoff: int
        degree: int
        gains: list[float]
        smoothing: str
        angle: float
        time: float
        mask: str
        invert_mask: bool
    else:
        cutoff: IntProperty(
            name="Cut-off",
            description="Highest degree in use (stored; `degree` is what the panel shows)",
            default=2047,
            min=0,
            max=2047,
        )
        degree: IntProperty(
            name="Degree",
            description="Leave out detail finer than this degree: 0 is a point, 1 the best-fitting ellipsoid",
            min=0,
            max=2047,
            get=_degree,
            set=_set_degree,
            update=_update,
        )
        gains: FloatVectorProperty(
            name="Gain",
            description="Strength of the detail in this band of degrees: 1 as it is, 0 none, 2 twice",
            size=BANDS,
            default=(1.0,) * BANDS,
            min=-10.0,
            max=10.0,
            soft_min=0.0,
            soft_max=2.0,
            update=_update,
        )
        smoothing: EnumProperty(
            name="Smoothing", description="Fade fine detail out gradually", items=SMOOTHINGS, update=_update
        )
        angle: FloatProperty(
            name="Width",
            description="Half width of the Gaussian on the sphere, at half its height",
            default=0.05,
            min=0.0,
            max=3.1416,
            soft_max=0.5,
            subtype="ANGLE",
            update=_update,
        )
        time: FloatProperty(
            name="Time",
            description="Diffusion time on the unit sphere: degree l is damped by exp(−l (l + 1) t)",
            default=0.001,
            min=0.0,
            max=10.0,
            soft_max=0.05,
            precision=4,
            step=0.01,
            update=_update,
        )
        mask: StringProperty(
            name="Mask",
            description="Vertex group that limits the sliders: they reach as far as its weights say",
            update=_update,
        )
        invert_mask: BoolProperty(
            name="Invert Mask",
            description="The sliders reach where the weights of the mask are small",
            update=_update,
        )


classes = (SPHERICAL_COW_PG_equaliser,)
