# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry inside a network: fewer numbers than vertices, and the linear map that makes vertices of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...mesh import IntArray
from ...symmetry.gather import Gather


class Gathered(nn.Module):
    """Rows (…, n_rows, n_columns) → vertices (…, V, 3), as a `Gather` says."""

    owner: Tensor
    index: Tensor
    weight: Tensor

    def __init__(self, gather: Gather) -> None:
        super().__init__()
        self.n_rows, self.n_columns = gather.n_rows, gather.n_columns
        self.column = list(gather.column)
        self.register_buffer("owner", torch.from_numpy(_owners(gather)), persistent=False)
        self.register_buffer("index", torch.from_numpy(gather.index), persistent=False)
        self.register_buffer("weight", torch.from_numpy(gather.weight).float(), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """See the class."""
        return (rows[..., self.index, :][..., self.column] * self.weight.to(rows.dtype)).sum(dim=-2)

    def places(self, rows: Tensor, vertices: Tensor) -> Tensor:
        """(…, n_rows, 3) where each row acts: the vertex that it moves most, or for a profile its radius and height."""
        if self.n_columns < 3:
            return nn.functional.pad(rows, (0, 3 - self.n_columns))
        return vertices[..., self.owner, :]


def _owners(gather: Gather) -> IntArray:
    """(n_rows,) the vertex that takes most of a row without turning it over; of rows that none takes, any."""
    taken = gather.weight.sum(axis=2)
    order = np.argsort(taken, axis=None, kind="stable")
    vertex, term = np.unravel_index(order[taken.ravel()[order] > 0.0], taken.shape)
    owner = np.arange(gather.n_rows) % len(gather.index)
    owner[gather.index[vertex, term]] = vertex
    return owner
