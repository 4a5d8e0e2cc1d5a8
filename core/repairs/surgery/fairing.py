# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions of a patch's inner vertices, so that it continues the surface around it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import splu

from ...mesh import FloatArray, IntArray

_FLATTEST = 0.05  # cotangents below make the system indefinite
_SHARPEST = 20.0
_DENSE = 400  # up to this many vertices, full matrices are faster


def membrane(vertices: FloatArray, faces: IntArray, free: IntArray) -> FloatArray:
    """(n, 3) positions of the vertices `free` (n,) on the smallest surface near to that of `faces` (m, 3).

    The cotangent Laplacian of the positions is zero there; all other vertices stay.
    """
    stiffness, _ = _laplacian(vertices, faces)
    return _solve(stiffness, vertices, free)


def drawn(vertices: FloatArray, faces: IntArray, rim: FloatArray) -> FloatArray:
    """(V, 3) the vertices of a flat patch `faces` (m, 3) after those of its border, the first, are put at `rim` (n, 3).

    Each of the others moves as its neighbours do, so that a patch whose border moves across its plane stays a graph
    over that plane.
    """
    free = np.arange(len(rim), len(vertices))
    moved = np.zeros_like(vertices)
    moved[: len(rim)] = rim - vertices[: len(rim)]
    stiffness, _ = _laplacian(vertices, faces)
    moved[free] = _solve(stiffness, moved, free)
    out = vertices + moved
    out[: len(rim)] = rim
    return out


def faired(vertices: FloatArray, faces: IntArray, free: IntArray, rim: IntArray) -> FloatArray:
    """(n, 3) positions of the vertices `free` (n,) where the surface bends as little as it can.

    The sum over `free` and `rim` (k,), the fixed vertices at the border of the patch, of the squared mean
    curvature vectors times area is least (Botsch and Kobbelt 2004). `faces` hold all faces at those vertices.
    """
    stiffness, area = _laplacian(vertices, faces)
    bending = np.concatenate([free, rim])
    rows = stiffness[bending]
    if isinstance(rows, np.ndarray):
        return _solve(rows.T @ (rows / area[bending, None]), vertices, free)
    return _solve(csr_matrix(rows.T @ diags_array(1.0 / area[bending]) @ rows), vertices, free)


def _solve(matrix: FloatArray | csr_matrix, vertices: FloatArray, free: IntArray) -> FloatArray:
    known = np.array(vertices)
    known[free] = 0.0
    rows = matrix[free]
    if isinstance(rows, np.ndarray):
        out: FloatArray = np.linalg.solve(rows[:, free], -(rows @ known))
        return out
    options = {"SymmetricMode": True}
    factor = splu(rows[:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    out = factor.solve(-(rows @ known))
    return out


def _laplacian(vertices: FloatArray, faces: IntArray) -> tuple[FloatArray | csr_matrix, FloatArray]:
    """The matrix (V, V) of cotangents, kept in bounds, and the (V,) areas of the vertices, all positive."""
    count = len(vertices)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    sides = (c - b, a - c, b - a)
    normal = np.cross(sides[0], sides[1])
    double = np.sqrt(np.einsum("fi,fi->f", normal, normal))
    tail, head, value = [], [], []
    for k in range(3):
        with np.errstate(divide="ignore", invalid="ignore"):
            cotangent = -np.einsum("fi,fi->f", sides[k - 1], sides[k - 2]) / double
        tail.append(faces[:, k - 2])
        head.append(faces[:, k - 1])
        value.append(np.nan_to_num(0.5 * cotangent, nan=0.0, posinf=_SHARPEST, neginf=-_SHARPEST))
    rows, columns = np.concatenate(tail + head), np.concatenate(head + tail)
    area = np.zeros(count)
    area += np.bincount(faces.ravel(), np.repeat(double / 6.0, 3), minlength=count)
    area = np.maximum(area, 1e-3 * (area.mean() or 1.0))
    weight = np.concatenate(value + value)
    if count <= _DENSE:
        key = rows * count + columns
        used = np.bincount(key, minlength=count * count) > 0
        dense = np.where(used, np.clip(np.bincount(key, weight, count * count), _FLATTEST, _SHARPEST), 0.0)
        dense = dense.reshape(count, count)
        return np.diag(dense.sum(axis=1)) - dense, area
    sparse = csr_matrix((weight, (rows, columns)), shape=(count, count))
    sparse.data = np.clip(sparse.data, _FLATTEST, _SHARPEST)
    return csr_matrix(diags_array(np.asarray(sparse.sum(axis=1)).ravel()) - sparse), area
