# SPDX-License-Identifier: GPL-3.0-or-later
"""`*.harmonics.npz`, our own file: everything that an encode gives."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ..shapefile import load_shape
from .content import Content, Format, WriteOptions, Written


def read(path: Path) -> list[Content]:
    """The shape in the file. Raises `HarmonicsFileError`."""
    shape = load_shape(path)
    return [Content(path.name.removesuffix(path.suffix).removesuffix(".harmonics"), shape.harmonics, shape)]


def write(content: Content, path: Path, options: WriteOptions) -> Written:
    """The shape as `.npz`. Raises `OutputError`."""
    content.to_shape().save(path, compact=options.compact)
    return Written((path,))


def owns(path: Path) -> bool:
    """Whether it is not the archive of somebody else: damaged files are ours, too, to say what is wrong."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return True
    return any(name in names for name in ("format_version.npy", "channels.npy", "facts.npy", "lmax.npy"))


FORMAT = Format("harmonics", "Spherical Cow", (".npz",), read, write, owns)
