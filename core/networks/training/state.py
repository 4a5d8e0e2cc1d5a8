# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a training is at a moment, in a file from which it goes on as if it had never stopped."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CheckpointError, InvalidParameter
from ...files import atomic_write
from ..runtime import require_torch
from .config import LAST, TrainingConfig
from .log import Row

BEST = "best.safetensors"
FORMAT = 1

SAME = ("model", "seed", "batch", "options")
"""Of the configuration: what must not change when a training goes on."""

NOTED = ("learning_rate", "decay", "decay_every", "mixed_precision")
"""What may change, but then it is no longer the training that was never stopped."""


@dataclass
class Progressed:
    """Where a training is: steps done, the best score and where it was, validations since, seconds, what was logged.

    loss, count: the sum of the losses since the last row of the log, and how many there are.
    """

    step: int = 0
    best: float = -math.inf
    best_step: int = 0
    worse: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    count: int = 0
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Learner:
    """What changes while a network learns."""

    network: Any
    optimiser: Any
    scaler: Any


def identity(config: TrainingConfig, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What tells this training from another, in plain values."""
    told = {name: getattr(config, name) for name in (*SAME, *NOTED)}
    return json.loads(json.dumps({**told, "options": dict(config.options), "facts": dict(facts)}))


def save_state(folder: Path, learner: Learner, done: Progressed, who: Mapping[str, Any]) -> None:
    """Write the state, whole or not at all. Raises `OutputError`."""
    torch = require_torch()
    content = {
        "network": who["model"],  # this and the facts for whoever opens the file as a checkpoint
        **who["facts"],
        "model": learner.network.state_dict(),
        "optimizer": learner.optimiser.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "format": FORMAT,
        "identity": json.dumps(who),
        "progress": json.dumps({**vars(done), "rows": [astuple(row) for row in done.rows]}),
    }
    with atomic_write(folder / LAST) as temporary:
        torch.save(content, temporary)


def load_state(
    stored_bytes: bytes, learner: Learner, who: Mapping[str, Any], folder: Path
) -> tuple[Progressed, list[str]]:
    """Put what `save_state` wrote into the network and the optimiser. Gives where it is, and what has changed.

    folder: where it comes from, for the words of errors. Raises `CheckpointError` for a damaged file, and
    `InvalidParameter` where it is another training.
    """
    path, torch = folder / LAST, require_torch()
    try:
        content = torch.load(io.BytesIO(stored_bytes), map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} is damaged.", "Begin anew in another folder.") from error
    try:
        found, stored = json.loads(content["identity"]), json.loads(content["progress"])
        changes = _changes(found, who, folder)
        learner.network.load_state_dict(content["model"])
        learner.optimiser.load_state_dict(content["optimizer"])
        learner.scaler.load_state_dict(content["scaler"])
        return Progressed(**{**stored, "rows": [Row(*cells) for cells in stored["rows"]]}), changes
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} is damaged, or of another version: {str(error).splitlines()[0]}.",
            "Begin anew in another folder.",
        ) from error


def _changes(found: Mapping[str, Any], who: Mapping[str, Any], folder: Path) -> list[str]:
    """What is not as it was, a line each. Raises `InvalidParameter` where it must not change."""
    before, now = ({**part, **part["facts"]} for part in (found, who))
    changes = []
    for name in sorted({*before, *now} - {"facts"}):
        if before.get(name) == now.get(name):
            continue
        told = f"{name} = {before.get(name)!r}, now it is {now.get(name)!r}."
        if name not in NOTED:
            raise InvalidParameter(
                f"The training in {folder} was begun with {told}", "Go on with the same, or begin in another folder."
            )
        changes.append(f"It was begun with {told}")
    return changes
