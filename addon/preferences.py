# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: the compiled code that is kept between sessions, and the diagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty

from .diagnostics import SPHERICAL_COW_OT_copy_diagnostics
from .idnames import Operators


class SPHERICAL_COW_AP_preferences(bpy.types.AddonPreferences):
    """Preferences of the extension."""

    bl_idname = __package__ or ""

    if TYPE_CHECKING:
        threads: int
    else:
        threads: IntProperty(
            name="Threads",
            description="Processor threads that a job may use; 0 for all",
            min=0,
            max=1024,
            default=0,
        )

    def draw(self, context: bpy.types.Context) -> None:
        """The settings."""
        column = self.layout.column()
        column.use_property_split = True
        column.prop(self, "threads")
        column.operator(Operators.COPY_DIAGNOSTICS, icon="COPYDOWN")


def threads() -> int:
    """The number of threads that a job may use; 0 for all."""
    addon = bpy.context.preferences.addons.get(__package__ or "")
    return 0 if addon is None or addon.preferences is None else int(addon.preferences.threads)


classes = (SPHERICAL_COW_OT_copy_diagnostics, SPHERICAL_COW_AP_preferences)
