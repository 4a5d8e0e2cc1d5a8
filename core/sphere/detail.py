# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a shape has detail that needs more room on the sphere than its area gives it.

With harmonics up to a degree, a place that has ρ times more of the sphere than its share is resolved √ρ times finer.
The error of a fit of resolution h to a bent surface grows like its curvature times h², so the error over the whole
surface is least, to first order, when the share of the sphere follows a power of the curvature: signal-specialised
parametrization (Sander, Gortler, Snyder, Hoppe 2002), here for harmonics and without knowing the degree.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg

from ..geometry.edges import edge_table
from ..geometry.measure import vertex_areas
from ..mesh import FloatArray, Mesh

SPREAD = 3e-5
"""Curvature is averaged over about this part of the surface, so that creases count and single edges do not."""
FLOOR = 0.3
"""Flat parts count as if they had this part of the mean curvature."""
EXPONENT = 0.75
LIMIT = 20.0
_COTANGENTS = (0.0, 10.0)
"""Cotangents are taken to be in this range: then the diffusion has no negative weights, on any triangles."""


def detail_weights(mesh: Mesh) -> FloatArray:
    """(V,) positive weights for `balanced_map`: how much of the sphere a unit of surface area is to have.

    ((curvature / mean curvature) + FLOOR)^EXPONENT, at most LIMIT. The curvature is |κ| across the edges, diffused by
    one implicit step. Independent of place, rotation and scale. mesh: closed manifold with a positive area.
    """
    areas = vertex_areas(mesh)
    total = areas.sum()
    integrals, stiffness = _bending_and_stiffness(mesh)
    curvature = _diffused(areas, integrals, SPREAD * total * stiffness)
    mean = areas @ curvature / total
    if not mean > 0.0:
        return np.ones(mesh.n_vertices)
    return np.asarray(np.minimum((curvature / mean + FLOOR) ** EXPONENT, LIMIT))


def bending(mesh: Mesh) -> FloatArray:
    """(V,) integral of the absolute curvature around each vertex, in length.

    Half of the sum, over its edges, of length times angle between the normals at the edge.
    """
    return _bending_and_stiffness(mesh)[0]


def _bending_and_stiffness(mesh: Mesh) -> tuple[FloatArray, sparse.csr_matrix]:
    """`bending`, and the (V, V) weights of the edges for a diffusion: both from one pass over edges and triangles."""
    points = mesh.vertices[mesh.faces.T]  # (3, F, 3)
    sides = np.roll(points, -1, axis=0) - points
    squares = np.einsum("kfi,kfi->kf", sides, sides)
    double_area, normals = _normals(sides)
    # product of the two other sides and the cosine of the angle between them, opposite to side k
    cosines = 0.5 * (np.roll(squares, 1, axis=0) + np.roll(squares, -1, axis=0) - squares)
    weights = 0.5 * np.clip(cosines / np.maximum(double_area, 1e-300), *_COTANGENTS)
    edges = edge_table(mesh.faces)
    first, second = edges.order.reshape(-1, 2).T
    left, right = first % mesh.n_faces, second % mesh.n_faces
    chord = np.linalg.norm(normals[left] - normals[right], axis=1)
    chord[(double_area[left] == 0.0) | (double_area[right] == 0.0)] = 0.0
    turn = 2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0)) * np.sqrt(squares.ravel()[first])
    i, j = edges.vertices.T
    count = mesh.n_vertices
    integrals = 0.5 * (np.bincount(i, turn, count) + np.bincount(j, turn, count))
    weight = weights.ravel()[first] + weights.ravel()[second]
    half = sparse.coo_matrix((weight, (i, j)), shape=(count, count)).tocsr()
    return integrals, half + half.T


def _normals(sides: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Twice the areas (F,) and unit normals (F, 3), zero without area, of triangles with these sides (3, F, 3)."""
    (px, py, pz), (qx, qy, qz) = sides[0].T, sides[1].T
    cross = np.stack([py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx], axis=1)
    length = np.sqrt(np.einsum("fi,fi->f", cross, cross))
    normals = np.zeros_like(cross)
    np.divide(cross, length[:, None], out=normals, where=length[:, None] > 0.0)
    return length, normals


def _diffused(areas: FloatArray, integrals: FloatArray, weights: sparse.csr_matrix) -> FloatArray:
    """(V,) the density with these integrals (V,) after one step of diffusion: (M + D - W) u = integrals."""
    diagonal = np.maximum(areas, 1e-6 * areas.mean()) + np.asarray(weights.sum(axis=1)).ravel()
    system = sparse.diags(diagonal) - weights
    density, _ = cg(system, integrals, integrals / diagonal, rtol=1e-4, maxiter=200, M=sparse.diags(1.0 / diagonal))
    return np.maximum(density, 0.0)
