# SPDX-License-Identifier: GPL-3.0-or-later
"""The models by name. To add one: a module in `models/`, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CheckpointError, InvalidParameter
from .checkpoints import Checkpoint, read_checkpoint
from .description import Description
from .interface import Card, Model
from .weight_files import kind_of

if TYPE_CHECKING:
    from torch import Tensor

MODELS: Mapping[str, str] = {
    "occupancy-image": "occupancy:OccupancyFromImage",
    "occupancy-points": "occupancy:OccupancyFromPoints",
    "occupancy-voxels": "occupancy:OccupancyFromVoxels",
    "occupancy-unconditional": "occupancy:OccupancyUnconditional",
    "deepsdf": "deepsdf:DeepSdf",
    "distance-field": "distance:DistanceField",
    "pixel2mesh": "pixel2mesh:Pixel2MeshModel",
    "reconstruction": "reconstruction:SymmetricReconstruction",
}
"""Name → module of `models/` and class."""


def model_class(name: str) -> type[Model]:
    """The class of the model `name` of `MODELS`; needs no PyTorch. Raises `InvalidParameter` for an unknown name."""
    if name not in MODELS:
        raise InvalidParameter(f"There is no model {name!r}.", f"Choose from {', '.join(MODELS)}.")
    module, _, cls = MODELS[name].partition(":")
    found: type[Model] = getattr(import_module(f".models.{module}", __package__), cls)
    return found


def cards() -> tuple[Card, ...]:
    """What can be told of each model."""
    return tuple(model_class(name).card for name in MODELS)


def recognise(weights: Mapping[str, Tensor]) -> str | None:
    """The name of the model that has such weights, or None."""
    return next((name for name in MODELS if model_class(name).recognises(weights)), None)


def open_model(path: str | Path, device: str = "auto") -> Model:
    """The model that a checkpoint is of, with its weights.

    Raises `CheckpointError` for a file that is damaged, or of no model here, and `MissingLibrary` without PyTorch.
    """
    name = recognise(read_checkpoint(path).weights)
    if name is None:
        raise CheckpointError(
            f"{Path(path).name} holds the weights of a network that is not known here.",
            f"The models are {', '.join(MODELS)}.",
        )
    return model_class(name).load(path, device)


def describe(path: str | Path) -> Description:
    """What a checkpoint is: its model, size, precision, what it tells of its training. Nothing of it is run.

    Weights that are of no model here are described too, without a card. Raises as `read_checkpoint` does.
    """
    path = Path(path).expanduser().absolute()
    checkpoint: Checkpoint = read_checkpoint(path)
    name = recognise(checkpoint.weights)
    told = {} if name is None else model_class(name).told(path, checkpoint.weights)
    kinds = sorted({str(weight.dtype).removeprefix("torch.") for weight in checkpoint.weights.values()})
    return Description(
        str(path),
        path.stat().st_size,
        kind_of(path),
        None if name is None else model_class(name).card,
        checkpoint.parameters,
        len(checkpoint.weights),
        ", ".join(kinds),
        {**told, **checkpoint.facts},
    )
