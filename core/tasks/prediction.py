# SPDX-License-Identifier: GPL-3.0-or-later
"""The task that lets a network make meshes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..alignment.similarity import Similarity
from ..errors import InvalidParameter
from ..mesh import Mesh
from ..networks.catalogue import open_model
from ..networks.inputs import Framing, network_view, read_input
from ..networks.prediction import Prediction, predict
from ..progress import Progress, part
from .outcome import Array, Arrays, Outcome, Parameters, Task

_SETTINGS = ("resolution", "steps", "threshold", "seed", "count", "refinement", "faces", "normals", "up", "published")


def _predict(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """A `checkpoint` and `image`, `points`, `vertices` with `faces`, `voxels`, the path `input`, or nothing →
    `vertices_0`, `faces_0`, … for each mesh, `blocks_vertices` and `blocks_faces`, and `view`, what was seen."""
    settings = Prediction(**{name: parameters[name] for name in _SETTINGS if name in parameters})
    framing = Framing(**parameters.get("framing", {}))
    progress(0.0, "Opening the model")
    model = open_model(str(parameters["checkpoint"]), str(parameters.get("device", "auto")))
    given, placement, remarks = _given(arrays, parameters, model.card.inputs, framing)
    made = predict(
        model,
        given,
        settings,
        placement=placement,
        with_blocks=bool(parameters.get("blocks", False)),
        progress=part(progress, 0.05, 1.0),
    )
    found: dict[str, Array] = {}
    for number, mesh in enumerate(made.meshes):
        found |= {f"vertices_{number}": mesh.vertices, f"faces_{number}": mesh.faces}
        found |= {f"{name}_{number}": values for name, values in mesh.attributes.items()}
    if made.blocks is not None:
        found |= {"blocks_vertices": made.blocks.vertices, "blocks_faces": made.blocks.faces}
    if model.card.inputs == "image" and isinstance(given, np.ndarray):
        found["view"] = given
    data = made.to_dict()
    return Outcome(found, {**data, "remarks": [*remarks, *data["remarks"]], "inputs": model.card.inputs})


def _given(
    arrays: Arrays, parameters: Parameters, wanted: str, framing: Framing
) -> tuple[Any, Similarity | None, tuple[str, ...]]:
    if parameters.get("input"):
        read = read_input(str(parameters["input"]), wanted, framing)
        return read.given, read.placement, read.remarks
    if wanted == "image" and "image" in arrays:
        view = network_view(arrays["image"], framing)
        return view.pixels, None, view.remarks
    if wanted in ("points", "voxels", "mesh") and "vertices" in arrays:
        faces = arrays.get("faces", np.zeros((0, 3), np.int64))
        if wanted == "points" and not len(faces):
            return arrays["vertices"], None, ()
        return Mesh(arrays["vertices"], faces), None, ()
    if wanted in arrays:
        return arrays[wanted], None, ()
    if wanted == "nothing":
        return None, None, ()
    there = ", ".join(sorted(arrays)) or "nothing"
    raise InvalidParameter(f"This model sees {wanted}, but there is {there}.", f"Give {wanted}, or another model.")


TASKS: Mapping[str, Task] = {"predict": _predict}
