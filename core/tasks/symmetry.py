# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about symmetry: find it, and measure it at each vertex."""

from __future__ import annotations

from collections.abc import Mapping

from ..progress import Progress
from ..symmetry.detect import THRESHOLD, symmetries
from ..symmetry.elements import element_from_dict
from ..symmetry.heat import symmetry_error
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from


def _symmetries(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    threshold = float(parameters.get("threshold", THRESHOLD))
    found = symmetries(mesh_from(arrays), threshold, seed=int(parameters.get("seed", 0)), progress=progress)
    return Outcome(data=found.to_dict())


def _symmetry_error(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    element = element_from_dict(parameters["element"])
    return Outcome({"error": symmetry_error(mesh_from(arrays), element, progress=progress)})


TASKS: Mapping[str, Task] = {"symmetries": _symmetries, "symmetry_error": _symmetry_error}
