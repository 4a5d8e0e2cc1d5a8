# SPDX-License-Identifier: GPL-3.0-or-later
"""Train: a network learns in the background, whatever is done in Blender meanwhile."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty

from ... import bridge, checkpoints, jobs, messages, network_runtime
from ...core.errors import InvalidParameter, OutputError, SphericalCowError
from ...core.networks.training.config import STOP, require_none
from ...core.networks.training.log import read_log
from ...idnames import Operators
from ...properties.networks.training import TrainSettings
from ..shell import JobOperator
from .dataset import folder_of
from .shell import device

CURVE = "Training"
"""The image with the curve."""

MOST_BETWEEN = 2_000
"""Steps between two validations, as published; a short training has twenty of them."""

MOST_ROWS = 20_000
"""Of the log: all of them are read, and drawn, every other second."""

_REDRAWN = 2.0
_PATIENCE = 5.0


def configuration(operator: TrainSettings, device: str) -> dict[str, Any]:
    """What the worker is told. Raises `InvalidParameter` where a folder is not chosen."""
    between = max(1, min(MOST_BETWEEN, operator.steps // 20))
    options = {"size": operator.size, "points": operator.points, "overfit": operator.overfit}
    return {
        "model": operator.model,
        "dataset": str(folder_of(operator.dataset)),
        "out": str(folder_of(operator.out)),
        "steps": operator.steps,
        "batch": operator.batch,
        "learning_rate": operator.learning_rate,
        "seed": operator.seed,
        "device": device,
        "mixed_precision": device == "cuda" or (device == "auto" and "cuda" in network_runtime.devices()),
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
    drawn = 0.0
    asked = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Networks can run, and none is learning."""
        if reason := network_runtime.why_not():
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
        return jobs.Request("train", {"config": config, "resume": self.resume}, torch=True)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """ESC means this only over the sidebar: it has other uses, and a training is long."""
        if event.type == "ESC" and not _over_sidebar(context, event):
            return {"PASS_THROUGH"}
        return super().modal(context, event)

    def cancel(self, context: bpy.types.Context) -> None:
        """Another file is loaded, or the window closes: leave it some seconds to save."""
        with suppress(StopIteration, SphericalCowError):
            self._ask()
            end = time.monotonic() + _PATIENCE
            while time.monotonic() < end:
                next(self.job.work)
                time.sleep(0.05)
        super().cancel(context)

    def _begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> None:
        messages.clear(context)
        context.scene.spherical_cow.networks.training.summary = ""
        self.job = jobs.claim_alone(type(self).bl_idname, self.work(context, obj))

    def _look(self, context: bpy.types.Context) -> set[str] | None:
        if self.job.cancel and not self.asked:  # once more, and it is killed
            self.job.cancel = False
            try:
                self._ask()
            except OutputError:
                self.job.cancel = True
        return super()._look(context)

    def _ask(self) -> None:
        """Let the worker save its state and end."""
        self.asked = True
        try:
            if self.place is not None:
                (self.place / STOP).touch()
        except OSError as error:
            raise OutputError(f"The training cannot be told to stop: {error}.", "Try again.") from error

    def _show(self, context: bpy.types.Context, step: jobs.Step) -> None:
        if step == self.job.step:
            return
        self.job.step = jobs.Step(step.fraction, "Saving" if self.asked else step.phase)
        if self.place is not None and time.monotonic() - self.drawn > _REDRAWN:
            self.drawn = time.monotonic()
            draw_training(self.place, self.steps)
        messages.redraw(context)

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        data, place = result.data, str(self.place)
        draw_training(Path(place), 0)
        options = context.scene.spherical_cow.networks.training
        if "stopped" in data:
            options.summary = json.dumps({"folder": place, "stopped": data["stopped"]})
            self.report({"INFO"}, f"{data['stopped']} Resume goes on")
            return {"FINISHED"}
        report, entry = data["report"], checkpoints.add(data["checkpoint"])
        if entry.name.startswith(Path(report["checkpoint"]).stem) and checkpoints.entry_of(Path(place).name) is None:
            entry.name = Path(place).name  # all are called best
        kept = {name: value for name, value in report.items() if name not in ("losses", "scores")}
        options.summary = json.dumps({"folder": place, "name": entry.name, **kept})
        best = "no score" if report["best"] is None else f"best score {report['best']:.4g}"
        self.report({"INFO"}, " ".join([f"{entry.name}: {report['steps']:,} steps, {best}.", *report["remarks"]]))
        return {"FINISHED"}


def _over_sidebar(context: bpy.types.Context, event: bpy.types.Event) -> bool:
    """Whether the pointer is over the sidebar of a 3D view."""
    areas = context.window.screen.areas if context.window else ()
    regions = [region for area in areas if area.type == "VIEW_3D" for region in area.regions if region.type == "UI"]
    x, y = event.mouse_x, event.mouse_y
    return any(r.x <= x < r.x + r.width and r.y <= y < r.y + r.height for r in regions)


def draw_training(place: Path, steps: int) -> None:
    """Put the curve of the training in a folder into the image. steps: where the axis ends, 0 for the last one."""
    from ...core.networks.training.curve import draw_curve

    with suppress(SphericalCowError):
        rows = read_log(place)
        if rows:
            bridge.new_image(CURVE, draw_curve(rows, steps=steps))


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
        """Ask it; its own operator does it at its next look."""
        job = jobs.alone(Operators.TRAIN)
        if job is not None:
            job.cancel = True
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_train, SPHERICAL_COW_OT_stop_training)
