# SPDX-License-Identifier: GPL-3.0-or-later
"""Dataset: what is made of the selected objects, the button, and how it ended."""

from __future__ import annotations

import json
from typing import Any

import bpy

from ...idnames import Operators, Panels
from ...operators.batch import selected_meshes
from ..common import SidebarPanel, error_box, fact, fields, job_button, settings, wrapped

OPTIONS = ("directory", "category", "points", "views", "size", "val", "test", "seed")
SHOWN = 4


class SPHERICAL_COW_PT_dataset(SidebarPanel, bpy.types.Panel):
    """A folder to learn from."""

    bl_idname = Panels.DATASET
    bl_parent_id = Panels.NETWORKS
    bl_label = "Dataset"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 7

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, buttons, summary."""
        layout, options = self.layout, settings(context).networks.dataset
        column = fields(layout)
        for name in OPTIONS:
            row = column.row()
            row.active = name != "size" or options.views > 0
            row.prop(options, name)
        count = len(selected_meshes(context))
        values = {name: getattr(options, name) for name in OPTIONS}
        text = f"Make from {count} Selected {'Mesh' if count == 1 else 'Meshes'}" if count else None
        job_button(layout, context, Operators.MAKE_DATASET, icon="FILE_NEW", owner=context.scene, text=text, **values)
        error_box(layout, context, Operators.MAKE_DATASET, of_object=False)
        job_button(layout, context, Operators.CHECK_DATASET, icon="VIEWZOOM", owner=context.scene, tall=False)
        error_box(layout, context, Operators.CHECK_DATASET, of_object=False)
        if options.summary:
            draw_summary(layout, context, json.loads(options.summary))


def draw_summary(layout: bpy.types.UILayout, context: bpy.types.Context, data: dict[str, Any]) -> None:
    """What was made, or what was found."""
    box = layout.box()
    (draw_made if "made" in data else draw_found)(box, context, data)
    column = box.column(align=True)
    if data["classes"]:
        fact(column, "Class", "train · val · test")
    for name, parts in list(data["classes"].items())[:SHOWN]:
        fact(column, name, " · ".join(f"{parts[split]:,}" for split in ("train", "val", "test")))
    if len(data["classes"]) > SHOWN:
        column.label(text=f"{len(data['classes']) - SHOWN:,} more classes")
    box.operator("wm.path_open", text="Open Folder", icon="FILE_FOLDER").filepath = data["folder"]


def draw_made(box: bpy.types.UILayout, context: bpy.types.Context, data: dict[str, Any]) -> None:
    """How many models there are now, and the first that failed."""
    there = data["made"] + data["earlier"]
    box.label(text=f"{there:,} of {data['total']:,} models", icon="ERROR" if data["failed"] else "CHECKMARK")
    column = box.column(align=True)
    if data["earlier"]:
        fact(column, "There Already", f"{data['earlier']:,}")
    fact(column, "Time", f"{data['seconds']:.1f} s")
    if data["no_images"]:
        wrapped(column, context, f"No images: {data['no_images']}", icon="INFO", margin=78)
    for row in data["failures"][:SHOWN]:
        wrapped(column, context, f"{row['model']}: {row['message']}", icon="DOT", margin=78)
    if data["failed"] > SHOWN:
        column.label(text=f"{data['failed'] - SHOWN:,} more failed", icon="BLANK1")


def draw_found(box: bpy.types.UILayout, context: bpy.types.Context, data: dict[str, Any]) -> None:
    """What is wrong, and what is strange."""
    words = "It can be learned from" if data["ok"] else f"{data['n_faults']:,} faults"
    box.label(text=words, icon="CHECKMARK" if data["ok"] else "ERROR")
    column = box.column(align=True)
    for text in data["faults"][:SHOWN]:
        wrapped(column, context, text, icon="ERROR", margin=78)
    for text in data["warnings"][:SHOWN]:
        wrapped(column, context, text, icon="DOT", margin=78)
    more = data["n_faults"] + data["n_warnings"] - min(data["n_faults"], SHOWN) - min(data["n_warnings"], SHOWN)
    if more:
        column.label(text=f"{more:,} more", icon="BLANK1")


classes = (SPHERICAL_COW_PT_dataset,)
