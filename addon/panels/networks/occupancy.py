# SPDX-License-Identifier: GPL-3.0-or-later
"""Occupancy Networks: what the network sees, how finely its shape is made, and how the active mesh was made."""

from __future__ import annotations

from typing import Any

import bpy

from ... import bridge, checkpoints, network_runtime, network_views, storage
from ...idnames import Operators, Panels
from ...operators.networks.occupancy import kind_of
from ...properties.networks.occupancy import BEGINNING
from ..common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, settings, wrapped
from .models import draw_chooser

_OF_VIEW = ("source", "image_path", "pictured", "crop", "fill", "whiten")
_OF_SURFACE = ("resolution", "threshold", "refinement", "faces")
_ALWAYS = ("checkpoint", *_OF_VIEW, *_OF_SURFACE, "up", "seed", "count", "show_voxels", "hide_original")


class SPHERICAL_COW_PT_occupancy(SidebarPanel, bpy.types.Panel):
    """Meshes of images, points and voxels."""

    bl_idname = Panels.OCCUPANCY
    bl_parent_id = Panels.NETWORKS
    bl_label = "Occupancy Networks"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        """The checkpoint; what that one asks for; the button; the facts of the active mesh."""
        layout, options = self.layout, settings(context).networks.occupancy
        if network_runtime.why_not():
            layout.label(text="Needs PyTorch: see above", icon="INFO")
            return
        draw_chooser(layout, context, options, "checkpoint", BEGINNING)
        kind = kind_of(checkpoints.model_of(options.checkpoint))
        if kind == "image":
            draw_view(layout, context, options)
        elif kind in ("points", "voxels"):
            draw_object(layout, context, options, kind)
        if kind:
            draw_surface(layout, context, options, kind)
            values = {name: getattr(options, name) for name in _ALWAYS}
            chosen = options.image.name if options.image is not None else ""
            button = {"unconditional": "Make New Shapes" if options.count > 1 else "Make New Shape"}
            job_button(
                layout,
                context,
                Operators.PREDICT,
                icon="SHADERFX",
                owner=context.scene,
                text=button.get(kind, "Predict"),
                image=chosen,
                **values,
            )
        elif not options.checkpoint and checkpoints.entries(BEGINNING):
            layout.label(text="Choose a checkpoint", icon="INFO")
        error_box(layout, context, Operators.PREDICT, of_object=False)
        obj = mesh_object(context)
        if obj is not None:
            draw_facts(layout, context, storage.data_of(bridge.mesh_of(obj)).predicted)


def draw_view(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    """Where the image comes from, how it is framed, and what the network sees of it."""
    layout.row(align=True).prop(options, "source", expand=True)
    column = fields(layout)
    if options.source == "FILE":
        column.prop(options, "image_path")
    elif options.source == "IMAGE":
        layout.template_ID(options, "image", open="image.open")
        column = fields(layout)
    else:
        column.prop(options, "pictured")
        camera, obj = context.scene.camera, context.object
        if camera is None:
            column.label(text="The scene has no camera", icon="ERROR")
        elif options.pictured == "OBJECT":
            there = obj is not None and obj.type in network_views.SOLID_TYPES
            name = obj.name if there and obj is not None else "Make an object active"
            column.label(text=name, icon="OBJECT_DATA" if there else "ERROR")
            draw_own_result(column, context)
    column.prop(options, "crop")
    row = column.row()
    row.active = options.crop
    row.prop(options, "fill")
    column.prop(options, "whiten")
    chosen = options.image.name if options.image is not None else ""
    values = {name: getattr(options, name) for name in _OF_VIEW}
    job_button(
        layout,
        context,
        Operators.PREVIEW_VIEW,
        icon="HIDE_OFF",
        tall=False,
        owner=context.scene,
        image=chosen,
        **values,
    )
    error_box(layout, context, Operators.PREVIEW_VIEW, of_object=False)
    image = network_views.image_named(network_views.VIEW)
    preview = image.preview_ensure() if image is not None else None
    if preview is not None:
        layout.template_icon(icon_value=preview.icon_id, scale=7.0)
        for remark in options.remarks.splitlines():
            wrapped(layout.column(align=True), context, remark, icon="ERROR")


def draw_own_result(column: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """A warning where the input, the active object, is what a network has made: so it is after each Predict."""
    obj = mesh_object(context)
    if obj is not None and storage.data_of(bridge.mesh_of(obj)).predicted.title:
        wrapped(column, context, "A network has made this: undo, or make another active", icon="ERROR")


def draw_object(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any, kind: str) -> None:
    """The active object as the input."""
    obj, column = context.object, fields(layout)
    types = network_views.SOLID_TYPES if kind == "voxels" else network_views.POINT_TYPES
    if obj is None or obj.type not in types:
        what = "a mesh" if kind == "voxels" else "a mesh or a point cloud"
        column.label(text=f"Make {what} active", icon="ERROR")
    else:
        what = "32 × 32 × 32 voxels" if kind == "voxels" else "300 points"
        column.label(text=f"{obj.name}, {what}", icon="OBJECT_DATA")
        draw_own_result(column, context)
    column.row(align=True).prop(options, "up", expand=True)
    if kind == "voxels":
        column.prop(options, "show_voxels")
    column.prop(options, "hide_original")


def draw_surface(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any, kind: str) -> None:
    """How the surface is found."""
    column = fields(layout)
    for name in _OF_SURFACE:
        column.prop(options, name)
    if kind in ("points", "unconditional"):
        column.prop(options, "seed")
    if kind == "unconditional":
        column.prop(options, "count")


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
    fact(column, "Resolution", f"{facts.resolution}³")
    fact(column, "Threshold", f"{facts.threshold:.3g}")
    fact(column, "Seed", str(facts.seed))
    fact(column, "Time", f"{facts.seconds:.1f} s")
    for remark in facts.remarks.splitlines():
        wrapped(box.column(align=True), context, remark, icon="INFO")


classes = (SPHERICAL_COW_PT_occupancy,)
