# SPDX-License-Identifier: GPL-3.0-or-later
"""Small buttons: cancel a job, put a message away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from .. import jobs, messages
from ..idnames import Operators

KEEPING = (Operators.FIT_PICTURES,)
"""Those whose jobs show what they have so far, and keep it when they are stopped."""


def _jobs(context: bpy.types.Context) -> list[jobs.Running]:
    """Those of the active object, of the scene, and of no object."""
    found = (jobs.running(context.object), jobs.running(context.scene), jobs.running(context.window_manager))
    return [job for job in found if job is not None]


class SPHERICAL_COW_OT_cancel(bpy.types.Operator):
    """Stop the job of the active object."""

    bl_idname = Operators.CANCEL
    bl_label = "Cancel"
    bl_description = "Stop the job on this object, and on those that it works on with it. Nothing is changed"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        operator: str
    else:
        operator: StringProperty(
            name="Operator",
            description="Whose job is stopped; without one, any",
            options={"HIDDEN", "SKIP_SAVE"},
        )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """What stopping means for that job."""
        keeps = properties.operator in KEEPING
        return "Stop, and keep the best that there is so far" if keeps else cls.bl_description

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There is a job."""
        if not _jobs(context):
            cls.poll_message_set("No job is running on this object")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the job to stop; its own operator does it at its next look."""
        job = next((job for job in _jobs(context) if self.operator in ("", job.operator)), None)
        if job is None:
            return {"CANCELLED"}
        job.cancel = True
        return {"FINISHED"}


class SPHERICAL_COW_OT_dismiss(bpy.types.Operator):
    """Put the message away."""

    bl_idname = Operators.DISMISS
    bl_label = "Dismiss"
    bl_description = "Put this message away"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget it."""
        messages.clear(context)
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_cancel, SPHERICAL_COW_OT_dismiss)
