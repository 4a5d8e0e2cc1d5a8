# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry: the planes and axes of the mesh, and how well they fit."""

from __future__ import annotations

from typing import Any

import bpy

from .. import bridge, storage, symmetries
from ..idnames import SYMMETRY_LIST, Attributes, Operators, Panels
from .attributes import draw_scale
from .common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, percent, settings, wrapped

VERDICTS = {
    "none": ("No symmetry", "CANCEL"),
    "one plane": ("One plane", "MOD_MIRROR"),
    "two planes": ("Two planes or more", "MOD_MIRROR"),
    "rotational": ("Rotational", "MOD_SCREW"),
    "spherical": ("A sphere", "SPHERE"),
}
"""Kind of symmetry → words, icon."""


class SPHERICAL_COW_UL_symmetries(bpy.types.UIList):
    """Planes and axes, best first."""

    bl_idname = SYMMETRY_LIST

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
    ) -> None:
        """What it is, and its error."""
        row = layout.row(align=True)
        row.active = item.counts
        row.label(text=item.name, icon="MOD_MIRROR" if item.kind == "PLANE" else "MOD_SCREW")
        right = row.row()
        right.alignment = "RIGHT"
        right.label(text=percent(item.error))


class SPHERICAL_COW_PT_symmetry(SidebarPanel, bpy.types.Panel):
    """Planes of reflection and axes of rotation."""

    bl_idname = Panels.SYMMETRY
    bl_label = "Symmetry"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 8

    def draw(self, context: bpy.types.Context) -> None:
        """Threshold and button; then what was found."""
        layout, options, obj = self.layout, settings(context).detect_symmetry, mesh_object(context)
        column = fields(layout)
        column.prop(options, "threshold")
        job_button(layout, context, Operators.DETECT_SYMMETRY, icon="MOD_MIRROR", threshold=options.threshold)
        error_box(layout, context, Operators.DETECT_SYMMETRY)
        if obj is not None and symmetries.of(bridge.mesh_of(obj)).fingerprint:
            draw_found(layout, context, obj)


def draw_found(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """The verdict, the list, the chosen one, and what can be done with it."""
    mesh = bridge.mesh_of(obj)
    group = symmetries.of(mesh)
    words, icon = VERDICTS.get(group.kind, (group.kind, "NONE"))
    split = layout.split(factor=0.55)
    split.label(text=words, icon=icon)  # type: ignore[arg-type]
    right = split.row()
    right.alignment = "RIGHT"
    right.label(text=f"{group.parameters:.0%} of the data")
    if symmetries.is_stale(obj):
        wrapped(layout.column(align=True), context, "The mesh has changed since: detect again", icon="FILE_REFRESH")
    if not len(group.elements):
        return
    rows = min(max(len(group.elements), 2), 6)
    layout.template_list(SYMMETRY_LIST, "", group, "elements", group, "active", rows=rows, maxrows=8)
    if group.active < len(group.elements):
        draw_chosen(layout, group.elements[group.active])
    row = layout.row(align=True)
    row.operator(Operators.SHOW_SYMMETRY, text="Show All", icon="HIDE_OFF").only_chosen = False
    row.operator(Operators.SHOW_SYMMETRY, text="Show Chosen").only_chosen = True
    row.operator(Operators.HIDE_SYMMETRY, text="", icon="X")
    error_box(layout, context, Operators.SHOW_SYMMETRY)
    job_button(layout, context, Operators.SYMMETRY_HEAT_MAP, icon="COLOR", tall=False)
    error_box(layout, context, Operators.SYMMETRY_HEAT_MAP)
    if storage.data_of(mesh).shown == Attributes.SYMMETRY and not symmetries.is_stale(obj):
        draw_scale(layout, mesh)


def draw_chosen(layout: bpy.types.UILayout, row: Any) -> None:
    """How well the chosen plane or axis fits."""
    column = layout.column(align=True)
    column.scale_y = 0.85
    fact(column, "Error, RMS", percent(row.error))
    fact(column, "Error, largest", percent(row.largest))
    fact(column, "Within threshold", f"{row.score:.0%}")


classes = (SPHERICAL_COW_UL_symmetries, SPHERICAL_COW_PT_symmetry)
