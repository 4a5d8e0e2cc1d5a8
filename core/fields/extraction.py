# SPDX-License-Identifier: GPL-3.0-or-later
"""How a surface is taken out of a field."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidParameter
from .multiresolution import MOST_CELLS


@dataclass(frozen=True)
class Extraction:
    """How a surface is taken out of a field.

    resolution: cells along an edge of the finest grid; a multiple of 2^steps. steps: how often the first grid is
    doubled near the surface. refinement: steps of moving the vertices onto the surface. normals: keep the normals of
    the field at the vertices. faces: simplified to so many; 0 for all. batch: points evaluated at once, which bounds
    the memory.
    """

    resolution: int = 128
    steps: int = 2
    refinement: int = 0
    normals: bool = False
    faces: int = 0
    batch: int = 50_000

    def __post_init__(self) -> None:
        step = 1 << max(self.steps, 0)
        if self.steps < 0 or not step <= self.resolution <= MOST_CELLS or self.resolution % step:
            raise InvalidParameter(
                f"A grid of {self.resolution} cells cannot be reached by doubling {self.steps} times.",
                f"Give a multiple of {step} up to {MOST_CELLS}.",
            )
        if min(self.refinement, self.faces) < 0 or self.batch < 1:
            raise InvalidParameter("Counts of the extraction are negative.", "Give 0 or more.")

    @property
    def start(self) -> int:
        """Cells along an edge of the first grid."""
        return self.resolution >> self.steps
