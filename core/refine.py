# SPDX-License-Identifier: GPL-3.0-or-later
"""Lower the distance between the rebuilt surface and the source, beyond the fit of the map.

A fit asks every direction on the sphere for one point of the surface. Where along the surface a direction ends does
not matter to its shape, only the distance does: so each direction may aim at the nearest point instead (parameter
correction, Hoschek 1988), and the next fit, in the same degrees, is closer everywhere.
"""

from __future__ import annotations

import numpy as np

from .certify import surface_error
from .errors import InvalidParameter
from .geometry.distance import SurfaceTree
from .harmonics.container import POSITION, Harmonics
from .harmonics.transforms import analyse_grid, grid_degree, synthesize, synthesize_grid
from .mesh import FloatArray, Mesh
from .progress import Progress, silent

ITERATIONS = 4
QUERIES = 500_000
"""Nearest-point queries that a refinement may take: high degrees, whose error is small anyway, get fewer rounds."""
OVERSHOOT = 1.6
"""Each round goes this much of the way; fits converge below 2, and sooner above 1."""
ENOUGH = 0.03
"""The rounds end when one has lowered the mean distance by less than this share."""
PROBES = 5_000
LARGEST_GROWTH = 1.1


def refine_positions(mesh: Mesh, sphere: FloatArray, harmonics: Harmonics, progress: Progress = silent) -> Harmonics:
    """The same channels, with position coefficients whose surface is closer to `mesh`.

    mesh: the source, sphere: (V, 3) its map. The rounds lower the distance from the rebuilt surface to the source. So
    that no part of the source is given up for that, the result is kept only if the distance from the source has not
    grown either, on average, nor its maximum by much; otherwise `harmonics` itself is returned.
    """
    degree = grid_degree(harmonics.lmax)
    rounds = min(ITERATIONS, QUERIES // (2 * (degree + 1) ** 2))
    if not rounds:
        return harmonics
    rows = [harmonics.channels.index(name) for name in POSITION]
    positions = _corrected(SurfaceTree(mesh), harmonics.coefficients[rows], degree, rounds, progress)
    coefficients = harmonics.coefficients.copy()
    coefficients[rows] = positions
    refined = Harmonics(coefficients, harmonics.channels)
    before, after = (_distance_from_source(mesh, sphere, each) for each in (harmonics, refined))
    kept = after.mean() <= before.mean() and after.max() <= LARGEST_GROWTH * before.max()
    return refined if kept else harmonics


def _distance_from_source(mesh: Mesh, sphere: FloatArray, harmonics: Harmonics) -> FloatArray:
    """Distances to the rebuilt surface, on the source connectivity, of about PROBES of the source's vertices."""
    rebuilt = mesh.with_vertices(synthesize(harmonics.select(POSITION), sphere))
    return SurfaceTree(rebuilt).nearest(mesh.vertices[:: max(1, mesh.n_vertices // PROBES)])[0]


def _corrected(tree: SurfaceTree, positions: FloatArray, degree: int, rounds: int, progress: Progress) -> FloatArray:
    """Coefficients (3, L+1, L+1) after up to `rounds` corrections on the grid of `degree`."""
    lmax, last = positions.shape[-1] - 1, np.inf
    for number in range(rounds):
        progress(number / rounds, "Refining the fit")
        maps = synthesize_grid(positions, degree)
        points = maps.reshape(3, -1).T
        distance, _, nearest = tree.nearest(points)
        mean = float(distance.mean())
        if mean > (1.0 - ENOUGH) * last or mean == 0.0:
            break
        last = mean
        positions = positions + OVERSHOOT * analyse_grid((nearest - points).T.reshape(maps.shape), lmax)
    return positions


def smallest_for_target(
    mesh: Mesh, sphere: FloatArray, harmonics: Harmonics, target: float, progress: Progress = silent
) -> Harmonics:
    """Cut at the smallest degree whose refined mean error, relative to the diagonal, is at most `target`.

    By bisection: cutting the coefficients at a degree is the same as fitting at that degree, so one fit serves all.
    Raises `InvalidParameter` for a target that is not positive or that the highest degree does not reach.
    """
    if not 0.0 < target < 1.0:
        raise InvalidParameter(f"A target error of {target:g} is out of range.", "Give one between 0 % and 100 %.")

    def attempt(lmax: int) -> tuple[Harmonics, float]:
        refined = refine_positions(mesh, sphere, harmonics.truncate(lmax))
        return refined, surface_error(mesh, sphere, refined)[0]

    best, error = attempt(harmonics.lmax)
    if error > target:
        raise InvalidParameter(
            f"Degree {harmonics.lmax} gives a mean error of {error:.3%}; the target is {target:.3%}.",
            "Allow a higher degree, or a larger error.",
        )
    low, high = 0, harmonics.lmax
    while high - low > 1:
        progress(1.0 - (high - low) / harmonics.lmax, f"Trying degree {(low + high) // 2}")
        middle = (low + high) // 2
        refined, error = attempt(middle)
        low, high, best = (low, middle, refined) if error <= target else (middle, high, best)
    return best
