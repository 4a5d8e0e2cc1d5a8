# SPDX-License-Identifier: GPL-3.0-or-later
"""The task that makes meshes of a picture, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import InvalidParameter
from ..networks.catalogue import open_model
from ..networks.inputs import Framing, network_view
from ..networks.interface import PictureModel
from ..networks.picture_prediction import reconstruct, require_picture_model
from ..networks.reconstructed import Reconstruction
from ..networks.stages import carried
from ..progress import Progress, part
from .outcome import Array, Arrays, Outcome, Parameters, Task


def _reconstruct(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """A `checkpoint`, and `image` (H, W, …) or the path `input`, with a `framing` → `vertices_0`, `faces_0` … of each
    stage; `color`, `uv` and `texture` of the last, `camera_matrix` and `camera_world`, where the model tells them; and
    `view`, what it saw.

    fine: also `picture`, the same part of the picture as finely as it is. carry: also `carried_0`, … the vertices of
    each stage on the last mesh. unit: the result is of unit size, its middle at the origin.
    """
    progress(0.0, "Opening the picture")
    picture = Path(str(parameters["input"])) if parameters.get("input") else arrays.get("image")
    if picture is None:
        raise InvalidParameter("There is no picture.", "Give one.")
    network_view(picture)  # what is none is said before the model is opened, which takes longer
    progress(0.05, "Opening the model")
    model = require_picture_model(open_model(str(parameters["checkpoint"]), str(parameters.get("device", "auto"))))
    framing = _framing(parameters, model)
    view = network_view(picture, framing, model.picture_size)
    made = reconstruct(
        model,
        view.pixels,
        seed=int(parameters.get("seed", 0)),
        up=str(parameters.get("up", "y")),
        progress=part(progress, 0.1, 1.0),
    )
    result = made.result.of_unit_size() if parameters.get("unit") else made.result
    found = result_arrays(result) | {"view": view.pixels}
    if parameters.get("fine"):
        found["picture"] = network_view(picture, framing, None).pixels
    if parameters.get("carry"):
        found |= {f"carried_{n}": vertices for n, vertices in enumerate(carried(result.stages))}
    data = replace(made, result=result).to_dict()
    return Outcome(found, {**data, "remarks": [*view.remarks, *data["remarks"]], "view_remarks": list(view.remarks)})


def _framing(parameters: Parameters, model: PictureModel) -> Framing:
    """As given; without a `fill`, that of the pictures which the model has learned from."""
    given = parameters.get("framing", {})
    return Framing(**{**given, "fill": given.get("fill") or model.trained_fill})


def result_arrays(result: Reconstruction) -> dict[str, Array]:
    """What a task gives of a result; see `_reconstruct`."""
    found: dict[str, Array] = {}
    for number, mesh in enumerate(result.stages):
        found |= {f"vertices_{number}": mesh.vertices, f"faces_{number}": mesh.faces}
    if "color" in result.mesh.attributes:
        found["color"] = result.mesh.attributes["color"]
    if result.texture is not None:
        found |= {"uv": result.texture.uv, "texture": result.texture.pixels}
    if result.camera is not None:
        found |= {"camera_matrix": result.camera.matrix, "camera_world": result.camera.world}
    return found


TASKS: Mapping[str, Task] = {"reconstruct": _reconstruct}
