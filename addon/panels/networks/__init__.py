# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: what runs them, and on which device. Its sections are panels of their own, one file each."""

from __future__ import annotations

import bpy

from ...idnames import Panels
from ...networks import runtime
from ..common import SidebarPanel, fact, fields, settings, wrapped
from . import codes, dataset, fit_pictures, fit_sdf, image_to_mesh, models, occupancy, sdf_tools, training

PACKAGE = (__package__ or "").removesuffix(".panels.networks")
"""The extension, as Blender knows it."""


class SPHERICAL_COW_PT_networks(SidebarPanel, bpy.types.Panel):
    """Neural shape models; the sections below it are children of this panel (`bl_parent_id`)."""

    bl_idname = Panels.NETWORKS
    bl_label = "Networks"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 13

    def draw(self, context: bpy.types.Context) -> None:
        """The device, or what is missing."""
        if reason := runtime.why_not():
            draw_missing(self.layout, context, reason)
            return
        options, found = settings(context).networks, runtime.verdict()
        fields(self.layout).prop(options, "device")
        there = runtime.devices()
        column = self.layout.column(align=True)
        if there and options.device not in ("auto", *there):
            names = ", ".join(name for _, name in found["devices"])
            wrapped(column, context, f"This Python cannot use that device. It has: {names}", icon="ERROR")
        if found:
            fact(column, f"PyTorch {found['torch']}", f"Python {found['python']}")


def draw_missing(layout: bpy.types.UILayout, context: bpy.types.Context, reason: str) -> None:
    """What is missing, what to do, and the way there."""
    column = layout.column(align=True)
    wrapped(column, context, reason, icon="INFO")
    wrapped(column, context, runtime.remedy())
    layout.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = PACKAGE


classes = (
    SPHERICAL_COW_PT_networks,
    *models.classes,
    *codes.classes,
    *fit_sdf.classes,
    *sdf_tools.classes,
    *occupancy.classes,
    *image_to_mesh.classes,
    *fit_pictures.classes,
    *dataset.classes,
    *training.classes,
)
