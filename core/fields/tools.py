# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools on fields by name, as the command line and the panel ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..mesh import Mesh
from ..progress import Progress, part, silent
from .creases import with_creases
from .extraction import Extraction
from .field import Field
from .multiresolution import MOST_CELLS
from .operations import Boolean, Shape, Side, blend, difference, intersection, offset, shell, union

ToolName = Literal["offset", "shell", "union", "intersection", "difference", "blend"]
TOOLS: tuple[str, ...] = get_args(ToolName)
WITH_TWO = ("union", "intersection", "difference", "blend")
"""The tools that need a second shape."""

_FIRST = 32
"""Cells along an edge of the first grid, at most."""


@dataclass(frozen=True)
class Tool:
    """What is done to one shape, or two.

    name: one of `TOOLS`. amount: the distance of an offset, the thickness of a shell. side: of the wall of a shell.
    radius: of smooth unions, intersections and differences; 0 for sharp ones. weight: of the second shape in a blend.
    """

    name: str
    amount: float = 0.0
    side: Side = "inside"
    radius: float = 0.0
    weight: float = 0.5

    def apply(self, a: Shape, b: Shape | None = None) -> Field:
        """The field of the result. Raises `InvalidParameter` for an unknown tool, and without a second shape."""
        if self.name not in TOOLS:
            raise InvalidParameter(f"There is no tool {self.name!r}.", f"Choose from {', '.join(TOOLS)}.")
        if self.name == "offset":
            return offset(a, self.amount)
        if self.name == "shell":
            return shell(a, self.amount, self.side)
        if b is None:
            raise InvalidParameter(f"A {self.name} needs two shapes.", "Give a second one.")
        if self.name == "blend":
            return blend(a, b, self.weight)
        operation = {"union": union, "intersection": intersection, "difference": difference}[self.name]
        return operation(a, b, self.radius)


def extraction_of(
    resolution: int, *, refinement: int = 1, faces: int = 0, normals: bool = False, batch: int = 50_000
) -> Extraction:
    """The extraction with about so many cells along an edge: as many as a grid that is doubled can have, not fewer.

    Raises `InvalidParameter` for fewer than 4 cells, or more than there can be.
    """
    if not 4 <= resolution <= MOST_CELLS:
        raise InvalidParameter(f"A grid of {resolution} cells cannot be made.", f"Give 4 to {MOST_CELLS}.")
    steps = max(0, int(np.ceil(np.log2(resolution / _FIRST))))
    cells = -(-resolution // 2**steps) * 2**steps
    return Extraction(min(cells, MOST_CELLS), steps, refinement, normals, faces, batch)


def run_tool(
    tool: Tool, a: Shape, b: Shape | None, extraction: Extraction, progress: Progress = silent
) -> tuple[Mesh, NDArray[np.bool_]]:
    """(mesh, of the second (F,)): the closed surface of the result, and which faces come from the second shape.

    Raises `InvalidParameter` where nothing is left, and what `Tool.apply` raises.
    """
    field = tool.apply(a, b)
    mesh = field.mesh(extraction, progress=part(progress, 0.0, 0.95))
    if not isinstance(field, Boolean):
        return mesh, np.zeros(mesh.n_faces, np.bool_)
    if field.radius == 0.0:
        progress(0.97, "Cutting the creases")
        mesh = with_creases(mesh, field)
    return mesh, field.share_of_second(mesh.vertices[mesh.faces].mean(axis=1)) > 0.5
