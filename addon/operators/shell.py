# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell around every operator that works in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy_extras.io_utils import ExportHelper

from .. import bridge, jobs, messages, storage
from ..core.errors import Cancelled, SphericalCowError

if TYPE_CHECKING:
    _Base = bpy.types.Operator
else:
    _Base = object

INTERVAL = 0.1
"""Seconds between two looks at the process."""


class MeshOperator(_Base):
    """For operators on the active mesh: greyed out, with the reason, where there is none or it is at work."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether there is an active mesh without a job."""
        obj = context.object
        if obj is None or obj.type != "MESH":
            cls.poll_message_set("Select a mesh object")
        elif jobs.running(obj):
            cls.poll_message_set("A job is running on this object: wait for it, or cancel it")
        elif not obj.data.library and obj.library is None:
            return cls.poll_object(obj)
        else:
            cls.poll_message_set("The object is linked from another file: make it local first")
        return False

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """What else an operator needs; it says what is missing by `poll_message_set`."""
        return True


class EncodedOperator(MeshOperator):
    """For operators on coefficients: greyed out where the mesh carries none."""

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The object carries coefficients."""
        if not storage.has_shape(obj):
            cls.poll_message_set("Encode the mesh first")
            return False
        return super().poll_object(obj)


class SaveOperator(ExportHelper):
    """For operators that write a file, which is named after the active object."""

    ending = ""
    """Of the proposed name, where it is longer than `filename_ext`."""

    if TYPE_CHECKING:
        filepath: str
        filename_ext: str

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        name = f"{bpy.path.clean_name(context.object.name)}{self.ending or self.filename_ext}"
        self.filepath = str(Path(self.filepath).with_name(name)) if self.filepath else name
        context.window_manager.fileselect_add(cast("bpy.types.Operator", self))
        return {"RUNNING_MODAL"}


def fail(operator: bpy.types.Operator, obj: bpy.types.ID | None, error: SphericalCowError) -> set[str]:
    """Report an error, and leave it in the operator's panel with what helps; for `return` in an operator."""
    if isinstance(error, Cancelled):
        operator.report({"INFO"}, str(error))
    else:
        messages.put(bpy.context, type(operator).bl_idname, obj, error)  # Blender shadows the instance's
        operator.report({"ERROR"}, " ".join(messages.words(error)))
    return {"CANCELLED"}


def guarded(operator: bpy.types.Operator, obj: bpy.types.ID | None, act: Callable[[], str]) -> set[str]:
    """Run `act` and report the line it gives, or its error."""
    messages.clear(bpy.context)
    try:
        operator.report({"INFO"}, act())
    except SphericalCowError as error:
        return fail(operator, obj, error)
    return {"FINISHED"}


class JobOperator(MeshOperator):
    """An operator whose work is a `jobs.Request`; in the window it is modal, else it waits.

    A subclass gives `request` or `work` (reads Blender) and `commit` (writes Blender, once, at the end).
    """

    job: jobs.Running
    before: str

    on_escape = "Esc to cancel"
    """What the status bar says of it."""

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """What the worker is to do. Nothing is changed yet."""
        raise NotImplementedError

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """The running job. Most have one request."""
        return jobs.work(self.request(context, obj))

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Write the result; gives the line that the user reads."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script, and in the background: wait for the result."""
        obj = context.object
        try:
            self._begin(context, obj)
            return self._end(context, jobs.wait(self.job.work))
        except SphericalCowError as error:
            return fail(self, obj, error)
        finally:
            self._release()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """From a button: start the worker, and look at it from a timer."""
        if bpy.app.background:
            return self.execute(context)
        try:
            self._begin(context, context.object)
        except SphericalCowError as error:
            return fail(self, context.object, error)
        manager = context.window_manager
        self.job.timer = manager.event_timer_add(INTERVAL, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Everything but the own timer and ESC goes on to Blender."""
        if event.type == "ESC" and event.value == "PRESS":
            self.job.cancel = True
        elif event.type != "TIMER":
            return {"PASS_THROUGH"}
        if (outcome := self._look(context)) is None:
            return {"PASS_THROUGH"}
        self._release()
        context.workspace.status_text_set(None)
        messages.redraw(context)
        return outcome

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file is loaded, or the window closes."""
        self._release()

    def _look(self, context: bpy.types.Context) -> set[str] | None:
        """One look at the worker: the operator's result when it is over, None while it works."""
        obj = messages.object_of(self.job.uid)
        try:
            if self.job.cancel:
                raise Cancelled()
            self._show(context, next(self.job.work))
            return None
        except StopIteration as end:
            try:
                return self._end(context, end.value)
            except SphericalCowError as error:
                return fail(self, obj, error)
        except SphericalCowError as error:
            return fail(self, obj, error)

    def _show(self, context: bpy.types.Context, step: jobs.Step) -> None:
        if step != self.job.step:
            self.job.step = step
            context.workspace.status_text_set(f"{step.phase}: {step.fraction:.0%}   ({self.on_escape})")
            messages.redraw(context)

    def _begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> None:
        self.before = bridge.current_fingerprint(obj)
        messages.clear(context)
        self.job = jobs.claim(obj, type(self).bl_idname, self.work(context, obj))

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        obj = messages.object_of(self.job.uid)
        if obj is None:
            return self._warn("The object was deleted meanwhile: the result is dropped")
        if bridge.current_fingerprint(obj) != self.before:
            return self._warn(f"{obj.name!r} was edited meanwhile: the result is dropped. Run it again")
        self.report({"INFO"}, self.commit(context, obj, result))
        return {"FINISHED"}

    def _warn(self, text: str) -> set[str]:
        self.report({"WARNING"}, text)
        return {"CANCELLED"}

    def _release(self) -> None:
        job: Any = getattr(self, "job", None)
        if job is not None:
            jobs.release(job)


class SceneOperator(JobOperator):
    """A job that belongs to no object, but to the scene, such as one on files: one at a time.

    A subclass gives `_end` in place of `commit`.
    """

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether no other such job runs."""
        if jobs.running(context.scene) is not None:
            cls.poll_message_set("A job of this scene is running: wait for it, or cancel it")
            return False
        return True

    def _begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> None:
        messages.clear(context)
        self.job = jobs.claim(context.scene, type(self).bl_idname, self.work(context, obj))
