# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the panels, and what a mesh data-block carries."""

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

from . import repair_properties, resynthesis
from .choices import BASES, CHANNELS, METHODS, PICTURES, SAMPLINGS, SHOWN, SMOOTHINGS, color_map
from .repair_properties import SPHERICAL_COW_PG_repair, SPHERICAL_COW_PG_report
from .session import SPHERICAL_COW_PG_session

BANDS = 12
"""Gains that a mesh carries: degree 0, 1, 2–3, 4–7 … up to 1024–2047."""

SWATCHES = 8
"""Patches of the colour scale in the Attributes panel."""


class EncodeSettings:
    """What Encode asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        lmax: int
        method: str
        channels: set[str]
        use_modifiers: bool
        use_target: bool
        target: float
    else:
        lmax: IntProperty(
            name="Degree",
            description="Highest degree of the harmonics: (degree + 1)² numbers per channel. Twice the degree"
            " shows detail half as large and takes four times the space",
            default=64,
            min=1,
            max=2047,
            soft_max=256,
        )
        method: EnumProperty(
            name="Map",
            description="How the mesh is laid out on the sphere",
            items=METHODS,
            default="balanced",
        )
        channels: EnumProperty(
            name="Channels",
            description="What is encoded besides the positions",
            items=CHANNELS,
            options={"ENUM_FLAG"},
            default={"color", "curvature", "density"},
        )
        use_modifiers: BoolProperty(
            name="Apply Modifiers",
            description="Encode what the modifiers make of the mesh. The object itself stays as it is",
            default=False,
        )
        use_target: BoolProperty(
            name="Target Error",
            description="Use the smallest degree, up to the one above, whose mean error is below the target",
            default=False,
        )
        target: FloatProperty(
            name="Target",
            description="Mean distance allowed between mesh and reconstruction, in percent of the diagonal",
            default=0.1,
            min=0.0001,
            max=50.0,
            precision=3,
            subtype="PERCENTAGE",
        )


class ReconstructSettings:
    """What Reconstruct asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        sampling: str
        frequency: int
        count: int
        basis: str
        seed: int
        hide_original: bool
    else:
        sampling: EnumProperty(
            name="Mesh",
            description="Which vertices and faces the new object gets",
            items=SAMPLINGS,
            default="source",
        )
        frequency: IntProperty(
            name="Frequency",
            description="Parts that each edge of the icosahedron is cut into: 10 × frequency² + 2 vertices",
            default=32,
            min=1,
            max=512,
            soft_max=128,
        )
        count: IntProperty(
            name="Vertices",
            description="Number of vertices of the new mesh",
            default=20_000,
            min=12,
            max=2_000_000,
            soft_max=200_000,
        )
        basis: EnumProperty(name="From", description="What the shape is computed from", items=BASES, default="POSITION")
        seed: IntProperty(
            name="Seed", description="Start of the random numbers: another seed gives another mesh", min=0
        )
        hide_original: BoolProperty(
            name="Hide Original",
            description="Hide the encoded object, since the new one is at the same place",
            default=True,
        )


class SPHERICAL_COW_PG_encode(EncodeSettings, bpy.types.PropertyGroup):
    """Settings of the Encode panel."""


class SPHERICAL_COW_PG_reconstruct(ReconstructSettings, bpy.types.PropertyGroup):
    """Settings of the Reconstruct panel."""


class SPHERICAL_COW_PG_settings(bpy.types.PropertyGroup):
    """Settings of all panels; kept in the scene."""

    if TYPE_CHECKING:
        self_intersections: bool
        repair: SPHERICAL_COW_PG_repair
        encode: SPHERICAL_COW_PG_encode
        reconstruct: SPHERICAL_COW_PG_reconstruct
        attribute: str
        picture: str
    else:
        self_intersections: BoolProperty(
            name="Self-Intersections",
            description="Also look for faces that pass through each other. They can be encoded, but mean"
            " trouble for printing and simulation",
            default=True,
        )
        repair: PointerProperty(name="Repair", type=SPHERICAL_COW_PG_repair, description="Settings of Repair")
        encode: PointerProperty(name="Encode", type=SPHERICAL_COW_PG_encode, description="Settings of Encode")
        reconstruct: PointerProperty(
            name="Reconstruct", type=SPHERICAL_COW_PG_reconstruct, description="Settings of Reconstruct"
        )
        attribute: EnumProperty(name="Attribute", description="What is shown as color on the mesh", items=SHOWN)
        picture: EnumProperty(name="Picture", description="Which picture is shown here", items=PICTURES)


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
        from .core.colour_map import colour_map

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
        repair: SPHERICAL_COW_PG_report
        equaliser: SPHERICAL_COW_PG_equaliser
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
        repair: PointerProperty(name="Repair", type=SPHERICAL_COW_PG_report, description="Report of the last Repair")
        equaliser: PointerProperty(
            name="Equalizer",
            type=SPHERICAL_COW_PG_equaliser,
            description="The live sliders of a reconstruction",
        )


classes = (
    *repair_properties.classes,
    SPHERICAL_COW_PG_encode,
    SPHERICAL_COW_PG_reconstruct,
    SPHERICAL_COW_PG_settings,
    SPHERICAL_COW_PG_equaliser,
    SPHERICAL_COW_PG_check,
    SPHERICAL_COW_PG_mesh,
    SPHERICAL_COW_PG_session,
)

_POINTERS = (
    (bpy.types.Scene, SPHERICAL_COW_PG_settings, "Settings of the Spherical Cow panels"),
    (bpy.types.Mesh, SPHERICAL_COW_PG_mesh, "Spherical harmonics of this mesh"),
    (bpy.types.WindowManager, SPHERICAL_COW_PG_session, "Messages of Spherical Cow"),
)


def register() -> None:
    """Register the groups and hang them onto Blender's types."""
    for cls in classes:
        bpy.utils.register_class(cls)
    for owner, group, text in _POINTERS:
        pointer = PointerProperty(name="Spherical Cow", type=group, description=text)
        owner.spherical_cow = pointer


def unregister() -> None:
    """Undo `register`. The data in meshes stays in the file."""
    for owner, _, _ in _POINTERS:
        del owner.spherical_cow
    for cls in reversed(classes):
        bpy.utils.unregister_class(cls)
