# SPDX-License-Identifier: GPL-3.0-or-later
"""Text and arrays of other programs, read without trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..archive import Layout, load_archive
from ..errors import HarmonicsFileError
from ..files import atomic_write

LARGEST_TEXT = 512 * 1024**2
"""Bytes beyond which a text is refused."""
LARGEST_DEGREE = 2048
"""Of arrays: more would not fit into memory with all channels."""
_NPY = b"\x93NUMPY"


def read_text(path: Path) -> str:
    """The text of a file. Raises `HarmonicsFileError` where there is none."""
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise HarmonicsFileError(f"{path.name} is too large for such a file.", "Choose another file.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise HarmonicsFileError(f"{path.name} is not a text file.", "Choose another file.") from error
    except FileNotFoundError as error:
        raise HarmonicsFileError(f"There is no file {path}.", "Check the name.") from error
    except IsADirectoryError as error:
        raise HarmonicsFileError(f"{path} is a folder.", "Choose a file.") from error
    except OSError as error:
        raise HarmonicsFileError(f"{path} cannot be read: {error.strerror}.", "Check the file.") from error


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all. Raises `OutputError`."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_npy(path: Path) -> NDArray[np.float64]:
    """The numbers of an `.npy` file. Nothing is allocated before the size is known; nothing is unpickled.

    Raises `HarmonicsFileError` for anything but finite real numbers.
    """
    return require_numbers(map_npy(path), path.name)


def map_npy(path: Path) -> NDArray[Any]:
    """The array of an `.npy` file, left on the disk. Raises `HarmonicsFileError` for any other file."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(_NPY)) != _NPY:
                raise ValueError("not an array")
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return array
    except FileNotFoundError as error:
        raise HarmonicsFileError(f"There is no file {path}.", "Check the name.") from error
    except (ValueError, OSError, EOFError, SyntaxError, TypeError, OverflowError, MemoryError) as error:
        found = f"{path.name} is not a readable .npy file, or is cut short."
        raise HarmonicsFileError(found, "Save it again.") from error


def read_npz(path: Path, keys: tuple[str, ...]) -> NDArray[np.float64]:
    """The array under the first of these keys that an `.npz` file has. Raises `HarmonicsFileError`."""
    layout = Layout("an archive of arrays", "*.npz", dict.fromkeys(keys, "f"), (), "Save it again.")
    arrays = load_archive(path, layout)
    for key in keys:
        if key in arrays:
            return require_numbers(arrays[key], path.name)
    raise HarmonicsFileError(f"{path.name} has no key {' or '.join(map(repr, keys))}.", "Save it under that key.")


def require_numbers(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    """The array in float64. Raises `HarmonicsFileError` unless all of it is finite and real."""
    if array.dtype.kind not in "fiu":
        raise HarmonicsFileError(f"{name} holds {array.dtype}, not real numbers.", "Save the coefficients as floats.")
    if array.size > 16 * (LARGEST_DEGREE + 1) ** 2:
        raise HarmonicsFileError(f"{name} holds {array.size} numbers, too many for coefficients.", "Lower the degree.")
    values = np.array(array, dtype=np.float64)
    if not np.isfinite(values).all():
        raise HarmonicsFileError(f"{name} holds values that are not numbers (NaN or infinite).", "Make it again.")
    return values
