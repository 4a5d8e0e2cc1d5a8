# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of coefficients holds, and what a format is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import HarmonicsFileError
from ..harmonics.container import AREA_DISTORTION, CURVATURE_DENSITY, POSITION, Harmonics
from ..progress import Progress, silent
from ..shape import Shape
from .surface import shape_of

BITS = 12
"""Of progressive files, unless another number is asked for."""


@dataclass(frozen=True)
class Content:
    """One shape of a file: its name, its harmonics in our convention, and remarks about the reading.

    shape: where the file has all of it (source, certificate, map), else None.
    """

    name: str
    harmonics: Harmonics
    shape: Shape | None = None
    notes: tuple[str, ...] = ()

    def positions(self) -> Harmonics:
        """The channels x, y and z, without the certificate of a shape, which takes time. Raises as `to_shape`."""
        held = self.harmonics if self.harmonics.has(POSITION) else self.to_shape().harmonics
        return held.select(POSITION)

    def to_shape(self, progress: Progress = silent) -> Shape:
        """The shape; its surface is rebuilt from curvature where the file has that in place of positions.

        Raises `HarmonicsFileError` for a file with neither.
        """
        if self.shape is not None:
            return self.shape
        if self.harmonics.has(POSITION):
            return shape_of(self.harmonics)
        if self.harmonics.has((CURVATURE_DENSITY, AREA_DISTORTION)):
            from .curvature import with_positions

            return shape_of(with_positions(self.harmonics, progress))
        raise HarmonicsFileError(
            f"{self.name} has no positions, only {', '.join(self.harmonics.channels)}.",
            "A surface needs x, y and z. Keep files of one shape together, named like cow_x.sh, cow_y.sh, cow_z.sh.",
        )


@dataclass(frozen=True)
class WriteOptions:
    """bits: accuracy of progressive files, 4 to 24. compact: leave the source's map out of `.harmonics.npz`."""

    bits: int = BITS
    compact: bool = False


@dataclass(frozen=True)
class Written:
    """The files that were written, and what the user should know: what the format could not hold."""

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A kind of file.

    name: for `--from` and `--to`. label: for people. endings: of its files, lower case, the usual one first.
    read: gives one content for each shape of the file; raises `HarmonicsFileError` for what it is not, or when its
        self-test fails. write: raises `HarmonicsFileError` for what the format cannot hold, `OutputError` on the disk.
    owns: whether a file with such an ending is of this format, where several have the same ending. It never raises.
    """

    name: str
    label: str
    endings: tuple[str, ...]
    read: Callable[[Path], list[Content]]
    write: Callable[[Content, Path, WriteOptions], Written]
    owns: Callable[[Path], bool] = lambda path: True
