# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: the Python that runs networks, and what to copy into a bug report. The rest is in the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import CollectionProperty, IntProperty, StringProperty

from .diagnostics import SPHERICAL_COW_OT_copy_diagnostics
from .idnames import Operators
from .networks import runtime
from .panels.common import job_button, wrapped
from .properties.networks.models import SPHERICAL_COW_PG_checkpoint


class SPHERICAL_COW_AP_preferences(bpy.types.AddonPreferences):
    """Preferences of the extension."""

    bl_idname = __package__ or ""

    if TYPE_CHECKING:
        python: str
        verdict: str
        checkpoints: Any
        active_checkpoint: int
    else:
        python: StringProperty(
            name="Python with PyTorch",
            description="The program, or the environment, that runs networks; empty for the Python of Blender",
            subtype="FILE_PATH",
        )
        verdict: StringProperty(name="Verdict", description="What the last check found, as JSON", options={"HIDDEN"})
        checkpoints: CollectionProperty(
            name="Checkpoints", description="Files of weights", type=SPHERICAL_COW_PG_checkpoint
        )
        active_checkpoint: IntProperty(name="Checkpoint", description="The chosen file of weights", min=0)

    def draw(self, context: bpy.types.Context) -> None:
        """The Python of the networks, and the button for bug reports."""
        layout = self.layout
        layout.label(text="Settings are in the sidebar of the 3D view (N), tab Spherical Cow")
        box = layout.box()
        box.label(text="Networks", icon="OUTLINER_OB_POINTCLOUD")
        row = box.row(align=True)
        row.use_property_split, row.use_property_decorate = True, False
        row.prop(self, "python", placeholder="Blender's own")
        manager = context.window_manager
        job_button(box, context, Operators.CHECK_PYTHON, icon="VIEWZOOM", tall=False, owner=manager)
        draw_verdict(box, context)
        layout.operator(Operators.COPY_DIAGNOSTICS, icon="COPYDOWN")


def draw_verdict(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the last check of the chosen Python found, and what is to be done."""
    found, reason = runtime.verdict(), runtime.why_not()
    column = layout.column(align=True)
    if runtime.chosen() and not found:
        column.label(text="Not checked yet", icon="INFO")
    elif reason:
        wrapped(column, context, reason, icon="ERROR")
        wrapped(column, context, runtime.remedy())
    else:
        column.label(text="Networks can run", icon="CHECKMARK")
    if found.get("command"):
        box = layout.box()
        wrapped(box.column(align=True), context, found["command"])
        box.operator(Operators.COPY_COMMAND, icon="COPYDOWN")
    if found.get("python"):
        column = layout.column(align=True)
        line(column, "Python", found["python"])
        if found.get("torch"):
            line(column, "PyTorch", found["torch"])
            line(column, "Devices", ", ".join(name for _, name in found["devices"]))


def line(column: bpy.types.UILayout, name: str, value: str) -> None:
    """What on the left, as much beside it: the preferences are wide."""
    row = column.split(factor=0.4)
    left = row.row()
    left.alignment = "RIGHT"
    left.label(text=name)
    row.label(text=value)


classes = (SPHERICAL_COW_OT_copy_diagnostics, SPHERICAL_COW_AP_preferences)
