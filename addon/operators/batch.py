# SPDX-License-Identifier: GPL-3.0-or-later
"""The same job on all selected meshes: one after the other, written together at the end, in one undo step."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty

from .. import bridge, jobs, messages
from ..core.errors import Cancelled, InvalidMesh, InvalidParameter, SphericalCowError
from .shell import JobOperator


@dataclass(frozen=True)
class Outcome:
    """What became of one object: the worker's result, or an error.

    uid, name: of the object, which may be gone by the end. before: fingerprint of the mesh that was read.
    """

    uid: int
    name: str
    before: str = ""
    result: jobs.Result | None = None
    error: SphericalCowError | None = None


def selected_meshes(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected mesh objects that can be written and have no job; of those that share a mesh, one."""
    found = [obj for obj in context.selected_objects if obj.type == "MESH" and not jobs.running(obj)]
    local = [obj for obj in found if obj.library is None and obj.data.library is None]
    return list({obj.data.session_uid: obj for obj in reversed(local)}.values())[::-1]


class BatchOperator(JobOperator):
    """A `JobOperator` that can also take all selected meshes: a mesh that fails does not stop the others."""

    outcomes: list[Outcome]

    if TYPE_CHECKING:
        all_selected: bool
    else:
        all_selected: BoolProperty(
            name="All Selected",
            description="Take all selected meshes, one after the other, instead of the active one",
            options={"SKIP_SAVE"},
        )

    def _begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> None:
        if not self.all_selected:
            super()._begin(context, obj)
            return
        messages.clear(context)
        meshes = selected_meshes(context)
        if not meshes:
            raise InvalidParameter("No mesh is selected.", "Select the meshes.")
        self.outcomes = []
        work = self._one_after_the_other([(mesh.session_uid, mesh.name) for mesh in meshes])
        self.job = jobs.claim(meshes[0], type(self).bl_idname, work, meshes[1:])

    def _one_after_the_other(self, meshes: Sequence[tuple[int, str]]) -> jobs.Work:
        """Each is read when its turn comes, so that one mesh at a time is held twice in memory."""
        for index, (uid, name) in enumerate(meshes):
            try:
                obj = _existing(uid, name)
                before = bridge.current_fingerprint(obj)
                working = self.work(bpy.context, obj)
                result = yield from share(working, index, len(meshes), name)
                self.outcomes.append(Outcome(uid, name, before, result))
            except SphericalCowError as error:
                self.outcomes.append(Outcome(uid, name, error=error))
        return jobs.Result({}, {})

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        if not self.all_selected:
            return super()._end(context, result)
        failed: list[tuple[Outcome, SphericalCowError]] = []
        for outcome in self.outcomes:
            try:
                self._write(context, outcome)
            except SphericalCowError as error:
                failed.append((outcome, error))
        return self._summary(context, failed)

    def _write(self, context: bpy.types.Context, outcome: Outcome) -> None:
        if outcome.error is not None or outcome.result is None:
            raise outcome.error or Cancelled()
        obj = _existing(outcome.uid, outcome.name)
        if bridge.current_fingerprint(obj) != outcome.before:
            raise InvalidMesh("It was edited meanwhile.", "Run it again.")
        self.before = outcome.before
        self.commit(context, obj, outcome.result)

    def _summary(self, context: bpy.types.Context, failed: list[tuple[Outcome, SphericalCowError]]) -> set[str]:
        count = len(self.outcomes)
        lines = [f"{self.bl_label}: {count - len(failed)} of {count} meshes"]
        lines += [f"{outcome.name!r}: {messages.words(error)[0]}" for outcome, error in failed]
        if failed:  # the panel has room for one
            outcome, error = failed[0]
            messages.put(context, type(self).bl_idname, messages.object_of(outcome.uid), error)
        done = len(failed) < count
        self.report({"INFO"} if not failed else {"WARNING"} if done else {"ERROR"}, "\n".join(lines))
        return {"FINISHED"} if done else {"CANCELLED"}


def _existing(uid: int, name: str) -> bpy.types.Object:
    obj = messages.object_of(uid)
    if obj is None:
        raise InvalidParameter(f"{name!r} was deleted meanwhile.", "Nothing needs to be done.")
    return obj


def share(working: jobs.Work, index: int, count: int, name: str) -> Generator[jobs.Step, None, jobs.Result]:
    """One job as its share of `count` jobs."""
    try:
        while True:
            step = next(working)
            yield jobs.Step((index + step.fraction) / count, f"{name} ({index + 1} of {count}): {step.phase}")
    except StopIteration as end:
        result: jobs.Result = end.value
        return result
    finally:
        working.close()
