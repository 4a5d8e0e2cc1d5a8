# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sections that show images to networks draw alike: the image, its framing, its preview, and facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from ... import bridge, storage
from ...idnames import Operators
from ...networks import views
from ..common import error_box, fact, fields, job_button, mesh_object, wrapped

OF_VIEW = ("source", "image_path", "pictured", "crop", "fill", "whiten")


def draw_view(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    options: Any,
    section: str,
    trained: tuple[str, float] | None = None,
) -> None:
    """Where the image comes from, how it is framed, and what the network sees of it.

    section: where this is, as of the operator. trained: a checkpoint, and how much of the picture objects took in what
    it has learned from, where the section offers that (`as_trained`).
    """
    layout.row(align=True).prop(options, "source", expand=True)
    column = fields(layout)
    if options.source == "FILE":
        column.prop(options, "image_path")
    elif options.source == "IMAGE":
        layout.template_ID(options, "image", open="image.open")
        column = fields(layout)
    else:
        _draw_camera(column, context, options)
    column.prop(options, "crop")
    if trained is not None:
        row = column.row()
        row.active = options.crop
        row.prop(options, "as_trained", text=f"As Trained: {trained[1]:.0%}")
    if trained is None or not options.as_trained:
        row = column.row()
        row.active = options.crop
        row.prop(options, "fill")
    column.prop(options, "whiten")
    chosen = options.image.name if options.image is not None else ""
    values: Mapping[str, Any] = {name: getattr(options, name) for name in OF_VIEW}
    job_button(
        layout,
        context,
        Operators.PREVIEW_VIEW,
        icon="HIDE_OFF",
        tall=False,
        owner=context.scene,
        image=chosen,
        section=section,
        trained_as=trained[0] if trained is not None and options.as_trained else "",
        **values,
    )
    error_box(layout, context, Operators.PREVIEW_VIEW, of_object=False)
    image = views.image_named(views.VIEW)
    preview = image.preview_ensure() if image is not None else None
    if preview is not None:
        layout.template_icon(icon_value=preview.icon_id, scale=7.0)
        for remark in options.remarks.splitlines():
            wrapped(layout.column(align=True), context, remark, icon="ERROR")


def _draw_camera(column: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    column.prop(options, "pictured")
    camera, obj = context.scene.camera, context.object
    if camera is None:
        column.label(text="The scene has no camera", icon="ERROR")
    elif options.pictured == "OBJECT":
        there = obj is not None and obj.type in views.SOLID_TYPES
        name = obj.name if there and obj is not None else "Make an object active"
        column.label(text=name, icon="OBJECT_DATA" if there else "ERROR")
        draw_own_result(column, context)


def draw_own_result(column: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """A warning where the input, the active object, is what a network has made: so it is after each result."""
    obj = mesh_object(context)
    if obj is not None and storage.data_of(bridge.mesh_of(obj)).predicted.title:
        wrapped(column, context, "A network has made this: undo, or make another active", icon="ERROR")


def draw_facts(layout: bpy.types.UILayout, context: bpy.types.Context, facts: Any) -> None:
    """How the active mesh was made, where a network has made it."""
    if not facts.title:
        return
    box = layout.box()
    column = box.column(align=True)
    column.scale_y = 0.85
    wrapped(column, context, facts.title)
    fact(column, "Checkpoint", facts.checkpoint)
    fact(column, "Parameters", f"{facts.parameters:,}")
    if facts.source:
        fact(column, "Input", facts.source)
    if facts.stage:
        fact(column, "Stage", facts.stage)
    if facts.resolution:  # what is bent has none
        fact(column, "Resolution", f"{facts.resolution}³")
        fact(column, "Threshold", f"{facts.threshold:.3g}")
        fact(column, "Seed", str(facts.seed))
    fact(column, "Time", f"{facts.seconds:.1f} s")
    for remark in facts.remarks.splitlines():
        wrapped(box.column(align=True), context, remark, icon="INFO")
