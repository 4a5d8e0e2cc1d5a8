# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: settings under a name, in the header of the Encode and Reconstruct panels."""

from __future__ import annotations

import bpy
from bl_operators.presets import AddPresetBase

from ..idnames import Menus, Operators

ENCODE_FOLDER = "spherical_cow/encode"
RECONSTRUCT_FOLDER = "spherical_cow/reconstruct"


class SPHERICAL_COW_MT_presets_encode(bpy.types.Menu):
    """The presets of Encode."""

    bl_idname = Menus.PRESETS_ENCODE
    bl_label = "Encode Presets"
    preset_subdir = ENCODE_FOLDER
    preset_operator = "script.execute_preset"
    draw = bpy.types.Menu.draw_preset


class SPHERICAL_COW_MT_presets_reconstruct(bpy.types.Menu):
    """The presets of Reconstruct."""

    bl_idname = Menus.PRESETS_RECONSTRUCT
    bl_label = "Reconstruct Presets"
    preset_subdir = RECONSTRUCT_FOLDER
    preset_operator = "script.execute_preset"
    draw = bpy.types.Menu.draw_preset


class SPHERICAL_COW_OT_preset_encode(AddPresetBase, bpy.types.Operator):
    """Keep the settings of Encode."""

    bl_idname = Operators.PRESET_ENCODE
    bl_label = "Add Encode Preset"
    bl_description = "Keep the settings of Encode under a name, or remove the preset of that name"
    preset_menu = Menus.PRESETS_ENCODE
    preset_defines = ["settings = bpy.context.scene.spherical_cow.encode"]
    preset_values = [
        f"settings.{name}" for name in ("lmax", "method", "channels", "use_modifiers", "use_target", "target")
    ]
    preset_subdir = ENCODE_FOLDER


class SPHERICAL_COW_OT_preset_reconstruct(AddPresetBase, bpy.types.Operator):
    """Keep the settings of Reconstruct."""

    bl_idname = Operators.PRESET_RECONSTRUCT
    bl_label = "Add Reconstruct Preset"
    bl_description = "Keep the settings of Reconstruct under a name, or remove the preset of that name"
    preset_menu = Menus.PRESETS_RECONSTRUCT
    preset_defines = ["settings = bpy.context.scene.spherical_cow.reconstruct"]
    preset_values = [
        f"settings.{name}" for name in ("sampling", "frequency", "count", "basis", "seed", "hide_original")
    ]
    preset_subdir = RECONSTRUCT_FOLDER


classes = (
    SPHERICAL_COW_MT_presets_encode,
    SPHERICAL_COW_MT_presets_reconstruct,
    SPHERICAL_COW_OT_preset_encode,
    SPHERICAL_COW_OT_preset_reconstruct,
)
