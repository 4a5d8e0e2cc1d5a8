# SPDX-License-Identifier: GPL-3.0-or-later
"""SHTOOLS text (`.sh`): one file for each channel; see `harmonics.shtools`."""

from __future__ import annotations

from pathlib import Path

from ..harmonics.container import POSITION
from ..harmonics.shtools import read_sh, stem_of_set, write_sh
from .checks import surface_notes
from .content import Content, Format, WriteOptions, Written


def read(path: Path) -> list[Content]:
    """The set `cow_x.sh`, `cow_y.sh`, `cow_z.sh` … named by one of them or by `cow.sh`. Raises `HarmonicsFileError`."""
    together = path.with_name(stem_of_set(path.stem) + path.suffix)
    harmonics = read_sh(path if together.exists() else together)
    notes = surface_notes(harmonics) if harmonics.has(POSITION) else ()
    return [Content(together.stem, harmonics, notes=notes)]


def write(content: Content, path: Path, options: WriteOptions) -> Written:
    """Each channel as a file of its own. Raises `OutputError`."""
    return Written(tuple(write_sh(content.harmonics, path)))


FORMAT = Format("shtools", "SHTOOLS text", (".sh",), read, write)
