# SPDX-License-Identifier: GPL-3.0-or-later
"""Train: a network learns in the background, whatever is done in Blender meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty

from ... import image_pixels, jobs, messages
from ...core.errors import Cancelled, InvalidParameter, OutputError, SphericalCowError
from ...core.networks.training.config import STOP, require_none
from ...core.networks.training.log import read_log
from ...idnames import Operators
from ...networks import checkpoints, runtime
from ...properties.networks.training import WITHOUT_POINTS, TrainSettings
from ..shell import JobOperator, fail
from .dataset import folder_of
from .shell import device

CURVE = "Training"
"""The image with the curve."""

MOST_BETWEEN = 2_000
"""Steps between two validations, as published; a short training has twenty of them."""

MOST_ROWS = 20_000
"""Of the log: all of them are read, and drawn, every other second."""

INTERVAL = 0.25
"""Seconds between two looks at the process."""

_REDRAWN = 2.0
_PATIENCE = 5.0


def configuration(operator: TrainSettings, device: str) -> dict[str, Any]:
    """What the worker is told. Raises `InvalidParameter` where a folder is not chosen."""
    between = max(1, min(MOST_BETWEEN, operator.steps // 20))
    options = {"size": operator.size, "overfit": operator.overfit}
    if operator.model not in WITHOUT_POINTS:
        options["points"] = operator.points
    return {
        "model": operator.model,
        "dataset": str(folder_of(operator.dataset)),
        "out": str(folder_of(operator.out)),
        "steps": operator.steps,
        "batch": operator.batch,
        "learning_rate": operator.learning_rate,
        "seed": operator.seed,
        "device": device,
        "mixed_precision": device == "cuda" or (device == "auto" and "cuda" in runtime.devices()),
        "validate_every": between,
        "save_every": between,
        "log_every": max(1, min(10, operator.steps // 200), operator.steps // MOST_ROWS),
        "options": options,
    }


class SPHERICAL_COW_OT_train(TrainSettings, JobOperator, bpy.types.Operator):
    """Teach a network from a folder of shapes."""

    bl_idname = Operators.TRAIN
    bl_label = "Train"
    bl_description = (
        "Teach a network from a folder of shapes, in the background: go on working meanwhile. The best weights are"
        " added to the list of Models at the end"
    )

    if TYPE_CHECKING:
        resume: bool
    else:
        resume: BoolProperty(
            name="Resume", description="Go on with the training in the output folder", options={"SKIP_SAVE"}
        )

    place: Path | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Networks can run, and none is learning."""
        if reason := runtime.why_not():
            cls.poll_message_set(reason)
            return False
        if jobs.alone(Operators.TRAIN) is not None:
            cls.poll_message_set("A network is learning: wait, or stop it")
            return False
        return True

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The settings. Raises `InvalidParameter` where there is nothing to learn from, or a training is there."""
        config = configuration(self, device(context))
        if not Path(config["dataset"]).is_dir():
            raise InvalidParameter(f"There is no folder {config['dataset']}.", "Make one in the section Dataset.")
        self.place = Path(config["out"])
        if not self.resume:
            require_none(self.place)
        return jobs.Request("train", {"config": config, "resume": self.resume}, torch=True, compiles=False)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Start the worker and end: as long as an operator runs, Blender makes no Auto Save."""
        if bpy.app.background:
            return self.execute(context)
        try:
            self._begin(context, context.object)
        except SphericalCowError as error:
            return fail(self, None, error)
        watch(Learning(self.job, self.place or Path(), self.steps, context.scene.session_uid))
        return {"FINISHED"}

    def _begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> None:
        messages.clear(context)
        context.scene.spherical_cow.networks.training.summary = ""
        self.job = jobs.claim_alone(type(self).bl_idname, self.work(context, obj))

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        self.report({"INFO"}, keep(result.data, self.place or Path(), context.scene))
        return {"FINISHED"}


@dataclass
class Learning:
    """The training that was started from the window. scene: the `session_uid` of its scene; asked: to save and end."""

    job: jobs.Running
    place: Path
    steps: int
    scene: int
    asked: bool = False
    drawn: float = 0.0

    def look(self) -> bool:
        """One look at the worker: whether it is over. What went wrong is shown in the panel."""
        scene = next((scene for scene in bpy.data.scenes if scene.session_uid == self.scene), None)
        try:
            if self.job.cancel or scene is None:
                self._stop()
            self._show(next(self.job.work), drawn=scene is not None)
            return False
        except StopIteration as end:
            try:
                keep(end.value.data, self.place, scene)
            except SphericalCowError as error:
                messages.put(bpy.context, Operators.TRAIN, None, error)
        except Cancelled:
            pass
        except SphericalCowError as error:
            messages.put(bpy.context, Operators.TRAIN, None, error)
        return True

    def leave(self) -> None:
        """Blender ends, or the extension is switched off: some seconds to save."""
        with suppress(StopIteration, SphericalCowError):
            self._ask()
            end = time.monotonic() + _PATIENCE
            while time.monotonic() < end:
                next(self.job.work)
                time.sleep(0.05)
        jobs.release(self.job)

    def _stop(self) -> None:
        """Ask it. Raises `Cancelled` where the button was pressed once more: then it is killed."""
        if self.job.cancel and self.asked:
            raise Cancelled()
        self.job.cancel = False
        if not self.asked:
            self._ask()

    def _ask(self) -> None:
        """Let the worker save its state and end."""
        self.asked = True
        try:
            (self.place / STOP).touch()
        except OSError as error:
            raise OutputError(
                f"What was learned since the last save is lost: {error}.", "Resume goes on from there."
            ) from error

    def _show(self, step: jobs.Step, *, drawn: bool) -> None:
        if step == self.job.step:
            return
        self.job.step = jobs.Step(step.fraction, "Saving" if self.asked else step.phase)
        if drawn and time.monotonic() - self.drawn > _REDRAWN:
            self.drawn = time.monotonic()
            draw_training(self.place, self.steps)
        messages.redraw(bpy.context)


_watched: list[Learning] = []
"""The one training, if any. Processes are not part of the .blend, so neither is this."""


def watch(learning: Learning) -> None:
    """Look at it from a timer, which outlives the loading of another file: it is to save what it learned."""
    _watched[:] = [learning]
    if not bpy.app.timers.is_registered(look):
        bpy.app.timers.register(look, first_interval=INTERVAL, persistent=True)


def look() -> float | None:
    """For the timer: the seconds until the next look, None at the end."""
    over = True
    try:
        over = all(learning.look() for learning in _watched)
    finally:
        if over:
            for learning in _watched:
                jobs.release(learning.job)
            _watched.clear()
            messages.redraw(bpy.context)
    return None if over else INTERVAL


def leave() -> None:
    """End what is learning, and its timer: the extension is being switched off."""
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)
    for learning in _watched:
        learning.leave()
    _watched.clear()


def keep(data: Mapping[str, Any], place: Path, scene: bpy.types.Scene | None) -> str:
    """Put what was learned into the list of Models, and how it ended into the scene, if it is there; it in words."""
    told: dict[str, Any]
    if "stopped" in data:
        told, words = {"folder": str(place), "stopped": data["stopped"]}, f"{data['stopped']} Resume goes on"
    else:
        report, entry = data["report"], checkpoints.add(data["checkpoint"])
        if entry.name.startswith(Path(report["checkpoint"]).stem) and checkpoints.entry_of(place.name) is None:
            entry.name = place.name  # all are called best
        kept = {name: value for name, value in report.items() if name not in ("losses", "scores")}
        told = {"folder": str(place), "name": entry.name, **kept}
        best = "no score" if report["best"] is None else f"best score {report['best']:.4g}"
        words = " ".join([f"{entry.name}: {report['steps']:,} steps, {best}.", *report["remarks"]])
    if scene is not None:
        draw_training(place, 0)
        scene.spherical_cow.networks.training.summary = json.dumps(told)
    return words


def draw_training(place: Path, steps: int) -> None:
    """Put the curve of the training in a folder into the image. steps: where the axis ends, 0 for the last one."""
    from ...core.networks.training.curve import draw_curve

    with suppress(SphericalCowError):
        rows = read_log(place)
        if rows:
            image_pixels.new_image(CURVE, draw_curve(rows, steps=steps))


class SPHERICAL_COW_OT_stop_training(bpy.types.Operator):
    """Stop the network that is learning."""

    bl_idname = Operators.STOP_TRAINING
    bl_label = "Stop Training"
    bl_description = "Save what has been learned, and stop. Resume goes on from there. Twice to stop at once"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One is learning."""
        if jobs.alone(Operators.TRAIN) is None:
            cls.poll_message_set("No network is learning")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask it; this is done at the next look."""
        job = jobs.alone(Operators.TRAIN)
        if job is not None:
            job.cancel = True
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_train, SPHERICAL_COW_OT_stop_training)
