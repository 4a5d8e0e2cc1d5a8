# SPDX-License-Identifier: GPL-3.0-or-later
"""All formats of coefficients. A new one is a module with a `FORMAT`, and a line here."""

from __future__ import annotations

from pathlib import Path

from ..errors import HarmonicsFileError, InvalidParameter
from . import aicsshparam, flowshape, native, progressive, shtools, spharm_pdm, square_images
from .content import Format

FORMATS: tuple[Format, ...] = (
    native.FORMAT,
    progressive.FORMAT,
    shtools.FORMAT,
    spharm_pdm.FORMAT,
    aicsshparam.FORMAT,
    flowshape.FORMAT,
    square_images.FORMAT,
)
"""Where several have the same ending, the first that owns the file reads it, and the first of all writes it."""

ENDINGS = tuple(dict.fromkeys(ending for entry in FORMATS for ending in entry.endings))


def named(name: str) -> Format:
    """The format `name`. Raises `InvalidParameter` for an unknown one."""
    for entry in FORMATS:
        if entry.name == name:
            return entry
    raise InvalidParameter(
        f"There is no format {name!r} of coefficients.", f"Choose from {', '.join(entry.name for entry in FORMATS)}."
    )


def format_of(path: Path, name: str | None = None, *, reading: bool) -> Format:
    """The format of a file: `name`, if given, else by its ending, and by what is in it where that is not enough.

    Raises `InvalidParameter` for an unknown name, or an ending that cannot be written, and `HarmonicsFileError` for a
    file that cannot be read.
    """
    if name is not None:
        return named(name)
    fitting = [entry for entry in FORMATS if path.suffix.lower() in entry.endings]
    if not fitting:
        error = HarmonicsFileError if reading else InvalidParameter
        raise error(
            f"{path.name} has an ending that no format of coefficients has.",
            f"Known endings are {', '.join(ENDINGS)}; or name the format.",
        )
    return next((entry for entry in fitting if not reading or entry.owns(path)), fitting[-1])
