# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions of a patch's inner vertices, so that it continues the surface around it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import splu

from ...mesh import FloatArray, IntArray

_FLATTEST = 0.05  # cotangents below make the system indefinite
_SHARPEST = 20.0


def membrane(vertices: FloatArray, faces: IntArray, free: IntArray) -> FloatArray:
    """(n, 3) positions of the vertices `free` (n,) on the smallest surface near to that of `faces` (m, 3).

    The cotangent Laplacian of the positions is zero there; all other vertices stay.
    """
    stiffness, _ = _laplacian(vertices, faces)
    return _solve(stiffness, vertices, free)


def faired(vertices: FloatArray, faces: IntArray, free: IntArray, rim: IntArray) -> FloatArray:
    """(n, 3) positions of the vertices `free` (n,) where the surface bends as little as it can.

    The sum over `free` and `rim` (k,), the fixed vertices at the border of the patch, of the squared mean
    curvature vectors times area is least (Botsch and Kobbelt 2004). `faces` hold all faces at those vertices.
    """
    stiffness, area = _laplacian(vertices, faces)
    rows = stiffness[np.concatenate([free, rim])]
    weight = diags_array(1.0 / area[np.concatenate([free, rim])])
    return _solve(csr_matrix(rows.T @ weight @ rows), vertices, free)


def _solve(matrix: csr_matrix, vertices: FloatArray, free: IntArray) -> FloatArray:
    rows = matrix[free]
    known = np.array(vertices)
    known[free] = 0.0
    inner = rows[:, free].tocsc()
    factor = splu(inner, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    out: FloatArray = factor.solve(-(rows @ known))
    return out


def _laplacian(vertices: FloatArray, faces: IntArray) -> tuple[csr_matrix, FloatArray]:
    """The matrix (V, V) of cotangents, kept in bounds, and the (V,) areas of the vertices, all positive."""
    corner = vertices[faces]
    tail, head, value = [], [], []
    area = np.zeros(len(faces))
    for k in range(3):
        u, v = corner[:, (k + 1) % 3] - corner[:, k], corner[:, (k + 2) % 3] - corner[:, k]
        double = np.linalg.norm(np.cross(u, v), axis=1)
        area += double / 6.0
        with np.errstate(divide="ignore", invalid="ignore"):
            cotangent = np.einsum("fi,fi->f", u, v) / double
        tail.append(faces[:, (k + 1) % 3])
        head.append(faces[:, (k + 2) % 3])
        value.append(np.nan_to_num(cotangent, nan=0.0, posinf=_SHARPEST, neginf=-_SHARPEST))
    rows, columns = np.concatenate(tail), np.concatenate(head)
    count = len(vertices)
    one_way = csr_matrix((0.5 * np.concatenate(value), (rows, columns)), shape=(count, count))
    weights = csr_matrix(one_way + one_way.T)
    weights.data = np.clip(weights.data, _FLATTEST, _SHARPEST)
    degree = np.asarray(weights.sum(axis=1)).ravel()
    at_vertex = np.bincount(faces.ravel(), np.repeat(area / 3.0, 3), minlength=count)
    floor = 1e-3 * (at_vertex.mean() if count else 1.0)
    return csr_matrix(diags_array(degree) - weights), np.maximum(at_vertex, floor or 1.0)
