# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolutions on the graph of a mesh, in blocks with shortcuts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .template import Level


class GraphConvolution(nn.Module):
    """Features (B, V, width) → (B, V, out): support · x · weight + x · loop_weight + bias (Kipf and Welling 2017, with
    a weight of its own for the vertex itself)."""

    columns: Tensor
    starts: Tensor
    values: Tensor

    def __init__(self, width: int, out: int, level: Level) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, out))
        self.loop_weight = nn.Parameter(torch.empty(width, out))
        self.bias = nn.Parameter(torch.zeros(out))
        nn.init.xavier_uniform_(self.weight)
        nn.init.xavier_uniform_(self.loop_weight)
        support = level.support
        self.register_buffer("columns", torch.from_numpy(support.indices.astype("int64")), persistent=False)
        self.register_buffer("starts", torch.from_numpy(support.indptr[:-1].astype("int64")), persistent=False)
        self.register_buffer("values", torch.from_numpy(support.data.astype("float32")), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        mixed = x @ self.weight
        batch, count, width = mixed.shape
        flat = mixed.transpose(0, 1).reshape(count, batch * width)
        # Sums of weighted rows: as fast as a product with a sparse matrix, which can be neither copied nor saved.
        spread = functional.embedding_bag(
            self.columns, flat, self.starts, mode="sum", per_sample_weights=self.values.to(flat.dtype)
        )
        return spread.reshape(count, batch, width).transpose(0, 1) + x @ self.loop_weight + self.bias


class Residual(nn.Module):
    """(x + conv2(conv1(x))) / 2."""

    def __init__(self, width: int, level: Level, *, activated: bool) -> None:
        super().__init__()
        self.conv1 = GraphConvolution(width, width, level)
        self.conv2 = GraphConvolution(width, width, level)
        self.activated = activated

    def forward(self, x: Tensor) -> Tensor:
        """(B, V, width) → the same."""
        changed = x
        for layer in (self.conv1, self.conv2):
            changed = layer(changed)
            changed = torch.relu(changed) if self.activated else changed
        return 0.5 * (x + changed)


class Deformation(nn.Module):
    """Fourteen convolutions: features (B, V, width) → what comes out (B, V, out), and the hidden features."""

    def __init__(self, width: int, hidden: int, out: int, level: Level, *, activated: bool = True) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(Residual(hidden, level, activated=activated) for _ in range(6)))
        self.conv1 = GraphConvolution(width, hidden, level)
        self.conv2 = GraphConvolution(hidden, out, level)
        self.activated = activated

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        x = self.conv1(x)
        hidden = self.blocks(torch.relu(x) if self.activated else x)
        return self.conv2(hidden), hidden


def unpooled(x: Tensor, edges: Tensor) -> Tensor:
    """Features (B, V, width) with the means over edges (E, 2) appended: (B, V + E, width)."""
    return torch.cat([x, 0.5 * (x[:, edges[:, 0]] + x[:, edges[:, 1]])], dim=1)
