# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of named arrays (`.npz` without pickles), written so that bytes repeat and read without trust.

Before anything is allocated, all headers are looked at: what is not plain data of the expected kind, claims another
size than what is there, or would take too much memory is refused, and the key at fault is named.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .errors import HarmonicsFileError

LARGEST_CONTENT = 2 * 1024**3
"""Bytes of all arrays together beyond which a file is refused before anything is allocated."""

Arrays = dict[str, NDArray[Any]]

_DAMAGE = (
    *(ValueError, TypeError, SyntaxError, OverflowError, RecursionError, EOFError, MemoryError, KeyError),
    tokenize.TokenError,  # NumPy 1 looks for old headers with Python's own tokenizer
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, OSError),
)
_npy: Any = np.lib.format  # NumPy has no type hints for it


@dataclass(frozen=True)
class Layout:
    """What an archive holds.

    what: a name for it in messages, such as "a harmonics file". ending: of such files. kinds: key → the allowed kinds
    of NumPy types ("f", "iu", "U"). required: the keys that must be there. remedy: for a file that is refused.
    """

    what: str
    ending: str
    kinds: Mapping[str, str]
    required: Collection[str]
    remedy: str


def archive_bytes(arrays: Mapping[str, Any], compressed: Collection[str] = ()) -> bytes:
    """The arrays as an archive; the same arrays always give the same bytes. compressed: the keys that pay for it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, array in arrays.items():
            info = zipfile.ZipInfo(f"{key}.npy")  # with a fixed date, so that the bytes repeat
            info.compress_type = zipfile.ZIP_DEFLATED if key in compressed else zipfile.ZIP_STORED
            with archive.open(info, "w", force_zip64=True) as member:
                _npy.write_array(member, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()


def load_archive(path: str | Path, layout: Layout) -> Arrays:
    """`read_archive` of a file. Raises `HarmonicsFileError` also where there is none, or it cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            return read_archive(stream, str(path), layout)
    except IsADirectoryError as error:
        raise HarmonicsFileError(f"{path} is a folder.", f"Choose a {layout.ending} file.") from error
    except FileNotFoundError as error:
        raise HarmonicsFileError(f"There is no file {path}.", "Check the name.") from error
    except OSError as error:
        raise HarmonicsFileError(f"{path} cannot be read: {error.strerror}.", "Check the file.") from error


def map_array(path: str | Path) -> NDArray[Any]:
    """The array of a `.npy` file, mapped, so that no more is allocated than is there; nothing pickled is read.

    Raises `OSError`, `ValueError` and `EOFError` for what is none.
    """
    return np.asarray(_npy.open_memmap(path, mode="r"))


def read_archive(stream: IO[bytes], name: str, layout: Layout) -> Arrays:
    """The arrays of `layout` that are there. Raises `HarmonicsFileError`, naming the key at fault."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return _read_arrays(archive, name, layout)
    except _DAMAGE as error:
        raise HarmonicsFileError(f"{name} is not {layout.what}, or is cut short.", layout.remedy) from error


def scalar(arrays: Arrays, key: str, remedy: str) -> Any:
    """The single value under `key`. Raises `HarmonicsFileError` for an array with a shape."""
    if arrays[key].shape != ():
        raise HarmonicsFileError(f"The key '{key}' has shape {arrays[key].shape}, not a single value.", remedy)
    return arrays[key].item()


def _read_arrays(archive: zipfile.ZipFile, name: str, layout: Layout) -> Arrays:
    """The known arrays, after all their headers were found to be harmless."""
    there = set(archive.namelist())
    for key in layout.required:
        if f"{key}.npy" not in there:
            raise HarmonicsFileError(f"The key '{key}' is missing in {name}.", layout.remedy)
    keys = [key for key in layout.kinds if f"{key}.npy" in there]
    total = 0
    for key in keys:
        total += _check_header(archive, key, layout)
        if total > LARGEST_CONTENT:
            raise HarmonicsFileError(f"With the key '{key}', {name} claims {total:.2g} bytes.", layout.remedy)
    return {key: _read_array(archive, key, layout) for key in keys}


def _check_header(archive: zipfile.ZipFile, key: str, layout: Layout) -> int:
    """The bytes that the array will take; raises when it is not plain data, or not all there."""
    info = archive.getinfo(f"{key}.npy")
    try:
        with archive.open(info) as member:
            version = _npy.read_magic(member)
            readers = {
                (1, 0): _npy.read_array_header_1_0,
                (2, 0): _npy.read_array_header_2_0,
            }
            shape, _, dtype = readers[version](member)
            size, header = math.prod(shape) * dtype.itemsize, member.tell()
    except _DAMAGE as error:
        raise HarmonicsFileError(f"The key '{key}' has a damaged header.", layout.remedy) from error
    if dtype.hasobject or dtype.kind not in layout.kinds[key]:
        raise HarmonicsFileError(f"The key '{key}' holds {dtype}, not plain data.", layout.remedy)
    if any(length < 0 for length in shape) or header + size != info.file_size:
        raise HarmonicsFileError(f"The key '{key}' claims the shape {shape}, not what is there.", layout.remedy)
    return int(size)


def _read_array(archive: zipfile.ZipFile, key: str, layout: Layout) -> NDArray[Any]:
    try:
        with archive.open(f"{key}.npy") as member:
            array: NDArray[Any] = _npy.read_array(member, allow_pickle=False)
            if member.read(1):  # reading to the end also makes zipfile compare the checksum
                raise ValueError("trailing bytes")
            return array
    except _DAMAGE as error:
        raise HarmonicsFileError(f"The key '{key}' is damaged.", layout.remedy) from error
