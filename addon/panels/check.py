# SPDX-License-Identifier: GPL-3.0-or-later
"""Check: what is right and what is wrong with the mesh."""

from __future__ import annotations

import bpy

from .. import storage
from ..idnames import Operators, Panels
from .common import SidebarPanel, error_box, job_button, mesh_object, settings


class SPHERICAL_COW_PT_check(SidebarPanel, bpy.types.Panel):
    """The rows of the last check."""

    bl_idname = Panels.CHECK
    bl_label = "Check"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """The button, then one row per property of the mesh."""
        layout, obj = self.layout, mesh_object(context)
        options = settings(context)
        job_button(
            layout, context, Operators.CHECK, icon="CHECKMARK", self_intersections=options.self_intersections
        )
        layout.prop(options, "self_intersections")
        error_box(layout, context, Operators.CHECK)
        rows = storage.load_check(obj.data) if obj is not None else []
        if obj is None or not rows:
            return
        stale = storage.check_is_stale(obj)
        box = layout.box()
        head = box.row()
        if stale:
            head.label(text="The mesh has changed: check again", icon="FILE_REFRESH")
        elif storage.data_of(obj.data).check.passed:
            head.label(text="Ready to encode", icon="CHECKMARK")
        else:
            head.label(text="Cannot be encoded", icon="CANCEL")
        column = box.column(align=True)
        column.active = not stale
        for row in rows:
            draw_row(column, row)


def draw_row(column: bpy.types.UILayout, row: storage.Row) -> None:
    """Icon, words, count, and the button that selects."""
    line = column.row(align=True)
    line.label(text=row.label, icon="CHECKMARK" if row.ok else ("ERROR" if row.warning else "CANCEL"))
    right = line.row(align=True)
    right.alignment = "RIGHT"
    if row.value:
        right.label(text=row.value)
    if row.kind and row.count:
        right.operator(Operators.SELECT_PROBLEM, text="", icon="RESTRICT_SELECT_OFF").row = row.name
    else:
        right.label(text="", icon="BLANK1")


classes = (SPHERICAL_COW_PT_check,)
