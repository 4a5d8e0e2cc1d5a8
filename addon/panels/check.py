# SPDX-License-Identifier: GPL-3.0-or-later
"""Check: what is right and what is wrong with the mesh."""

from __future__ import annotations

from typing import Any

import bpy

from .. import bridge, storage
from ..idnames import Operators, Panels
from .common import SidebarPanel, batch_button, error_box, job_button, mesh_object, settings

LABELS = {
    "closed": "Closed",
    "manifold_edges": "Manifold edges",
    "manifold_vertices": "Manifold vertices",
    "oriented": "Faces agree",
    "outward": "Faces look outward",
    "one_component": "One piece",
    "genus": "No handles",
    "degenerate_faces": "No flat faces",
    "duplicate_faces": "No double faces",
    "isolated_vertices": "No loose vertices",
    "self_intersections": "No self-intersections",
}
"""Short words for the rows, whose findings are in the tooltips."""


class SPHERICAL_COW_PT_check(SidebarPanel, bpy.types.Panel):
    """The rows of the last check."""

    bl_idname = Panels.CHECK
    bl_label = "Check"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """The button, then one row per property of the mesh."""
        layout, obj = self.layout, mesh_object(context)
        options = settings(context)
        job_button(layout, context, Operators.CHECK, icon="CHECKMARK", self_intersections=options.self_intersections)
        batch_button(layout, context, Operators.CHECK, self_intersections=options.self_intersections)
        layout.prop(options, "self_intersections")
        error_box(layout, context, Operators.CHECK)
        rows = storage.load_check(bridge.mesh_of(obj)) if obj is not None else []
        if obj is None or not rows:
            return
        draw_rows(layout, obj, rows)


def draw_rows(layout: bpy.types.UILayout, obj: bpy.types.Object, rows: list[storage.Row]) -> None:
    """The verdict, and below it the rows: folded away when all is well."""
    stale = storage.check_is_stale(obj)
    wrong = any(not row.ok for row in rows)
    header, body = layout.panel("spherical_cow_findings" if wrong else "spherical_cow_passed", default_closed=not wrong)
    if stale:
        header.label(text="Changed since: check again", icon="FILE_REFRESH")
    elif storage.data_of(bridge.mesh_of(obj)).check.passed:
        header.label(text="Ready to encode", icon="CHECKMARK")
    else:
        header.label(text="Cannot be encoded", icon="CANCEL")
    if body is not None:
        column = body.column(align=True)
        column.active = not stale
        for row in rows:
            draw_row(column, row)


def draw_row(column: bpy.types.UILayout, row: storage.Row) -> None:
    """Icon, words, count, and the button that selects."""
    line = column.row(align=True)
    icon: Any = "CHECKMARK" if row.ok else ("CANCEL" if row.blocking else "ERROR")
    line.label(text=LABELS.get(row.name, row.name), icon=icon)
    if row.ok:
        return
    right = line.row(align=True)
    right.alignment = "RIGHT"
    right.label(text=f"{row.count:,}" if row.count else "unknown")
    if row.kind:
        right.operator(Operators.SELECT_PROBLEM, text="", icon="RESTRICT_SELECT_OFF").row = row.name
    else:
        right.label(text="", icon="BLANK1")


classes = (SPHERICAL_COW_PT_check,)
