# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed to a worker, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OutputError

Answer = Mapping[str, Any]
"""Of a worker, as JSON has it: `{"ok": true, "facts": {…}}` or `{"ok": false, "error": {…}}`."""


@dataclass(frozen=True)
class Task:
    """One mesh to work on.

    number: of the item, in the order of the inputs. options: plain JSON, complete. source: the input. reference: what
    it is compared with, or None. target: the file to write, in a folder of its own, or None to write nothing.
    """

    number: int
    verb: str
    options: Mapping[str, Any]
    source: Path
    reference: Path | None
    target: Path | None

    def message(self) -> dict[str, Any]:
        """The task as JSON-ready data."""
        return {
            "verb": self.verb,
            "options": dict(self.options),
            "source": str(self.source),
            "reference": None if self.reference is None else str(self.reference),
            "target": None if self.target is None else str(self.target),
        }

    def clear(self) -> None:
        """Empty the folder of the target, where a process that died while it wrote has left half a file.

        Raises `OutputError` where that cannot be.
        """
        if self.target is None:
            return
        try:
            for file in self.target.parent.iterdir():
                file.unlink()
        except OSError as error:
            raise OutputError(f"Cannot empty {self.target.parent}: {error.strerror}.", "Try it again.") from error


@dataclass(frozen=True)
class Done:
    """The end of a task. seconds: wall time of the last attempt. attempts: how often it was begun."""

    task: Task
    answer: Answer
    seconds: float
    attempts: int
