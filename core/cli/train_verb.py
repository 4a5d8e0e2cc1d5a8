# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow train CONFIG.toml`: teach a network from a folder of shapes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import Cancelled
from ..networks.runtime import DEVICES
from ..networks.training.config import read_config
from ..networks.training.report import TrainingReport
from ..progress import Progress, silent
from .console import Console

EXIT_STOPPED = 130
_TOLD = 10.0
"""Seconds between two lines of progress where there is no terminal."""


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    verb = verbs.add_parser("train", help="teach a network from a folder of shapes, as a configuration says")
    verb.add_argument("config", metavar="CONFIG.toml", help="what is trained, on what, and how")
    verb.add_argument("--resume", action="store_true", help="go on with the training in the folder `out`")
    verb.add_argument("--device", choices=DEVICES, help="in place of the one of the configuration")
    verb.add_argument("--steps", type=int, metavar="N", help="in place of the number in the configuration")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace, console: Console) -> int:
    """Train; 0 when it is over, 130 when it was stopped, with all that is needed to go on."""
    from ..networks.training.run import train

    changes = {name: getattr(arguments, name) for name in ("device", "steps") if getattr(arguments, name) is not None}
    config = read_config(arguments.config, **changes)
    first = os.environ.get("RANK", "0") == "0"
    try:
        with _told(console) if first else _silent() as progress:
            report = train(config, progress, resume=arguments.resume, say=console.log)
    except Cancelled as stop:
        if first:
            console.log(f"spherical-cow: {stop.found} Go on: spherical-cow train {arguments.config} --resume")
        return EXIT_STOPPED
    if first:
        console.result(report.to_dict(), _lines(report))
    return 0


@contextmanager
def _silent() -> Iterator[Progress]:
    yield silent


@contextmanager
def _told(console: Console) -> Iterator[Progress]:
    """A bar in a terminal; elsewhere a line on stderr every ten seconds, since a training is long."""
    with console.progress() as bar:
        if sys.stderr.isatty() and bar is not silent:
            yield bar
            return
        last = [time.monotonic()]

        def tell(fraction: float, phase: str) -> None:
            if time.monotonic() - last[0] >= _TOLD:
                last[0] = time.monotonic()
                console.log(phase)

        yield tell


def _lines(report: TrainingReport) -> list[str]:
    end = "stopped early" if report.stopped_early else "done"
    return [
        f"{report.steps:,} steps, {end}, in {report.seconds:.1f} s",
        f"best score {report.best:.4f} after step {report.best_step:,}",
        f"{report.checkpoint}",
    ]
