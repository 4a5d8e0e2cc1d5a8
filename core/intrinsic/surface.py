# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface that has given area and mean curvature on a conformal map: a start, then least squares."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, part, silent
from .features import Features, make_features
from .residuals import LENGTHS, Residuals
from .spin import factorized, spin_flow

STEPS = (20, 45)
"""Steps of the path from the sphere: first, and when that ended in a wrong fold."""
FOLDED = (0.01, 0.2)
"""Between these a mismatch (see `Features.mismatch`, the sum) tells of a wrong fold: with less the surface
has its features, with more the features belong to no surface and another path would not find one."""
ITERATIONS = 40
TOLERANCE = 1e-4
"""The solution is found when a step lowers the energy by less than this part of it."""
DAMPING = (1e-4, 1e-9, 1e4)
"""First, least and greatest damping, in parts of the diagonal."""


def surface_from_curvature(
    sphere: FloatArray,
    faces: IntArray,
    log_area_distortion: FloatArray,
    curvature_density: FloatArray,
    area: float,
    progress: Progress = silent,
) -> FloatArray:
    """(V, 3) vertices of the surface with this area distortion and mean curvature, centred at 0.

    sphere: (V, 3) unit vectors, faces (F, 3) outward on it: a conformal (or nearly conformal) map of the surface.
    log_area_distortion: (V,) logarithm of surface area over sphere area around each vertex, up to a constant.
    curvature_density: (V,) mean curvature half-density, see `geometry.curvature.curvature_density`.
    area: total area of the result, in squared units of length.

    The two functions determine the surface up to a rigid motion (Gu, Wang, Yau 2004); how it is turned is
    left open. First spin transformations in small steps lead from the round sphere to its neighbourhood
    (`spin.spin_flow`); from there Levenberg–Marquardt on `Residuals` converges in some ten steps. Features
    that belong to no surface, such as those cut at a degree, give one that fits them best.

    Time is about 4 s for 3,000 vertices and grows faster than their number. Raises `InvalidParameter` for
    shapes that do not fit, values that are not finite, flipped triangles, or an area that is not positive.
    """
    if not (np.isfinite(area) and area > 0.0):
        raise InvalidParameter(f"An area of {area:g} is out of range.", "Give a positive number.")
    features = make_features(sphere, faces, log_area_distortion, curvature_density)
    best, least = features.sphere, np.inf
    for trial, steps in enumerate(STEPS):
        share = part(progress, trial / len(STEPS), (trial + 1) / len(STEPS))
        vertices = _solved(features, steps, share)
        mismatch = sum(features.mismatch(Mesh(vertices, features.faces)))
        if mismatch < least:
            best, least = vertices, mismatch
        if not FOLDED[0] < least < FOLDED[1]:
            break
    progress(1.0, "Surface found")
    centred = best - features.areas @ best
    return np.asarray(np.sqrt(area) * centred)


def _solved(features: Features, steps: int, progress: Progress) -> FloatArray:
    """(V, 3) vertices of area 1: a path of `steps`, then least squares with less and less trust in lengths."""
    vertices = spin_flow(features, steps, part(progress, 0.0, 0.4))
    for k, weight in enumerate(LENGTHS):
        share = part(progress, 0.4 + 0.3 * k, 0.7 + 0.3 * k)
        vertices = fitted(Residuals(features, weight), vertices, share)
    return vertices


def fitted(residuals: Residuals, start: FloatArray, progress: Progress = silent) -> FloatArray:
    """(V, 3) vertices near `start` (V, 3) with the least squared residuals (Levenberg–Marquardt)."""
    vertices, values = start, residuals.values(start)
    energy = float(values @ values)
    damping, least, greatest = DAMPING
    for iteration in range(ITERATIONS):
        progress(iteration / ITERATIONS, "Fitting area and curvature")
        jacobian = residuals.jacobian(vertices)
        normal, gradient = sp.csc_matrix(jacobian.T @ jacobian), jacobian.T @ values
        before = energy
        while damping < greatest:
            moved = vertices - _damped(normal, gradient, damping)
            values = residuals.values(moved)
            energy = float(values @ values)
            if energy < before:
                vertices, damping = moved, max(damping / 5.0, least)
                break
            damping *= 5.0
        if not before - energy > TOLERANCE * before:
            break
    return vertices


def _damped(normal: sp.csc_matrix, gradient: FloatArray, damping: float) -> FloatArray:
    """(V, 3) step. The small constant holds the six rigid motions, which nothing else does."""
    diagonal = normal.diagonal()
    system = sp.csc_matrix(normal + sp.diags(damping * diagonal + 1e-9 * diagonal.mean()))
    return np.asarray(factorized(system).solve(gradient)).reshape(-1, 3)
