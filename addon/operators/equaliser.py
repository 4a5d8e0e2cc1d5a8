# SPDX-License-Identifier: GPL-3.0-or-later
"""The equaliser: its sliders work by themselves (`resynthesis`); here is the button that resets them."""

from __future__ import annotations

import bpy

from .. import bridge, resynthesis, storage
from ..idnames import Operators
from ..properties.equaliser import BANDS
from .shell import MeshOperator


class SPHERICAL_COW_OT_reset_equaliser(MeshOperator, bpy.types.Operator):
    """Put all sliders back."""

    bl_idname = Operators.RESET_EQUALISER
    bl_label = "Reset"
    bl_description = "Put all sliders back: every degree as it was encoded, no smoothing"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The sliders move this object."""
        reason = resynthesis.why_not_live(bridge.mesh_of(obj))
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set every slider, then move the vertices once."""
        mesh = bridge.mesh_of(context.object)
        sliders = storage.data_of(mesh).equaliser
        sliders.cutoff = storage.data_of(mesh).lmax
        sliders.gains = (1.0,) * BANDS
        sliders.smoothing = "NONE"
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_reset_equaliser,)
