# SPDX-License-Identifier: GPL-3.0-or-later
"""Many meshes through one verb: what is done already is left, what fails is reported, the rest goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import Cancelled, InvalidParameter, OutputError, SphericalCowError
from ..files import expanded
from ..progress import Progress, silent
from ..shapefile import FORMAT_VERSION as SHAPE_VERSION
from .cluster import run_on_cluster
from .files import content
from .items import Item, find_items, require_apart
from .local import run_local
from .references import References
from .rows import DONE, FAILED, Pace, Row, Summary, require_format, write_table
from .state import UNFINISHED, State, key, opened
from .task import Done, Task
from .verbs import find_verb

FORMAT_VERSION = 1
"""Of the records of what is done; with another one, everything is done again."""


def run(
    verb: str,
    inputs: Sequence[str | Path],
    out: str | Path | None,
    *,
    reference: str | Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    timeout: float | None = None,
    summary: str = "csv",
    recursive: bool = True,
    progress: Progress = silent,
    on_row: Callable[[Row], None] = lambda row: None,
    **options: Any,
) -> Summary:
    """Do `verb` ("check", "repair", "encode", "decode" or "compare") to all meshes of `inputs`.

    inputs: folders (with their sub-folders, if `recursive`), globs, files, and list files (`.txt`, a name in each
        line). out: the folder for the results, the state and the table; None writes nothing, and gives the rows only.
    reference: for "compare": a mesh, or a folder with meshes of the same names.
    jobs: how many processes work at once, each with one thread; by default as many as there are cores.
    scheduler: the address of a Dask scheduler, whose workers do the work instead. They need this package, and no
        file system in common with this machine.
    timeout: seconds for each mesh. summary: "csv" or "parquet". options: of the verb, as `VERBS[verb].options`.
    on_row: is told each `Row` when it is known, in the order of their ends. progress: is told after each.

    The same mesh gives the same result whatever `jobs` is, coefficients but for the last bit. A mesh that fails,
    takes too long or kills its worker does not stop the others. When the work is stopped (`KeyboardInterrupt`, or
    `Cancelled` from `progress`), nothing half-written is left, and the same call goes on from there.

    Example:
        >>> summary = run("encode", ["scans/"], "coefficients/", lmax=32)
        >>> [row.message for row in summary.rows if row.status == "failed"]

    Raises `InvalidParameter` (unknown verb or option, nothing to do, an output folder inside an input folder),
    `OutputError`, `MissingLibrary` (Dask, pyarrow), and `WorkerCrashed` where no worker can start. Every other error
    is that of one mesh, and in its row.
    """
    begin = time.monotonic()
    chosen = find_verb(verb)
    settled = chosen.settled(options)
    require_format(summary)
    _require_limits(jobs, timeout)
    items = find_items(inputs, chosen, settled, recursive=recursive)
    references = References(verb, reference)
    with ExitStack() as stack:
        state = None
        if out is not None:
            require_apart(inputs, items, chosen, expanded(out), recursive=recursive)
            state = stack.enter_context(opened(_made(expanded(out)), verb))
        batch = _Batch(verb, settled, items, references, state, progress, on_row)
        tasks = batch.tasks()
        if scheduler is None:
            ends = run_local(tasks, min(jobs or _cores(), len(items)), timeout)
        else:
            ends = run_on_cluster(tasks, scheduler, timeout)
        path = None if state is None else state.out / f"{verb}.summary.{summary}"
        return batch.finish(ends, path, begin)


class _Batch:
    """One run: turns items into tasks, and their ends into rows."""

    def __init__(
        self,
        verb: str,
        options: Mapping[str, Any],
        items: Sequence[Item],
        references: References,
        state: State | None,
        progress: Progress,
        on_row: Callable[[Row], None],
    ) -> None:
        self.verb, self.options, self.items = verb, options, items
        self.references, self.state = references, state
        self.progress, self.on_row = progress, on_row
        self.pace = Pace(len(items))
        self.rows = [Row(item.name) for item in items]
        self.keys: dict[int, str] = {}  # of those that are being worked on

    def tasks(self) -> Iterator[Task]:
        """What is to be done. What is done already, or cannot be read, becomes a row at once."""
        for number, item in enumerate(self.items):
            try:
                reference = self.references.of(item)
                self.keys[number] = work = self._key(item, reference)
                earlier = self.state.result_of(item.name, work, item.output) if self.state else None
                if earlier is not None:
                    self._note(number, Row(**{**earlier["row"], "earlier": True}))
                    continue
                yield Task(number, self.verb, self.options, item.path, reference, self._target(number, item))
            except SphericalCowError as error:
                self._note(number, _failed(item, error.to_dict(), 0, None))

    def finish(self, ends: Iterator[Done], path: Path | None, begin: float) -> Summary:
        """Take all ends as they come; write the table, also when the work is stopped."""
        cancelled = False
        self.progress(0.0, "Starting")
        try:
            for done in ends:
                self._take(done)
        except (KeyboardInterrupt, Cancelled):
            cancelled = True
        finally:
            ends.close()  # type: ignore[attr-defined]
        if self.state is not None and path is not None:
            self.state.compact()
            write_table(self.rows, path)
        return Summary(self.verb, tuple(self.rows), path, time.monotonic() - begin, cancelled)

    def _key(self, item: Item, reference: Path | None) -> str:
        from .. import __version__

        versions = [FORMAT_VERSION, SHAPE_VERSION, __version__]
        other = None if reference is None else self.references.content(reference)
        return key(versions, self.verb, self.options, content(item.path), other)

    def _target(self, number: int, item: Item) -> Path | None:
        """Each task has a folder of its own, and its results are moved into their places when it is over."""
        if self.state is None or item.output is None:
            return None
        folder = self.state.out / UNFINISHED / str(number)
        folder.mkdir(exist_ok=True)
        return folder / PurePosixPath(item.output).name

    def _take(self, done: Done) -> None:
        item, number = self.items[done.task.number], done.task.number
        work, answer = self.keys.pop(number), done.answer
        if not answer["ok"]:
            self._note(number, _failed(item, answer["error"], done.attempts, done.seconds))
            return
        row = Row(item.name, item.output, DONE, None, None, done.attempts, done.seconds, dict(answer["facts"]))
        if self.state is not None:
            files = [] if item.output is None else self._put(done.task, item.output)
            self.state.add(item.name, work, files, {name: value for name, value in vars(row).items() if value})
        self._note(number, row)

    def _put(self, task: Task, output: str) -> list[str]:
        """Move the results of a task to their places; gives these, below the output folder."""
        out, place = self.state.out, PurePosixPath(output).parent  # type: ignore[union-attr]
        folder = task.target.parent  # type: ignore[union-attr]
        try:
            (out / place).mkdir(parents=True, exist_ok=True)
            names = sorted(file.name for file in folder.iterdir())
            for name in names:
                (folder / name).replace(out / place / name)
            folder.rmdir()
        except OSError as error:
            raise OutputError(f"Cannot write {out / output}: {error.strerror}.", "Choose another place.") from error
        return [str(place / name) for name in names]

    def _note(self, number: int, row: Row) -> None:
        self.rows[number] = row
        self.pace.count(row)
        self.on_row(row)
        self.progress(self.pace.fraction, self.pace.words())


def _failed(item: Item, error: Mapping[str, Any], attempts: int, seconds: float | None) -> Row:
    message = f"{error['found']} {error['remedy']}".strip()
    return Row(item.name, None, FAILED, str(error["error"]), message, attempts, seconds)


def _require_limits(jobs: int | None, timeout: float | None) -> None:
    if jobs is not None and jobs < 1:
        raise InvalidParameter(f"There cannot be {jobs} jobs.", "Give 1 or more, or leave it out for all cores.")
    if timeout is not None and not timeout > 0.0:
        raise InvalidParameter(f"A mesh cannot be done in {timeout:g} s.", "Give more time, or leave it out.")


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another place.") from error
    return folder
