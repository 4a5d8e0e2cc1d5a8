# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: the same for every model, for one process or many, begun anew or gone on with."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from ...errors import Cancelled, InvalidParameter, OutputError, TrainingFailed
from ...progress import Progress, silent
from ..catalogue import model_class
from ..checkpoints import save_checkpoint
from ..runtime import in_words, require_torch
from .config import LAST, STOP, TrainingConfig, require_none
from .lesson import Lesson
from .log import Log, Row
from .meter import Meter
from .processes import LossFunction, Processes, joined
from .reading import batches
from .report import TrainingReport
from .state import BEST, Learner, Progressed, identity, load_state, save_state

Say = Callable[[str], None]
_SEEDS = 2**63


def _quiet(text: str) -> None:
    """Says nothing."""


def train(
    config: TrainingConfig, progress: Progress = silent, *, resume: bool = False, say: Say = _quiet
) -> TrainingReport:
    """Train the model of a configuration, and leave its best weights, its state and its log in the folder `out`.

    resume: go on from the state in that folder, as if the training had never stopped; where there is none, begin.
    say: gets what a user should know meanwhile, a line each. Under `torchrun` all processes learn together.

    When `progress` raises `Cancelled`, when Ctrl-C or an end is asked for, or a file `stop` comes into the folder, the
    state is saved first. Raises `InvalidParameter` for a configuration that does not fit, or a folder that has a
    training already; `DatasetError`; `TrainingFailed` where the loss is not a number, after which the last state saved
    is good; and `Cancelled`.
    """
    return learn(model_class(config.model).lesson, config, progress, resume=resume, say=say)


def learn(
    make: Callable[[TrainingConfig], Lesson],
    config: TrainingConfig,
    progress: Progress = silent,
    *,
    resume: bool = False,
    say: Say = _quiet,
) -> TrainingReport:
    """As `train`, for any lesson; `make` gives it, and draws the first weights with PyTorch's own random numbers."""
    torch = require_torch()
    with joined(config.device) as processes, in_words(), torch.random.fork_rng():
        if config.batch % processes.shares:
            raise InvalidParameter(
                f"A batch of {config.batch} cannot be shared by {processes.shares} processes.",
                f"Give a multiple of {processes.shares}.",
            )
        if processes.first:
            _ready(config, resume)
        progress(0.0, "Opening the data")
        torch.manual_seed(config.seed)
        run = _Run(config, make(config), processes, progress, say)
        run.begin(resume)
        with _asked_to_stop() as asked:
            return run.to_the_end(asked)


def _ready(config: TrainingConfig, resume: bool) -> None:
    """Make the folder `out`. Raises where that is not possible, or a training is there."""
    try:
        config.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {config.out} cannot be made: {error.strerror}.", "Choose another.") from error
    with suppress(OSError):
        (config.out / STOP).unlink(missing_ok=True)
    if not resume:
        require_none(config.out)


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Within, the first Ctrl-C and a request to end only set a flag, so that no step is cut in two."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def note(number: int, frame: FrameType | None) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    kept = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(seen)
    finally:
        for number, handler in kept.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@dataclass
class _Run:
    """A training under way."""

    config: TrainingConfig
    lesson: Lesson
    processes: Processes
    progress: Progress
    say: Say
    remarks: list[str] = field(default_factory=list)
    done: Progressed = field(default_factory=Progressed)
    meter: Meter = field(default_factory=Meter)

    learner: Learner = field(init=False)
    loss: LossFunction = field(init=False)
    log: Log | None = field(init=False, default=None)
    rates: list[float] = field(init=False)
    mixed: bool = field(init=False, default=False)
    cancelled: bool = field(init=False, default=False)

    def begin(self, resume: bool) -> None:
        """Network, optimiser and log, as they were where the training goes on."""
        torch, device = require_torch(), self.processes.device
        self.mixed = self.config.mixed_precision and device.startswith("cuda")
        if self.config.mixed_precision and not self.mixed:
            self._remark(f"Mixed precision needs CUDA: on {device} it is switched off.")
        network = self.lesson.network.to(device)
        groups = self.lesson.groups(self.config.learning_rate)
        self.rates = [float(group["lr"]) for group in groups]
        optimiser = torch.optim.Adam(groups)
        self.learner = Learner(network, optimiser, torch.amp.GradScaler("cuda", enabled=self.mixed))
        stored = self._stored(resume)
        if stored is not None:
            self.done, changes = load_state(stored, self.learner, self._identity(), self.config.out)
            for text in (f"Going on after step {self.done.step:,}.", *changes):
                self._remark(text)
        elif resume:
            self._remark("There is nothing to go on with: it begins anew.")
        self.loss = self.processes.loss_of(self.lesson)
        if self.processes.first:
            self.log = Log(self.config.out, self.done.rows, self.config.tensorboard)

    def _stored(self, resume: bool) -> bytes | None:
        path = self.config.out / LAST
        try:
            mine = path.read_bytes() if resume and self.processes.first and path.is_file() else None
        except OSError as error:
            raise OutputError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
        return self.processes.bytes_of_first(mine)

    def _identity(self) -> Mapping[str, Any]:
        return identity(self.config, self.lesson.facts())

    def to_the_end(self, asked: Callable[[], bool]) -> TrainingReport:
        """All steps that are left, or as many as it takes."""
        try:
            if self._over():
                self._remark("This training is over; more steps, or more patience, make it go on.")
            else:
                self._steps(asked)
        finally:
            if self.log is not None:
                self.log.close()
        done = self.done
        return TrainingReport(
            checkpoint=self.config.out / BEST,
            steps=done.step,
            best=done.best,
            stopped_early=done.step < self.config.steps,
            losses=tuple((row.step, row.loss) for row in done.rows),
            scores=tuple((row.step, row.score) for row in done.rows if row.score is not None),
            best_step=done.best_step,
            seconds=done.seconds,
            remarks=tuple(self.remarks),
        )

    def _steps(self, asked: Callable[[], bool]) -> None:
        config, done = self.config, self.done
        begin = time.monotonic() - done.seconds
        for step, batch in batches(self.lesson, self.processes, range(done.step, config.steps), config.workers):
            wanted = asked() or self.cancelled or (self.processes.first and (config.out / STOP).exists())
            if self.processes.mean(float(wanted))[0] > 0.0:
                self._save()
                raise Cancelled(f"Stopped after step {done.step:,}; all is kept in {config.out}.", "Resume goes on.")
            value = self._step(step, batch)
            done.step, done.loss, done.count = step + 1, done.loss + value, done.count + 1
            done.seconds = time.monotonic() - begin
            last = done.step == config.steps
            score = self._validate() if last or done.step % config.validate_every == 0 else None
            if score is not None or done.step % config.log_every == 0:
                self._note(score)
            over = self._over()
            if over or done.step % config.save_every == 0:
                self._save()
            self._tell(value)
            if over:
                return

    def _over(self) -> bool:
        """Whether no more steps are to be done: all are, it gets no better, or it is good enough."""
        config, done = self.config, self.done
        tired = 0 < config.patience <= done.worse
        return done.step >= config.steps or tired or (config.goal is not None and done.best >= config.goal)

    def _step(self, step: int, batch: Mapping[str, Any]) -> float:
        """One step of the optimiser; gives the mean loss over all processes before it."""
        torch, learner, config = require_torch(), self.learner, self.config
        torch.manual_seed((config.seed * 1_000_003 + step * 8191 + self.processes.share) % _SEEDS)
        factor = config.rate_factor(step)
        for group, rate in zip(learner.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        learner.network.train()
        learner.optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.float16) if self.mixed else nullcontext():
            loss = self.loss(batch, step)
        value = self.processes.mean(float(loss.detach()))[0]
        if not math.isfinite(value):
            raise self._failed(f"The loss is {value} in step {step + 1:,}.")
        learner.scaler.scale(loss).backward()
        for parameter in self.lesson.resting(step):
            parameter.grad = None
        learner.scaler.step(learner.optimiser)
        learner.scaler.update()
        return value

    def _validate(self) -> float:
        torch, network, done = require_torch(), self.learner.network, self.done
        network.eval()
        with torch.no_grad():
            score = self.processes.of_first(float(self.lesson.score()))
        if score > done.best or not done.best_step:
            self._require_finite()
            done.best, done.best_step, done.worse = score if score > done.best else done.best, done.step, 0
            if self.processes.first:
                facts = {"network": self.config.model, "step": done.step, "score": score, **self.lesson.facts()}
                save_checkpoint(self.config.out / BEST, network, **{**self.lesson.measured(), **facts})
        else:
            done.worse += 1
        return score

    def _note(self, score: float | None) -> None:
        done = self.done
        rate = self.rates[0] * self.config.rate_factor(done.step - 1)
        row = Row(done.step, done.loss / max(done.count, 1), score, rate, round(done.seconds, 3))
        done.rows.append(row)
        done.loss, done.count = 0.0, 0
        if self.log is not None:
            self.log.add(row)

    def _save(self) -> None:
        self._require_finite()
        if self.processes.first:
            save_state(self.config.out, self.learner, self.done, self._identity())

    def _require_finite(self) -> None:
        torch = require_torch()
        if not all(bool(torch.isfinite(value).all()) for value in self.learner.network.state_dict().values()):
            raise self._failed(f"After step {self.done.step:,} there are weights that are not numbers.")

    def _failed(self, found: str) -> TrainingFailed:
        kept = (self.config.out / LAST).exists()
        left = f"The state before is kept in {self.config.out}: resume it with" if kept else "Begin anew with"
        return TrainingFailed(found, f"{left} a lower learning_rate, and look for wrong numbers in the data.")

    def _tell(self, loss: float) -> None:
        if not self.processes.first:
            return
        config, step = self.config, self.done.step
        try:
            self.progress(step / config.steps, self.meter.words(step, config.steps, loss))
        except Cancelled:
            self.cancelled = True

    def _remark(self, text: str) -> None:
        self.remarks.append(text)
        if self.processes.first:
            self.say(text)
