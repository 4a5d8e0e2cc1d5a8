# SPDX-License-Identifier: GPL-3.0-or-later
"""The Laplacian of a graph; the cotangent Laplacian and the mass matrix of linear finite elements (Pinkall and Polthier
1993)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ..mesh import FloatArray, IntArray, Mesh
from .measure import directed_edges, face_areas, face_cross, vertex_areas


def graph_laplacian(edges: IntArray, count: int) -> sparse.csr_matrix:
    """(count, count) of a graph with edges (E, 2): the degree on the diagonal, −1 for each edge; rows sum to 0.

    An edge that is named several times counts as often.
    """
    both = np.concatenate([edges, edges[:, ::-1]])
    beside = sparse.coo_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count)).tocsr()
    return sparse.csr_matrix(sparse.diags(np.asarray(beside.sum(axis=1)).ravel()) - beside)


def cotangents(mesh: Mesh) -> FloatArray:
    """(F, 3) cotangent of the angle at each corner; 0 for triangles without area."""
    points = mesh.vertices[mesh.faces]
    to_next = np.roll(points, -1, axis=1) - points
    to_last = np.roll(points, 1, axis=1) - points
    dot = np.einsum("fki,fki->fk", to_next, to_last)
    double_area = np.linalg.norm(face_cross(mesh.vertices, mesh.faces), axis=1)[:, None]
    return np.asarray(np.divide(dot, double_area, out=np.zeros_like(dot), where=double_area > 0))


def cotangent_laplacian(mesh: Mesh) -> sparse.csr_matrix:
    """(V, V) the stiffness matrix: symmetric, positive semi-definite, rows sum to 0; no unit.

    `u @ L @ u` is the Dirichlet energy of the linear function u. Off the diagonal it is
    −(cot α + cot β) / 2, with the angles opposite to the edge. Triangles without area add nothing.
    """
    weight = 0.5 * np.roll(cotangents(mesh), -2, axis=1).T.ravel()  # opposite to edges 01, 12, 20
    i, j = directed_edges(mesh.faces).T
    n = mesh.n_vertices
    half = sparse.coo_matrix((weight, (i, j)), shape=(n, n)).tocsr()
    adjacency = half + half.T
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(degree) - adjacency)


def mass_matrix(mesh: Mesh, lumped: bool = True) -> sparse.csr_matrix:
    """(V, V) area matrix; all its entries add up to the area of the surface.

    lumped: diagonal with a third of the area around each vertex; otherwise the exact integral of products
    of hat functions: area / 6 at the corners of a triangle, area / 12 between them.
    """
    n = mesh.n_vertices
    if lumped:
        return sparse.csr_matrix(sparse.diags(vertex_areas(mesh)))
    areas = np.tile(face_areas(mesh), 3)
    i, j = directed_edges(mesh.faces).T
    off = sparse.coo_matrix((areas / 12.0, (i, j)), shape=(n, n)).tocsr()
    diagonal = sparse.diags(vertex_areas(mesh) / 2.0)
    return sparse.csr_matrix(off + off.T + diagonal)
