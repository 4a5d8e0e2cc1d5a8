# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolutions on the graph of a mesh, in blocks with shortcuts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .template import Level


class GraphConvolution(nn.Module):
    """Features (B, V, width) → (B, V, out): support · x · weight + x · loop_weight + bias (Kipf and Welling 2017, with
    a weight of its own for the vertex itself)."""

    support: Tensor

    def __init__(self, width: int, out: int, level: Level) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, out))
        self.loop_weight = nn.Parameter(torch.empty(width, out))
        self.bias = nn.Parameter(torch.zeros(out))
        nn.init.xavier_uniform_(self.weight)
        nn.init.xavier_uniform_(self.loop_weight)
        matrix = level.support.tocsr()
        sparse = torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype("int64")),
            torch.from_numpy(matrix.indices.astype("int64")),
            torch.from_numpy(matrix.data.astype("float32")),
            size=matrix.shape,
        )
        self.register_buffer("support", sparse, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        mixed = x @ self.weight
        batch, count, width = mixed.shape
        columns = mixed.permute(1, 0, 2).reshape(count, batch * width)
        spread = (self.support.to(mixed.dtype) @ columns).reshape(count, batch, width).permute(1, 0, 2)
        return spread + x @ self.loop_weight + self.bias


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
