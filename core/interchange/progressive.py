# SPDX-License-Identifier: GPL-3.0-or-later
"""`*.psh`, our own small file: rounded coefficients in order of degree; see `compression.progressive`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..archive import LARGEST_CONTENT
from ..compression import shape_from_progressive, shape_to_progressive
from ..errors import HarmonicsFileError
from ..files import atomic_write
from ..harmonics.container import POSITION
from .content import Content, Format, WriteOptions, Written
from .surface import shape_of


def read(path: Path) -> list[Content]:
    """The shape in the file, or as many degrees of it as there are. Raises `HarmonicsFileError`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_CONTENT)
    except FileNotFoundError as error:
        raise HarmonicsFileError(f"There is no file {path}.", "Check the name.") from error
    except IsADirectoryError as error:
        raise HarmonicsFileError(f"{path} is a folder.", "Choose a *.psh file.") from error
    except OSError as error:
        raise HarmonicsFileError(f"{path} cannot be read: {error.strerror}.", "Check the file.") from error
    decoded = shape_from_progressive(data, path.name)
    shape = decoded.shape
    if not decoded.is_whole and decoded.harmonics.has(POSITION):  # the certificate is that of the whole
        shape = replace(shape_of(decoded.harmonics), source=decoded.source).compact()
    return [Content(path.stem, decoded.harmonics, shape, decoded.notes)]


def write(content: Content, path: Path, options: WriteOptions) -> Written:
    """The shape, rounded to `options.bits`. Raises `OutputError`."""
    data = shape_to_progressive(content.to_shape(), options.bits)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)
    return Written((path,))


FORMAT = Format("progressive", "Progressive", (".psh",), read, write)
