# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers on this machine: processes of their own, each with one thread, one task at a time each.

They are plain programs that speak JSON over pipes. So a script that calls us needs no `if __name__ == "__main__"`,
nothing is pickled, and a process can be killed, or kill itself, without harm to any other.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import SphericalCowError, TimedOut, WorkerCrashed
from .task import Answer, Done, Task

THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("NUMBA_NUM_THREADS", "DUCC0_NUM_THREADS", "IGL_NUM_THREADS"),
)
"""How libraries are told to use one thread: then N workers are N times as fast, and sums have the same order,
so that results are the same whatever N is."""

ATTEMPTS = 2
LAST_LINES = 6
_WINDOWS_FLAGS = 0x08000000 | 0x00000200  # CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP: Ctrl-C is not for it


class Process:
    """One worker. Its messages arrive in the queue that it was given, as (process, message); None is its end."""

    def __init__(self, events: queue.SimpleQueue[tuple[Process, dict[str, Any] | None]]) -> None:
        self.task: Task | None = None
        self.attempts, self.start = 0, 0.0
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by `end`
        self.program = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=_environment(),
            start_new_session=os.name == "posix",  # Ctrl-C in the terminal is not for it
            creationflags=_WINDOWS_FLAGS if os.name == "nt" else 0,
        )
        self.reader = threading.Thread(target=self._read, args=(events,), daemon=True)
        self.reader.start()

    def give(self, task: Task | None, message: dict[str, Any], attempts: int = 1) -> None:
        """Hand over a task; the answer comes as an event, and so does the end of a process that cannot take it."""
        self.task, self.attempts, self.start = task, attempts, time.monotonic()
        with suppress(OSError):
            self.program.stdin.write((json.dumps(message) + "\n").encode())  # type: ignore[union-attr]
            self.program.stdin.flush()  # type: ignore[union-attr]

    @property
    def seconds(self) -> float:
        """Since the task was handed over."""
        return time.monotonic() - self.start

    def crash(self) -> WorkerCrashed:
        """How the process ended, with its last words."""
        code = self.program.wait()
        self.errors.seek(0)
        words = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        why = "it was killed; memory may have run out" if code in (-9, 137) else f"exit status {code}"
        last = "\n".join(words[-LAST_LINES:]) or "It left no message."
        return WorkerCrashed(f"The worker process ended without a result ({why}).", last)

    def end(self) -> None:
        """Stop it now, whatever it does."""
        with suppress(OSError):
            self.program.kill()
        self.program.wait()
        self.reader.join()
        for pipe in (self.program.stdin, self.program.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        self.errors.close()

    def _read(self, events: queue.SimpleQueue[tuple[Process, dict[str, Any] | None]]) -> None:
        for line in self.program.stdout:  # type: ignore[union-attr]
            with suppress(ValueError):
                events.put((self, json.loads(line)))
        events.put((self, None))


def _environment() -> dict[str, str]:
    """The surroundings of a worker: one thread, and modules found where we find them."""
    path = os.pathsep.join(dict.fromkeys(place or str(Path.cwd()) for place in sys.path))
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        "PYTHONPATH": path,
        "PYTHONUTF8": "1",
    }


def timed_out(limit: float) -> TimedOut:
    """The error of a task that took longer than `limit` seconds."""
    return TimedOut(f"It was not done after {limit:g} s.", "Give it more time, or a simpler mesh.")


def failure(error: SphericalCowError) -> Answer:
    """The answer of a worker that could not answer."""
    return {"ok": False, "error": error.to_dict()}


def run_local(tasks: Iterator[Task], jobs: int, limit: float | None = None) -> Iterator[Done]:
    """Run the tasks in `jobs` processes, and give what becomes of each, in the order of their ends.

    A task is taken from `tasks` when a process is free for it, never earlier. limit: seconds for each, after which
    its process is ended. A task whose process dies is tried once more in a fresh one.

    Raises `WorkerCrashed` where no process can even start.
    """
    pool = _Pool(jobs, limit)
    try:
        yield from pool.run(tasks)
    finally:
        pool.end()


class _Pool:
    def __init__(self, jobs: int, limit: float | None) -> None:
        self.jobs, self.limit = jobs, limit
        self.events: queue.SimpleQueue[tuple[Process, dict[str, Any] | None]] = queue.SimpleQueue()
        self.processes: set[Process] = set()
        self.ready: set[Process] = set()
        self.once_ready = False

    def run(self, tasks: Iterator[Task]) -> Iterator[Done]:
        while True:
            self._fill(tasks)
            busy = [process for process in self.processes if process.task is not None]
            if not busy:
                return
            with suppress(queue.Empty):
                process, message = self.events.get(timeout=self._patience(busy))
                done = self._heard(process, message)
                if done is not None:
                    yield done
            yield from self._overdue()

    def end(self) -> None:
        for process in self.processes:
            process.end()
        self.processes.clear()

    def _fill(self, tasks: Iterator[Task]) -> None:
        """A task for each process that has none, and a process for each task while there may be more."""
        while True:
            idle = [process for process in self.processes if process.task is None]
            if not idle and len(self.processes) >= self.jobs:
                return
            task = next(tasks, None)
            if task is None:
                return
            self._give(idle[0] if idle else self._started(), task, 1)

    def _started(self) -> Process:
        process = Process(self.events)
        self.processes.add(process)
        return process

    def _give(self, process: Process, task: Task, attempts: int) -> None:
        process.give(task, task.message(), attempts)

    def _heard(self, process: Process, message: dict[str, Any] | None) -> Done | None:
        if process not in self.processes:  # the end of one that we ended
            return None
        if message is None:
            return self._lost(process)
        if "ready" in message:
            self.ready.add(process)
            self.once_ready = True
            process.start = time.monotonic()  # loading libraries is not the mesh's fault
            return None
        task, process.task = process.task, None
        return None if task is None else Done(task, message, process.seconds, process.attempts)

    def _lost(self, process: Process) -> Done | None:
        crash, task, attempts, seconds = process.crash(), process.task, process.attempts, process.seconds
        self._drop(process)
        if not self.once_ready:
            raise crash
        if task is None:
            return None
        if attempts < ATTEMPTS:
            task.clear()
            self._give(self._started(), task, attempts + 1)
            return None
        return Done(task, failure(crash), seconds, attempts)

    def _overdue(self) -> Iterator[Done]:
        if self.limit is None:
            return
        for process in [p for p in self.ready if p.task is not None and p.seconds > self.limit]:
            task, seconds, attempts = process.task, process.seconds, process.attempts
            self._drop(process)
            if task is not None:
                yield Done(task, failure(timed_out(self.limit)), seconds, attempts)

    def _drop(self, process: Process) -> None:
        process.end()
        self.processes.discard(process)
        self.ready.discard(process)

    def _patience(self, busy: list[Process]) -> float:
        """Until the next task is overdue; at most a second, so that Ctrl-C is heard on every system."""
        if self.limit is None:
            return 1.0
        return min(max(min(self.limit - process.seconds for process in busy), 0.01), 1.0)
