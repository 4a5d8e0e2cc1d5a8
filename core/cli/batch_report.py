# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line says about a batch: progress while it runs, what failed, the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..batch import Row, Summary
from ..batch.rows import FAILED
from ..progress import Progress, silent
from .console import Console

CANCELLED = 130
LOG_SECONDS = 10.0
"""Between two lines of progress in a log file."""


def status(summary: Summary) -> int:
    """The exit status: 130 stopped, 1 some failed or cannot be encoded, 0 all is well."""
    if summary.cancelled:
        return CANCELLED
    faulty = summary.verb == "check" and not all(row.facts.get("encodable") for row in summary.rows)
    return 1 if summary.failed or faulty else 0


def tell(row: Row, console: Console) -> None:
    """Say at once what failed."""
    if row.status == FAILED:
        console.log(f"{row.input}: {row.message}")


def lines(summary: Summary) -> list[str]:
    """What the user reads at the end."""
    total = len(summary.rows)
    text = f"{summary.done:,} of {total:,} done"
    if summary.earlier:
        text += f" ({summary.earlier:,} of them earlier)"
    if summary.failed:
        text += f", {summary.failed:,} failed"
    found = [f"{text}."]
    if summary.verb == "check":
        found.append(f"{sum(bool(row.facts.get('encodable')) for row in summary.rows):,} can be encoded.")
    if summary.cancelled:
        found.append("Stopped: nothing is half-written, and the same command goes on from here.")
    if summary.path is not None:
        found.append(f"The table is {summary.path}.")
    return found


@contextmanager
def meter(console: Console) -> Iterator[Progress]:
    """A progress bar where there is a terminal, by `rich` or plain; else a line in the log now and then."""
    if not sys.stderr.isatty():
        yield _logging(console)
        return
    with console.progress() as progress:
        if progress is not silent:
            yield progress
            return
    try:
        yield lambda fraction, phase: print(f"\r{fraction:4.0%}  {phase:70.70}", end="", file=sys.stderr, flush=True)
    finally:
        print(file=sys.stderr)


def _logging(console: Console) -> Progress:
    last = time.monotonic()

    def report(fraction: float, phase: str) -> None:
        nonlocal last
        if time.monotonic() - last > LOG_SECONDS:
            last = time.monotonic()
            console.log(f"{fraction:4.0%}  {phase}")

    return report
