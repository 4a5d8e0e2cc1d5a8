# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training is: the model, its data, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TrainingConfig:
    """model: a name of `catalogue.MODELS`. dataset: the folder to learn from. out: where checkpoints and logs go.

    batch: examples at once, over all processes. steps: of the optimiser in all. validate_every, save_every: in steps.
    patience: validations without a better one before it stops; 0 for never. mixed_precision: where there is CUDA.
    options: what only this model has.
    """

    model: str
    dataset: Path
    out: Path
    seed: int = 0
    batch: int = 64
    steps: int = 100_000
    learning_rate: float = 1e-4
    validate_every: int = 2_000
    save_every: int = 2_000
    patience: int = 0
    device: str = "auto"
    mixed_precision: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
