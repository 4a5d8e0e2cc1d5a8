# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitted fields as files: safetensors in half precision, with placement, settings and report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import CheckpointError, InvalidParameter
from ...files import atomic_write
from ..checkpoints import load_checkpoint
from ..runtime import chosen_device
from ..tensor_file import Arrays, tensors_from_bytes, tensors_to_bytes
from .architectures import build_network
from .field import FittedField, ready
from .hash_grid import HashGrid
from .network import DistanceNetwork
from .placement import IDENTITY, Placement
from .report import report_from
from .settings import settings_from

FORMAT, VERSION = "spherical-cow distance field", 1
MOST_BYTES = 512_000_000
_DAMAGED = "Export it again, or fit the mesh anew."


def field_to_bytes(field: FittedField) -> bytes:
    """The content of a file. Raises `InvalidParameter` for a field that was not fitted here."""
    if field.settings is None:
        raise InvalidParameter("Only fields that were fitted here are written.", "Keep the file that it is from.")
    facts = {
        "format": FORMAT,
        "version": VERSION,
        "centre": [float(value) for value in field.placement.centre],
        "scale": float(field.placement.scale),
        "settings": field.settings.to_dict(),
        "report": field.report.to_dict() if field.report else {},
        "source": field.source,
    }
    weights = {
        name: (value.half() if value.is_floating_point() else value).cpu().numpy()
        for name, value in field.network.state_dict().items()
    }
    return tensors_to_bytes(weights, facts)


def save_field(path: str | Path, field: FittedField) -> None:
    """Write a field, whole or not at all. Raises `OutputError`."""
    content = field_to_bytes(field)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def load_field(source: str | Path | bytes, device: str = "auto") -> FittedField:
    """The field in a file or in its content, ready on a device.

    Raises `CheckpointError` for what is missing, damaged, of another kind or version, or has numbers that are none, and
    `InvalidParameter` for a device that is not there.
    """
    place = chosen_device(device)
    name, content = ("The field", source) if isinstance(source, bytes) else _content(Path(source))
    facts, weights = _read(name, content)
    try:
        settings = settings_from(_mapping(facts.get("settings")))
        network = build_network(settings.network, settings.preset)
    except (InvalidParameter, TypeError) as error:
        raise CheckpointError(f"{name} has settings that cannot be: {error}", _DAMAGED) from error
    _put(name, network, weights)
    return FittedField(
        ready(network, place),
        _placement(name, facts),
        settings,
        report_from(_mapping(facts.get("report"))),
        str(facts.get("source", "")),
    )


def is_field(facts: Mapping[str, Any]) -> bool:
    """Whether the facts of a checkpoint say that it is a fitted field."""
    return facts.get("format") == FORMAT


def _content(path: Path) -> tuple[str, bytes]:
    try:
        size = path.stat().st_size
        if path.suffix.lower() in (".pt", ".pth"):
            raise _not_one(path.name)
        if size > MOST_BYTES:
            raise CheckpointError(f"{path.name} is too large for a field ({size:,} bytes).", "Choose another file.")
        return path.name, path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror}.", "Choose another file.") from error


def _read(name: str, content: bytes) -> tuple[dict[str, Any], Arrays]:
    arrays, facts = tensors_from_bytes(content, name)
    if not is_field(facts):
        raise _not_one(name)
    if facts.get("version") != VERSION:
        raise CheckpointError(
            f"{name} has version {facts.get('version')!r} of the format; this program reads {VERSION}.",
            "Use a newer version of Spherical Cow, or fit the mesh anew.",
        )
    return facts, arrays


def _not_one(name: str) -> CheckpointError:
    return CheckpointError(f"{name} is no fitted distance field.", "Choose a file that fitting a mesh has written.")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _placement(name: str, facts: Mapping[str, Any]) -> Placement:
    try:
        centre = np.array([float(value) for value in facts["centre"]])
        scale = float(facts["scale"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{name} does not say where the field is.", _DAMAGED) from error
    if centre.shape != (3,) or not np.isfinite(centre).all() or not (math.isfinite(scale) and scale > 0.0):
        raise CheckpointError(f"{name} has a centre or a scale that cannot be.", _DAMAGED)
    return Placement(centre, scale)


def _put(name: str, network: nn.Module, arrays: Arrays) -> None:
    """Give the network the numbers of a file, after all of them were looked at."""
    own = network.state_dict()
    extra = sorted(set(arrays) - set(own))
    if extra:
        raise CheckpointError(f"{name}: {extra[0]} is not part of the network.", _DAMAGED)
    weights = dict[str, Tensor]()
    for key, value in own.items():
        given = arrays.get(key)
        if given is None or given.shape != tuple(value.shape):
            found = "is missing" if given is None else f"has the shape {given.shape}"
            raise CheckpointError(f"{name}: {key} {found}; it must have {tuple(value.shape)}.", _DAMAGED)
        if given.dtype.kind != ("f" if value.is_floating_point() else "i"):
            raise CheckpointError(f"{name}: {key} has numbers of another kind.", _DAMAGED)
        if not np.isfinite(given).all():
            raise CheckpointError(f"{name}: {key} has numbers that are none (NaN or infinite).", _DAMAGED)
        weights[key] = torch.from_numpy(given.astype(np.float32 if value.is_floating_point() else given.dtype))
        if not value.is_floating_point() and not torch.equal(weights[key].to(value.dtype), value):
            raise CheckpointError(f"{name}: {key} does not fit the grid of its settings.", _DAMAGED)
    network.load_state_dict(weights)


def load_original(path: str | Path, device: str = "auto") -> FittedField:
    """A network of torch-ngp from its own file, with the size that its defaults have; it lies in [−1, 1]³.

    Raises `CheckpointError` where the file has other keys or shapes.
    """
    network = DistanceNetwork(HashGrid())
    load_checkpoint(path, network)
    return FittedField(ready(network, chosen_device(device)), IDENTITY, source=Path(path).name)
