# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct: which vertices the new object gets, and how far it is from the original."""

from __future__ import annotations

import json

import bpy
from bl_ui.utils import PresetPanel

from ..idnames import Operators, Panels
from ..operators.presets import RECONSTRUCT_FOLDER
from .common import SidebarPanel, error_box, fact, job_button, settings
from .encode import percent

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
        """Settings, button, comparison."""
        layout, options = self.layout, settings(context).reconstruct
        layout.row(align=True).prop(options, "sampling", expand=True)
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        draw_size(column, options)
        column.row(align=True).prop(options, "basis", expand=True)
        column.prop(options, "hide_original")
        values = {name: getattr(options, name) for name in OPTIONS}
        job_button(layout, context, Operators.RECONSTRUCT, icon="MESH_ICOSPHERE", **values)
        error_box(layout, context, Operators.RECONSTRUCT)
        job_button(layout, context, Operators.COMPARE, icon="DRIVER_DISTANCE", tall=False)
        error_box(layout, context, Operators.COMPARE)
        draw_comparison(layout, context)


def draw_size(column: bpy.types.UILayout, options: bpy.types.PropertyGroup) -> None:
    """The size of the new mesh: always one row, so that nothing jumps."""
    row = column.row()
    if options.sampling == "icosphere":
        row.prop(options, "frequency")
        row.label(text=f"{10 * options.frequency**2 + 2:,} vertices")
    elif options.sampling == "adaptive":
        row.prop(options, "count")
        row.prop(options, "seed")
    else:
        row.enabled = False
        row.label(text="Keeps UV maps, weights and materials")


def draw_comparison(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The numbers of the last comparison of this object."""
    session, obj = context.window_manager.spherical_cow, context.object
    if obj is None or not session.comparison or session.compared != str(obj.session_uid):
        return
    found = json.loads(session.comparison)
    column = layout.box().column(align=True)
    column.scale_y = 0.85
    fact(column, "Distance, mean", percent(found["mean_rel"]))
    fact(column, "Distance, largest", percent(found["hausdorff_rel"]))
    fact(column, "Normals", f"{found['normal_angle']:.2f}°")


classes = (SPHERICAL_COW_PT_presets_reconstruct, SPHERICAL_COW_PT_reconstruct)
