# SPDX-License-Identifier: GPL-3.0-or-later
"""Between curvature and half-density on the sphere, and from curvature to a surface, for files without positions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..harmonics.container import AREA_DISTORTION, CURVATURE_DENSITY, POSITION, VERTEX_DENSITY, Harmonics
from ..harmonics.transforms import analyse, analyse_grid, synthesize, synthesize_grid
from ..intrinsic import surface_from_curvature
from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent
from ..sphere.adaptive import adaptive_sphere
from ..sphere.icosphere import icosphere

VERTICES, FREQUENCY = 1000, 10
"""Of the mesh on which the surface is solved for: following the density where there is one, else even."""
OVERSAMPLING = 3
UNIT_CURVATURE = "unit_curvature"
"""A channel of files that hold 2H of the surface scaled to area 1: kept as it is beside what is made of it."""


def half_density(curvature: FloatArray, log_area: FloatArray) -> FloatArray:
    """Coefficients (L+1, L+1) of the half-density H √(dA/dA_sphere) from those of 2H of the surface of area 1.

    log_area: (L+1, L+1) logarithm of surface area over sphere area, both of total 1. A product on the sphere, cut at
    degree L: what it has above is lost.
    """
    return _on_grid(_half, curvature, log_area)


def unit_curvature(density: FloatArray, log_area: FloatArray) -> FloatArray:
    """The inverse of `half_density`, but for what either cuts off."""
    return _on_grid(lambda half, log: 2.0 * half * np.exp(-0.5 * log) * np.sqrt(4.0 * np.pi), density, log_area)


def with_positions(harmonics: Harmonics, progress: Progress = silent) -> Harmonics:
    """The same with x, y and z of a surface of area 1 around 0, solved for from curvature and area distortion.

    How it is turned is not in those functions. It takes ten seconds and more where they are cut at a low degree, since
    they then belong to no surface exactly. Raises what `intrinsic.surface_from_curvature` raises.
    """
    if VERTEX_DENSITY in harmonics.channels:
        sphere = adaptive_sphere(harmonics.select([VERTEX_DENSITY]), VERTICES)
    else:
        sphere = icosphere(FREQUENCY)
    sphere = Mesh(sphere.vertices / np.linalg.norm(sphere.vertices, axis=1, keepdims=True), sphere.faces)
    log_area = synthesize(harmonics.select([AREA_DISTORTION]), sphere.vertices)[:, 0]
    if UNIT_CURVATURE in harmonics.channels:  # the product at the vertices themselves, not cut at a degree
        bend = _half(synthesize(harmonics.select([UNIT_CURVATURE]), sphere.vertices)[:, 0], log_area)
    else:
        bend = synthesize(harmonics.select([CURVATURE_DENSITY]), sphere.vertices)[:, 0]
    positions = surface_from_curvature(sphere.vertices, sphere.faces, log_area, bend, 1.0, progress)
    found = analyse(sphere.vertices, sphere.faces, positions, harmonics.lmax)
    return Harmonics(np.concatenate([found, harmonics.coefficients]), (*POSITION, *harmonics.channels))


def _half(bend: FloatArray, log_area: FloatArray) -> FloatArray:
    """The half-density at points from 2H and the area distortion there."""
    return np.asarray(0.5 * bend * np.exp(0.5 * log_area) / np.sqrt(4.0 * np.pi))


def _on_grid(function: Callable[[FloatArray, FloatArray], FloatArray], *coefficients: FloatArray) -> FloatArray:
    lmax = coefficients[0].shape[0] - 1
    values = synthesize_grid(np.stack(coefficients), max(OVERSAMPLING * lmax, 8))
    return analyse_grid(function(values[0], values[1])[None], lmax)[0]
