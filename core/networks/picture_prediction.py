# SPDX-License-Identifier: GPL-3.0-or-later
"""From a model of pictures and a picture to stages with a report: what the command line and Blender share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..alignment.similarity import Similarity
from ..errors import CheckpointError, InvalidParameter
from ..mesh import FloatArray
from ..progress import Progress, Stages, silent
from .inputs.points import AXES
from .interface import Model, PictureModel
from .reconstructed import Reconstruction


@dataclass(frozen=True)
class Reconstructed:
    """result: what was seen, with the axis up that was asked for. seconds: of each step."""

    result: Reconstruction
    seed: int
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """What is told of it, as JSON-ready data; numbers of vertices and faces are those of each stage."""
        result, texture, camera = self.result, self.result.texture, self.result.camera
        return {
            **result.facts,
            "stages": len(result.stages),
            "vertices": [mesh.n_vertices for mesh in result.stages],
            "faces": [mesh.n_faces for mesh in result.stages],
            "texture": None if texture is None else list(texture.pixels.shape[:2]),
            "camera": None if camera is None else {"matrix": camera.matrix.tolist(), "world": camera.world.tolist()},
            "picture_size": result.picture_size,
            "seed": self.seed,
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
            "remarks": list(result.remarks),
        }


def require_picture_model(model: Model) -> PictureModel:
    """The model, if it is one of pictures. Raises `InvalidParameter`."""
    if not isinstance(model, PictureModel):
        raise InvalidParameter(
            f"{model.card.title} does not bend a mesh to a picture.",
            "Choose another checkpoint, or its own section and options.",
        )
    return model


def reconstruct(
    model: Model, given: FloatArray | None, *, seed: int = 0, up: str = "y", progress: Progress = silent
) -> Reconstructed:
    """What a model sees in a picture (H, W, …).

    seed: of all that is random. up: the axis that is up in the result. Raises `InvalidParameter` for another model and
    without a picture, `ImageError`, and `CheckpointError` for weights that make no numbers.
    """
    pictured, steps = require_picture_model(model), Stages()
    if given is None:
        raise InvalidParameter(f"{model.card.title} needs a picture.", "Give one.")
    if up not in AXES:
        raise InvalidParameter(f"The axis {up!r} cannot be up.", f"Choose from {', '.join(AXES)}.")
    with steps("predict"):
        found = pictured.reconstruct(given, seed=seed, progress=progress)
    if not all(np.isfinite(mesh.vertices).all() for mesh in found.stages):
        raise CheckpointError("The weights make vertices that are not numbers.", "Get the file again, or train anew.")
    facts = {"model": model.card.name, "title": model.card.title, **model.facts(), **found.facts}
    turned = found if up == "y" else found.moved(Similarity(AXES[up]))
    return Reconstructed(replace(turned, facts=facts), seed, steps.seconds)
