# SPDX-License-Identifier: GPL-3.0-or-later
"""What every section is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .meshes import Meshes
from .report import Row


@dataclass(frozen=True)
class Setup:
    """meshes: what to measure. quick: fewer meshes and sizes, no repeats."""

    meshes: Meshes
    quick: bool = False

    @property
    def repeats(self) -> int:
        """How often a time is taken; the least counts."""
        return 1 if self.quick else 3

    def log(self, text: str) -> None:
        """Say what is being done, on stderr."""
        print(f"   {text}", file=sys.stderr, flush=True)


Section = Callable[[Setup], Iterator[Row]]
