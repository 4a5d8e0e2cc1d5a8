# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done already: a readable file in the output folder, and the folder for what is not finished.

`VERB.state.jsonl` has a JSON object in each line: an input, the key of its content and of what was asked, the results
with the SHA-256 of their bytes, and the row of the summary. Lines are added as results come, and the file is written
anew, atomically, when a run begins. A line that a crash has cut off is not counted: its mesh is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ..errors import MeshFileError, OutputError
from ..files import atomic_write
from .files import digest

UNFINISHED = ".unfinished"
"""Folder inside the output folder; nothing in it counts."""

Record = dict[str, Any]


def key(*parts: Any) -> str:
    """SHA-256 of JSON-ready parts: the same for the same work, whatever it is called."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class State:
    """The records of one verb in one output folder; see `opened`."""

    def __init__(self, out: Path, verb: str) -> None:
        self.out, self.path = out, out / f"{verb}.state.jsonl"
        self.records = _read(self.path)
        self._file: IO[bytes] | None = None

    def result_of(self, name: str, work: str, output: str | None) -> Record | None:
        """The record of the input `name`, if that work is done and its results are there, unchanged."""
        record = self.records.get(name)
        if record is None or record["key"] != work or record["row"].get("output") != output:
            return None
        try:
            unchanged = all(digest(self.out / file) == was for file, was in record["files"].items())
        except MeshFileError:
            return None
        return record if unchanged else None

    def add(self, name: str, work: str, files: list[str], row: Mapping[str, Any]) -> None:
        """Note that a result is there. files: their places below the output folder."""
        record = {"input": name, "key": work, "files": {file: digest(self.out / file) for file in files}, "row": row}
        self.records[name] = record
        line = _line(record)
        try:
            if self._file is None:
                self._file = self.path.open("ab", buffering=0)
            self._file.write(line)
        except OSError as error:
            raise OutputError(f"Cannot write {self.path}: {error.strerror}.", "Free some space on the disk.") from error

    def compact(self) -> None:
        """Write the file anew: one line for each input, by name. Raises `OutputError`."""
        self.close()
        with atomic_write(self.path) as temporary:
            temporary.write_bytes(b"".join(_line(self.records[name]) for name in sorted(self.records)))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def opened(out: Path, verb: str) -> Iterator[State]:
    """The state of an output folder, which is ours alone meanwhile, with an empty folder for what is unfinished.

    Raises `OutputError` where the folder cannot be written to, or another batch is at work in it.
    """
    with _alone(out):
        unfinished = out / UNFINISHED
        shutil.rmtree(unfinished, ignore_errors=True)
        state = State(out, verb)
        state.compact()
        try:
            unfinished.mkdir()
        except OSError as error:
            raise OutputError(f"Cannot write in {out}: {error.strerror or error}.", "Choose another place.") from error
        try:
            yield state
        finally:
            state.close()
            shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold a lock on the folder, which the system takes away when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no locks on folders
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                f"Another batch is at work in {out}.", "Wait for it, or choose another folder."
            ) from error
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(handle)


def _line(record: Record) -> bytes:
    return (json.dumps(record, sort_keys=True) + "\n").encode()


def _read(path: Path) -> dict[str, Record]:
    """The records by input; the last one of each counts, and lines that are no records do not."""
    found: dict[str, Record] = {}
    data = b""
    with suppress(OSError):
        data = path.read_bytes()
    for line in data.splitlines():
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            record = json.loads(line)
            if isinstance(record["key"], str) and record["files"].items() is not None and record["row"].get is not None:
                found[str(record["input"])] = record
    return found
