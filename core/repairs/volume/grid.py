# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of a regular lattice around a mesh, and what is known at each of them.

Values belong to nodes, not to cells: node (i, j, k) lies at `origin + spacing · (i, j, k)`. Neighbours are those of
the Freudenthal (Kuhn) lattice, in which every cube is cut into six tetrahedra around its diagonal from (0, 0, 0) to
(1, 1, 1). Each node has 14 neighbours, which form a triangulated sphere around it; so inside and outside are connected
in the same way, and the surface between them is always a manifold.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidParameter
from ...mesh import FloatArray, IntArray

BoolGrid = NDArray[np.bool_]
FloatGrid = NDArray[np.float32]
MARGIN = 2
"""Layers of nodes at the border of a grid that are always outside."""
RESOLUTIONS = (8, 1024)
"""Range of nodes along the longest side."""

_UP = [(i, j, k) for i, j, k in itertools.product((0, 1), repeat=3) if i or j or k]
_ABOVE = {low: [up for up in _UP if up != low and all(a <= b for a, b in zip(low, up, strict=True))] for low in _UP}
NEIGHBOURS: IntArray = np.array(_UP + [(-i, -j, -k) for i, j, k in _UP], dtype=np.int64)
"""(14, 3) steps to the neighbours of a node; the step `n` and the step `n + 7` are opposite."""
CONNECTIVITY: BoolGrid = np.zeros((3, 3, 3), dtype=bool)
"""The same neighbours and the node itself as a structuring element for `scipy.ndimage`."""
CONNECTIVITY[1, 1, 1] = True
CONNECTIVITY[tuple(1 + NEIGHBOURS.T)] = True


@dataclass(frozen=True)
class Lattice:
    """Where the nodes are: (3,) position of node (0, 0, 0), distance between nodes, number of nodes along x, y, z."""

    origin: FloatArray
    spacing: float
    shape: tuple[int, int, int]

    @staticmethod
    def around(vertices: FloatArray, resolution: int, margin: int = 4) -> Lattice:
        """A lattice with `resolution` nodes along the longest side of the box around `vertices` (V, 3).

        `margin`: layers of nodes outside the box on each side; they count for the resolution. The nodes
        are a little off the middle, so that flat faces along the axes do not pass through nodes.
        Raises `InvalidParameter` for a resolution out of range.
        """
        if not RESOLUTIONS[0] <= resolution <= RESOLUTIONS[1]:
            raise InvalidParameter(
                f"The resolution is {resolution}.",
                f"Give a number of voxels between {RESOLUTIONS[0]} and {RESOLUTIONS[1]}.",
            )
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        margin = min(margin, (resolution - 2) // 2 - 1) if resolution < 2 * margin + 4 else margin
        spacing = float((high - low).max()) / max(resolution - 2 * margin - 1, 1)
        count = np.ceil((high - low) / spacing).astype(np.int64) + 2 * margin + 1
        shift = np.array([0.0137, 0.0211, 0.0173])
        origin = 0.5 * (low + high) + spacing * (shift - 0.5 * (count - 1))
        return Lattice(origin, spacing, (int(count[0]), int(count[1]), int(count[2])))

    def positions(self, nodes: IntArray) -> FloatArray:
        """(n, 3) positions of the nodes with these flat numbers (n,)."""
        indices = np.stack(np.unravel_index(nodes, self.shape), axis=1)
        result: FloatArray = self.origin + self.spacing * indices
        return result


@dataclass(frozen=True)
class Field:
    """What is inside a mesh, and how far the nodes are from its surface.

    origin: (3,) position of node (0, 0, 0), in the units of the mesh. spacing: distance between nodes.
    distance: (nx, ny, nz) float32, signed distance in the units of the mesh, negative inside; exact near the surface
        (within about two voxels), an estimate farther away. Where sheets were thickened, distance to the
        thickened surface.
    inside: (nx, ny, nz), whether the node is solid. The sign of `distance` agrees. The outer `MARGIN` layers are
        always outside.
    sheets_thickened: pieces too thin for the grid or open that were made about 1.5 voxels thick.
    resolution_needed: the resolution at which the pieces that are thin but solid would be as thick as they are; 0 if
        the grid resolves all.
    """

    origin: FloatArray
    spacing: float
    distance: FloatGrid
    inside: BoolGrid
    sheets_thickened: int = 0
    resolution_needed: int = 0

    @property
    def lattice(self) -> Lattice:
        """Where the nodes are."""
        nx, ny, nz = self.inside.shape
        return Lattice(self.origin, self.spacing, (nx, ny, nz))


@dataclass(frozen=True)
class Ball:
    """Which nodes are inside a single ball without handles, cavities or loose parts.

    inside: (nx, ny, nz), connected by the 14 neighbours as is its complement, Euler characteristic 1; the outer
        layer is outside. The counts say what was changed from the field to get there.
    changed: (nx, ny, nz), the nodes that changed sides.
    """

    inside: BoolGrid
    changed: BoolGrid
    handles_cut: int = 0
    tunnels_filled: int = 0
    parts_joined: int = 0
    parts_dropped: int = 0
    cavities_dropped: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """What was done, by the names of `words.PHRASES`."""
        return {
            "cavities_dropped": self.cavities_dropped,
            "parts_dropped": self.parts_dropped,
            "parts_joined": self.parts_joined,
            "handles_cut": self.handles_cut,
            "tunnels_filled": self.tunnels_filled,
        }


def euler_characteristic(inside: BoolGrid) -> int:
    """Vertices − edges + triangles − tetrahedra of the part of the Freudenthal lattice on the nodes `inside`.

    For a connected grid without cavities this is one minus the number of handles. Nodes outside the grid are
    outside.
    """
    x, y, z = inside.shape
    padded = np.zeros((x + 1, y + 1, z + 1), dtype=bool)
    padded[:x, :y, :z] = inside

    def corner(step: tuple[int, int, int]) -> BoolGrid:
        return padded[step[0] : step[0] + x, step[1] : step[1] + y, step[2] : step[2] + z]

    corners = {step: corner(step) for step in _UP}
    total = int(np.count_nonzero(inside))
    for first in _UP:
        edge = inside & corners[first]
        total -= int(np.count_nonzero(edge))
        for second in _ABOVE[first]:
            triangle = edge & corners[second]
            total += int(np.count_nonzero(triangle))
            for third in _ABOVE[second]:
                total -= int(np.count_nonzero(triangle & corners[third]))
    return total


def clear_border(inside: BoolGrid, layers: int = MARGIN) -> BoolGrid:
    """A copy with `layers` layers outside all round."""
    result = np.zeros_like(inside)
    middle = tuple(slice(layers, size - layers) for size in inside.shape)
    result[middle] = inside[middle]
    return result
