# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear maps from rows of numbers to vertices, as gathers: small index and weight arrays, no matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import lsmr

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray


@dataclass(frozen=True)
class Gather:
    """vertices[v, c] = ∑ over k of weight[v, k, c] · rows[index[v, k], column[c]].

    index: (V, k) the rows that a vertex takes part of. weight: (V, k, 3) how much of each, for x, y and z.
    n_rows, n_columns: shape of what is given. column: (3,) the column that x, y and z come from.

    The same in PyTorch, differentiable, with the arrays as tensors:
    `(rows[..., index, :][..., column] * weight).sum(-2)`.
    """

    index: IntArray
    weight: FloatArray
    n_rows: int
    column: tuple[int, int, int] = (0, 1, 2)
    n_columns: int = 3

    def __call__(self, rows: NDArray[Any]) -> NDArray[Any]:
        """(…, V, 3) from rows (…, n_rows, n_columns), in their type. Raises `InvalidParameter` for another shape."""
        if rows.ndim < 2 or rows.shape[-2:] != (self.n_rows, self.n_columns):
            raise InvalidParameter(
                f"The numbers have shape {rows.shape}.", f"Give (…, {self.n_rows}, {self.n_columns})."
            )
        taken = rows[..., self.index, :][..., list(self.column)]
        return np.asarray((taken * self.weight.astype(rows.dtype)).sum(axis=-2))

    def matrix(self) -> sparse.csr_matrix:
        """(3 V, n_rows · n_columns): the map of flattened rows to flattened vertices."""
        n_vertices, terms = self.index.shape
        row = np.broadcast_to(3 * np.arange(n_vertices)[:, None, None] + np.arange(3), (n_vertices, terms, 3))
        column = self.index[:, :, None] * self.n_columns + np.array(self.column)
        shape = (3 * n_vertices, self.n_rows * self.n_columns)
        matrix = sparse.csr_matrix((self.weight.ravel(), (row.ravel(), column.ravel())), shape=shape)
        matrix.eliminate_zeros()
        return matrix

    def n_parameters(self) -> int:
        """How many of the numbers have any effect."""
        return int((np.diff(self.matrix().tocsc().indptr) > 0).sum())

    def fit(self, vertices: FloatArray) -> FloatArray:
        """(n_rows, n_columns) the rows that come nearest to vertices (V, 3) by least squares, and the smallest such."""
        flat = np.asarray(vertices, dtype=np.float64).ravel()
        rows = lsmr(self.matrix(), flat, atol=1e-14, btol=1e-14, maxiter=10_000)[0]
        return rows.reshape(self.n_rows, self.n_columns)
