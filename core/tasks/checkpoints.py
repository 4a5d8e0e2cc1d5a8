# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about files of weights: what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SphericalCowError
from ..networks.catalogue import describe
from ..progress import Progress
from .outcome import Arrays, Outcome, Parameters, Task


def _describe(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`paths` → `checkpoints`, what each is, and `failures`, what each of the others has for an error."""
    paths = [str(path) for path in parameters["paths"]]
    described: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for number, path in enumerate(paths):
        progress(number / len(paths), "Reading weights")
        try:
            described.append(describe(path).to_dict())
        except SphericalCowError as error:
            failures.append({"path": path, **error.to_dict()})
    return Outcome(data={"checkpoints": described, "failures": failures})


TASKS: Mapping[str, Task] = {"describe_checkpoints": _describe}
