# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that mix shapes, or look where in them the detail is: morph, locality."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..blending.morph import align_shapes, ends_of, moved
from ..harmonics.locality import locality
from ..progress import Progress, part
from .outcome import Arrays, Outcome, Parameters, Task, shape_from


def _morph(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Shapes `shape_0`, `shape_1` … → `vertices` (N, V, 3), and `colors` where all have them, on one mesh.

    `matrices` (N, 4, 4), where given, move the shapes before all else. `coefficients` (N, K, L+1, L+1) are the aligned
    ones, of the channels that the data names.
    """
    shapes = [shape_from(arrays[f"shape_{number}"]) for number in range(int(parameters["count"]))]
    if "matrices" in arrays:
        shapes = [moved(shape, np.asarray(one)) for shape, one in zip(shapes, arrays["matrices"], strict=True)]
    size = parameters.get("size")
    family = align_shapes(
        shapes,
        str(parameters.get("pose", "rigid")),
        match=bool(parameters.get("match", True)),
        progress=part(progress, 0.0, 0.9),
    )
    ends = ends_of(
        family,
        str(parameters.get("sampling", "source")),
        None if size is None else int(size),
        seed=int(parameters.get("seed", 0)),
        progress=part(progress, 0.9, 1.0),
    )
    found = {
        "sphere": ends.sphere,
        "faces": ends.faces,
        "vertices": ends.vertices,
        "coefficients": np.stack([one.coefficients for one in family.harmonics]),
    }
    if ends.colors is not None:
        found["colors"] = ends.colors
    channels = list(family.harmonics[0].channels)
    return Outcome(found, {"channels": channels, "distances_rel": list(family.distances_rel), "far": list(family.far)})


def _locality(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`shape`, `sphere` (V, 3) → `degree` (V,) and `share` (V, B) of the `bands` that the data lists."""
    measure = str(parameters.get("measure", "slope"))
    found = locality(shape_from(arrays["shape"]).harmonics, arrays["sphere"], measure, progress=progress)
    return Outcome({"degree": found.degree, "share": found.share}, {"bands": [list(band) for band in found.bands]})


TASKS: Mapping[str, Task] = {"morph": _morph, "locality": _locality}
