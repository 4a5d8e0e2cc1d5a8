# SPDX-License-Identifier: GPL-3.0-or-later
"""SDF Tools: one body of one or two, and slices."""

from __future__ import annotations

import bpy

from ... import bridge
from ...idnames import Operators, Panels
from ...networks import fitted_fields, slices
from ...operators.networks.sdf_tools import TITLES, WITH_TWO, second_mesh
from ..common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, settings, wrapped

OF_TOOL = {
    "offset": ("distance",),
    "shell": ("thickness", "side"),
    "union": ("radius",),
    "intersection": ("radius",),
    "difference": ("radius",),
    "blend": ("weight",),
}
COMMON = ("resolution", "faces", "use_modifiers", "hide_original")
ALL = ("tool", "distance", "thickness", "side", "radius", "weight", *COMMON, "use_fields")


class SPHERICAL_COW_PT_sdf_tools(SidebarPanel, bpy.types.Panel):
    """Bodies by their distances. Needs no PyTorch, but for fitted fields."""

    bl_idname = Panels.SDF_TOOLS
    bl_parent_id = Panels.NETWORKS
    bl_label = "SDF Tools"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """On a slice its sliders; else the tools, and the button that adds one."""
        obj = mesh_object(context)
        if obj is not None and slices.is_slice(obj):
            draw_slice(self.layout, context, bridge.mesh_of(obj))
            return
        draw_tool(self.layout, context)
        self.layout.separator()
        job_button(self.layout, context, Operators.SDF_SLICE, icon="MOD_EDGESPLIT", tall=False)
        error_box(self.layout, context, Operators.SDF_SLICE)


def draw_tool(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The chosen tool with its settings, and its button."""
    options = settings(context).networks.sdf_tools
    tool = options.tool
    layout.prop(options, "tool", text="")
    column = fields(layout)
    for name in (*OF_TOOL[tool], *COMMON):
        column.prop(options, name)
    other = second_mesh(context) if tool in WITH_TWO else None
    if any(fitted_fields.has_field(obj) for obj in (mesh_object(context), other)):
        column.prop(options, "use_fields")
    if tool in WITH_TWO:
        line = layout.row()
        if other is None:
            line.label(text="Select one more mesh, then this one", icon="INFO")
        else:
            line.label(text=f"With {other.name}", icon="OBJECT_DATA")
    values = {name: getattr(options, name) for name in ALL}
    job_button(layout, context, Operators.SDF_TOOL, icon="MOD_BOOLEAN", text=TITLES[tool], **values)
    error_box(layout, context, Operators.SDF_TOOL)


def draw_slice(layout: bpy.types.UILayout, context: bpy.types.Context, mesh: bpy.types.Mesh) -> None:
    """The sliders of a slice."""
    group = slices.group_of(mesh)
    column = fields(layout)
    column.row(align=True).prop(group, "axis", expand=True)
    column.prop(group, "position", slider=True)
    column.prop(group, "resolution")
    column.prop(group, "lines")
    column.prop(group, "limit")
    lines = column.row()
    lines.active = group.lines
    lines.prop(group, "spacing")
    box = layout.box().column(align=True)
    fact(box, "Of", group.source)
    fact(box, "Distances", f"{group.smallest:.3g} … {group.largest:.3g}")
    if reason := slices.why_stale(mesh):
        wrapped(layout.column(align=True), context, reason, icon="ERROR")
    job_button(layout, context, Operators.SDF_SLICE, icon="FILE_REFRESH", text="Update", tall=False)
    error_box(layout, context, Operators.SDF_SLICE)


classes = (SPHERICAL_COW_PT_sdf_tools,)
