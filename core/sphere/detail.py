# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a shape has detail that needs more room on the sphere than its area gives it."""

from __future__ import annotations

import numpy as np

from ..geometry.measure import vertex_areas, vertex_normals
from ..geometry.subdivide import midpoint_sphere, midpoint_subdivide
from ..harmonics.filters import gaussian
from ..harmonics.transforms import analyse, synthesize
from ..mesh import FloatArray, Mesh

PROBE_DEGREE = 32
SMOOTH_DEGREE = 16
EXPONENT = 0.5
"""Detail raises the share of the sphere by this power of the error, which evens the error out without overdoing it."""
RANGE = (0.2, 5.0)


def detail_weights(mesh: Mesh, sphere: FloatArray) -> FloatArray:
    """(V,) positive weights, of mean 1 over the surface, for `balanced_map`.

    mesh: V vertices; sphere: (V, 3) a first map of it. The surface is fitted at a low degree; where the fit is off
    along the normal by more than the average, the surface has more detail than its share of the sphere can carry, so
    its share is raised (signal-specialised parametrization, Sander et al. 2002, for harmonics).
    """
    fine, (directions, faces) = midpoint_subdivide(mesh), midpoint_sphere(sphere, mesh.faces)
    coefficients = analyse(sphere, mesh.faces, mesh.vertices, PROBE_DEGREE)
    off = synthesize(coefficients, directions) - fine.vertices
    error = np.abs(np.einsum("ij,ij->i", off, vertex_normals(fine)))
    areas = vertex_areas(mesh)
    smooth = _smoothed(error, directions, faces, sphere)
    mean = areas @ np.maximum(smooth, 0.0) / areas.sum()
    if not mean > 1e-9 * mesh.diagonal:
        return np.ones(mesh.n_vertices)
    weights = np.clip(np.maximum(smooth / mean, 0.1) ** EXPONENT, *RANGE)
    return np.asarray(weights * (areas.sum() / (areas @ weights)))


def _smoothed(values: FloatArray, directions: FloatArray, faces: FloatArray, sphere: FloatArray) -> FloatArray:
    """Values (N,) at directions (N, 3), averaged over about a wavelength of SMOOTH_DEGREE, at `sphere` (V, 3)."""
    coefficients = analyse(directions, faces, values[:, None], SMOOTH_DEGREE)
    index = np.arange(SMOOTH_DEGREE + 1)
    gains = gaussian(SMOOTH_DEGREE, 1.5 * np.sqrt(2.0 * np.log(2.0)) / SMOOTH_DEGREE)
    return synthesize(coefficients * gains[np.maximum(index[:, None], index)], sphere)[:, 0]
