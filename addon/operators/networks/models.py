# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of checkpoints: add files, remove one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ... import jobs, messages
from ...core.errors import CheckpointError, InvalidParameter
from ...idnames import Operators
from ...networks import checkpoints, runtime
from .shell import NeedsTorch, WindowOperator, redraw


class SPHERICAL_COW_OT_add_checkpoint(NeedsTorch, WindowOperator, ImportHelper, bpy.types.Operator):
    """Add files of weights to the list."""

    bl_idname = Operators.ADD_CHECKPOINT
    bl_label = "Add Checkpoint"
    bl_description = (
        "Add files of weights to the list: our own (.safetensors), or those of the original projects as they are (.pt,"
        " .pth). They stay where they are; nothing in them is run"
    )

    if TYPE_CHECKING:
        filepath: str
        directory: str
        files: Any
        filter_glob: str
    else:
        filepath: StringProperty(
            name="File", description="The file of weights", subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"}
        )
        directory: StringProperty(
            name="Folder", description="Where the files are", subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"}
        )
        files: CollectionProperty(
            name="Files",
            description="Names of the files in the folder",
            type=bpy.types.OperatorFileListElement,
            options={"HIDDEN", "SKIP_SAVE"},
        )
        filter_glob: StringProperty(
            name="Filter", description="Which files are shown", default="*.pt;*.pth;*.safetensors", options={"HIDDEN"}
        )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the files; when they are known, start."""
        if self.filepath or self.files:
            return super().invoke(context, event)
        self.selecting = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: wait. From the file browser: start over as a job that does not wait."""
        if not getattr(self, "selecting", False):
            return super().execute(context)
        names = [{"name": file.name} for file in self.files]
        bpy.ops.spherical_cow.add_checkpoint(
            "INVOKE_DEFAULT", filepath=self.filepath, directory=self.directory, files=names
        )
        return {"FINISHED"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """What are these files? Raises `InvalidParameter` where none is chosen."""
        named = [str(Path(self.directory) / file.name) for file in self.files if file.name] or [self.filepath]
        paths = [bpy.path.abspath(name) for name in named if name]
        if not paths:
            raise InvalidParameter("No file is chosen.", "Choose one or more checkpoints.")
        return jobs.Request("describe_checkpoints", {"paths": paths}, torch=True, compiles=False)

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        added = [checkpoints.add(described) for described in result.data["checkpoints"]]
        redraw(context)
        failures = result.data["failures"]
        if failures:
            error = CheckpointError(failures[0]["found"], failures[0]["remedy"])
            messages.put(context, type(self).bl_idname, None, error)
            self.report({"WARNING"}, "\n".join(f"{failure['found']} {failure['remedy']}" for failure in failures))
        else:
            self.report({"INFO"}, ", ".join(f"{entry.name}: {title(entry)}" for entry in added))
        return {"FINISHED"} if added else {"CANCELLED"}


def title(entry: Any) -> str:
    """What the file of an entry is."""
    return str(checkpoints.description(entry).get("title", ""))


class SPHERICAL_COW_OT_remove_checkpoint(bpy.types.Operator):
    """Take a file off the list."""

    bl_idname = Operators.REMOVE_CHECKPOINT
    bl_label = "Remove Checkpoint"
    bl_description = "Take the chosen checkpoint off the list. Its file stays"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There is one."""
        if not checkpoints.entries():
            cls.poll_message_set("The list is empty")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Off the list."""
        checkpoints.remove(runtime.preferences().active_checkpoint)
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_add_checkpoint, SPHERICAL_COW_OT_remove_checkpoint)
