# SPDX-License-Identifier: GPL-3.0-or-later
"""Voxels in binvox files (Patrick Min): a header of text, then runs of equal voxels, x slowest, then z, then y."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError, InvalidParameter
from ..files import atomic_write
from ..mesh import FloatArray

LARGEST = 1024
"""Voxels along an edge beyond which a file is refused before anything is allocated."""

_LONGEST_RUN = 255
_HEADER_BYTES = 4096
_REMEDY = "Make the file again; it is damaged, or no binvox file."


@dataclass(frozen=True)
class Voxels:
    """data: (nx, ny, nz) bool. The grid fills the cube from `translate` (3,) to `translate + scale`."""

    data: NDArray[np.bool_]
    translate: FloatArray
    scale: float


def read_binvox(path: str | Path) -> Voxels:
    """The voxels of a file, indexed [x, y, z]. Raises `DatasetError`, naming the file and what is wrong in it."""
    place = Path(path)
    try:
        size = place.stat().st_size
        if size > 2 * LARGEST**3 + _HEADER_BYTES:
            raise DatasetError(f"{place} is too large: {size:,} bytes.", _REMEDY)
        content = place.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{place} cannot be read: {error.strerror or error}.", "Check the name and the file."
        ) from error
    return _parse(content, place)


def write_binvox(path: str | Path, voxels: Voxels) -> None:
    """Write voxels, whole or not at all. Raises `OutputError`, and `InvalidParameter` for what is no cube of voxels."""
    data = np.asarray(voxels.data, dtype=bool)
    if data.ndim != 3 or not 0 < min(data.shape) <= max(data.shape) <= LARGEST:
        raise InvalidParameter(f"Voxels of shape {data.shape} cannot be written.", f"Give three sides up to {LARGEST}.")
    where = " ".join(f"{value:.17g}" for value in voxels.translate)
    sides = " ".join(str(side) for side in data.shape)
    header = f"#binvox 1\ndim {sides}\ntranslate {where}\nscale {voxels.scale:.17g}\ndata\n"
    with atomic_write(path) as temporary:
        temporary.write_bytes(header.encode("ascii") + _runs(data.transpose(0, 2, 1).ravel()))


def _runs(flat: NDArray[np.bool_]) -> bytes:
    """(value, length) pairs of bytes; a run that is longer than a byte can say is cut, as the original does."""
    change = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    start = np.concatenate([[0], change])
    length = np.diff(np.concatenate([start, [len(flat)]]))
    pieces = -(-length // _LONGEST_RUN)
    values = np.repeat(flat[start], pieces).astype(np.uint8)
    counts = np.full(len(values), _LONGEST_RUN, dtype=np.uint8)
    counts[np.cumsum(pieces) - 1] = length - (pieces - 1) * _LONGEST_RUN
    return np.stack([values, counts], axis=1).tobytes()


def _parse(content: bytes, place: Path) -> Voxels:
    if not content.startswith(b"#binvox"):
        raise DatasetError(f"{place} is not a binvox file.", _REMEDY)
    head, found, body = content[:_HEADER_BYTES].partition(b"\ndata\n")
    if not found:
        raise DatasetError(f"{place} has no line 'data'.", _REMEDY)
    body = content[len(head) + len(found) :]
    facts = {words[0]: words[1:] for line in head.decode("latin-1").splitlines()[1:] if (words := line.split())}
    sides = _numbers(facts, "dim", 3, place).astype(np.int64)
    if sides.min() < 1 or sides.max() > LARGEST:
        raise DatasetError(f"{place} has 'dim' {' '.join(map(str, sides))}.", f"Each should be 1 to {LARGEST}.")
    translate = _numbers(facts, "translate", 3, place) if "translate" in facts else np.zeros(3)
    scale = float(_numbers(facts, "scale", 1, place)[0]) if "scale" in facts else 1.0
    pairs = np.frombuffer(body[: len(body) // 2 * 2], dtype=np.uint8).reshape(-1, 2)
    counts, total = pairs[:, 1].astype(np.int64), int(sides.prod())
    if counts.sum() != total or len(body) % 2:
        raise DatasetError(f"{place} has 'data' of {counts.sum():,} voxels in place of {total:,}.", _REMEDY)
    if pairs[:, 0].max(initial=0) > 1:
        raise DatasetError(f"{place} has 'data' that is neither 0 nor 1.", _REMEDY)
    flat = np.repeat(pairs[:, 0].astype(bool), counts)
    return Voxels(np.ascontiguousarray(flat.reshape(sides[0], sides[2], sides[1]).transpose(0, 2, 1)), translate, scale)


def _numbers(facts: dict[str, list[str]], key: str, count: int, place: Path) -> FloatArray:
    try:
        values = np.array([float(word) for word in facts[key]])
    except (KeyError, ValueError):
        values = np.zeros(0)
    if len(values) != count or not np.isfinite(values).all() or (key == "dim" and (values != values.round()).any()):
        found = f"'{key}' {' '.join(facts[key])}" if key in facts else f"no line '{key}'"
        raise DatasetError(f"{place} has {found}.", _REMEDY)
    return values
