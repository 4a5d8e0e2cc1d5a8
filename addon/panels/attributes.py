# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes: what to show as colour, and the scale of the colours."""

from __future__ import annotations

import bpy

from .. import bridge, storage
from ..choices import DISTANCES, ERRORS, SHOWN
from ..idnames import Operators, Panels
from .common import SidebarPanel, error_box, job_button, mesh_object, settings


class SPHERICAL_COW_PT_attributes(SidebarPanel, bpy.types.Panel):
    """Fields of the mesh as colours."""

    bl_idname = Panels.ATTRIBUTES
    bl_label = "Attributes"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 11

    def draw(self, context: bpy.types.Context) -> None:
        """Which attribute, where, and its scale."""
        layout, options = self.layout, settings(context)
        layout.prop(options, "attribute", text="")
        row = layout.row(align=True)
        row.operator(Operators.SHOW_ATTRIBUTE, icon="COLOR").attribute = options.attribute
        row.operator(Operators.SHOW_ON_SPHERE, text="On Sphere", icon="SPHERE").attribute = options.attribute
        error_box(layout, context, Operators.SHOW_ATTRIBUTE)
        error_box(layout, context, Operators.SHOW_ON_SPHERE)
        draw_locate(layout, context)
        obj = mesh_object(context)
        if obj is not None and storage.data_of(bridge.mesh_of(obj)).shown not in {"", "rgb"}:
            draw_scale(layout, bridge.mesh_of(obj))


def draw_locate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button that finds where the detail is, and what counts as detail."""
    options = settings(context)
    row = layout.row(align=True)
    row.prop(options, "measure", text="")
    place = row.column(align=True)
    job_button(place, context, Operators.LOCATE_DETAIL, icon="VIEWZOOM", tall=False, measure=options.measure)
    error_box(layout, context, Operators.LOCATE_DETAIL)


def draw_scale(layout: bpy.types.UILayout, mesh: bpy.types.Mesh) -> None:
    """The colour map, with the values at its ends and in its middle."""
    group = storage.data_of(mesh)
    column = layout.box().column(align=True)
    names = {identifier: name for identifier, name, _ in (*SHOWN, *DISTANCES, *ERRORS)}
    column.label(text=names.get(group.shown, group.shown))
    swatches = column.row(align=True)
    for index in range(8):
        swatches.prop(group, f"swatch_{index}", text="")
    numbers = column.grid_flow(columns=3, even_columns=True, row_major=True)
    middle = 0.5 * (group.shown_min + group.shown_max)
    for value, side in ((group.shown_min, "LEFT"), (middle, "CENTER"), (group.shown_max, "RIGHT")):
        cell = numbers.row()
        cell.alignment = side
        cell.label(text=f"{value:.3g}")


classes = (SPHERICAL_COW_PT_attributes,)
