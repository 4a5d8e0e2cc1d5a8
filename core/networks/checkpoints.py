# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights from files: our own (safetensors), and those of the original projects as they are.

Nothing in a file is run; `weight_files` has how they are read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError
from ..files import atomic_write
from .pickled_names import shown
from .runtime import require_torch
from .tensor_file import tensors_to_bytes
from .weight_files import MOST_EXPANSION, OWN_ENDING, SLACK, read_file, read_torch

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "OWN_ENDING",
    "Checkpoint",
    "load_checkpoint",
    "put_weights",
    "read_checkpoint",
    "read_torch",
    "save_checkpoint",
]

NESTS = ("model", "model_state_dict", "state_dict", "G_net", "net")
"""Keys below which projects keep the weights."""

EARLIER_NAMES = ((".fc_gamma.", ".conv_gamma."), (".fc_beta.", ".conv_beta."))
"""Parts of names: earlier → now. The Occupancy Network of the paper itself has linear layers (weights of two
dimensions) where the published code has convolutions of width 1 (of three)."""

_COUNTER = "num_batches_tracked"
"""Of batch normalisation: files of PyTorch before 0.4.1 lack it, and only training without momentum uses it."""

_COUNTED = ("running_mean", "running_var", _COUNTER)
_LONGEST_TEXT = 200
_MOST_NAMED = 4


@dataclass(frozen=True)
class Checkpoint:
    """Weights by name, and what else the file tells: plain numbers and texts."""

    weights: Mapping[str, Tensor]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers were learned: without what normalisation has counted, and without indices."""
        learned = (w for name, w in self.weights.items() if w.is_floating_point() and not name.endswith(_COUNTED))
        return sum(weight.numel() for weight in learned)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The weights of a file, whatever its nesting; names lose the prefix `module.` of parallel training.

    Raises `CheckpointError` for a file that is missing, damaged, holds anything but weights and plain data, or has no
    weights, and `MissingLibrary` without PyTorch.
    """
    path = Path(path)
    data, facts = read_file(path)
    torch = require_torch()
    if not isinstance(data, Mapping):
        raise _no_weights(path)
    nest = next((data[key] for key in NESTS if isinstance(data.get(key), Mapping)), data)
    weights = {str(name): value for name, value in nest.items() if isinstance(value, torch.Tensor)}
    if not weights:
        raise _no_weights(path)
    if all(name.startswith("module.") for name in weights):
        weights = {name.removeprefix("module."): value for name, value in weights.items()}
    _check_numbers(path, weights)
    return Checkpoint(weights, {**_plain(data), **_plain(facts)})


def _check_numbers(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Refuse weights that are more numbers than a file of that size can hold, or not numbers."""
    torch = require_torch()
    most = MOST_EXPANSION * path.stat().st_size + SLACK
    for key, weight in weights.items():
        name = shown(key)
        if weight.is_meta or weight.is_nested or weight.is_quantized or weight.is_complex():
            raise CheckpointError(
                f"{path.name} has {name} in a form that no network has: without numbers, or complex, or quantised.",
                "Ask its author for plain weights.",
            )
        if weight.layout != torch.strided:
            continue
        if weight.numel() * weight.element_size() > most:
            raise CheckpointError(
                f"{path.name} claims {weight.numel():,} numbers in {name}, more than such a file can hold.",
                "Ask its author for another file.",
            )
        if weight.is_floating_point() and not bool(torch.isfinite(weight.float()).all()):
            raise CheckpointError(
                f"{path.name} holds weights that are infinite or not numbers, in {name}: its training went wrong.",
                "Choose an earlier checkpoint.",
            )


def _plain(data: Mapping[Any, Any]) -> dict[str, Any]:
    """What is a short text, or a number that JSON can hold."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
            found[str(name)] = value
        elif isinstance(value, float) and math.isfinite(value):
            found[str(name)] = float(value)
        elif isinstance(value, str) and len(value) <= _LONGEST_TEXT:
            found[str(name)] = value
    return found


def load_checkpoint(path: str | Path, model: nn.Module, optional: tuple[str, ...] = ()) -> Checkpoint:
    """Put the weights of a file into a model.

    optional: beginnings of names that the file may lack, or have too much of. Raises `CheckpointError`, naming keys
    and shapes, where the file is not for this model; the model then stays as it was.
    """
    checkpoint = read_checkpoint(path)
    put_weights(checkpoint.weights, model, Path(path).name, optional)
    return checkpoint


def put_weights(weights: Mapping[str, Tensor], model: nn.Module, name: str, optional: tuple[str, ...] = ()) -> None:
    """Put weights, of a file that is called `name`, into a model. Raises as `load_checkpoint` does."""
    own = model.state_dict()
    named = _renamed(weights, own)
    given = {key: value for key, value in named.items() if key in own or not key.startswith(optional)}
    lacking = [key for key in own if key not in given and not key.startswith(optional)]
    problems = [
        *(f"{shown(key)} is missing" for key in lacking if not key.endswith(_COUNTER)),
        *(f"{shown(key)} is not part of the model" for key in given if key not in own),
        *(f"{shown(key)} is sparse" for key in given if key in own and given[key].is_sparse != own[key].is_sparse),
        *(
            f"{shown(key)} is {_shape(given[key])} in place of {_shape(own[key])}"
            for key in own
            if key in given and given[key].shape != own[key].shape
        ),
    ]
    if problems:
        more = f" and {len(problems) - _MOST_NAMED} more" if len(problems) > _MOST_NAMED else ""
        raise CheckpointError(
            f"{name} is not for this model: {'; '.join(problems[:_MOST_NAMED])}{more}.",
            "Choose the model that the file was made for.",
        )
    model.load_state_dict(given, strict=False)


def _renamed(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under the names of the model, where an earlier version of it had others for the same numbers."""
    found = {}
    for name, weight in weights.items():
        new = name
        for old, now in EARLIER_NAMES:
            new = new.replace(old, now)
        if name not in own and new in own and new not in weights and own[new].numel() == weight.numel():
            found[new] = weight.reshape(own[new].shape)
        else:
            found[name] = weight
    return found


def save_checkpoint(path: str | Path, model: nn.Module, **facts: str | float | bool) -> None:
    """Write the weights of a model as safetensors, with plain facts about it.

    Raises `OutputError`.
    """
    arrays = {name: value.detach().cpu().contiguous().numpy() for name, value in model.state_dict().items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(tensors_to_bytes(arrays, facts))


def _shape(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "one number"


def _no_weights(path: Path) -> CheckpointError:
    return CheckpointError(f"{path.name} has no weights of a network.", "Choose a checkpoint.")
