# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions that the worker process runs: arrays and plain parameters in, arrays and JSON data out.

A module of tasks is imported when one of its tasks is asked for, so that a quick task does not wait for libraries
that only another needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from ..errors import InvalidParameter
from ..progress import Progress
from .outcome import Arrays, Outcome, Parameters, Task

MODULES: Mapping[str, str] = {
    "check": "meshes",
    "compare": "comparison",
    "repair": "meshes",
    "encode": "shapes",
    "decode": "shapes",
    "open_shapes": "shapes",
    "align": "alignment",
    "align_parameters": "alignment",
    "morph": "blending",
    "locality": "blending",
    "space": "spaces",
    "batch": "many",
    "make_dataset": "datasets",
    "check_dataset": "datasets",
    "symmetries": "symmetry",
    "symmetry_error": "symmetry",
    "symmetrise": "symmetrise",
    "symmetrise_shape": "symmetrise",
    "field_tool": "fields",
    "field_slice": "fields",
    "codes_train": "codes",
    "codes_fit": "codes",
    "codes_extract": "codes",
    "describe_checkpoints": "checkpoints",
    "predict": "prediction",
    "reconstruct": "reconstruction",
    "fit_pictures": "picture_fit",
    "take_pictures": "pictures",
    "train": "training",
    "fit_distance": "distance",
    "extract_distance": "distance",
}
"""Task → the module of this package whose `TASKS` has it."""


def task(name: str) -> Task:
    """The task `name`. Raises `InvalidParameter` for an unknown name."""
    if name not in MODULES:
        raise InvalidParameter(f"There is no task {name!r}.", f"Choose from {', '.join(MODULES)}.")
    tasks: Mapping[str, Task] = import_module(f".{MODULES[name]}", __name__).TASKS
    return tasks[name]


def run_task(name: str, arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Run the task `name` of `MODULES`. Raises `InvalidParameter` for an unknown name, and what the task raises."""
    return task(name)(arrays, parameters, progress)
