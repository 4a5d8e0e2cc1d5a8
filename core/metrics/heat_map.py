# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two shapes differ: the distance of each vertex of one from the other, as colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..colour_map import colour_map
from ..errors import InvalidParameter
from ..geometry.distance import distances_to_surface
from ..geometry.inside import contains, why_no_inside
from ..mesh import FloatArray, Mesh, require_usable

DISTANCE, SIGNED_DISTANCE = "surface_distance", "signed_distance"
"""Names of the vertex attributes."""
_CLIP = 98.0
"""Percentile at the end of the scale: a few far vertices must not flatten all others."""


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Distances on the V vertices of a mesh.

    values: (V,) in the units of the mesh; with `signed` positive outside the other mesh and negative inside.
    low, high: the values at the ends of the colour scale.
    """

    values: FloatArray
    signed: bool
    low: float
    high: float

    @property
    def name(self) -> str:
        """Of the vertex attribute."""
        return SIGNED_DISTANCE if self.signed else DISTANCE

    def with_limit(self, limit: float) -> HeatMap:
        """The same with a scale that ends at the distance `limit`, so that several can be set side by side.

        Raises `InvalidParameter` for one that is not positive.
        """
        if not 0.0 < limit < np.inf:
            raise InvalidParameter(f"The scale cannot end at {limit:g}.", "Give a positive distance.")
        return replace(self, low=-limit if self.signed else 0.0, high=limit)

    def colours(self) -> FloatArray:
        """(V, 3) linear RGB: viridis, or blue (inside) over white to red (outside) where it is signed."""
        return colour_map(self.values, self.low, self.high, "blue_red" if self.signed else "viridis")

    def on(self, mesh: Mesh) -> Mesh:
        """The mesh with the distances as an attribute and the colours as its `color`."""
        return mesh.with_attributes(**{self.name: self.values, "color": self.colours()})


def heat_map(mesh: Mesh, other: Mesh, *, signed: bool | None = None, distances: FloatArray | None = None) -> HeatMap:
    """How far each vertex of `mesh` is from the surface `other`.

    signed: None for wherever `other` is closed. distances: (V,) if they are known already, as from
    `Comparison.forward.at_vertices`. Raises `InvalidMesh` for an unusable mesh, and for signs from an open one.
    """
    require_usable(mesh)
    require_usable(other)
    values = distances_to_surface(mesh.vertices, other) if distances is None else distances
    with_sign = not why_no_inside(other) if signed is None else signed
    if with_sign:
        values = np.where(contains(other, mesh.vertices), -values, values)
    return HeatMap(values, with_sign, *fitting_range(values, with_sign))


def fitting_range(values: FloatArray, signed: bool) -> tuple[float, float]:
    """The values at the ends of the scale: from 0 or around it, to where all but a few distances (V,) end."""
    far = np.abs(values)
    high = float(np.percentile(far, _CLIP)) or float(far.max()) or 1e-9  # two equal meshes have a scale as well
    return (-high if signed else 0.0), high
