# SPDX-License-Identifier: GPL-3.0-or-later
"""A hash grid and a small network on it: points → signed distances."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .hash_grid import HashGrid


class DistanceNetwork(nn.Module):
    """Points (N, 3) in [−1, 1]³ → distances (N,), negative inside. Layers without biases, as in torch-ngp."""

    def __init__(self, grid: HashGrid, hidden: int = 64, layers: int = 3) -> None:
        super().__init__()
        self.encoder = grid
        widths = [grid.width, *[hidden] * (layers - 1), 1]
        self.backbone = nn.ModuleList(nn.Linear(before, after, bias=False) for before, after in pairwise(widths))

    def forward(self, points: Tensor) -> Tensor:
        """The distance of each point."""
        return self.decode(self.encoder(points))

    def decode(self, features: Tensor) -> Tensor:
        """The distances (N,) that features (N, 2 levels) of the grid stand for."""
        x = features
        for number, layer in enumerate(self.backbone):
            x = layer(torch.relu(x) if number else x)
        return x[:, 0]


def relative_error(found: Tensor, truth: Tensor) -> Tensor:
    """Mean of |found − truth| / (|truth| + 0.01): errors near the surface count most."""
    return ((found - truth).abs() / (truth.abs() + 0.01)).mean()
