# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape Codes: train a decoder on the selected meshes, then move between them."""

from __future__ import annotations

import bpy

from ... import bridge
from ...idnames import Operators, Panels
from ...networks import runtime, shape_codes
from ..common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, settings, wrapped

OPTIONS = ("preset", "epochs", "common_size", "seed")
SHOWN_MEMBERS = 8


class SPHERICAL_COW_PT_shape_codes(SidebarPanel, bpy.types.Panel):
    """One decoder for many shapes, and a code for each."""

    bl_idname = Panels.SHAPE_CODES
    bl_parent_id = Panels.NETWORKS
    bl_label = "Shape Codes"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4

    def draw(self, context: bpy.types.Context) -> None:
        """What trains codes; on the object that shows some, their slider."""
        obj = mesh_object(context)
        if obj is not None and shape_codes.has_codes(obj):
            draw_codes(self.layout, context, obj)
        else:
            draw_train(self.layout, context, obj)


def draw_train(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object | None) -> None:
    """Settings, the members, the button; and what fits the active mesh into codes that are there."""
    options = settings(context).networks.codes
    count = len(shape_codes.sources(context, obj))
    column = fields(layout)
    for name in OPTIONS:
        column.prop(options, name)
    column.label(text=f"{count} selected mesh{'' if count == 1 else 'es'}", icon="INFO" if count > 1 else "ERROR")
    values = {name: getattr(options, name) for name in OPTIONS}
    job_button(layout, context, Operators.CODES_TRAIN, icon="NETWORK_DRIVE", **values)
    error_box(layout, context, Operators.CODES_TRAIN)
    if count < 2:
        wrapped(layout.column(align=True), context, "Select two or more closed meshes of the same kind")
    layout.operator(Operators.CODES_LOAD, icon="IMPORT")
    error_box(layout, context, Operators.CODES_LOAD, of_object=False)
    there = shape_codes.holders(context)
    if there and obj is not None and not runtime.why_not():
        layout.separator()
        if len(there) > 1:
            fields(layout).prop(options, "target")
        draw_fit(layout, context, f"Fit {obj.name}" if len(obj.name) < 20 else "Fit")


def draw_fit(layout: bpy.types.UILayout, context: bpy.types.Context, text: str) -> None:
    """How long, and the button."""
    options = settings(context).networks.codes
    fields(layout).prop(options, "steps")
    target = options.target.name if options.target is not None else ""
    job_button(
        layout, context, Operators.CODES_FIT, icon="MOD_SHRINKWRAP", text=text, steps=options.steps, target=target
    )
    error_box(layout, context, Operators.CODES_FIT)


def draw_codes(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """The slider, or why it rests; what can be made of it, and the members."""
    mesh = bridge.mesh_of(obj)
    group, reason = shape_codes.group_of(mesh), shape_codes.why_not_live(mesh)
    if reason:
        wrapped(layout.column(align=True), context, reason)
    else:
        column = layout.column(align=True)
        column.prop_search(group, "first", group, "members", icon="OBJECT_DATA")
        column.prop_search(group, "second", group, "members", icon="OBJECT_DATA")
        row = column.row()
        row.active = group.first != group.second
        row.prop(group, "weight", slider=True)
        if not group.cells:
            wrapped(layout.column(align=True), context, "This decoder is large: Refine shows the surface", icon="INFO")
    fields(layout).prop(group, "resolution")
    job_button(layout, context, Operators.CODES_REFINE, icon="MOD_REMESH", tall=False)
    error_box(layout, context, Operators.CODES_REFINE)
    job_button(layout, context, Operators.CODES_KEEP, icon="DUPLICATE", tall=False)
    error_box(layout, context, Operators.CODES_KEEP)
    draw_facts(layout, group)
    others = shape_codes.sources(context, obj)
    if others:
        draw_fit(layout, context, f"Fit {others[0].name}" if len(others[0].name) < 20 else "Fit")
    else:
        wrapped(layout.column(align=True), context, "To fit another mesh, select it as well")
    layout.operator(Operators.CODES_SAVE, icon="EXPORT")
    error_box(layout, context, Operators.CODES_SAVE)


def draw_facts(layout: bpy.types.UILayout, group: bpy.types.PropertyGroup) -> None:
    """What is known of the codes, and the members with how well they are met."""
    column = layout.box().column(align=True)
    column.scale_y = 0.85
    fact(column, "Decoder", f"{group.parameters:,} numbers")
    fact(column, "Code", f"{group.code} numbers")
    if group.loss:
        fact(column, "Loss", f"{group.loss:.4f}")
    fact(column, f"{len(group.members)} Members", "F1")
    for member in group.members[:SHOWN_MEMBERS]:
        fact(column, member.name, f"{member.f1:.3f}" if member.f1 else "–")
    if len(group.members) > SHOWN_MEMBERS:
        column.label(text=f"and {len(group.members) - SHOWN_MEMBERS} more")


classes = (SPHERICAL_COW_PT_shape_codes,)
