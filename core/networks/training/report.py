# SPDX-License-Identifier: GPL-3.0-or-later
"""What came out of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainingReport:
    """checkpoint: the best weights. steps: done in all. best: the best score on the validation data. stopped_early:
    whether it ended before the last step, since it got no better. losses: (steps so far, mean loss since the last)."""

    checkpoint: Path
    steps: int
    best: float
    stopped_early: bool
    losses: tuple[tuple[int, float], ...]
