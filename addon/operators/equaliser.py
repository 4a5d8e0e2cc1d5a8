# SPDX-License-Identifier: GPL-3.0-or-later
"""The equaliser: its sliders work by themselves (`resynthesis`); here are the buttons around them."""

from __future__ import annotations

import bpy

from .. import bridge, masks, resynthesis, storage
from ..idnames import Operators
from ..properties.equaliser import BANDS
from .shell import MeshOperator


class _LiveOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The sliders move this object."""
        reason = resynthesis.why_not_live(bridge.mesh_of(obj))
        if reason:
            cls.poll_message_set(reason)
        return not reason


class SPHERICAL_COW_OT_reset_equaliser(_LiveOperator, bpy.types.Operator):
    """Put all sliders back."""

    bl_idname = Operators.RESET_EQUALISER
    bl_label = "Reset"
    bl_description = "Put all sliders back: every degree as it was encoded, no smoothing. The mask stays"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set every slider, then move the vertices once."""
        mesh = bridge.mesh_of(context.object)
        sliders = storage.data_of(mesh).equaliser
        sliders.cutoff = storage.data_of(mesh).lmax
        sliders.gains = (1.0,) * BANDS
        sliders.smoothing = "NONE"
        return {"FINISHED"}


class SPHERICAL_COW_OT_apply_mask(_LiveOperator, bpy.types.Operator):
    """Read the mask again."""

    bl_idname = Operators.APPLY_MASK
    bl_label = "Apply Mask"
    bl_description = "Read the weights of the mask again, after painting. The next move of a slider does so as well"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Move the vertices by the weights as they are now."""
        mesh = bridge.mesh_of(context.object)
        masks.read_again()
        name = storage.data_of(mesh).equaliser.mask
        if name and masks.weights_of(mesh) is None:
            self.report({"WARNING"}, f"There is no vertex group {name!r}: the sliders reach everywhere")
        resynthesis.refresh(mesh)
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_reset_equaliser, SPHERICAL_COW_OT_apply_mask)
