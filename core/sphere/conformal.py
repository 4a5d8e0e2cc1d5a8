# SPDX-License-Identifier: GPL-3.0-or-later
"""Angle-preserving maps: conformalised mean-curvature flow, with Möbius centring."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from ..errors import MapFailed
from ..geometry.laplacian import cotangent_laplacian
from ..geometry.measure import area, area_centroid, vertex_areas
from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent
from .balanced import balanced_map
from .distortion import flips
from .moebius import moebius_centre

STEP = 0.05
ITERATIONS = 100
ROUND = 1e-3
"""The flow ends when the radius varies by less than this (standard deviation over mean)."""
SMALLEST = 1e-12
"""Vertices are taken to have at least this part of the mean mass, so that the system can be solved."""
FALLBACK_THETAS = (0.02, 0.2, 1.0)


def conformal_map(mesh: Mesh, progress: Progress = silent) -> FloatArray:
    """(V, 3) unit vectors: the flow's map where that has no flips, else the most conformal hierarchical map.

    mesh: closed, oriented, genus 0. On long thin limbs no flow can help: they shrink below rounding.
    Raises `MapFailed`.
    """
    sphere = conformal_flow(mesh, progress)
    if not flips(sphere, mesh.faces):
        return sphere
    sphere = _most_conformal(mesh, progress)
    centred = moebius_centre(sphere, vertex_areas(mesh))
    return sphere if flips(centred, mesh.faces) else centred


def _most_conformal(mesh: Mesh, progress: Progress) -> FloatArray:
    """The hierarchical map with the least θ that double precision can hold."""
    for theta in FALLBACK_THETAS[:-1]:
        with suppress(MapFailed):
            return balanced_map(mesh, theta, progress)
    return balanced_map(mesh, FALLBACK_THETAS[-1], progress)


def conformal_flow(mesh: Mesh, progress: Progress = silent) -> FloatArray:
    """(V, 3) unit vectors by conformalised mean-curvature flow (Kazhdan, Solomon, Ben-Chen 2012).

    (D_t + δ L_0) x_{t+δ} = D_t x_t, with the cotangent Laplacian of the first surface and the lumped mass of the
    present one, until the surface is round; then Möbius centring. May have flips: the caller looks.
    """
    laplacian = cotangent_laplacian(mesh)
    surface = _unit(mesh)
    roundness = np.inf
    for iteration in range(ITERATIONS):
        progress(iteration / ITERATIONS, "Flowing to a sphere")
        mass = vertex_areas(surface)
        mass = np.maximum(mass, SMALLEST * mass.mean())
        system = sp.csc_matrix(sp.diags(mass) + STEP * laplacian)
        solved = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        surface = _unit(surface.with_vertices(solved.solve(mass[:, None] * surface.vertices)))
        last, roundness = roundness, _roundness(surface)
        if roundness < ROUND or (iteration > 20 and abs(last - roundness) < 1e-4 * roundness):
            break
    sphere = surface.vertices / np.linalg.norm(surface.vertices, axis=1, keepdims=True)
    centred = moebius_centre(sphere, vertex_areas(mesh))
    return centred if flips(centred, mesh.faces) <= flips(sphere, mesh.faces) else sphere


def _unit(mesh: Mesh) -> Mesh:
    """The mesh with its area centroid at 0 and area 1."""
    return mesh.with_vertices((mesh.vertices - area_centroid(mesh)) / np.sqrt(area(mesh)))


def _roundness(mesh: Mesh) -> float:
    radius, weights = np.linalg.norm(mesh.vertices, axis=1), vertex_areas(mesh)
    mean = radius @ weights / weights.sum()
    return float(np.sqrt((radius - mean) ** 2 @ weights / weights.sum()) / mean)
