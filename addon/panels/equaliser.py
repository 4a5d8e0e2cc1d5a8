# SPDX-License-Identifier: GPL-3.0-or-later
"""Equalizer: the live sliders of a reconstruction."""

from __future__ import annotations

import bpy

from .. import bridge, resynthesis, storage
from ..choices import band_label
from ..idnames import Operators, Panels
from .common import SidebarPanel, fields, mesh_object, wrapped


class SPHERICAL_COW_PT_equaliser(SidebarPanel, bpy.types.Panel):
    """Degree cut-off, gains of the bands, smoothing."""

    bl_idname = Panels.EQUALISER
    bl_label = "Equalizer"
    bl_order = 4

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Reset, where it never moves."""
        self.layout.operator(Operators.RESET_EQUALISER, text="", icon="LOOP_BACK", emboss=False)

    def draw(self, context: bpy.types.Context) -> None:
        """The sliders, or why there are none."""
        obj = mesh_object(context)
        reason = "Select a mesh object" if obj is None else resynthesis.why_not_live(bridge.mesh_of(obj))
        if obj is None or reason:
            wrapped(self.layout.column(align=True), context, reason)
            return
        draw_sliders(self.layout, bridge.mesh_of(obj))
        draw_mask(self.layout, obj)


def draw_sliders(layout: bpy.types.UILayout, mesh: bpy.types.Mesh) -> None:
    """All sliders of a live mesh."""
    from ..core.harmonics.spectrum import bands

    sliders = storage.data_of(mesh).equaliser
    top = fields(layout)
    top.prop(sliders, "degree")
    column = layout.column(align=True)
    for index, (low, high) in enumerate(bands(storage.data_of(mesh).lmax)):
        if index == 0:
            continue  # degree 0 is the place, not the shape
        row = column.split(factor=0.3, align=True)
        row.active = low <= sliders.degree
        label = row.row()
        label.alignment = "RIGHT"
        label.label(text=band_label(low, high))
        row.prop(sliders, "gains", index=index, text="", slider=True)
    bottom = fields(layout)
    bottom.prop(sliders, "smoothing")
    amount = bottom.row()
    amount.active = sliders.smoothing != "NONE"
    amount.prop(sliders, "time" if sliders.smoothing == "HEAT" else "angle")


def draw_mask(layout: bpy.types.UILayout, obj: bpy.types.Object) -> None:
    """The vertex group that says where the sliders reach."""
    sliders = storage.data_of(bridge.mesh_of(obj)).equaliser
    row = layout.row(align=True)
    name = row.row(align=True)
    name.use_property_split, name.use_property_decorate = True, False
    name.prop_search(sliders, "mask", obj, "vertex_groups")
    chosen = row.row(align=True)
    chosen.active = bool(sliders.mask)
    chosen.prop(sliders, "invert_mask", text="", icon="ARROW_LEFTRIGHT")
    chosen.operator(Operators.APPLY_MASK, text="", icon="FILE_REFRESH")


classes = (SPHERICAL_COW_PT_equaliser,)
