# SPDX-License-Identifier: GPL-3.0-or-later
"""Move the vertices of a map so that area spreads evenly over the sphere, without flipping a triangle."""

from __future__ import annotations

import ducc0
import numpy as np
from scipy import sparse

from ..geometry.measure import unique_edges
from ..geometry.spherical import orientation
from ..harmonics.layout import degrees_and_orders
from ..harmonics.transforms import to_angles
from ..mesh import FloatArray, IntArray

ACCURACY = 1e-6
KEPT = 0.05
"""No triangle's determinant may fall below this part of what it was, in one move."""
SMOOTHINGS = 8
"""How often rotations are averaged around triangles that would flip, before all of them are shortened."""
LEAST_STEP = 0.02


def equalising_rotations(sphere: FloatArray, mass: FloatArray, degree: int) -> FloatArray:
    """(V, 3) rotation vectors, tangential, that spread the masses (V,) at unit vectors `sphere` (V, 3) evenly.

    To first order what the masses would go through if they diffused until they were even, each following −∇ρ/ρ: the
    gradient of the potential with Δφ = ρ − 1. ρ is the density of the masses in harmonics up to `degree`, smoothed
    by a Gaussian of about its resolution. The masses sum to 4π.
    """
    angles = to_angles(sphere)
    # one thread: sums in one order, so that the same mesh has the same map
    settings = {"lmax": degree, "loc": angles, "epsilon": ACCURACY, "nthreads": 1}
    density = ducc0.sht.adjoint_synthesis_general(map=mass[None], spin=0, **settings)[0]
    eigenvalue = np.prod([degrees_and_orders(degree)[0] + k for k in (0.0, 1.0)], axis=0)
    potential_gradient = np.zeros_like(density)
    smooth = np.exp(-eigenvalue / (2.0 * degree**2))
    potential_gradient[eigenvalue > 0] = (smooth * density)[eigenvalue > 0] / np.sqrt(eigenvalue[eigenvalue > 0])
    south, east = ducc0.sht.synthesis_general(alm=potential_gradient[None], spin=1, mode="GRAD_ONLY", **settings)
    colatitude, longitude = angles.T
    to_south = np.stack(
        [np.cos(colatitude) * np.cos(longitude), np.cos(colatitude) * np.sin(longitude), -np.sin(colatitude)], axis=1
    )
    to_east = np.stack([-np.sin(longitude), np.cos(longitude), np.zeros_like(longitude)], axis=1)
    return np.asarray(np.cross(sphere, -(south[:, None] * to_south + east[:, None] * to_east)))


def turned(sphere: FloatArray, rotations: FloatArray) -> FloatArray:
    """(V, 3) unit vectors, each turned by its rotation vector (V, 3), in radians (Rodrigues)."""
    angle = np.linalg.norm(rotations, axis=1, keepdims=True)
    axis = rotations / np.maximum(angle, 1e-300)
    along = np.einsum("ij,ij->i", axis, sphere)[:, None]
    points = sphere * np.cos(angle) + np.cross(axis, sphere) * np.sin(angle) + axis * along * (1.0 - np.cos(angle))
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def turned_without_flips(
    sphere: FloatArray, faces: IntArray, averages: sparse.csr_matrix, rotations: FloatArray, step: float
) -> tuple[FloatArray, float]:
    """The map `sphere` (V, 3) turned by `step` times `rotations` (V, 3) or less, and the step that was possible.

    Where a triangle would flip, the rotations around it are averaged: vertices that turn alike keep their triangles.
    Where that is not enough, all rotations are halved; below LEAST_STEP nothing moves and the step is 0.
    averages: (V, V), see `neighbour_averages`.
    """
    least = KEPT * orientation(sphere, faces)
    while step >= LEAST_STEP:
        turning = step * rotations
        for attempt in range(SMOOTHINGS):
            moved = turned(sphere, turning)
            wrong = ~(orientation(moved, faces) > least)
            if not wrong.any():
                return moved, step
            near = np.zeros(len(sphere), dtype=bool)
            near[faces[wrong]] = True
            for _ in range(1 + attempt // 3):
                near[faces[near[faces].any(axis=1)]] = True
            for _ in range(2):
                turning[near] = averages[near] @ turning
        step *= 0.5
    return sphere, 0.0


def neighbour_averages(faces: IntArray, n_vertices: int) -> sparse.csr_matrix:
    """(V, V) the matrix that gives each vertex the mean of its neighbours' values."""
    i, j = unique_edges(faces).T
    ones = np.ones(2 * len(i))
    adjacency = sparse.csr_matrix((ones, (np.concatenate([i, j]), np.concatenate([j, i]))), (n_vertices, n_vertices))
    return sparse.csr_matrix(sparse.diags(1.0 / np.asarray(adjacency.sum(axis=1)).ravel()) @ adjacency)
