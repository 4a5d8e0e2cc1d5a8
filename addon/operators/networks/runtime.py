# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the Python that runs networks."""

from __future__ import annotations

import bpy

from ... import jobs
from ...idnames import Operators
from ...networks import python_check, runtime
from .shell import WindowOperator, redraw


class SPHERICAL_COW_OT_check_python(WindowOperator, bpy.types.Operator):
    """Check the Python that runs networks."""

    bl_idname = Operators.CHECK_PYTHON
    bl_label = "Check"
    bl_description = "Start the chosen Python once to see whether it has PyTorch and all else, and on which devices"

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """The look at it."""
        return python_check.look(runtime.chosen())

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        found = result.data
        if found["chosen"] != runtime.chosen():
            self.report({"WARNING"}, "Another Python was chosen meanwhile: check it")
            return {"CANCELLED"}
        runtime.keep(found)
        redraw(context)
        if found["problem"]:
            self.report({"WARNING"}, f"{found['problem']}. {found['remedy']}")
            return {"CANCELLED"}
        devices = ", ".join(name for _, name in found["devices"])
        self.report({"INFO"}, f"PyTorch {found['torch']}, Python {found['python']}: {devices}")
        return {"FINISHED"}


class SPHERICAL_COW_OT_copy_command(bpy.types.Operator):
    """Copy what installs the missing libraries."""

    bl_idname = Operators.COPY_COMMAND
    bl_label = "Copy Command"
    bl_description = "Copy the command, to paste it into a terminal"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Something is to be installed."""
        if not runtime.verdict().get("command"):
            cls.poll_message_set("Nothing is to be installed: check the chosen Python first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Into the clipboard."""
        context.window_manager.clipboard = str(runtime.verdict()["command"])
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_check_python, SPHERICAL_COW_OT_copy_command)
