# SPDX-License-Identifier: GPL-3.0-or-later
"""Encode: its settings, and the certificate of the result."""

from __future__ import annotations

import bpy
from bl_ui.utils import PresetPanel

from .. import bridge, storage
from ..idnames import Operators, Panels
from ..operators.presets import ENCODE_FOLDER
from .common import SidebarPanel, batch_button, error_box, fact, fields, job_button, mesh_object, percent, settings

OPTIONS = ("lmax", "method", "channels", "use_modifiers", "use_target", "target")


class SPHERICAL_COW_PT_presets_encode(PresetPanel, bpy.types.Panel):
    """The presets, behind the button in the header."""

    bl_idname = Panels.PRESETS_ENCODE
    bl_label = "Encode Presets"
    preset_subdir = ENCODE_FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = Operators.PRESET_ENCODE


class SPHERICAL_COW_PT_encode(SidebarPanel, bpy.types.Panel):
    """From mesh to coefficients."""

    bl_idname = Panels.ENCODE
    bl_label = "Encode"
    bl_order = 2

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """The presets."""
        SPHERICAL_COW_PT_presets_encode.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, button, certificate."""
        layout, options = self.layout, settings(context).encode
        column = fields(layout)
        column.prop(options, "lmax")
        target = column.row(heading="Target Error")
        target.prop(options, "use_target", text="")
        value = target.row()
        value.active = options.use_target
        value.prop(options, "target", text="")
        column.prop(options, "method")
        column.prop(options, "use_modifiers")
        layout.row(align=True).prop(options, "channels", expand=True)
        obj = mesh_object(context)
        if obj is not None and not is_uniform(obj):
            draw_scale_hint(layout)
        values = {name: getattr(options, name) for name in OPTIONS}
        job_button(layout, context, Operators.ENCODE, icon="SPHERE", **values)
        batch_button(layout, context, Operators.ENCODE, **values)
        box = error_box(layout, context, Operators.ENCODE)
        if box is not None and context.window_manager.spherical_cow.fix == Operators.CHECK:
            job_button(box, context, Operators.REPAIR_AND_ENCODE, icon="TOOL_SETTINGS", **values)
        error_box(layout, context, Operators.REPAIR_AND_ENCODE)
        if obj is not None and storage.has_shape(obj):
            draw_certificate(layout, obj)


def is_uniform(obj: bpy.types.Object) -> bool:
    """Whether the object is scaled by the same amount in all directions, mirrored or not."""
    sizes = [abs(value) for value in obj.scale]
    return max(sizes) - min(sizes) <= 1e-4 * max(sizes)


def draw_scale_hint(layout: bpy.types.UILayout) -> None:
    """Encoding looks at the mesh as it is stored, without the object's scale."""
    row = layout.row(align=True)
    row.label(text="Scale is not uniform", icon="INFO")
    apply = row.operator("object.transform_apply", text="Apply")
    apply.location, apply.rotation, apply.scale = False, False, True


def draw_certificate(layout: bpy.types.UILayout, obj: bpy.types.Object) -> None:
    """What the encode has proved about itself."""
    group = storage.data_of(bridge.mesh_of(obj))
    box = layout.box()
    if storage.is_stale(obj):
        box.label(text="The mesh has changed: encode again", icon="FILE_REFRESH")
    elif group.role != "SOURCE":
        box.label(text="Coefficients of the original", icon="SPHERE")
    else:
        box.label(text="Encoded", icon="CHECKMARK")
    column = box.column(align=True)
    column.scale_y = 0.85
    fact(column, "Degree", f"{group.lmax}")
    fact(column, "Error, mean", percent(group.fit_error))
    fact(column, "Error, largest", percent(group.fit_hausdorff))
    fact(column, "Triangles flipped", f"{group.flips}")
    fact(column, "Angle distortion", f"{group.angle_distortion:.1f}°")
    fact(column, "Area distortion", f"{group.area_distortion:.2f}")


classes = (SPHERICAL_COW_PT_presets_encode, SPHERICAL_COW_PT_encode)
