# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that mix shapes: morph."""

from __future__ import annotations

from collections.abc import Mapping

from ..blending.morph import align_shapes, ends_of
from ..progress import Progress, part
from .outcome import Arrays, Outcome, Parameters, Task, shape_from


def _morph(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Shapes `shape_0`, `shape_1` … → `vertices` (N, V, 3), and `colors` where all have them, on one mesh."""
    shapes = [shape_from(arrays[f"shape_{number}"]) for number in range(int(parameters["count"]))]
    size = parameters.get("size")
    family = align_shapes(shapes, str(parameters.get("pose", "rigid")), progress=part(progress, 0.0, 0.7))
    ends = ends_of(
        family,
        str(parameters.get("sampling", "source")),
        None if size is None else int(size),
        seed=int(parameters.get("seed", 0)),
        progress=part(progress, 0.7, 1.0),
    )
    found = {"sphere": ends.sphere, "faces": ends.faces, "vertices": ends.vertices}
    if ends.colors is not None:
        found["colors"] = ends.colors
    return Outcome(found, {"distances_rel": list(family.distances_rel), "far": list(family.far)})


TASKS: Mapping[str, Task] = {"morph": _morph}
