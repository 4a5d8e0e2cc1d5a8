# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: what to copy into a bug report. All other settings are in the panel."""

from __future__ import annotations

import bpy

from .diagnostics import SPHERICAL_COW_OT_copy_diagnostics
from .idnames import Operators


class SPHERICAL_COW_AP_preferences(bpy.types.AddonPreferences):
    """Preferences of the extension."""

    bl_idname = __package__ or ""

    def draw(self, context: bpy.types.Context) -> None:
        """The button."""
        self.layout.label(text="Settings are in the sidebar of the 3D view (N), tab Spherical Cow")
        self.layout.operator(Operators.COPY_DIAGNOSTICS, icon="COPYDOWN")


classes = (SPHERICAL_COW_OT_copy_diagnostics, SPHERICAL_COW_AP_preferences)
