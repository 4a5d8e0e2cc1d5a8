# SPDX-License-Identifier: GPL-3.0-or-later
"""A decoder with its codes as one file of safetensors: `decoder.lin…`, `codes`, `centres`, `scales`, and as facts the
names of the members, what the file is, and what else is known. The checkpoints of a training are such files too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import CheckpointError
from ...files import atomic_write
from ..tensor_file import tensors_from_bytes, tensors_to_bytes
from .codes import ShapeCodes

KIND, VERSION = "shape codes", 1
PREFIX = "decoder."
_OWN = ("codes", "centres", "scales")
_REMEDY = "Choose a file of `network codes train`."
LARGEST = 1 << 31
_SEPARATOR = "\n"


def codes_to_bytes(codes: ShapeCodes, *, half: bool = False) -> bytes:
    """The bytes of the file. half: weights and codes in half precision, which takes half of the room."""
    kind = np.float16 if half else np.float32
    arrays: dict[str, Any] = {PREFIX + name: np.asarray(value, kind) for name, value in codes.weights.items()}
    arrays |= {"codes": codes.codes.astype(kind), "centres": codes.centres, "scales": codes.scales}
    return tensors_to_bytes(arrays, {**codes.facts, **own_facts(codes.names, codes.tanhs)})


def own_facts(names: Sequence[str], tanhs: int = 1) -> Mapping[str, str | float]:
    """What the file must tell of itself; a name is one line."""
    lines = _SEPARATOR.join(" ".join(name.split()) for name in names)
    return {"kind": KIND, "format_version": VERSION, "names": lines, "tanhs": tanhs}


def codes_from_bytes(content: bytes, name: str = "the file") -> ShapeCodes:
    """The inverse of `codes_to_bytes`. Raises `CheckpointError`, saying what is wrong."""
    arrays, facts = tensors_from_bytes(content, name)
    if facts.get("kind") != KIND:
        raise CheckpointError(f"{name} holds no shape codes.", _REMEDY)
    if facts.get("format_version") != VERSION:
        raise CheckpointError(f"{name} has the version {facts.get('format_version')!r}, not {VERSION}.", _REMEDY)
    names, tanhs = facts.get("names"), facts.get("tanhs")
    if not isinstance(names, str) or tanhs not in (1, 2):
        raise CheckpointError(f"{name} does not name its members as it should.", _REMEDY)
    missing = next((key for key in _OWN if key not in arrays), None)
    if missing is not None:
        raise CheckpointError(f"{missing} is missing in {name}.", _REMEDY)
    strange = next((key for key, array in arrays.items() if array.dtype.kind != "f"), None)
    if strange is not None:
        raise CheckpointError(f"{strange} in {name} is {arrays[strange].dtype}, not real numbers.", _REMEDY)
    weights = {key.removeprefix(PREFIX): array for key, array in arrays.items() if key.startswith(PREFIX)}
    unknown = next((key for key in arrays if key not in _OWN and not key.startswith(PREFIX)), None)
    if unknown is not None:
        raise CheckpointError(f"{unknown} in {name} belongs to nothing.", _REMEDY)
    return ShapeCodes(
        {key: array.astype(np.float32) for key, array in weights.items()},
        arrays["codes"].astype(np.float32),
        tuple(names.split(_SEPARATOR)),
        arrays["centres"].astype(np.float64),
        arrays["scales"].astype(np.float64),
        {key: value for key, value in facts.items() if key not in ("kind", "format_version", "names", "tanhs")},
        int(tanhs),
    )


def save_codes(codes: ShapeCodes, path: str | Path) -> None:
    """Write the file, whole or not at all. Raises `OutputError`."""
    content = codes_to_bytes(codes)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def load_codes(path: str | Path) -> ShapeCodes:
    """Read the file. Raises `CheckpointError` where there is none, or it is damaged or another."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise CheckpointError(f"{path.name} is too large for a file of shape codes.", _REMEDY)
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {path.name}.", _REMEDY) from error
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror}.", "Check the file.") from error
    return codes_from_bytes(content, path.name)
