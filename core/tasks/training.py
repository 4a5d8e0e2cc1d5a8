# SPDX-License-Identifier: GPL-3.0-or-later
"""The task that trains a network."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Cancelled
from ..networks.training.config import config_from
from ..progress import Progress
from .outcome import Arrays, Outcome, Parameters, Task


def _train(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`config` (the values of a `TrainingConfig`), `resume` → its report, and what the checkpoint is.

    Where it was stopped on request, `stopped` tells so, and there is no report.
    """
    from ..networks.catalogue import describe
    from ..networks.training.run import train

    config = config_from(parameters["config"])
    try:
        report = train(config, progress, resume=bool(parameters.get("resume", False)))
    except Cancelled as stop:
        return Outcome(data={"stopped": stop.found})
    described = describe(report.checkpoint).to_dict()
    return Outcome(data={"report": report.to_dict(), "checkpoint": described})


TASKS: Mapping[str, Task] = {"train": _train}
