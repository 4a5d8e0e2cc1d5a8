# SPDX-License-Identifier: GPL-3.0-or-later
"""Random points on a surface, uniform by area."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidMesh, InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh
from .measure import face_areas


def sample_surface(mesh: Mesh, count: int, seed: int = 0) -> tuple[FloatArray, IntArray, FloatArray]:
    """(points (N, 3), triangle of each (N,), barycentric weights (N, 3)), independent and uniform by area.

    The same seed gives the same points. Raises `InvalidMesh` for a surface without area and
    `InvalidParameter` for a negative count.
    """
    if count < 0:
        raise InvalidParameter(f"Cannot take {count} samples.", "Give a positive number.")
    cumulative = np.cumsum(face_areas(mesh))
    if not len(cumulative) or not 0.0 < cumulative[-1] < np.inf:
        raise InvalidMesh("The surface has no area to sample.", "Check the scale of the object and its faces.")
    random = np.random.default_rng(seed)
    draw = random.random(count) * cumulative[-1]
    triangle = np.minimum(np.searchsorted(cumulative, draw, side="right"), mesh.n_faces - 1)
    # The square root makes the points uniform in the triangle (Turk 1990).
    root, along = np.sqrt(random.random(count)), random.random(count)
    weights = np.stack([1.0 - root, root * (1.0 - along), root * along], axis=1)
    points = np.einsum("nk,nki->ni", weights, mesh.vertices[mesh.faces[triangle]])
    return points, triangle, weights
