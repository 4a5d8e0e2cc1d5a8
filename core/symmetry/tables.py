# SPDX-License-Identifier: GPL-3.0-or-later
"""Which vertices lie left and right of a mirror, which in it, and which one is opposite to each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray

TOLERANCE = 1e-6
"""How far a vertex may be from the mirror image of its partner, for vertices on the unit sphere."""


@dataclass(frozen=True)
class MirrorTables:
    """Index tables of vertices that are symmetric under x → −x.

    right: (R,) x > 0, ascending. left: (L,) x < 0, ascending. middle: (M,) in the mirror.
    opposite: (V,) the partner of each vertex; itself in the mirror.
    right_slices, left_slices: the same two sides cut into layers across y, from the top down; a left slice has the
        partners of the right slice in the same order.
    """

    right: IntArray
    left: IntArray
    middle: IntArray
    opposite: IntArray
    right_slices: tuple[IntArray, ...]
    left_slices: tuple[IntArray, ...]

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.opposite)

    @property
    def n_slices(self) -> int:
        """Number of slices."""
        return len(self.right_slices)


def mirror_tables(
    vertices: FloatArray,
    *,
    slices: int = 2,
    tolerance: float = TOLERANCE,
    as_published: bool = False,
    subdivided: bool = False,
) -> MirrorTables:
    """The tables of vertices (V, 3) that are symmetric under x → −x, such as a template's.

    slices: number of layers across y; two are parted at y = 0, more evenly between the lowest and the highest vertex.
    tolerance: the largest distance of a mirrored vertex from its partner, and of a vertex in the mirror from it.
    as_published: the tables as symmetric MCMR computes them. They take the sign of x as rounding left it, so on
        icospheres of odd level some vertices in the mirror count as right or left (and, before subdivision, also as
        middle), and the slices of such a level differ by a vertex. On even levels both agree.
    subdivided: with `as_published`, that the middle of a subdivided template is where x is exactly 0.

    Raises `InvalidParameter` where a vertex has no partner, or for fewer than one slice.
    """
    if slices < 1:
        raise InvalidParameter(f"{slices} slices are too few.", "Give 1 or more.")
    points = np.asarray(vertices, dtype=np.float64)
    opposite = _partners(points, tolerance)
    x = points[:, 0]
    alone = opposite == np.arange(len(points))
    if as_published:
        middle = np.flatnonzero(x == 0.0) if subdivided else np.flatnonzero(alone)
        right, left = np.flatnonzero(x > 0.0), np.flatnonzero(x < 0.0)
    else:
        right, left, middle = (np.flatnonzero(side) for side in (~alone & (x > 0.0), ~alone & (x < 0.0), alone))
    layer = _layers(points[:, 1], slices, 0.0 if as_published else tolerance)
    partner = opposite[right]
    own = layer if as_published else layer[opposite]  # of the left ones: their own height, or their partner's
    return MirrorTables(
        right,
        left,
        middle,
        opposite,
        tuple(right[layer[right] == k] for k in range(slices)),
        tuple(partner[own[partner] == k] for k in range(slices)),
    )


def _partners(points: FloatArray, tolerance: float) -> IntArray:
    if points.ndim != 2 or points.shape[1:] != (3,) or not len(points) or not np.isfinite(points).all():
        raise InvalidParameter("The vertices are not points.", "Give finite numbers of shape (V, 3).")
    distance, nearest = cKDTree(points).query(points * np.array([-1.0, 1.0, 1.0]))
    opposite = np.asarray(nearest, dtype=np.int64)
    lone = (np.asarray(distance) > tolerance) | (opposite[opposite] != np.arange(len(points)))
    if lone.any():
        raise InvalidParameter(
            f"{int(lone.sum())} of {len(points)} vertices have no mirror image among the others.",
            "Give vertices that are symmetric under x → −x.",
        )
    return opposite


def _layers(height: FloatArray, slices: int, tolerance: float) -> IntArray:
    """(V,) the layer of each vertex, 0 at the top; a height on a border belongs below it."""
    borders = np.linspace(height.min(), height.max(), slices + 1)[1:-1] if slices != 2 else np.zeros(1)
    return np.asarray(slices - 1 - (height[:, None] > borders + tolerance).sum(axis=1))
