# SPDX-License-Identifier: GPL-3.0-or-later
"""Train: what learns from what, the button, the curve while it learns, and how it ended."""

from __future__ import annotations

import json
from typing import Any

import bpy

from ... import jobs
from ...core.networks.training.meter import duration
from ...idnames import Operators, Panels
from ...operators.networks.training import CURVE
from ...properties.networks.training import WITHOUT_POINTS
from ..common import SidebarPanel, error_box, fact, fields, settings, wrapped

OPTIONS = ("model", "size", "dataset", "out", "steps", "batch", "points", "learning_rate", "seed", "overfit")


class SPHERICAL_COW_PT_train(SidebarPanel, bpy.types.Panel):
    """A network of one's own."""

    bl_idname = Panels.TRAIN
    bl_parent_id = Panels.NETWORKS
    bl_label = "Train"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 8

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, buttons, curve, end."""
        layout, options, job = self.layout, settings(context).networks.training, jobs.alone(Operators.TRAIN)
        column = fields(layout)
        column.enabled = job is None
        for name in OPTIONS:
            if name != "points" or options.model not in WITHOUT_POINTS:
                column.prop(options, name)
        if job is None:
            draw_buttons(layout, options)
        else:
            draw_running(layout, context, job)
        error_box(layout, context, Operators.TRAIN, of_object=False)
        image: bpy.types.Image | None = bpy.data.images.get(CURVE)
        preview = image.preview_ensure() if image is not None and (job is not None or options.summary) else None
        if preview is not None:
            layout.template_icon(icon_value=preview.icon_id, scale=10.0)
        if options.summary and job is None:
            draw_summary(layout, context, json.loads(options.summary))


def draw_buttons(layout: bpy.types.UILayout, options: Any) -> None:
    """Begin, or go on."""
    row = layout.row(align=True)
    row.scale_y = 1.4
    choices: tuple[tuple[bool, Any], ...] = ((False, "PLAY"), (True, "FF"))
    for resume, icon in choices:
        button = row.operator(Operators.TRAIN, text="Resume" if resume else "Train", icon=icon)
        for name in OPTIONS:
            setattr(button, name, getattr(options, name))
        button.resume = resume


def draw_running(layout: bpy.types.UILayout, context: bpy.types.Context, job: jobs.Running) -> None:
    """How far it is, the button that stops it, and in words."""
    row = layout.row(align=True)
    row.scale_y = 1.4
    row.progress(factor=job.step.fraction, text=f"{job.step.fraction:.0%}")
    row.operator(Operators.STOP_TRAINING, text="", icon="X")
    words = job.step.phase.split(", ")  # the step and the loss; the rate and the time left
    column = layout.column(align=True)
    for line in (words[:2], words[2:]):
        wrapped(column, context, ", ".join(line))


def draw_summary(layout: bpy.types.UILayout, context: bpy.types.Context, data: dict[str, Any]) -> None:
    """How it ended."""
    box = layout.box()
    if "stopped" in data:
        wrapped(box.column(align=True), context, data["stopped"], icon="PAUSE", margin=78)
    else:
        box.label(text=data["name"], icon="CHECKMARK")
        column = box.column(align=True)
        fact(column, "Best Score", "–" if data["best"] is None else f"{data['best']:.4g}")
        fact(column, "After Step", f"{data['best_step']:,}")
        fact(column, "Steps", f"{data['steps']:,}" + (", stopped early" if data["stopped_early"] else ""))
        fact(column, "Time", duration(data["seconds"]))
        for remark in data["remarks"]:
            wrapped(column, context, remark, icon="INFO", margin=78)
    box.operator("wm.path_open", text="Open Folder", icon="FILE_FOLDER").filepath = data["folder"]


classes = (SPHERICAL_COW_PT_train,)
