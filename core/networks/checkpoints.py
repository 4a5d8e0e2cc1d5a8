# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights from files: our own (safetensors), and those of the original projects as they are.

Nothing in a file is run: PyTorch reads its own format with `weights_only=True`, which builds tensors and plain
containers. Three harmless things that the originals saved besides are let through, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import CheckpointError, MissingLibrary
from ..files import atomic_write
from .runtime import require_torch

if TYPE_CHECKING:
    from torch import Tensor, nn

NESTS = ("model", "model_state_dict", "state_dict", "G_net", "net")
"""Keys below which projects keep the weights."""

OWN_ENDING = ".safetensors"
_MOST_NAMED = 4


@dataclass(frozen=True)
class Checkpoint:
    """Weights by name, and what else the file tells: plain numbers and texts."""

    weights: Mapping[str, Tensor]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers there are in all."""
        return sum(tensor.numel() for tensor in self.weights.values())


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The weights of a file, whatever its nesting; names lose the prefix `module.` of parallel training.

    Raises `CheckpointError` for a file that is missing, damaged, holds anything but weights and plain data, or has no
    weights, and `MissingLibrary` without PyTorch.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"There is no file {path.name}.", "Choose a checkpoint.")
    data, facts = _read_own(path) if path.suffix == OWN_ENDING else (_read_torch(path), {})
    torch = require_torch()
    if not isinstance(data, Mapping):
        raise _no_weights(path)
    nest = next((data[key] for key in NESTS if isinstance(data.get(key), Mapping)), data)
    weights = {str(name): value for name, value in nest.items() if isinstance(value, torch.Tensor)}
    if not weights:
        raise _no_weights(path)
    if all(name.startswith("module.") for name in weights):
        weights = {name.removeprefix("module."): value for name, value in weights.items()}
    plain = {str(k): v for k, v in data.items() if isinstance(v, int | float | str)}
    return Checkpoint(weights, {**plain, **facts})


def load_checkpoint(path: str | Path, model: nn.Module, optional: tuple[str, ...] = ()) -> Checkpoint:
    """Put the weights of a file into a model.

    optional: beginnings of names that the file may lack, or have too much of. Raises `CheckpointError`, naming keys
    and shapes, where the file is not for this model; the model then stays as it was.
    """
    checkpoint = read_checkpoint(path)
    own = model.state_dict()
    given = {name: value for name, value in checkpoint.weights.items() if name in own or not name.startswith(optional)}
    problems = [
        *(f"{name} is missing" for name in own if name not in given and not name.startswith(optional)),
        *(f"{name} is not part of the model" for name in given if name not in own),
        *(
            f"{name} is {_shape(given[name])} in place of {_shape(own[name])}"
            for name in own
            if name in given and given[name].shape != own[name].shape
        ),
    ]
    if problems:
        more = f" and {len(problems) - _MOST_NAMED} more" if len(problems) > _MOST_NAMED else ""
        raise CheckpointError(
            f"{Path(path).name} is not for this model: {'; '.join(problems[:_MOST_NAMED])}{more}.",
            "Choose the model that the file was made for.",
        )
    model.load_state_dict(given, strict=False)
    return checkpoint


def save_checkpoint(path: str | Path, model: nn.Module, **facts: str | float | bool) -> None:
    """Write the weights of a model as safetensors, with plain facts about it.

    Raises `OutputError`, and `MissingLibrary` without safetensors.
    """
    require_torch()
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    content = _safetensors("safetensors.torch").save(weights, {"facts": json.dumps(facts)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def _shape(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "one number"


def _no_weights(path: Path) -> CheckpointError:
    return CheckpointError(f"{path.name} has no weights of a network.", "Choose a checkpoint.")


def _safetensors(name: str) -> Any:
    """A module of the library safetensors. Raises `MissingLibrary` where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingLibrary(
            "Files of safetensors need a library of that name.", "Install it (pip install safetensors)."
        ) from error


def _read_own(path: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    safetensors = _safetensors("safetensors")
    require_torch()
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
    except Exception as error:
        raise CheckpointError(f"{path.name} is damaged: {error}.", "Download or export it again.") from error
    return tensors, facts if isinstance(facts, dict) else {}


def _read_torch(path: Path) -> Any:
    torch = require_torch()
    try:
        with torch.serialization.safe_globals(_HARMLESS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is refused anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        named = re.search(r"(?:GLOBAL|global|class|function)\s+([\w.]+\.[\w.]+)", str(error))
        if named and "weights_only" in str(error):
            raise CheckpointError(
                f"{path.name} holds an object of {named[1]}, which could run code when it is opened.",
                "Ask its author for the weights alone (state_dict), or for safetensors.",
            ) from error
        raise CheckpointError(
            f"{path.name} is damaged, or not a file of PyTorch.",
            "Choose a .pt, .pth or .safetensors file, or download it again.",
        ) from error


_SCALAR: Any = np.float64(0.0).__reduce__()[0]
_HARMLESS: list[Any] = [
    argparse.Namespace,
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(getattr(np.dtypes, name) for name in ("Float64DType", "Float32DType", "Int64DType")),
]
"""Single NumPy numbers, and the settings of a command line: data without behaviour."""
