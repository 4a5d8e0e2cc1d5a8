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
from ..geometry.laplacian import cotangents
from ..geometry.measure import directed_edges, face_normals, vertex_areas
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
    curvature = _diffused(mesh, areas, bending(mesh), SPREAD * total)
    mean = areas @ curvature / total
    if not mean > 0.0:
        return np.ones(mesh.n_vertices)
    return np.asarray(np.minimum((curvature / mean + FLOOR) ** EXPONENT, LIMIT))


def bending(mesh: Mesh) -> FloatArray:
    """(V,) integral of the absolute curvature around each vertex, in length.

    Half of the sum, over its edges, of length times angle between the normals at the edge.
    """
    edges = edge_table(mesh.faces)
    left, right = (edges.order % mesh.n_faces).reshape(-1, 2).T
    normals = face_normals(mesh)
    sine = np.linalg.norm(np.cross(normals[left], normals[right]), axis=1)
    angle = np.arctan2(sine, np.einsum("ij,ij->i", normals[left], normals[right]))
    ends = mesh.vertices[edges.vertices]
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    part = np.repeat(0.5 * angle * length, 2)
    return np.asarray(np.bincount(edges.vertices.ravel(), part, mesh.n_vertices), dtype=np.float64)


def _diffused(mesh: Mesh, areas: FloatArray, integrals: FloatArray, time: float) -> FloatArray:
    """(V,) the density with these integrals (V,) after diffusion for `time` (an area): (M + time L) u = integrals."""
    weight = 0.5 * np.roll(np.clip(cotangents(mesh), *_COTANGENTS), -2, axis=1).T.ravel()
    tail, head = directed_edges(mesh.faces).T
    count = mesh.n_vertices
    half = sparse.coo_matrix((time * weight, (tail, head)), shape=(count, count)).tocsr()
    adjacency = half + half.T
    diagonal = np.maximum(areas, 1e-6 * areas.mean()) + np.asarray(adjacency.sum(axis=1)).ravel()
    system = sparse.diags(diagonal) - adjacency
    density, _ = cg(system, integrals, integrals / diagonal, rtol=1e-4, maxiter=200, M=sparse.diags(1.0 / diagonal))
    return np.maximum(density, 0.0)
