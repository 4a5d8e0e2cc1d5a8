# SPDX-License-Identifier: GPL-3.0-or-later
"""What came out of a training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TrainingReport:
    """checkpoint: the best weights. steps: done in all. best: the best score on the validation data. stopped_early:
    whether it ended before the last step, since it got no better or had reached its goal. losses: (steps so far, mean
    loss since the last). scores: (steps so far, score). best_step: where the best one was. seconds: of work in all,
    over all times that it was gone on with. remarks: what a user should know.
    """

    checkpoint: Path
    steps: int
    best: float
    stopped_early: bool
    losses: tuple[tuple[int, float], ...]
    scores: tuple[tuple[int, float], ...] = ()
    best_step: int = 0
    seconds: float = 0.0
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; a score that there is none of is null."""
        return {
            **vars(self),
            "checkpoint": str(self.checkpoint),
            "best": self.best if math.isfinite(self.best) else None,
            "losses": [list(row) for row in self.losses],
            "scores": [list(row) for row in self.scores],
            "remarks": list(self.remarks),
        }
