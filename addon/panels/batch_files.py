# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch: the folders, the button, and how it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy

from ..idnames import Operators, Panels
from .common import SidebarPanel, error_box, fact, fields, job_button, settings, wrapped

OPTIONS = ("verb", "directory", "output", "reference", "jobs", "timeout")
SECTIONS = {"check": "Check", "repair": "Repair", "encode": "Encode", "decode": "Reconstruct", "compare": "Compare"}
SHOWN = 4


class SPHERICAL_COW_PT_batch(SidebarPanel, bpy.types.Panel):
    """All files of a folder."""

    bl_idname = Panels.BATCH
    bl_label = "Batch"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 14

    def draw(self, context: bpy.types.Context) -> None:
        """Folders, button, summary."""
        layout, options = self.layout, settings(context).batch
        column = fields(layout)
        names = OPTIONS if options.verb == "compare" else [name for name in OPTIONS if name != "reference"]
        for name in names:
            column.prop(options, name)
        hint = layout.row()
        hint.active = False
        hint.label(text=f"With the settings of {SECTIONS[options.verb]}")
        values = {name: getattr(options, name) for name in OPTIONS}
        job_button(layout, context, Operators.BATCH, icon="FILE_FOLDER", owner=context.scene, **values)
        error_box(layout, context, Operators.BATCH, of_object=False)
        if options.summary:
            draw_summary(layout, context, json.loads(options.summary))


def draw_summary(layout: bpy.types.UILayout, context: bpy.types.Context, data: dict[str, Any]) -> None:
    """How many are done, and the first that failed."""
    box = layout.box()
    good = not data["failed"]
    box.label(
        text=f"{SECTIONS[data['verb']]}: {data['done']:,} of {data['total']:,} files",
        icon="CHECKMARK" if good else "ERROR",
    )
    column = box.column(align=True)
    if data["encodable"] is not None:
        fact(column, "Can be encoded", f"{data['encodable']:,}")
    if data["earlier"]:
        fact(column, "Done earlier", f"{data['earlier']:,}")
    if data["failed"]:
        fact(column, "Failed", f"{data['failed']:,}")
    fact(column, "Time", f"{data['seconds']:.1f} s")
    failures = box.column(align=True)
    for row in data["failures"][:SHOWN]:
        told = row["message"] if Path(row["input"]).name in row["message"] else f"{row['input']}: {row['message']}"
        wrapped(failures, context, told, icon="DOT", margin=78)
    if data["failed"] > SHOWN:
        failures.label(text=f"{data['failed'] - SHOWN:,} more in the table", icon="BLANK1")
    place = Path(data["summary"])
    row = box.row(align=True)
    row.operator("wm.path_open", text="Open Folder", icon="FILE_FOLDER").filepath = str(place.parent)
    row.operator("wm.path_open", text="Open Table", icon="SPREADSHEET").filepath = str(place)


classes = (SPHERICAL_COW_PT_batch,)
