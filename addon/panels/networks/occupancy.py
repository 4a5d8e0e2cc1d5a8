# SPDX-License-Identifier: GPL-3.0-or-later
"""Occupancy Networks: what the network sees, how finely its shape is made, and how the active mesh was made."""

from __future__ import annotations

from typing import Any

import bpy

from ... import bridge, storage
from ...idnames import Operators, Panels
from ...networks import checkpoints, runtime, views
from ...operators.networks.occupancy import kind_of
from ...properties.networks.occupancy import BEGINNING
from ..common import SidebarPanel, error_box, fields, job_button, mesh_object, settings
from .models import draw_chooser
from .views import OF_VIEW, draw_facts, draw_own_result, draw_view

_OF_SURFACE = ("resolution", "threshold", "refinement", "faces")
_ALWAYS = ("checkpoint", *OF_VIEW, *_OF_SURFACE, "up", "seed", "count", "show_voxels", "hide_original")


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
        if runtime.why_not():
            layout.label(text="Needs PyTorch: see above", icon="INFO")
            return
        draw_chooser(layout, context, options, "checkpoint", BEGINNING)
        kind = kind_of(checkpoints.model_of(options.checkpoint))
        if kind == "image":
            draw_view(layout, context, options, "occupancy")
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
            facts = storage.data_of(bridge.mesh_of(obj)).predicted
            if not facts.model or facts.model.startswith(BEGINNING):  # older files do not name it
                draw_facts(layout, context, facts)


def draw_object(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any, kind: str) -> None:
    """The active object as the input."""
    obj, column = context.object, fields(layout)
    types = views.SOLID_TYPES if kind == "voxels" else views.POINT_TYPES
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


classes = (SPHERICAL_COW_PT_occupancy,)
