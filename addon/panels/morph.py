# SPDX-License-Identifier: GPL-3.0-or-later
"""Morph: blend encoded shapes into a new object, and animate it."""

from __future__ import annotations

import json

import bpy

from .. import bridge, morphs, storage
from ..idnames import Operators, Panels
from ..operators.morph import others_of
from .common import SidebarPanel, error_box, fields, job_button, mesh_object, percent, settings, wrapped
from .reconstruct import draw_size

OPTIONS = ("sampling", "frequency", "count", "seed", "pose", "match", "hide_originals")
FAR = 0.1
"""Distance from the first shape from which a row shows a warning, as in `core.blending.morph`."""


class SPHERICAL_COW_PT_morph(SidebarPanel, bpy.types.Panel):
    """From one shape to another."""

    bl_idname = Panels.MORPH
    bl_label = "Morph"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 6

    def draw(self, context: bpy.types.Context) -> None:
        """Settings and button; then the sliders of a morph."""
        layout, options, obj = self.layout, settings(context).morph, mesh_object(context)
        if obj is not None and morphs.keys_of(bridge.mesh_of(obj)):
            draw_sliders(layout, context, bridge.mesh_of(obj))
            return
        layout.row(align=True).prop(options, "sampling", expand=True)
        column = fields(layout)
        draw_size(column, options)
        column.prop(options, "pose")
        column.prop(options, "match")
        column.prop(options, "hide_originals")
        values = {name: getattr(options, name) for name in OPTIONS}
        job_button(layout, context, Operators.MORPH, icon="MOD_SIMPLEDEFORM", **values)
        error_box(layout, context, Operators.MORPH)
        draw_selection(layout, context)


def draw_selection(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Which shapes the button would take."""
    others = others_of(context)
    if not others or not storage.has_shape(context.object):
        wrapped(layout.column(align=True), context, "Select two or more encoded objects, the first shape last")
        return
    column = layout.column(align=True)
    column.label(text=context.object.name, icon="RADIOBUT_ON")
    for other in others:
        column.label(text=other.name, icon="RADIOBUT_OFF")


def draw_sliders(layout: bpy.types.UILayout, context: bpy.types.Context, mesh: bpy.types.Mesh) -> None:
    """The blend, each shape for itself, and the animation."""
    options, group = settings(context).morph, storage.data_of(mesh).morph
    keys, distances = morphs.keys_of(mesh), json.loads(group.distances or "[]")
    layout.prop(group, "blend", slider=True)
    column = layout.column(align=True)
    for number, key in enumerate(keys, 1):
        column.prop(key, "value", text=key.name, slider=True)
        distance = distances[number] if number < len(distances) else 0.0
        if distance > FAR:
            column.label(text=f"{percent(distance)} away: another kind of shape", icon="ERROR")
    row = layout.row(align=True)
    row.prop(options, "frame_start")
    row.prop(options, "frame_end")
    button = layout.operator(Operators.ANIMATE_MORPH, icon="RENDER_ANIMATION")
    button.frame_start, button.frame_end = options.frame_start, options.frame_end
    error_box(layout, context, Operators.ANIMATE_MORPH)
    layout.operator(Operators.KEEP_MORPH, icon="MESH_ICOSPHERE")
    error_box(layout, context, Operators.KEEP_MORPH)


classes = (SPHERICAL_COW_PT_morph,)
