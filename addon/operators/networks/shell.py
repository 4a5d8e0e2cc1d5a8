# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators of Networks have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ... import jobs, messages
from ...networks import runtime
from ..shell import JobOperator, MeshOperator


class NeedsTorch(MeshOperator):
    """Greyed out, with the reason, where there is no PyTorch; then as the operator that comes after it says."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether networks can run, and all else is there."""
        if reason := runtime.why_not():
            cls.poll_message_set(reason)
            return False
        return super().poll(context)


class NetworkOperator(NeedsTorch, JobOperator):
    """A job with PyTorch on the active mesh. Its requests say `torch=True`."""

    if TYPE_CHECKING:
        bl_idname: str


class WindowOperator(JobOperator):
    """A job that belongs to no object: one of them at a time in the whole program."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether no other such job runs."""
        if jobs.running(context.window_manager) is not None:
            cls.poll_message_set("A file or a Python is being looked at: wait, or cancel it")
            return False
        return True

    def _begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> None:
        messages.clear(context)
        self.job = jobs.claim(context.window_manager, type(self).bl_idname, self.work(context, obj))

    def _show(self, context: bpy.types.Context, step: jobs.Step) -> None:
        super()._show(context, step)
        redraw(context)


def redraw(context: bpy.types.Context) -> None:
    """Draw the sidebars and the preferences again."""
    messages.redraw(context)
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()


def device(context: bpy.types.Context) -> str:
    """The device that is chosen in Networks."""
    chosen: str = context.scene.spherical_cow.networks.device
    return chosen
