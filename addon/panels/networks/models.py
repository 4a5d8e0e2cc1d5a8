# SPDX-License-Identifier: GPL-3.0-or-later
"""Models: the list of checkpoints, and what each is; and how the other sections choose one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...idnames import CHECKPOINT_LIST, Operators, Panels
from ...networks import checkpoints, runtime
from ..common import SidebarPanel, error_box, fact, fields, job_button, wrapped

FACTS = 6
"""How many facts of its training are shown."""

FACT_NAMES = {
    "network": "Model",
    "shapes": "Shapes",
    "widths": "Widths",
    "epoch_it": "Epochs",
    "epoch": "Epochs",
    "it": "Steps",
    "step": "Steps",
    "loss_val_best": "Best Score",
    "score": "Best Score",
}
"""Of what the files of the original projects, and of Train, tell."""

INPUTS = {"image": "Image", "points": "Points", "voxels": "Voxels", "mesh": "Mesh", "nothing": "None"}


class SPHERICAL_COW_UL_checkpoints(bpy.types.UIList):
    """Files of weights."""

    bl_idname = CHECKPOINT_LIST

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
    ) -> None:
        """Its name, which can be changed."""
        layout.prop(item, "name", text="", emboss=False, icon="FILE_BLANK" if item.model else "QUESTION")


class SPHERICAL_COW_PT_models(SidebarPanel, bpy.types.Panel):
    """The files of weights that the other sections choose from."""

    bl_idname = Panels.MODELS
    bl_parent_id = Panels.NETWORKS
    bl_label = "Models"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """The list, and what the chosen one is."""
        layout, owner = self.layout, runtime.preferences()
        row = layout.row()
        row.template_list(CHECKPOINT_LIST, "", owner, "checkpoints", owner, "active_checkpoint", rows=3)
        column = row.column(align=True)
        column.operator(Operators.ADD_CHECKPOINT, text="", icon="ADD")
        column.operator(Operators.REMOVE_CHECKPOINT, text="", icon="REMOVE")
        draw_adding(layout, context)
        if owner.active_checkpoint < len(owner.checkpoints):
            draw_description(layout.box(), context, owner.checkpoints[owner.active_checkpoint])


def draw_adding(layout: bpy.types.UILayout, context: bpy.types.Context, *, button: bool = False) -> None:
    """While a file is being added, how far it is; and what went wrong. button: what adds one, where none is."""
    manager = context.window_manager
    if button or checkpoints.is_adding(context):
        job_button(layout, context, Operators.ADD_CHECKPOINT, icon="ADD", tall=False, owner=manager)
    error_box(layout, context, Operators.ADD_CHECKPOINT, of_object=False)


def draw_description(layout: bpy.types.UILayout, context: bpy.types.Context, entry: Any) -> None:
    """What a checkpoint is, before it runs."""
    told = checkpoints.description(entry)
    wrapped(layout.column(align=True), context, str(told.get("title", "")))
    if not Path(entry.path).is_file():
        wrapped(layout.column(align=True), context, f"The file is gone: {entry.path}", icon="ERROR")
        return
    column, card = layout.column(align=True), told.get("card") or {}
    if card:
        fact(column, "Input", INPUTS.get(card["inputs"], card["inputs"]))
    fact(column, "Parameters", f"{told.get('parameters', 0):,}")
    fact(column, "Precision", str(told.get("precision", "")))
    fact(column, "File", f"{told.get('bytes', 0) / 1e6:,.1f} MB")
    for name, value in list(told.get("facts", {}).items())[:FACTS]:
        fact(column, FACT_NAMES.get(name, name), f"{value:.4g}" if isinstance(value, float) else str(value))
    notes = layout.column(align=True)
    if card:
        wrapped(notes, context, told.get("licence", card["licence"]), icon="INFO", margin=78)
    else:
        wrapped(
            notes, context, "The weights of a network that is not known here: it cannot be run", icon="ERROR", margin=78
        )


def draw_chooser(
    layout: bpy.types.UILayout, context: bpy.types.Context, group: Any, name: str, *beginnings: str
) -> None:
    """The property `name` of a group that holds the name of a checkpoint, and what that one is in short.

    beginnings: of the names of the models that the section can use. Where the list has none of these, a hint and the
    button that adds one.
    """
    fields(layout).prop(group, name)
    entry = checkpoints.entry_of(getattr(group, name))
    column = layout.column(align=True)
    if entry is None:
        if not checkpoints.entries(*beginnings):
            wrapped(column, context, "Add a file of weights first", icon="INFO")
        elif getattr(group, name):
            wrapped(column, context, "There is none of this name in Models: choose again, or add it", icon="ERROR")
        draw_adding(layout, context, button=not checkpoints.entries(*beginnings))
        return
    told = checkpoints.description(entry)
    if beginnings and not entry.model.startswith(beginnings):
        wrapped(column, context, f"{told.get('title', '')} cannot be used here: choose another", icon="ERROR")
        return
    wrapped(column, context, f"{told.get('title', '')}, {told.get('parameters', 0):,}\u00a0parameters")
    wrapped(column, context, told.get("licence", ""), icon="INFO")


classes = (SPHERICAL_COW_UL_checkpoints, SPHERICAL_COW_PT_models)
