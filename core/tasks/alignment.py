# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that bring shapes into a common pose: of meshes in space, and of encoded shapes on their sphere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..alignment.harmonic import align
from ..alignment.parameter import align_parameters, canonical_parameters
from ..alignment.report import alignment_report
from ..blending.morph import moved
from ..errors import InvalidParameter
from ..progress import Progress, part
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from, shape_from

REFERENCES = ("scene", "any_pose", "ellipsoid")
"""To what a sphere is turned: the reference as both lie, as they lie best on each other, or the shape's own axes."""


def _align(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    moving, target = mesh_from(arrays, "_moving"), mesh_from(arrays, "_target")
    found = align(
        moving,
        target,
        str(parameters.get("method", "harmonic")),
        scaling=bool(parameters.get("scaling", False)),
        starts=None if parameters.get("starts") is None else int(parameters["starts"]),
        keep=float(parameters.get("keep", 1.0)),
        both_ways=bool(parameters.get("both_ways", True)),
        seed=int(parameters.get("seed", 0)),
        progress=progress,
    )
    return Outcome({"matrix": found.similarity.matrix}, alignment_report(found))


def _align_parameters(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Rotations (n, 3, 3) of the spheres of the shapes `shape_0` …, each moved in space by its matrix in `matrices`.

    The shape `reference` is taken as it is, where there is one.
    """
    mode, count = str(parameters.get("reference", "scene")), int(parameters["count"])
    if mode not in REFERENCES:
        raise InvalidParameter(f"There is no reference {mode!r}.", f"Choose from {', '.join(REFERENCES)}.")
    rotations, distances = [], []
    for number in range(count):
        harmonics = moved(shape_from(arrays[f"shape_{number}"]), arrays["matrices"][number]).harmonics
        if mode == "ellipsoid":
            found = canonical_parameters(harmonics)
        else:
            reference = shape_from(arrays["reference"]).harmonics
            step = part(progress, number / count, (number + 1) / count)
            anywhere = mode == "any_pose"
            found = align_parameters(harmonics, reference, pose=anywhere, scaling=anywhere, progress=step)
        rotations.append(found.rotation)
        distances.append(found.distance_rel if np.isfinite(found.distance_rel) else None)
    return Outcome({"rotations": np.stack(rotations)}, {"distances_rel": distances})


TASKS: Mapping[str, Task] = {"align": _align, "align_parameters": _align_parameters}
