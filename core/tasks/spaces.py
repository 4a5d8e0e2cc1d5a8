# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about many shapes: build a shape space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..codec import sampling_mesh
from ..progress import Progress, part
from ..shapefile import shape_to_bytes
from ..statistics.evaluation import evaluate, outliers
from ..statistics.space import build_space
from ..statistics.spacefile import space_to_bytes
from .outcome import Arrays, Outcome, Parameters, Task, shape_from

MOST_EVALUATED = 200
"""Members up to which the figures of a space are worked out unasked: they take the fourth power of it."""


def _space(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`shape_0` … → `space`, `mean` as bytes, `sphere` and `faces` of the mesh on which the space is shown.

    With the sampling "source" that is the first shape's own, which then is the reference.
    """
    names = [str(name) for name in parameters["names"]]
    shapes = [shape_from(arrays[f"shape_{number}"]) for number in range(len(names))]
    lmax = parameters.get("lmax")
    space = build_space(
        shapes,
        names,
        alignment=str(parameters.get("alignment", "rigid")),
        color=bool(parameters.get("color", False)),
        lmax=None if lmax is None else int(lmax),
        progress=part(progress, 0.0, 0.8),
    )
    progress(0.8, "Measuring the space")
    report = {}
    if space.n_members <= MOST_EVALUATED:
        report = {
            "evaluation": evaluate(space, samples=200).to_dict(),
            "outliers": [vars(row) for row in outliers(space)],
        }
    progress(0.95, "Making the mean")
    size = parameters.get("size")
    mesh = sampling_mesh(shapes[0], str(parameters.get("sampling", "icosphere")), None if size is None else int(size))
    stored = np.frombuffer(space_to_bytes(space, single=True), np.uint8)
    mean = np.frombuffer(shape_to_bytes(space.at().compact()), np.uint8)
    data = {"explained": space.explained.tolist(), **report}
    return Outcome({"space": stored, "mean": mean, "sphere": mesh.vertices, "faces": mesh.faces}, data)


TASKS: Mapping[str, Task] = {"space": _space}
