# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape Space: build one of many shapes, then move through it."""

from __future__ import annotations

import bpy

from .. import bridge, spaces
from ..idnames import Operators, Panels
from .common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, settings, wrapped

OPTIONS = ("alignment", "sampling", "frequency", "color")
SHOWN_SLIDERS, SHOWN_MEMBERS = 8, 5


class SPHERICAL_COW_PT_space(SidebarPanel, bpy.types.Panel):
    """The mean of many shapes, and how they differ."""

    bl_idname = Panels.SPACE
    bl_label = "Shape Space"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 7

    def draw(self, context: bpy.types.Context) -> None:
        """What builds a space; on the object that shows one, its sliders."""
        obj = mesh_object(context)
        if obj is not None and spaces.has_space(obj):
            draw_space(self.layout, context, bridge.mesh_of(obj))
        else:
            draw_build(self.layout, context)


def draw_build(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Settings, the members, the button; and what finds similar shapes."""
    options, obj = settings(context).space, mesh_object(context)
    column = fields(layout)
    column.prop(options, "collection")
    column.prop(options, "alignment")
    column.row(align=True).prop(options, "sampling", expand=True)
    size = column.row()
    size.active = options.sampling == "icosphere"
    size.prop(options, "frequency")
    column.prop(options, "color")
    count = len(spaces.members_of(context, obj, options.collection))
    column.label(text=f"{count} encoded shapes", icon="INFO" if count >= 2 else "ERROR")
    values = {name: getattr(options, name) for name in OPTIONS}
    chosen = options.collection.name if options.collection is not None else ""
    job_button(layout, context, Operators.BUILD_SPACE, icon="OUTLINER_OB_POINTCLOUD", collection=chosen, **values)
    error_box(layout, context, Operators.BUILD_SPACE)
    if count < 2:
        wrapped(layout.column(align=True), context, "Encode and select two or more objects of the same kind")
    row = layout.row(align=True)
    row.operator(Operators.FIND_SIMILAR, icon="VIEWZOOM").likeness = options.likeness
    row.prop(options, "likeness", text="")
    error_box(layout, context, Operators.FIND_SIMILAR)


def draw_space(layout: bpy.types.UILayout, context: bpy.types.Context, mesh: bpy.types.Mesh) -> None:
    """The sliders of a space, or why they rest; its members, and what can be done with it."""
    group, reason = spaces.group_of(mesh), spaces.why_no_space(mesh)
    if mesh.shape_keys is not None:
        draw_keys(layout, mesh)
    elif reason:
        wrapped(layout.column(align=True), context, reason)
    else:
        draw_sliders(layout, group)
    column = layout.box().column(align=True)
    column.scale_y = 0.85
    fact(column, "Members", str(group.count))
    fact(column, "Explained", f"{min(sum(group.explained[: shown(group)]), 1.0):.1%}")
    if group.error:
        fact(column, "Left-out error", f"{group.error:.2%}")
    draw_members(layout, group)
    layout.operator(Operators.SAVE_SCORES, icon="EXPORT", text="Scores CSV")
    for name in (Operators.RANDOM_MEMBER, Operators.BAKE_SPACE, Operators.SAVE_SCORES):
        error_box(layout, context, name)


def shown(group: bpy.types.PropertyGroup) -> int:
    """How many components have a slider in the panel."""
    return min(group.components, SHOWN_SLIDERS)


def draw_sliders(layout: bpy.types.UILayout, group: bpy.types.PropertyGroup) -> None:
    """The sliders, each with the share of the variance that it explains."""
    column = layout.column(align=True)
    for number in range(shown(group)):
        row = column.split(factor=0.3, align=True)
        label = row.row()
        label.alignment = "RIGHT"
        label.label(text=f"{number + 1}: {group.explained[number]:.1%}")
        row.prop(group, "scores", index=number, text="", slider=True)
    if not group.components:
        column.label(text="All members are the same", icon="INFO")
    layout.prop(group, "exaggeration", slider=True)
    layout.prop_search(group, "member", group, "members", icon="OBJECT_DATA")
    row = layout.row(align=True)
    row.operator(Operators.RANDOM_MEMBER, text="Random", icon="FILE_REFRESH").another = True
    row.operator(Operators.RESET_SPACE, text="Mean", icon="LOOP_BACK")
    button = layout.operator(Operators.BAKE_SPACE, icon="SHAPEKEY_DATA")
    button.count = max(shown(group), 1)


def draw_keys(layout: bpy.types.UILayout, mesh: bpy.types.Mesh) -> None:
    """The sliders of the baked shape keys."""
    column = layout.column(align=True)
    for key in mesh.shape_keys.key_blocks[1:]:
        column.prop(key, "value", text=key.name, slider=True)


def draw_members(layout: bpy.types.UILayout, group: bpy.types.PropertyGroup) -> None:
    """The most unusual members, each a button that selects its object."""
    column = layout.column(align=True)
    column.label(text="Most unusual (1 is usual)")
    for member in group.members[:SHOWN_MEMBERS]:
        row = column.split(factor=0.7, align=True)
        row.operator(Operators.RANK_OUTLIERS, text=member.name, icon="RESTRICT_SELECT_OFF").name = member.name
        right = row.row()
        right.alignment = "RIGHT"
        right.label(text=f"{member.outlyingness:.2f}")
    column.operator(Operators.RANK_OUTLIERS, icon="OUTLINER_OB_GROUP_INSTANCE")


classes = (SPHERICAL_COW_PT_space,)
