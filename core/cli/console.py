# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line prints: one JSON object or plain lines on stdout, logs and progress on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import OutputError, SphericalCowError
from ..progress import Progress, silent


class Console:
    """Prints results as text, or as one JSON object when `as_json` is set."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def result(self, data: Mapping[str, Any], lines: list[str]) -> None:
        """The result of a verb: `data` as JSON, or `lines` as text, on stdout."""
        print(json.dumps(data, allow_nan=False) if self.as_json else "\n".join(lines))

    def log(self, text: str) -> None:
        """A line for people, on stderr."""
        print(text, file=sys.stderr)

    def error(self, error: SphericalCowError) -> None:
        """A typed error: its words on stderr, and with `as_json` as an object on stdout."""
        if self.as_json:
            print(json.dumps(error.to_dict()))
        self.log(f"spherical-cow: {error}")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on stderr, only where that is a terminal and `rich` is installed."""
        bar = _rich_bar() if sys.stderr.isatty() else None
        if bar is None:
            yield silent
            return
        with bar:
            task = bar.add_task("", total=1.0)
            yield lambda fraction, phase: bar.update(task, completed=fraction, description=phase)


def _rich_bar() -> Any:
    try:
        from rich.console import Console as RichConsole
        from rich.progress import Progress as RichProgress
    except ImportError:
        return None
    return RichProgress(console=RichConsole(stderr=True), transient=True)


def require_writable(path: str | Path) -> None:
    """Raise `OutputError` before any work is done when a file at `path` could not be written."""
    target = Path(path)
    folder = target.parent
    if target.is_dir():
        raise OutputError(f"{target} is a folder.", "Give the name of a file.")
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist.", "Make it, or choose another place.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"The folder {folder} cannot be written to.", "Choose another place.")


def make_folder(path: str | Path) -> Path:
    """The folder at `path`, made if need be. Raises `OutputError` where that is not possible."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another place.") from error
    if not os.access(folder, os.W_OK):
        raise OutputError(f"The folder {folder} cannot be written to.", "Choose another place.")
    return folder
