# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs in processes of their own, with a time limit each: one that hangs or crashes costs no other."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

PROCESSES = 2


@dataclass(frozen=True)
class Done:
    """job: as it was given. result: what the function gave; None when it failed. failure: why, in a line."""

    job: Any
    result: Any
    failure: str = ""


def run_jobs(
    function: Callable[[Any], Any], jobs: Sequence[Any], limit: float, processes: int = PROCESSES
) -> Iterator[Done]:
    """Call a function of a module on each job, and give the results as they come.

    limit: seconds for each job, after which its process is ended. An exception, a crash or the end of the time
    become a `Done` with a failure.
    """
    waiting = list(reversed(jobs))
    busy: list[_Worker] = []
    idle: list[_Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < processes:
                worker = idle.pop() if idle else _Worker(function)
                worker.give(waiting.pop())
                busy.append(worker)
            ready = wait([worker.pipe for worker in busy], timeout=0.5)
            for worker in list(busy):
                done = worker.take(worker.pipe in ready, limit)
                if done is None:
                    continue
                busy.remove(worker)
                if worker.usable:
                    idle.append(worker)
                yield done
    finally:
        for worker in busy + idle:
            worker.end()


class _Worker:
    """One process, and the job that it has."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(function, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.usable = True

    def give(self, job: Any) -> None:
        self.job, self.start = job, time.perf_counter()
        self.pipe.send(job)

    def take(self, ready: bool, limit: float) -> Done | None:
        """The result, if there is one or can be none any more."""
        if ready:
            try:
                result, failure = self.pipe.recv()
                return Done(self.job, result, failure)
            except (EOFError, OSError):
                self.end()
                return Done(self.job, None, f"crashed (status {self.process.exitcode})")
        if time.perf_counter() - self.start > limit:
            self.end()
            return Done(self.job, None, f"not done after {limit:.0f} s")
        return None

    def end(self) -> None:
        self.usable = False
        self.pipe.close()
        self.process.kill()
        self.process.join()


def _serve(function: Callable[[Any], Any], pipe: Connection) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((function(job), ""))
        except Exception as error:  # whatever it is, it is the finding
            text = str(error).strip().splitlines() or [""]
            pipe.send((None, f"{type(error).__name__}: {text[0]}"))
