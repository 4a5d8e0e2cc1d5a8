# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of safetensors by NumPy alone, for what must be shown where there is no PyTorch.

Before an array is made, all that the header claims is held against the bytes that are there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckpointError

Arrays = dict[str, NDArray[Any]]

_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
_LARGEST_HEADER = 1 << 24
_MOST_DIMENSIONS = 8
_ALIGNMENT = 8


def tensors_to_bytes(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> bytes:
    """Arrays and plain facts (what JSON can hold) as the bytes of a file of safetensors; the same for the same."""
    names = {np.dtype(kind): name for name, kind in _KINDS.items()}
    header: dict[str, Any] = {"__metadata__": {"facts": json.dumps(facts, sort_keys=True)}}
    parts: list[bytes] = []
    begin = 0
    for name, array in arrays.items():
        parts.append(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
        end = begin + len(parts[-1])
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def tensors_from_bytes(content: bytes, name: str = "the file") -> tuple[Arrays, dict[str, Any]]:
    """The arrays and facts of a file of safetensors. Raises `CheckpointError`, naming the tensor at fault."""
    header, start = _header(content, name)
    metadata = header.pop("__metadata__", {})
    size, taken, arrays = len(content) - start, 0, Arrays()
    for key, entry in sorted(header.items(), key=lambda item: _begin(item[1], name, item[0])):
        kind, shape, begin, end = _entry(entry, name, key)
        if begin != taken or end > size:
            raise _damaged(name, f"the tensor {key} is not where it should be, or cut off")
        if end - begin != math.prod(shape) * kind.itemsize:
            raise _damaged(name, f"the tensor {key} has not the size that it claims")
        try:
            arrays[key] = np.frombuffer(content, kind, math.prod(shape), start + begin).reshape(shape)
        except ValueError as error:  # nothing, but too long in another direction
            raise _damaged(name, f"the tensor {key} cannot have its shape") from error
        taken = end
    if taken != size:
        raise _damaged(name, "there are bytes that belong to nothing")
    return arrays, _facts(metadata, name)


def _header(content: bytes, name: str) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(_LARGEST_HEADER, len(content) - 8):
        raise _damaged(name, "it is cut short, or no file of safetensors")
    try:
        header = json.loads(content[8 : 8 + length].decode())
    except (ValueError, RecursionError) as error:
        raise _damaged(name, "its header cannot be read") from error
    if not isinstance(header, dict):
        raise _damaged(name, "its header cannot be read")
    return header, 8 + length


def _begin(entry: Any, name: str, key: str) -> tuple[int, int]:
    _, _, begin, end = _entry(entry, name, key)
    return begin, end


def _entry(entry: Any, name: str, key: str) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    try:
        kind, shape, (begin, end) = np.dtype(_KINDS[entry["dtype"]]), tuple(entry["shape"]), entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(name, f"the tensor {key} is not described as it should be") from error
    whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
    if not whole or len(shape) > _MOST_DIMENSIONS or begin > end:
        raise _damaged(name, f"the tensor {key} is not described as it should be")
    return kind, shape, begin, end


def _facts(metadata: Any, name: str) -> dict[str, Any]:
    try:
        facts = json.loads(metadata.get("facts", "{}"))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(name, "what it tells of itself cannot be read") from error
    if not isinstance(facts, dict):
        raise _damaged(name, "what it tells of itself cannot be read")
    return facts


def _damaged(name: str, why: str) -> CheckpointError:
    return CheckpointError(f"{name} is damaged: {why}.", "Save or download it again.")
