# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers of a Dask cluster. Nothing is assumed about their file systems: meshes travel there as bytes, results come
back as bytes, and only this process writes into the output folder."""

from __future__ import annotations

import re
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import InvalidParameter, MissingLibrary, OutputError, SphericalCowError, WorkerCrashed
from .files import Bundle, pack
from .local import failure
from .remote import Parcel, Reply, close, perform
from .task import Done, Task

CONNECT_SECONDS = 20.0
WINDOW = 2
"""Tasks under way for each thread of the cluster: one is worked on while the next one travels."""
RECOUNT_SECONDS = 2.0


def run_on_cluster(tasks: Iterator[Task], scheduler: str, limit: float | None = None) -> Iterator[Done]:
    """Run the tasks on the workers of a Dask scheduler, and give what becomes of each, in the order of their ends.

    scheduler: its address as `tcp://host:8786`, or its file (`--scheduler-file`). At most `WINDOW` tasks for each
    thread are under way, however many there are. When a worker dies, Dask gives its tasks to others.

    Raises `MissingLibrary` without `distributed`, and `WorkerCrashed` where the scheduler cannot be reached, has no
    workers, or is lost.
    """
    with _connected(scheduler) as (distributed, client):
        under_way: dict[Any, Task] = {}
        again: list[Task] = []
        window, counted = 0, 0.0
        try:
            while True:
                if time.monotonic() - counted > RECOUNT_SECONDS:
                    window, counted = WINDOW * sum(client.nthreads().values()), time.monotonic()
                while len(under_way) < window or not under_way:
                    task = again.pop() if again else next(tasks, None)
                    if task is None:
                        break
                    try:
                        parcel = _parcel(task, limit)
                    except SphericalCowError as error:
                        yield Done(task, failure(error), 0.0, 0)
                        continue
                    under_way[_submitted(client, parcel)] = task
                if not under_way:
                    return
                for future in _finished(distributed, client, list(under_way)):
                    yield _done(client, future, under_way.pop(future))
                if client.status != "running":
                    raise _lost()
        finally:
            with suppress(Exception):
                client.cancel(list(under_way), force=True)
            with suppress(Exception):
                client.run(close)


@contextmanager
def _connected(scheduler: str) -> Iterator[tuple[Any, Any]]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise MissingLibrary(
            "Work on a cluster needs the library distributed (Dask).",
            "Install it: pip install spherical-cow[cluster]",
        ) from error
    where = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
    if "address" in where and not re.fullmatch(r"(?:\w+://)?[^/\s]+:\d+/?|inproc://.+", scheduler):
        raise InvalidParameter(f"{scheduler!r} is no address of a scheduler.", "Give one such as tcp://host:8786.")
    try:
        client = distributed.Client(**where, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise WorkerCrashed(
            f"There is no Dask scheduler at {scheduler}.", "Give its address, as tcp://host:8786."
        ) from error
    try:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise WorkerCrashed(
                f"The Dask scheduler at {scheduler} has no workers.", "Start some: dask worker ADDRESS"
            ) from error
        yield distributed, client
    finally:
        with suppress(Exception):
            client.close(timeout=5)


def _parcel(task: Task, limit: float | None) -> Parcel:
    from .. import __version__

    source = pack(task.source)
    reference: Bundle | None = None if task.reference is None else pack(task.reference)
    name = "" if task.target is None else task.target.name
    return Parcel(task.verb, dict(task.options), source, reference, name, limit, __version__)


def _submitted(client: Any, parcel: Parcel) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a task of many bytes is large; the window bounds how many there are
        return client.submit(perform, parcel, key=f"spherical-cow-{uuid.uuid4()}", pure=False)


def _finished(distributed: Any, client: Any, futures: list[Any]) -> list[Any]:
    """Those that are over, after waiting a while for one."""
    with suppress(TimeoutError), client.as_current():
        distributed.wait(futures, timeout=0.5, return_when="FIRST_COMPLETED")
    return [future for future in futures if future.done()]


def _done(client: Any, future: Any, task: Task) -> Done:
    """What became of a task; its results are written into its own folder."""
    try:
        reply: Reply = future.result()
    except SphericalCowError as error:
        return Done(task, failure(error), 0.0, 1)
    except Exception as error:
        if client.status != "running" or future.cancelled():
            raise _lost() from error
        words = str(error).strip().splitlines() or [type(error).__name__]
        crash = WorkerCrashed(f"The cluster could not do it ({type(error).__name__}).", words[0])
        return Done(task, failure(crash), 0.0, 1)
    finally:
        future.release()
    if task.target is not None:
        try:
            for name, data in reply.files.items():
                (task.target.parent / Path(name).name).write_bytes(data)
        except OSError as error:
            raise OutputError(
                f"Cannot write in {task.target.parent}: {error.strerror}.", "Free some space on the disk."
            ) from error
    return Done(task, reply.answer, reply.seconds, reply.attempts)


def _lost() -> WorkerCrashed:
    return WorkerCrashed(
        "The connection to the Dask scheduler was lost.", "Start it again; the same command goes on from there."
    )
