# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mesh data-block carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..choices import color_map
from .alignment import SPHERICAL_COW_PG_aligned
from .comparison import SPHERICAL_COW_PG_comparison
from .equaliser import SPHERICAL_COW_PG_equaliser
from .morph import SPHERICAL_COW_PG_morphed
from .networks.codes import SPHERICAL_COW_PG_codes
from .networks.fit_pictures import SPHERICAL_COW_PG_pictured
from .networks.fit_sdf import SPHERICAL_COW_PG_fitted
from .networks.occupancy import SPHERICAL_COW_PG_predicted
from .networks.sdf_tools import SPHERICAL_COW_PG_slice
from .repair import SPHERICAL_COW_PG_report
from .space import SPHERICAL_COW_PG_space
from .symmetrise import SPHERICAL_COW_PG_left_right
from .symmetry import SPHERICAL_COW_PG_symmetries

SWATCHES = 8
"""Patches of the colour scale in the Attributes panel."""


class SPHERICAL_COW_PG_check(bpy.types.PropertyGroup):
    """The result of the last Check."""

    if TYPE_CHECKING:
        rows: str
        elements: bytes
        fingerprint: str
        passed: bool
    else:
        rows: StringProperty(name="Rows", description="What was looked at and found (JSON)")
        elements: StringProperty(name="Elements", description="What each row found wrong (NPZ)", subtype="BYTE_STRING")
        fingerprint: StringProperty(name="Fingerprint", description="Of the mesh that was checked")
        passed: BoolProperty(name="Passed", description="The mesh can be encoded")


def _swatch(index: int) -> object:
    """A patch of the colour scale. It ignores what is set: without a setter Blender draws it greyed out."""

    def color(group: SPHERICAL_COW_PG_mesh) -> tuple[float, ...]:
        from ..core.colour_map import colour_map

        rgb = colour_map([float(index)], 0.0, SWATCHES - 1.0, color_map(group.shown))[0]
        return tuple(float(part) for part in rgb)

    return FloatVectorProperty(
        name="Color",
        description="Color of this part of the range",
        subtype="COLOR",
        size=3,
        get=color,
        set=lambda group, value: None,
    )


class SPHERICAL_COW_PG_mesh(bpy.types.PropertyGroup):
    """What a mesh data-block carries: coefficients, certificate, check, sliders."""

    if TYPE_CHECKING:
        shape: bytes
        map: bytes
        role: str
        live: bool
        with_modifiers: bool
        fingerprint: str
        channels: str
        lmax: int
        method: str
        flips: int
        area_sum: float
        angle_distortion: float
        area_distortion: float
        fit_error: float
        fit_hausdorff: float
        seconds: float
        shown: str
        shown_min: float
        shown_max: float
        check: SPHERICAL_COW_PG_check
        comparison: SPHERICAL_COW_PG_comparison
        repair: SPHERICAL_COW_PG_report
        equaliser: SPHERICAL_COW_PG_equaliser
        aligned: SPHERICAL_COW_PG_aligned
        morph: SPHERICAL_COW_PG_morphed
        space: SPHERICAL_COW_PG_space
        codes: SPHERICAL_COW_PG_codes
        symmetries: SPHERICAL_COW_PG_symmetries
        left_right: SPHERICAL_COW_PG_left_right
        fitted: SPHERICAL_COW_PG_fitted
        predicted: SPHERICAL_COW_PG_predicted
        pictured: SPHERICAL_COW_PG_pictured
        slice: SPHERICAL_COW_PG_slice
    else:
        shape: StringProperty(
            name="Shape", description="The coefficients (compact .harmonics.npz)", subtype="BYTE_STRING"
        )
        map: StringProperty(name="Map", description="The sphere map of the source (NPZ)", subtype="BYTE_STRING")
        role: EnumProperty(
            name="Role",
            description="How the mesh is related to its coefficients",
            items=(
                ("NONE", "None", "Not encoded"),
                ("SOURCE", "Source", "The mesh that was encoded"),
                ("RECONSTRUCTION", "Reconstruction", "Made from the coefficients"),
            ),
        )
        live: BoolProperty(name="Live", description="The sliders move this mesh")
        with_modifiers: BoolProperty(name="With Modifiers", description="Encoded with the modifiers applied")
        fingerprint: StringProperty(name="Fingerprint", description="Of the mesh that was encoded")
        channels: StringProperty(name="Channels", description="Names of the channels, separated by spaces")
        lmax: IntProperty(name="Degree", description="Highest degree of the coefficients; 0 when there are none")
        method: StringProperty(name="Map", description="How the mesh was laid out on the sphere")
        flips: IntProperty(name="Flips", description="Triangles that are turned over on the sphere")
        area_sum: FloatProperty(name="Cover", description="How often the sphere is covered")
        angle_distortion: FloatProperty(name="Angles", description="Mean change of the corner angles, in degrees")
        area_distortion: FloatProperty(name="Areas", description="Mean of the logarithm of the area scale")
        fit_error: FloatProperty(name="Error", description="Mean distance between mesh and reconstruction")
        fit_hausdorff: FloatProperty(name="Worst", description="Largest distance between mesh and reconstruction")
        seconds: FloatProperty(name="Seconds", description="Time that encoding took")
        shown: StringProperty(name="Shown", description="The attribute that is shown as color")
        shown_min: FloatProperty(name="Minimum", description="Value at the dark end of the color map")
        shown_max: FloatProperty(name="Maximum", description="Value at the bright end of the color map")
        swatch_0: _swatch(0)
        swatch_1: _swatch(1)
        swatch_2: _swatch(2)
        swatch_3: _swatch(3)
        swatch_4: _swatch(4)
        swatch_5: _swatch(5)
        swatch_6: _swatch(6)
        swatch_7: _swatch(7)
        check: PointerProperty(name="Check", type=SPHERICAL_COW_PG_check, description="The result of the last Check")
        comparison: PointerProperty(
            name="Comparison", type=SPHERICAL_COW_PG_comparison, description="The last comparison of this mesh"
        )
        repair: PointerProperty(name="Repair", type=SPHERICAL_COW_PG_report, description="Report of the last Repair")
        equaliser: PointerProperty(
            name="Equalizer",
            type=SPHERICAL_COW_PG_equaliser,
            description="The live sliders of a reconstruction",
        )
        aligned: PointerProperty(
            name="Aligned", type=SPHERICAL_COW_PG_aligned, description="The last alignment of this mesh"
        )
        morph: PointerProperty(name="Morph", type=SPHERICAL_COW_PG_morphed, description="The morph of this mesh")
        codes: PointerProperty(
            name="Shape Codes", type=SPHERICAL_COW_PG_codes, description="The shape codes that this mesh shows"
        )
        space: PointerProperty(
            name="Shape Space", type=SPHERICAL_COW_PG_space, description="The shape space that this mesh shows"
        )
        left_right: PointerProperty(
            name="Left and Right", type=SPHERICAL_COW_PG_left_right, description="Errors between the halves"
        )
        predicted: PointerProperty(
            name="Predicted", type=SPHERICAL_COW_PG_predicted, description="How a network has made this mesh"
        )
        pictured: PointerProperty(
            name="Pictured", type=SPHERICAL_COW_PG_pictured, description="How this mesh was fitted to pictures"
        )
        fitted: PointerProperty(
            name="Fitted Field", type=SPHERICAL_COW_PG_fitted, description="The distance field of this mesh"
        )
        slice: PointerProperty(name="Slice", type=SPHERICAL_COW_PG_slice, description="What this mesh is a slice of")
        symmetries: PointerProperty(
            name="Symmetries", type=SPHERICAL_COW_PG_symmetries, description="Planes and axes of this mesh"
        )


classes = (SPHERICAL_COW_PG_check, SPHERICAL_COW_PG_mesh)
