# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: what runs them, and on which device. Its sections are panels of their own, one file each."""

from __future__ import annotations

import bpy

from ... import network_runtime
from ...idnames import Panels
from ..common import SidebarPanel, fields, settings, wrapped


class SPHERICAL_COW_PT_networks(SidebarPanel, bpy.types.Panel):
    """Neural shape models; the sections below it are children of this panel (`bl_parent_id`)."""

    bl_idname = Panels.NETWORKS
    bl_label = "Networks"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 13

    def draw(self, context: bpy.types.Context) -> None:
        """The device, or what is missing."""
        if reason := network_runtime.why_not():
            wrapped(self.layout.column(align=True), context, reason, icon="INFO")
            return
        fields(self.layout).prop(settings(context).networks, "device")


classes = (SPHERICAL_COW_PT_networks,)
