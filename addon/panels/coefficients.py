# SPDX-License-Identifier: GPL-3.0-or-later
"""Coefficients: their pictures and files."""

from __future__ import annotations

import bpy

from .. import storage
from ..idnames import Operators, Panels
from .common import SidebarPanel, error_box, mesh_object, settings


class SPHERICAL_COW_PT_coefficients(SidebarPanel, bpy.types.Panel):
    """Pictures and files."""

    bl_idname = Panels.COEFFICIENTS
    bl_label = "Coefficients"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 12

    def draw(self, context: bpy.types.Context) -> None:
        """Files, images, and one of the images."""
        layout = self.layout
        row = layout.row(align=True)
        row.operator(Operators.SAVE_SHAPE, text="Save", icon="EXPORT")
        row.operator(Operators.LOAD_SHAPE, text="Load", icon="IMPORT")
        layout.operator(Operators.COEFFICIENT_IMAGES, icon="IMAGE_DATA")
        for name in (Operators.SAVE_SHAPE, Operators.LOAD_SHAPE, Operators.COEFFICIENT_IMAGES):
            error_box(layout, context, name)
        obj = mesh_object(context)
        if obj is not None and storage.has_shape(obj):
            draw_picture(layout, context, obj)


def draw_picture(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """The chosen picture of this object, where it was made."""
    options = settings(context)
    image: bpy.types.Image | None = bpy.data.images.get(f"{obj.name} {options.picture}")
    if image is None:
        return
    layout.prop(options, "picture", text="")
    preview = image.preview_ensure()
    if preview is not None:
        layout.template_icon(icon_value=preview.icon_id, scale=10.0)


classes = (SPHERICAL_COW_PT_coefficients,)
