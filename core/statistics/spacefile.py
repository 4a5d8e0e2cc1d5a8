# SPDX-License-Identifier: GPL-3.0-or-later
"""`*.space.npz`: a shape space as a NumPy archive, written atomically and read without trust."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from ..archive import Arrays, Layout, archive_bytes, load_archive, read_archive, scalar
from ..errors import HarmonicsFileError, SphericalCowError
from ..files import atomic_write
from ..harmonics.container import NORMALIZATION, Harmonics
from .groupwise import ALIGNMENTS
from .space import FEWEST, ShapeSpace

FORMAT_VERSION = 1
_KINDS = {
    **{"space_version": "iu", "normalization": "U", "alignment": "U", "size": "f", "channels": "U", "names": "U"},
    **{"mean": "f", "components": "f", "variances": "f", "scores": "f", "weights": "f", "gram": "f"},
    **{"turns": "f", "poses": "f"},
}
_REMEDY = "Build the space again, or choose another file."
_LAYOUT = Layout("a shape space", "*.space.npz", _KINDS, tuple(_KINDS), _REMEDY)


def save_space(space: ShapeSpace, path: str | Path) -> None:
    """Write a space. Raises `OutputError` when that fails; an older file then stays as it was."""
    data = space_to_bytes(space)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def load_space(path: str | Path) -> ShapeSpace:
    """Read a space. Raises `HarmonicsFileError`, naming the key at fault, for anything that is not one."""
    return _space(load_archive(path, _LAYOUT))


def space_to_bytes(space: ShapeSpace, *, single: bool = False) -> bytes:
    """The space in its file format. single: components in single precision, which halves the size."""
    arrays: dict[str, Any] = {
        "space_version": np.int64(FORMAT_VERSION),
        "normalization": np.str_(NORMALIZATION),
        "alignment": np.str_(space.alignment),
        "size": np.float64(space.size),
        "channels": np.array(space.mean.channels, dtype=np.str_),
        "names": np.array(space.names, dtype=np.str_),
        "mean": space.mean.coefficients,
        "components": space.components.astype(np.float32 if single else np.float64),
    }
    for name in ("variances", "scores", "weights", "gram", "turns", "poses"):
        arrays[name] = getattr(space, name)
    return archive_bytes(arrays)


def space_from_bytes(data: bytes) -> ShapeSpace:
    """The inverse of `space_to_bytes`; raises `HarmonicsFileError` as `load_space` does."""
    return _space(read_archive(io.BytesIO(data), "the stored shape space", _LAYOUT))


def _space(arrays: Arrays) -> ShapeSpace:
    version = scalar(arrays, "space_version", _REMEDY)
    if version != FORMAT_VERSION:
        raise HarmonicsFileError(
            f"The key 'space_version' is {version}; this version reads {FORMAT_VERSION}.",
            "Update Spherical Cow, or build the space again.",
        )
    for key, allowed in (("normalization", (NORMALIZATION,)), ("alignment", ALIGNMENTS)):
        if scalar(arrays, key, _REMEDY) not in allowed:
            raise HarmonicsFileError(
                f"The key '{key}' is {str(arrays[key])[:40]!r}.", f"It must be {' or '.join(allowed)}."
            )
    for key in (key for key, kind in _KINDS.items() if kind == "f"):
        arrays[key] = arrays[key].astype(np.float64)
        if not np.isfinite(arrays[key]).all():
            raise HarmonicsFileError(f"The key '{key}' holds values that are not numbers (NaN).", _REMEDY)
    _check_shapes(arrays)
    try:
        mean = Harmonics(arrays["mean"], tuple(arrays["channels"].tolist()))
    except SphericalCowError as error:
        raise HarmonicsFileError(f"The key 'channels' does not fit: {error.found}", _REMEDY) from error
    names = tuple(arrays["names"].tolist())
    fields = {key: arrays[key] for key in ("components", "variances", "scores", "weights", "gram", "turns", "poses")}
    size, alignment = scalar(arrays, "size", _REMEDY), scalar(arrays, "alignment", _REMEDY)
    return ShapeSpace(mean=mean, names=names, size=size, alignment=alignment, **fields)


def _check_shapes(arrays: Arrays) -> None:
    """All arrays must fit the numbers of members, channels, degrees and components; variances must not be negative."""
    mean, names, components = arrays["mean"], arrays["names"], arrays["components"]
    if mean.ndim != 3 or mean.shape[1] != mean.shape[2] or not mean.size:
        raise HarmonicsFileError(f"The key 'mean' has shape {mean.shape}.", _REMEDY)
    if names.ndim != 1 or len(names) < FEWEST or len(set(names.tolist())) != len(names):
        raise HarmonicsFileError("The key 'names' does not name two or more members.", _REMEDY)
    if components.ndim != 4:
        raise HarmonicsFileError(f"The key 'components' has shape {components.shape}.", _REMEDY)
    members, parts, channels = len(names), len(components), len(mean)
    wanted: dict[str, tuple[int, ...]] = {
        **{"channels": (channels,), "weights": (channels,), "components": (parts, *mean.shape)},
        **{"variances": (parts,), "scores": (members, parts), "gram": (members, members)},
        **{"turns": (members, 3, 3), "poses": (members, 4, 4), "size": ()},
    }
    for key, shape in wanted.items():
        if arrays[key].shape != shape:
            raise HarmonicsFileError(f"The key '{key}' has shape {arrays[key].shape}, not {shape}.", _REMEDY)
    for key, smallest in (("variances", arrays["variances"]), ("weights", arrays["weights"]), ("size", arrays["size"])):
        if smallest.size and smallest.min() < 0.0:
            raise HarmonicsFileError(f"The key '{key}' is negative.", _REMEDY)
