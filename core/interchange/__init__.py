# SPDX-License-Identifier: GPL-3.0-or-later
"""Coefficients from and to files of every kind that we know: our own, and those of other programs.

    shape = open_shape("cow.coef")
    save_as(shape, "cow.sh")

`registry.FORMATS` lists the kinds; each reader tests the file that it reads (see `checks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InvalidParameter
from ..files import expanded
from ..progress import Progress, silent
from ..shape import Shape
from .content import BITS, Content, Format, WriteOptions, Written
from .registry import ENDINGS, FORMATS, format_of
from .surface import shape_of

MOST_ROWS = 64
"""Shapes of one file that are opened together."""

__all__ = [
    "BITS",
    "ENDINGS",
    "FORMATS",
    "Content",
    "Format",
    "WriteOptions",
    "Written",
    "open_content",
    "open_contents",
    "open_several",
    "open_shape",
    "save_as",
    "shape_of",
    "writer_of",
]


def open_contents(path: str | Path, format_name: str | None = None) -> list[Content]:
    """All shapes of a file, with remarks; see `open_shape` for what is raised."""
    file = expanded(path)
    return format_of(file, format_name, reading=True).read(file)


def open_several(paths: Sequence[str | Path], most: int = MOST_ROWS) -> list[Content]:
    """The shapes of several files, one after the other, to be looked at together.

    Raises `InvalidParameter` for a file with more than `most` shapes, and what `open_contents` raises.
    """
    found: list[Content] = []
    for path in paths:
        contents = open_contents(path)
        if len(contents) > most:
            raise InvalidParameter(
                f"{Path(path).name} holds {len(contents)} shapes.", f"Open a table of at most {most} rows."
            )
        found += contents
    return found


def open_content(path: str | Path, format_name: str | None = None, row: int | None = None) -> Content:
    """One shape of a file, counted from 0; None where there is only one. Raises as `open_shape`."""
    contents = open_contents(path, format_name)
    if row is None and len(contents) > 1:
        raise InvalidParameter(f"{Path(path).name} holds {len(contents)} shapes.", "Say which with --row, from 0.")
    if not 0 <= (row or 0) < len(contents):
        raise InvalidParameter(f"{Path(path).name} has no row {row}.", f"It has rows 0 to {len(contents) - 1}.")
    return contents[row or 0]


def open_shape(
    path: str | Path, format_name: str | None = None, row: int | None = None, progress: Progress = silent
) -> Shape:
    """The shape in a file of any known format.

    format_name: one of `FORMATS`; None to go by the ending and the content. row: of a file with several shapes.

    Raises `HarmonicsFileError` for a file that is not what it claims, or has no surface, and `InvalidParameter` for an
    unknown format or row.
    """
    return open_content(path, format_name, row).to_shape(progress)


def save_as(
    shape: Shape | Content, path: str | Path, format_name: str | None = None, options: WriteOptions | None = None
) -> Written:
    """Write a shape in the format that the ending or `format_name` says; gives the files and remarks.

    Raises `HarmonicsFileError` for what the format cannot hold, `InvalidParameter` for an unknown one, `OutputError`.
    """
    file = expanded(path)
    content = shape if isinstance(shape, Content) else Content(file.stem, shape.harmonics, shape)
    return format_of(file, format_name, reading=False).write(content, file, options or WriteOptions())


def writer_of(path: str | Path, format_name: str | None = None) -> Format:
    """The format in which `save_as` would write this file. Raises `InvalidParameter` where there is none."""
    return format_of(expanded(path), format_name, reading=False)
