# SPDX-License-Identifier: GPL-3.0-or-later
"""Bands to shape keys."""

from __future__ import annotations

import bpy

from ..idnames import Operators, Panels
from .common import SidebarPanel


class SPHERICAL_COW_PT_shape_keys(SidebarPanel, bpy.types.Panel):
    """One shape key per band of degrees."""

    bl_idname = Panels.SHAPE_KEYS
    bl_label = "Shape Keys"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 5

    def draw(self, context: bpy.types.Context) -> None:
        """The button, and the keys once they are there."""
        layout, obj = self.layout, context.object
        layout.operator(Operators.BANDS_TO_SHAPE_KEYS, icon="SHAPEKEY_DATA")
        keys = obj.data.shape_keys if obj is not None and obj.type == "MESH" else None
        if keys is None:
            return
        column = layout.column(align=True)
        for key in keys.key_blocks[1:]:
            column.prop(key, "value", text=key.name, slider=True)


classes = (SPHERICAL_COW_PT_shape_keys,)
