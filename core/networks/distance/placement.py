# SPDX-License-Identifier: GPL-3.0-or-later
"""From where a mesh is to the cube [−1, 1]³ of a network, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields.multiresolution import Box
from ...mesh import FloatArray, Mesh, require_usable

EXTENT = 0.95
"""Half of the longest side in the cube: five times the noise of the samples is left to its walls."""


@dataclass(frozen=True)
class Placement:
    """own = (p − centre) · scale; distances scale alike. centre (3,), in the units of the mesh."""

    centre: FloatArray
    scale: float

    def to_own(self, points: FloatArray) -> FloatArray:
        """(N, 3) points of the source in the coordinates of the network."""
        return (np.asarray(points, dtype=np.float64) - self.centre) * self.scale

    def to_source(self, points: FloatArray) -> FloatArray:
        """The inverse of `to_own`."""
        return np.asarray(points, dtype=np.float64) / self.scale + self.centre

    @property
    def box(self) -> Box:
        """The cube of the network, in the units of the source."""
        x, y, z = (float(value) for value in self.centre)
        return Box((x, y, z), 2.0 / self.scale)


IDENTITY = Placement(np.zeros(3), 1.0)


def placement_of(mesh: Mesh) -> Placement:
    """The middle of the bounding box goes to 0, and its longest side becomes 2 · 0.95.

    The box and not the diagonal, as torch-ngp takes it, so that a shape fills the grid whatever its proportions. One
    scale for all axes, so that distances stay distances. Raises `InvalidMesh` for a mesh that cannot be used.
    """
    require_usable(mesh)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    return Placement(low + 0.5 * (high - low), float(2.0 * EXTENT / (high - low).max()))
