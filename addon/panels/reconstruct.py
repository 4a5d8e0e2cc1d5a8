# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct: which vertices the new object gets, and how far it is from the original."""

from __future__ import annotations

import bpy
from bl_ui.utils import PresetPanel

from .. import bridge, comparisons
from ..idnames import Operators, Panels
from ..operators.presets import RECONSTRUCT_FOLDER
from .common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, percent, settings

OPTIONS = ("sampling", "frequency", "count", "basis", "seed", "hide_original")


class SPHERICAL_COW_PT_presets_reconstruct(PresetPanel, bpy.types.Panel):
    """The presets, behind the button in the header."""

    bl_idname = Panels.PRESETS_RECONSTRUCT
    bl_label = "Reconstruct Presets"
    preset_subdir = RECONSTRUCT_FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = Operators.PRESET_RECONSTRUCT


class SPHERICAL_COW_PT_reconstruct(SidebarPanel, bpy.types.Panel):
    """From coefficients to a mesh."""

    bl_idname = Panels.RECONSTRUCT
    bl_label = "Reconstruct"
    bl_order = 3

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """The presets."""
        SPHERICAL_COW_PT_presets_reconstruct.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, button, and what Compare has found."""
        layout, options = self.layout, settings(context).reconstruct
        layout.row(align=True).prop(options, "sampling", expand=True)
        column = fields(layout)
        draw_size(column, options)
        column.row(align=True).prop(options, "basis", expand=True)
        column.prop(options, "hide_original")
        values = {name: getattr(options, name) for name in OPTIONS}
        job_button(layout, context, Operators.RECONSTRUCT, icon="MESH_ICOSPHERE", **values)
        error_box(layout, context, Operators.RECONSTRUCT)
        draw_error(layout, context)


def draw_size(column: bpy.types.UILayout, options: bpy.types.PropertyGroup) -> None:
    """The size of the new mesh: always one row, so that nothing jumps."""
    row = column.row()
    row.use_property_split = False  # leaves room for the words
    if options.sampling == "icosphere":
        row.prop(options, "frequency")
        row.label(text=f"{10 * options.frequency**2 + 2:,} vertices")
    elif options.sampling == "adaptive":
        row.prop(options, "count")
        row.prop(options, "seed")
    else:
        row.enabled = False
        row.label(text="Keeps UV maps, weights and materials")


def draw_error(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How far this object is from another, where Compare has measured it and nothing has changed since."""
    obj = mesh_object(context)
    numbers = None if obj is None else comparisons.load(bridge.mesh_of(obj))
    if obj is not None and numbers is not None and not comparisons.why_stale(obj):
        fact(layout, "Mean Distance", percent(numbers["mean_rel"]))


classes = (SPHERICAL_COW_PT_presets_reconstruct, SPHERICAL_COW_PT_reconstruct)
