# SPDX-License-Identifier: GPL-3.0-or-later
"""Points for a network, and where its unit cube lies in the world of an input."""

from __future__ import annotations

import numpy as np

from ...alignment.similarity import Similarity
from ...errors import InvalidMesh, InvalidParameter
from ...geometry.sampling import sample_surface
from ...geometry.upright import Z_TO_Y
from ...mesh import FloatArray, Mesh, require_usable

POINTS = 300
"""Points that the published network sees."""

AXES = {"y": np.eye(3), "z": Z_TO_Y.T}
"""The axis that is up in an input → the axes of a network, in which y is up, as columns: its front stays the front."""


def unit_cube(given: Mesh | FloatArray, rotation: FloatArray | None = None) -> Similarity:
    """Where the cube [−½, ½]³ of a network lies: around a mesh or points (N, 3), its edge their longest side.

    rotation: (3, 3) the axes of the object as columns; the axes of the coordinates without. A network does not know
    an object that is turned, so who turns the object has to say so. Raises `InvalidParameter` for points that are not
    numbers or lie all in one place.
    """
    points = given.vertices if isinstance(given, Mesh) else checked_points(given)
    axes = np.eye(3) if rotation is None else np.asarray(rotation, np.float64)
    if not len(points) or not np.isfinite(points).all():
        raise InvalidParameter("The input has no points, or some that are not numbers.", "Mend it first.")
    own = points @ axes
    low, high = own.min(axis=0), own.max(axis=0)
    size = float((high - low).max())
    if not 0.0 < size < np.inf:
        raise InvalidParameter("All points of the input lie in one place.", "Give points of a surface.")
    return Similarity(axes, size, axes @ ((low + high) / 2.0))


def checked_points(points: FloatArray) -> FloatArray:
    """The points (N, 3) as floats. Raises `InvalidParameter` for another shape, none, or what is no number."""
    values = np.asarray(points)
    if values.ndim != 2 or values.shape[1] != 3 or values.dtype.kind not in "iuf":
        raise InvalidParameter(f"Points of shape {values.shape} are not understood.", "Give an array (N, 3).")
    if not len(values):
        raise InvalidParameter("There are no points.", "Give some points of a surface.")
    values = values.astype(np.float64)
    bad = int(np.count_nonzero(~np.isfinite(values).all(axis=1)))
    if bad:
        raise InvalidParameter(f"{bad} points have coordinates that are not numbers.", "Remove them.")
    return values


def network_points(given: Mesh | FloatArray, count: int = POINTS, seed: int = 0) -> FloatArray:
    """(count, 3) points of a mesh, uniform by area, or some of the given points (N, 3).

    All of them where there are not more: their order does not matter to a network, and it takes fewer as well. The
    same seed gives the same. Raises `InvalidMesh` and `InvalidParameter` for inputs without a surface or points.
    """
    if count < 1:
        raise InvalidParameter(f"{count} points are too few.", f"Give about {POINTS}.")
    if isinstance(given, Mesh):
        if not given.n_faces and given.n_vertices:
            return network_points(given.vertices, count, seed)
        require_usable(given)
        scale = given.diagonal
        if not 0.0 < scale < np.inf:
            raise InvalidMesh("The mesh has no size.", "Check the scale of the object.")
        points, _, _ = sample_surface(given.with_vertices(given.vertices / scale), count, seed)
        return points * scale
    points = checked_points(given)
    if len(points) <= count:
        return points
    return points[np.random.default_rng(seed).choice(len(points), count, replace=False)]
