# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry inside a network: fewer numbers than vertices, and the linear map that makes vertices of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...mesh import IntArray
from ...symmetry.gather import Gather


class Gathered(nn.Module):
    """Rows (…, n_rows, n_columns) → vertices (…, V, 3), as a `Gather` says.

    acts: (n_rows,) the vertex at which each row acts; None where each is a place by itself.
    """

    index: Tensor
    weight: Tensor
    acts: Tensor | None

    def __init__(self, gather: Gather, acts: IntArray | None = None) -> None:
        super().__init__()
        self.n_rows, self.n_columns = gather.n_rows, gather.n_columns
        self.column = list(gather.column)
        self.register_buffer("index", torch.from_numpy(gather.index), persistent=False)
        self.register_buffer("weight", torch.from_numpy(gather.weight).float(), persistent=False)
        self.register_buffer("acts", None if acts is None else torch.from_numpy(acts), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """See the class."""
        return (rows[..., self.index, :][..., self.column] * self.weight.to(rows.dtype)).sum(dim=-2)

    def places(self, rows: Tensor, vertices: Tensor) -> Tensor:
        """(…, n_rows, n_columns) where rows act, of a shape that has such rows and such vertices (…, V, 3)."""
        return rows if self.acts is None else vertices[..., self.acts, :]
