# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a batch that runs inside a Dask worker: bytes in, bytes out.

The mesh itself is worked on by a process of its own, as on a single machine: a mesh that crashes it, or takes too
long, does not harm the worker, and the number of threads is the same everywhere.
"""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InvalidParameter, TimedOut
from .files import Bundle
from .local import ATTEMPTS, Process, failure, timed_out
from .task import Answer, Task


@dataclass(frozen=True)
class Parcel:
    """A task with all that it needs. name: of the result, "" for none. version: of the package that sends it."""

    verb: str
    options: Mapping[str, Any]
    source: Bundle
    reference: Bundle | None
    name: str
    limit: float | None
    version: str


@dataclass(frozen=True)
class Reply:
    """What a worker answers. files: the results, name → bytes."""

    answer: Answer
    files: Mapping[str, bytes]
    seconds: float
    attempts: int


class _Handle:
    """A process with a queue of its own, so that each thread of the Dask worker waits for its answers only."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[tuple[Process, dict[str, Any] | None]] = queue.SimpleQueue()
        self.process = Process(self.events)
        self.ready = False

    def ask(self, message: Mapping[str, Any], limit: float | None) -> Answer | None:
        """The answer; None where the process ends without one. Raises `TimedOut`. Loading libraries takes no time."""
        self.process.give(None, dict(message))
        while True:
            left = None if limit is None or not self.ready else limit - self.process.seconds
            if left is not None and left <= 0.0:
                raise timed_out(limit or 0.0)
            try:
                _, said = self.events.get(timeout=left)
            except queue.Empty:
                continue
            if said is None:
                return None
            if "ready" not in said:
                return said
            self.ready, self.process.start = True, time.monotonic()


_idle: list[_Handle] = []
"""Processes of this Dask worker that wait for work; `close` ends them, and they end by themselves after a while."""
_lock = threading.Lock()


def perform(parcel: Parcel) -> Reply:
    """Work on the mesh of a parcel, in the Dask worker. Raises `InvalidParameter` where the versions differ."""
    from .. import __version__

    if parcel.version != __version__:
        raise InvalidParameter(
            f"A worker of the cluster has version {__version__} of this package, not {parcel.version}.",
            "Install the same version everywhere.",
        )
    with tempfile.TemporaryDirectory(prefix="spherical-cow-") as folder:
        place = Path(folder)
        source = parcel.source.unpack(place / "source")
        reference = None if parcel.reference is None else parcel.reference.unpack(place / "reference")
        target = place / "target" / parcel.name if parcel.name else None
        (place / "target").mkdir()
        begin = time.monotonic()
        answer, attempts = _answer(Task(0, parcel.verb, parcel.options, source, reference, target), parcel.limit)
        files = {file.name: file.read_bytes() for file in (place / "target").iterdir()} if answer["ok"] else {}
        return Reply(answer, files, time.monotonic() - begin, attempts)


def _answer(task: Task, limit: float | None) -> tuple[Answer, int]:
    attempts = 0
    while True:
        attempts += 1
        with _lock:
            handle = _idle.pop() if _idle else None
        handle = handle or _Handle()
        try:
            answer = handle.ask(task.message(), limit)
        except TimedOut as error:
            handle.process.end()
            return failure(error), attempts
        except BaseException:
            handle.process.end()
            raise
        if answer is not None:
            with _lock:
                _idle.append(handle)
            return answer, attempts
        crash = handle.process.crash()
        handle.process.end()
        if attempts == ATTEMPTS:
            return failure(crash), attempts
        task.clear()


def close() -> None:
    """End the processes of this Dask worker that wait for work."""
    with _lock:
        idle, _idle[:] = list(_idle), []
    for handle in idle:
        handle.process.end()
