# SPDX-License-Identifier: GPL-3.0-or-later
"""Align: onto the active mesh, to a standard pose, and on the parameter sphere."""

from __future__ import annotations

from typing import Any

import bpy

from .. import bridge, storage
from ..idnames import Operators, Panels
from ..operators.align import others_of
from .common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, percent, settings, wrapped

OPTIONS = ("method", "scaling", "change", "use_modifiers", "overlap", "one_way", "starts", "seed")
MOST = 6
"""Objects whose last alignment is listed."""


class SPHERICAL_COW_PT_align(SidebarPanel, bpy.types.Panel):
    """Common poses."""

    bl_idname = Panels.ALIGN
    bl_label = "Align"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 9

    def draw(self, context: bpy.types.Context) -> None:
        """Onto the active mesh; then the other two, folded away."""
        layout, options = self.layout, settings(context).align
        draw_onto_active(layout, context, options)
        header, body = layout.panel("spherical_cow_normalise", default_closed=True)
        header.label(text="Center and Size")
        if body is not None:
            draw_normalise(body, context, options.normalise)
        header, body = layout.panel("spherical_cow_align_parameters", default_closed=True)
        header.label(text="Parameter Sphere")
        if body is not None:
            draw_sphere(body, context, options.sphere)


def draw_onto_active(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    """Settings, button, and what came of it."""
    obj, others = mesh_object(context), others_of(context)
    if obj is None or not others:
        wrapped(layout.column(align=True), context, "Select the meshes to move, then the one that stays", icon="INFO")
    else:
        what = others[0].name if len(others) == 1 else f"{len(others)} meshes"
        layout.label(text=f"{what} to {obj.name}", icon="SNAP_ON")
    column = fields(layout)
    column.prop(options, "method")
    column.row(align=True).prop(options, "change", expand=True)
    column.prop(options, "scaling")
    header, body = layout.panel("spherical_cow_align_options", default_closed=True)
    header.label(text="Options")
    if body is not None:
        column = fields(body)
        for name in ("use_modifiers", "overlap", "one_way", "starts", "seed"):
            column.prop(options, name)
    values = {name: getattr(options, name) for name in OPTIONS}
    job_button(layout, context, Operators.ALIGN, icon="SNAP_ON", **values)
    error_box(layout, context, Operators.ALIGN)
    draw_aligned(layout, others or ([obj] if obj is not None else []))


def draw_aligned(layout: bpy.types.UILayout, objects: list[bpy.types.Object]) -> None:
    """The last alignment of each."""
    for obj in objects[:MOST]:
        group = storage.data_of(bridge.mesh_of(obj)).aligned
        if not group.target:
            continue
        column = layout.column(align=True)
        column.label(text=f"{obj.name} to {group.target}", icon="CHECKMARK")
        fact(column, "Turned", f"{group.angle:.2f}°")
        if abs(group.scale - 1.0) > 1e-6:
            fact(column, "Scaled", f"{group.scale:.4g}")
        fact(column, "Distance", percent(group.error))


def draw_normalise(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    """Settings and button."""
    column = fields(layout)
    for name in ("center", "size", "axes"):
        column.prop(options, name)
    column.row(align=True).prop(options, "change", expand=True)
    button = layout.operator(Operators.NORMALISE, icon="PIVOT_BOUNDBOX")
    for name in ("center", "size", "axes", "change"):
        setattr(button, name, getattr(options, name))
    error_box(layout, context, Operators.NORMALISE)


def draw_sphere(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    """Settings, button, and what came of it."""
    fields(layout).prop(options, "reference")
    job_button(
        layout, context, Operators.ALIGN_PARAMETERS, icon="ORIENTATION_GIMBAL", tall=False, reference=options.reference
    )
    error_box(layout, context, Operators.ALIGN_PARAMETERS)
    active = mesh_object(context)
    for obj in [*others_of(context), *([active] if active is not None else [])][:MOST]:
        group = storage.data_of(bridge.mesh_of(obj)).aligned
        if not group.sphere_target:
            continue
        column = layout.column(align=True)
        column.label(text=f"{obj.name} to {group.sphere_target}", icon="CHECKMARK")
        fact(column, "Sphere Turned", f"{group.sphere_angle:.2f}°")
        if group.sphere_error >= 0.0:
            fact(column, "Difference", percent(group.sphere_error))


classes = (SPHERICAL_COW_PT_align,)
