# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each mesh, and of all: rows, the summary, and the files that hold it."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InvalidParameter, MissingLibrary
from ..files import atomic_write

DONE, FAILED, WAITING = "done", "failed", "waiting"
FORMATS = ("csv", "parquet")
_FIRST = ("input", "output", "status", "error", "message", "attempts", "seconds")


@dataclass(frozen=True)
class Row:
    """One mesh. input: its place below the folder that all inputs share. output: its result below the output folder.

    status: "done", "failed", or "waiting" where the work ended before its turn. error: the name of the error, and
    message: what was found and what to do. seconds: wall time. facts: what the verb measured, by name.
    earlier: it was done by an earlier run.
    """

    input: str
    output: str | None = None
    status: str = WAITING
    error: str | None = None
    message: str | None = None
    attempts: int = 0
    seconds: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    earlier: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The row by column: the facts follow the rest."""
        return {**{name: getattr(self, name) for name in _FIRST}, **self.facts}


@dataclass(frozen=True)
class Summary:
    """The end of a batch. rows: one for each input, by name. path: the file with the table, or None.

    seconds: wall time of this run. cancelled: it was stopped before its end; the same call goes on from there.
    """

    verb: str
    rows: tuple[Row, ...]
    path: Path | None
    seconds: float
    cancelled: bool = False

    @property
    def done(self) -> int:
        """How many are done, now or earlier."""
        return sum(row.status == DONE for row in self.rows)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(row.status == FAILED for row in self.rows)

    @property
    def earlier(self) -> int:
        """How many were done by an earlier run."""
        return sum(row.earlier for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the counts, and `rows` by column."""
        return {
            "verb": self.verb,
            "total": len(self.rows),
            "done": self.done,
            "earlier": self.earlier,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "seconds": self.seconds,
            "summary": None if self.path is None else str(self.path),
            "rows": [row.to_dict() for row in self.rows],
        }


def require_format(name: str) -> None:
    """Raise `InvalidParameter` for an unknown format, `MissingLibrary` where Parquet cannot be written."""
    if name not in FORMATS:
        raise InvalidParameter(f"There is no summary format {name!r}.", f"Choose from {', '.join(FORMATS)}.")
    if name == "parquet":
        _parquet()


def write_table(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as CSV or Parquet, by the ending of `path`; whole or not at all.

    All rows have the same columns; what a row does not have is empty. Raises `OutputError`.
    """
    table = [row.to_dict() for row in rows]
    names = list(dict.fromkeys([*_FIRST, *(name for row in table for name in row)]))
    columns = {name: _alike([row.get(name) for row in table]) for name in names}
    with atomic_write(path) as temporary:
        if path.suffix == ".parquet":
            _write_parquet(columns, temporary)
            return
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(zip(*columns.values(), strict=True))


def _alike(values: Sequence[Any]) -> list[Any]:
    """A column of one kind: whole numbers beside fractions become fractions, anything else beside text becomes text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return list(values)
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]


def _write_parquet(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    arrow, parquet = _parquet()
    arrays = {}
    for name, values in columns.items():
        is_text = any(isinstance(value, str) for value in values) or all(value is None for value in values)
        clean = [_utf8(value) if isinstance(value, str) else value for value in values]
        arrays[name] = arrow.array(clean, type=arrow.string() if is_text else None)
    parquet.write_table(arrow.table(arrays), path)


def _utf8(text: str) -> str:
    """File names may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def _parquet() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingLibrary(
            "A summary in Parquet needs the library pyarrow.",
            "Install it: pip install spherical-cow[parquet]; or take CSV.",
        ) from error
    return pyarrow, pyarrow.parquet


class Pace:
    """Counts what is done, and says how fast it goes and how long it will take."""

    def __init__(self, total: int) -> None:
        self.total, self.over, self.failed, self.fresh = total, 0, 0, 0
        self.begin = time.monotonic()

    def count(self, row: Row) -> None:
        """One more is over."""
        self.over += 1
        self.failed += row.status == FAILED
        self.fresh += not row.earlier

    @property
    def fraction(self) -> float:
        """Share of the inputs that are over."""
        return self.over / self.total if self.total else 1.0

    def words(self) -> str:
        """As "12 of 100, 1 failed, 2.4/s, 37 s left"."""
        parts = [f"{self.over:,} of {self.total:,}"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        seconds = time.monotonic() - self.begin
        if self.fresh and seconds > 0.0:
            rate = self.fresh / seconds
            parts.append(f"{rate:.2g}/s" if rate >= 1.0 else f"{60.0 * rate:.2g}/min")
            if self.over < self.total:
                parts.append(f"{duration((self.total - self.over) / rate)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """As "45 s", "12 min" or "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
