# SPDX-License-Identifier: GPL-3.0-or-later
"""Image to Mesh: the picture, what becomes of the stages, and how the active mesh was made."""

from __future__ import annotations

from typing import Any

import bpy

from ... import bridge, storage
from ...idnames import Operators, Panels
from ...networks import checkpoints, runtime
from ...properties.networks.image_to_mesh import BEGINNINGS
from ..common import SidebarPanel, error_box, fields, job_button, mesh_object, settings
from .models import draw_chooser
from .views import OF_VIEW, draw_facts, draw_view

_ALWAYS = (
    "checkpoint",
    *OF_VIEW,
    "as_trained",
    "output",
    "animate",
    "frame_start",
    "frame_end",
    "add_camera",
)


class SPHERICAL_COW_PT_image_to_mesh(SidebarPanel, bpy.types.Panel):
    """Meshes that are bent to a picture."""

    bl_idname = Panels.IMAGE_TO_MESH
    bl_parent_id = Panels.NETWORKS
    bl_label = "Image to Mesh"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 5

    def draw(self, context: bpy.types.Context) -> None:
        """The checkpoint; the picture; the stages; the button; the facts of the active mesh."""
        layout, options = self.layout, settings(context).networks.image_to_mesh
        if runtime.why_not():
            layout.label(text="Needs PyTorch: see above", icon="INFO")
            return
        draw_chooser(layout, context, options, "checkpoint", *BEGINNINGS)
        if checkpoints.model_of(options.checkpoint).startswith(BEGINNINGS):
            trained = options.checkpoint, checkpoints.trained_fill(options.checkpoint)
            draw_view(layout, context, options, "image_to_mesh", trained)
            draw_result(layout, options)
            values = {name: getattr(options, name) for name in _ALWAYS}
            job_button(
                layout,
                context,
                Operators.IMAGE_TO_MESH,
                icon="MESH_ICOSPHERE",
                owner=context.scene,
                image=options.image.name if options.image is not None else "",
                **values,
            )
        elif not options.checkpoint and checkpoints.entries(*BEGINNINGS):
            layout.label(text="Choose a checkpoint", icon="INFO")
        error_box(layout, context, Operators.IMAGE_TO_MESH, of_object=False)
        obj = mesh_object(context)
        if obj is not None:
            facts = storage.data_of(bridge.mesh_of(obj)).predicted
            if facts.model.startswith(BEGINNINGS):
                draw_facts(layout, context, facts)


def draw_result(layout: bpy.types.UILayout, options: Any) -> None:
    """What becomes of the stages, and the camera."""
    layout.row(align=True).prop(options, "output", expand=True)
    column = fields(layout)
    if options.output == "KEYS":
        column.prop(options, "animate")
        frames = column.column(align=True)
        frames.active = options.animate
        frames.prop(options, "frame_start")
        frames.prop(options, "frame_end")
    column.prop(options, "add_camera")


classes = (SPHERICAL_COW_PT_image_to_mesh,)
