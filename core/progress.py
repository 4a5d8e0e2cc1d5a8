# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress as a plain callable, and the time that each stage took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[float, str], None]
"""`progress(fraction, phase)`: fraction in [0, 1], phase a short text such as "Mapping to the sphere".

It may raise `errors.Cancelled`, so long functions call it often and hold nothing that must be undone.
"""


def silent(fraction: float, phase: str) -> None:
    """A `Progress` that ignores what it is told."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """A `Progress` for a sub-step that fills the range [start, end] of `progress`."""

    def report(fraction: float, phase: str) -> None:
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), phase)

    return report


class Stages:
    """Collects the seconds that named stages take: `with stages("map"): …`; then `stages.seconds`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Adds the wall time of the `with` body to `seconds[name]`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin
