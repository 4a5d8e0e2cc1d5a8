# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels share: their place, the row of a job, the box of an error, and lines of facts."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import bpy

from .. import jobs
from ..idnames import TAB, Operators
from ..operators.batch import selected_meshes

if TYPE_CHECKING:
    _Base = bpy.types.Panel
else:
    _Base = object


class SidebarPanel(_Base):
    """A section of our tab in the sidebar of the 3D view."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB


def mesh_object(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active object if it is a mesh."""
    obj = context.object
    return obj if obj is not None and obj.type == "MESH" else None


def settings(context: bpy.types.Context) -> Any:
    """The settings of all panels."""
    return context.scene.spherical_cow


def job_button(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    operator: str,
    *,
    icon: Any,
    tall: bool = True,
    text: str | None = None,
    owner: bpy.types.ID | None = None,
    **options: Any,
) -> Any:
    """The section's main button; while its job runs, the progress in its place. Gives the button or None.

    owner: what the job runs on, when it is not the active object.
    """
    job = jobs.running(owner or context.object)
    row = layout.row(align=True)
    row.scale_y = 1.4 if tall else 1.0
    if job is not None and job.operator == operator:
        row.progress(factor=job.step.fraction, text=job.step.phase)
        row.operator(Operators.CANCEL, text="", icon="X").operator = operator
        return None
    button = row.operator(operator, text=text, icon=icon)
    for name, value in options.items():
        setattr(button, name, value)
    return button


def batch_button(layout: bpy.types.UILayout, context: bpy.types.Context, operator: str, **options: Any) -> None:
    """Below the main button: the same for all selected meshes, where there are several and no job runs."""
    count = len(selected_meshes(context))
    if count < 2 or jobs.running(context.object) is not None:
        return
    button = layout.operator(operator, text=f"All {count} Selected Meshes")
    for name, value in {**options, "all_selected": True}.items():
        setattr(button, name, value)


def error_box(
    layout: bpy.types.UILayout, context: bpy.types.Context, operator: str, *, of_object: bool = True
) -> bpy.types.UILayout | None:
    """What went wrong in this section, what to do, and the button that helps; None when all is well.

    of_object: only where it went wrong on the active object.
    """
    session, obj = context.window_manager.spherical_cow, context.object
    if not session.found or session.operator != operator:
        return None
    if of_object and (obj is None or session.uid != str(obj.session_uid)):
        return None
    box = layout.box()
    row = box.row()
    wrapped(row.column(align=True), context, session.found, icon="ERROR", margin=104)
    row.operator(Operators.DISMISS, text="", icon="X", emboss=False)
    wrapped(box.column(align=True), context, session.remedy)
    if session.fix and session.fix != operator:
        box.operator(session.fix, icon="COPYDOWN" if session.fix == Operators.COPY_DIAGNOSTICS else "VIEWZOOM")
    return box


def wrapped(
    column: bpy.types.UILayout, context: bpy.types.Context, text: str, *, icon: Any = "NONE", margin: int = 50
) -> None:
    """A text over as many lines as the width of the sidebar needs."""
    scale = context.preferences.system.ui_scale
    width = context.region.width if context.region else 300
    letters = max(int((width / scale - margin) / 6.4), 16)
    below: Any = "BLANK1" if icon != "NONE" else "NONE"
    for index, line in enumerate(textwrap.wrap(text, letters)):
        column.label(text=line, icon=icon if index == 0 else below)


def percent(value: float) -> str:
    """0.000213 as "0.021 %"."""
    return f"{100 * value:.3f} %" if value < 0.1 else f"{100 * value:.1f} %"


def fields(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    """A column of settings: names on the left, values on the right."""
    column = layout.column()
    column.use_property_split, column.use_property_decorate = True, False
    return column


def fact(column: bpy.types.UILayout, name: str, value: str) -> None:
    """One line: what on the left, how much on the right."""
    row = column.split(factor=0.5, align=True)
    row.label(text=name)
    right = row.row()
    right.alignment = "RIGHT"
    right.label(text=value)
