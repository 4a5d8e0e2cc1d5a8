# SPDX-License-Identifier: GPL-3.0-or-later
"""Star-shaped bodies: the distance of the surface from the centre, as a function of the direction."""

from __future__ import annotations

import numpy as np

from ..errors import HarmonicsFileError
from ..geometry.measure import area_centroid
from ..geometry.spherical import spherical_areas
from ..harmonics.container import Harmonics
from ..harmonics.rasterize import rasterize
from ..harmonics.transforms import analyse_grid, gauss_legendre_grid, grid_degree, synthesize
from ..mesh import FloatArray, Mesh
from ..sphere.icosphere import icosphere

FREQUENCY = 96
STEPS = 4
"""Of Newton's method, from the triangle that a ray meets to the smooth surface."""
DIFFERENCE = 1e-5
"""Step of its numerical derivatives, an angle."""


def radial_function(positions: Harmonics, lmax: int) -> tuple[FloatArray, FloatArray]:
    """Coefficients (lmax+1, lmax+1) of the distance from the area centroid, and that centroid (3,).

    positions: x, y and z. Raises `HarmonicsFileError` where a ray from the centroid meets the surface more than once.
    """
    sphere = icosphere(FREQUENCY)
    points = synthesize(positions, sphere.vertices)
    centre = area_centroid(Mesh(points, sphere.faces))
    away = points - centre
    distance = np.linalg.norm(away, axis=1, keepdims=True)
    rays = away / np.maximum(distance, 1e-300)
    turned = float((spherical_areas(rays, sphere.faces) <= 0.0).mean()) if distance.min() > 0.0 else 1.0
    if turned > 0.0:
        raise HarmonicsFileError(
            f"The shape is not star-shaped: {100 * turned:.2g} % of its surface faces away from its centre.",
            "A distance in each direction cannot describe it; choose a format with positions, such as .coef or .sh.",
        )
    colatitudes, n_longitudes = gauss_legendre_grid(grid_degree(lmax))
    triangle, barycentric = rasterize(rays, sphere.faces, colatitudes, n_longitudes)
    start = np.einsum("nki,nk->ni", sphere.vertices[sphere.faces[triangle]], barycentric)
    targets = _grid_directions(colatitudes, n_longitudes)
    values = _meet(positions, centre, start, targets)
    return analyse_grid(values.reshape(1, len(colatitudes), n_longitudes), lmax)[0], centre


def _grid_directions(colatitudes: FloatArray, n_longitudes: int) -> FloatArray:
    theta, phi = np.meshgrid(colatitudes, 2.0 * np.pi * np.arange(n_longitudes) / n_longitudes, indexing="ij")
    unit = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    return np.asarray(unit.reshape(-1, 3))


def _meet(positions: Harmonics, centre: FloatArray, parameters: FloatArray, rays: FloatArray) -> FloatArray:
    """(N,) distance where each ray (N, 3) meets the smooth surface, from parameters (N, 3) near that."""
    parameters = _unit(parameters)
    for _ in range(STEPS):
        first, second = _tangents(parameters)
        here = synthesize(positions, parameters) - centre
        along = [
            (synthesize(positions, _unit(parameters + DIFFERENCE * way)) - centre - here) / DIFFERENCE
            for way in (first, second)
        ]
        # here + a·along₀ + b·along₁ lies on the ray where it is at right angles to the ray's two normals
        normals = _tangents(rays)
        matrix = np.array([[np.einsum("ni,ni->n", n, w) for w in along] for n in normals]).transpose(2, 0, 1)
        missing = -np.array([np.einsum("ni,ni->n", n, here) for n in normals]).T
        determinant = np.linalg.det(matrix)
        fine = np.abs(determinant) > 1e-12 * np.abs(matrix).max() ** 2
        step = np.zeros_like(missing)
        step[fine] = np.linalg.solve(matrix[fine], missing[fine][..., None])[..., 0]
        step *= np.minimum(1.0, 0.05 / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-300))
        parameters = _unit(parameters + step[:, :1] * first + step[:, 1:] * second)
    return np.einsum("ni,ni->n", synthesize(positions, parameters) - centre, rays)


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _tangents(unit: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two unit vectors (N, 3) at right angles to each of `unit` and to each other."""
    helper = np.where(np.abs(unit[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = _unit(np.cross(helper, unit))
    return first, np.cross(unit, first)
