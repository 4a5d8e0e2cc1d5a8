# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetrize, inside the Symmetry section."""

from __future__ import annotations

import bpy

from .. import bridge, storage, symmetries
from ..core.symmetry.elements import Plane
from ..idnames import Operators, Panels
from .common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, percent, settings, wrapped

OPTIONS = ("plane", "method", "side", "uvs", "hide_original")


class SPHERICAL_COW_PT_symmetrise(SidebarPanel, bpy.types.Panel):
    """Plane, method, side and button."""

    bl_idname = Panels.SYMMETRISE
    bl_label = "Symmetrize"
    bl_parent_id = Panels.SYMMETRY
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, buttons, errors."""
        layout, options, obj = self.layout, settings(context).symmetrise, mesh_object(context)
        layout.row(align=True).prop(options, "plane", expand=True)
        if options.plane == "DETECTED" and obj is not None and not _has_plane(obj):
            wrapped(layout.column(align=True), context, "The best plane is looked for first", icon="INFO")
        column = fields(layout)
        column.prop(options, "method")
        row = column.row()
        row.enabled = options.method != "HARMONIC"
        row.prop(options, "side")
        column.prop(options, "uvs")
        if options.method == "HARMONIC":
            column.prop(options, "hide_original")
        values = {name: getattr(options, name) for name in OPTIONS}
        job_button(layout, context, Operators.SYMMETRISE, icon="MOD_MIRROR", **values)
        error_box(layout, context, Operators.SYMMETRISE)
        if options.method != "HARMONIC":
            job_button(layout, context, Operators.MEASURE_LEFT_RIGHT, icon="DRIVER_DISTANCE", tall=False, **values)
            error_box(layout, context, Operators.MEASURE_LEFT_RIGHT)
        if obj is not None:
            draw_asymmetry(layout, obj)
            draw_errors(layout, obj)


def _has_plane(obj: bpy.types.Object) -> bool:
    return isinstance(symmetries.chosen(bridge.mesh_of(obj)), Plane) and not symmetries.is_stale(obj)


def draw_asymmetry(layout: bpy.types.UILayout, obj: bpy.types.Object) -> None:
    """The slider of a symmetric reconstruction."""
    from ..operators.symmetrise import ASYMMETRY

    keys = bridge.mesh_of(obj).shape_keys
    if keys is not None and ASYMMETRY in keys.key_blocks:
        layout.prop(keys.key_blocks[ASYMMETRY], "value", text=ASYMMETRY, slider=True)


def draw_errors(layout: bpy.types.UILayout, obj: bpy.types.Object) -> None:
    """The errors between left and right, if the mesh is still the one that was measured."""
    group = storage.data_of(bridge.mesh_of(obj)).left_right
    if not group.fingerprint or obj.mode == "EDIT" or storage.has_changed(obj, group.fingerprint):
        return
    column = layout.box().column(align=True)
    column.scale_y = 0.85
    fact(column, "About", group.about)
    if group.by_index:
        fact(column, "Partners, mean", percent(group.mean))
        fact(column, "Partners, largest", percent(group.max))
    fact(column, "Surface, mean", percent(group.surface_mean))
    fact(column, "Hausdorff", percent(group.hausdorff))


classes = (SPHERICAL_COW_PT_symmetrise,)
