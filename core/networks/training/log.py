# SPDX-License-Identifier: GPL-3.0-or-later
"""How a training went: a table that grows while it runs, and logs for TensorBoard."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from ...errors import MissingLibrary, OutputError
from ...files import csv_text, write_text

LOG = "log.csv"
TENSORBOARD = "tensorboard"
_HEADS = ("step", "loss", "score", "learning_rate", "seconds")


@dataclass(frozen=True)
class Row:
    """steps so far, mean loss since the last row, score where there was a validation, learning rate, seconds so far."""

    step: int
    loss: float
    score: float | None
    rate: float
    seconds: float


def read_log(folder: str | Path) -> list[Row]:
    """The rows of the training in a folder, in order; none where there is no log. A last line that is being written is
    left out. Needs no PyTorch. Raises `OutputError` where the file cannot be read."""
    path = Path(folder) / LOG
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"{path} cannot be read.", "Check its permissions.") from error
    rows: list[Row] = []
    for cells in csv.reader(text[: text.rfind("\n") + 1].splitlines()[1:]):
        with suppress(ValueError):
            step, loss, score, rate, seconds = cells
            rows.append(Row(int(step), float(loss), float(score) if score else None, float(rate), float(seconds)))
    return rows


class Log:
    """The table `log.csv` in a folder, and `tensorboard/` where asked for. Only the first process has one.

    rows: those of the training up to where it goes on; what an interrupted one wrote after that is dropped.
    """

    def __init__(self, folder: Path, rows: Sequence[Row], tensorboard: bool) -> None:
        self.path = folder / LOG
        write_text(self.path, csv_text(_HEADS, map(astuple, rows)))
        self._board = _board(folder / TENSORBOARD, rows) if tensorboard else None

    def add(self, row: Row) -> None:
        """Write a row at once. Raises `OutputError` where that is not possible."""
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(astuple(row))
        except OSError as error:
            raise OutputError(f"Cannot write {self.path}: {error.strerror}.", "Make room on the disk.") from error
        if self._board is not None:
            self._board.add_scalar("loss", row.loss, row.step)
            self._board.add_scalar("learning rate", row.rate, row.step)
            if row.score is not None and math.isfinite(row.score):
                self._board.add_scalar("score", row.score, row.step)
            self._board.flush()

    def close(self) -> None:
        """Close what is open."""
        if self._board is not None:
            self._board.close()


def _board(folder: Path, rows: Sequence[Row]) -> Any:
    """A writer of TensorBoard's files. What was logged after the last of the rows is hidden from the curves."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingLibrary(
            "Logs for TensorBoard need the library of that name.",
            "Install it (pip install tensorboard), or take tensorboard = true out of the configuration.",
        ) from error
    return SummaryWriter(str(folder), purge_step=rows[-1].step + 1 if rows else None)
