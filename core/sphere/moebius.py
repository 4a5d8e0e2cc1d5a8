# SPDX-License-Identifier: GPL-3.0-or-later
"""Möbius centring: the conformal change of a map that puts the surface's centre of mass at the sphere's centre."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray

TOLERANCE = 1e-13
ITERATIONS = 50


def moebius_centre(sphere: FloatArray, weights: FloatArray) -> FloatArray:
    """(V, 3) unit vectors whose weighted mean is 0 (Baden, Crane, Kazhdan 2018, algorithm 1).

    sphere: (V, 3) unit vectors; weights: (V,) masses, not negative. Angles between curves do not change.
    Gauss–Newton steps over inversions of the ball; where the mass cannot be centred (more than half of it in
    one point) the most centred map that was found is returned.
    """
    mass = weights / weights.sum()
    points = sphere
    for _ in range(ITERATIONS):
        mean = mass @ points
        if np.linalg.norm(mean) < TOLERANCE:
            break
        jacobian = 2.0 * (np.eye(3) - (points * mass[:, None]).T @ points)
        centre = -np.linalg.solve(jacobian, mean)
        centre *= min(1.0, 0.9 / max(float(np.linalg.norm(centre)), 1e-300))
        better = _better(points, mass, centre, float(np.linalg.norm(mean)))
        if better is None:
            break
        points = better
    return points


def invert(points: FloatArray, centre: FloatArray) -> FloatArray:
    """The Möbius map of the sphere that moves the ball's centre to `centre` (3,), |centre| < 1."""
    shifted = points + centre
    moved = (1.0 - centre @ centre) * shifted / np.einsum("ij,ij->i", shifted, shifted)[:, None] + centre
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True))


def _better(points: FloatArray, mass: FloatArray, centre: FloatArray, length: float) -> FloatArray | None:
    """The first of the steps centre, centre / 2, … that brings the mean closer to 0."""
    for _ in range(40):
        moved = invert(points, centre)
        if np.linalg.norm(mass @ moved) < length:
            return moved
        centre = centre * 0.5
    return None
