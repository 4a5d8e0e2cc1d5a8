# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of the original DeepSDF, unchanged: `ModelParameters`, `LatentCodes`, `specs.json`, `SdfSamples`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckpointError, InvalidParameter
from ..checkpoints import read_checkpoint, read_torch
from .codes import ShapeCodes, free_names
from .codes_file import load_codes
from .layout import is_decoder, layout_of
from .samples import Samples, read_samples

MODEL, CODES, SAMPLES, SPECIFICATIONS = "ModelParameters", "LatentCodes", "SdfSamples", "specs.json"
LATEST = "latest"


def open_codes(path: str | Path) -> ShapeCodes:
    """Shape codes from our own file, from an experiment's folder of the original, or from its `ModelParameters/….pth`.

    Raises `CheckpointError` for anything else, and `MissingLibrary` where the original's files are met without PyTorch.
    """
    path = Path(path)
    if path.is_dir():
        return read_experiment(path)
    if path.suffix in (".pth", ".pt"):
        return read_experiment(path.parent.parent if path.parent.name == MODEL else path.parent, path.stem, path)
    return load_codes(path)


def read_experiment(folder: str | Path, checkpoint: str = LATEST, parameters: Path | None = None) -> ShapeCodes:
    """The decoder and the codes of an experiment, its shapes in the unit sphere.

    checkpoint: the name of the files in both folders. parameters: the file of the decoder, if it is not in
    `ModelParameters`. Where there are no codes there is one member, the code of zeros. Raises `CheckpointError`.
    """
    folder = Path(folder)
    given = parameters or folder / MODEL / f"{checkpoint}.pth"
    if not given.is_file():
        raise CheckpointError(
            f"There is no {MODEL}/{checkpoint}.pth in {folder.name}.", "Choose the folder of an experiment of DeepSDF."
        )
    weights = {name: value.float().numpy() for name, value in read_checkpoint(given).weights.items()}
    shapes = {name: value.shape for name, value in weights.items()}
    if not is_decoder(shapes):
        raise CheckpointError(f"{given.name} holds no decoder of DeepSDF.", "Choose such a decoder.")
    size = layout_of(shapes).code
    specs = _read_json(folder / SPECIFICATIONS)
    found = folder / CODES / f"{checkpoint}.pth"
    codes = read_latent_codes(found) if found.is_file() else np.zeros((1, size), np.float32)
    if codes.shape[1] != size:
        raise CheckpointError(
            f"The codes have {codes.shape[1]} numbers, but the decoder takes {size}.", "Choose files of one experiment."
        )
    names = _names(folder, specs)
    named = names if len(names) == len(codes) else [f"Shape {number + 1}" for number in range(len(codes))]
    network = specs.get("NetworkSpecs", {})
    tanhs = 2 if isinstance(network, dict) and network.get("use_tanh") else 1
    count = len(codes)
    facts = {"source": "DeepSDF", "checkpoint": given.stem}
    return ShapeCodes(weights, codes, free_names(named), np.zeros((count, 3)), np.ones(count), facts, tanhs)


def read_latent_codes(path: str | Path) -> NDArray[np.float32]:
    """(N, C) the codes of a file in `LatentCodes`, of the layout before 2020 or after. Raises `CheckpointError`."""
    data: Any = read_torch(path)
    codes: Any = data.get("latent_codes") if isinstance(data, Mapping) else None
    codes = codes.get("weight") if isinstance(codes, Mapping) else codes
    if not hasattr(codes, "detach") or codes.ndim not in (2, 3) or not len(codes):
        raise CheckpointError(f"{Path(path).name} holds no codes of DeepSDF.", f"Choose a file of {CODES}.")
    array: NDArray[np.float32] = codes.detach().float().numpy().reshape(len(codes), -1)
    return array


def read_sample_folder(folder: str | Path) -> dict[str, Samples]:
    """All samples below a folder (a data source, or its `SdfSamples`), by the paths of their files without the ending.

    Raises `InvalidParameter` where there are none.
    """
    folder = Path(folder)
    root = folder / SAMPLES if (folder / SAMPLES).is_dir() else folder
    files = sorted(root.rglob("*.npz"))
    if not files:
        raise InvalidParameter(f"There are no samples (.npz) below {folder}.", "Choose a data source of DeepSDF.")
    return {file.relative_to(root).with_suffix("").as_posix(): read_samples(file) for file in files}


def _names(folder: Path, specs: Mapping[str, Any]) -> list[str]:
    """The names of the shapes, where the list that the training was given is still there."""
    split = specs.get("TrainSplit")
    if not isinstance(split, str):
        return []
    places = [root / split for root in (folder, *folder.resolve().parents[:3])]
    found = next((_read_json(place) for place in places if place.is_file()), {})
    names = []
    for classes in found.values():
        for instances in classes.values() if isinstance(classes, dict) else []:
            names += [str(one) for one in instances] if isinstance(instances, list) else []
    return names


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is none."""
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name} cannot be read: {error}.", "Mend it, or take it away.") from error
    return data if isinstance(data, dict) else {}
