# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that a distance field can be: points (N, 3) in [−1, 1]³ → distances (N,), negative inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from ...errors import InvalidParameter
from .hash_grid import HashGrid
from .network import DistanceNetwork

_OMEGA = 30.0
_OCTAVES = 6


@dataclass(frozen=True)
class _Size:
    levels: int
    coarsest: int
    finest: int
    log2_rows: int
    width: int
    depth: int


_SIZES = {"small": _Size(10, 4, 256, 15, 128, 4), "full": _Size(16, 16, 512, 18, 256, 6)}
"""The small grid begins with 4 cells along an edge, which lessens the error far from the surface. The full one has the
16 levels of torch-ngp, but tables of 2¹⁸ rows and at last 512 cells: 11.6 MB in half precision. Its own 2¹⁹ and 2048
make 24.5 MB, and a million points cannot fill them."""


class Perceptron(nn.Module):
    """Layers with ReLU between them, on the coordinates or on sines and cosines of them (Mildenhall et al. 2020)."""

    def __init__(self, width: int, depth: int, octaves: int = 0) -> None:
        super().__init__()
        self.octaves = octaves
        widths = [3 + 6 * octaves, *[width] * depth, 1]
        self.backbone = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))

    def forward(self, points: Tensor) -> Tensor:
        """The distance of each point."""
        x = points
        for octave in range(self.octaves):
            turn = math.pi * 2.0**octave * points
            x = torch.cat([x, turn.sin(), turn.cos()], dim=1)
        for number, layer in enumerate(self.backbone):
            x = layer(torch.relu(x) if number else x)
        return x[:, 0]


class Siren(nn.Module):
    """Layers with sin(30 x) between them, with the first weights of their paper (Sitzmann et al. 2020)."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        widths = [3, *[width] * depth, 1]
        layers = [nn.Linear(before, after) for before, after in pairwise(widths)]
        self.backbone = nn.ModuleList(layers)
        for number, layer in enumerate(layers):
            fan = layer.weight.shape[1]
            bound = math.sqrt(6.0 / fan) / _OMEGA if number else 1.0 / fan
            nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, points: Tensor) -> Tensor:
        """The distance of each point."""
        x = points
        for number, layer in enumerate(self.backbone):
            x = layer(torch.sin(_OMEGA * x) if number else x)
        return x[:, 0]


class Decoder(nn.Module):
    """The decoder of DeepSDF (Park et al. 2019) for one shape: eight layers, the point given again to the fifth, weight
    normalisation, tanh."""

    def __init__(self, width: int, depth: int = 8) -> None:
        super().__init__()
        self.again = depth // 2
        made = []
        for number in range(depth + 1):
            before = 3 if number == 0 else width
            after = 1 if number == depth else width - 3 if number == self.again - 1 else width
            made.append(weight_norm(nn.Linear(before, after)) if number < depth else nn.Linear(before, after))
        self.backbone = nn.ModuleList(made)

    def forward(self, points: Tensor) -> Tensor:
        """The distance of each point."""
        x = points
        for number, layer in enumerate(self.backbone):
            if number == self.again:
                x = torch.cat([x, points], dim=1)
            x = layer(x)
            if number < len(self.backbone) - 1:
                x = torch.relu(x)
        return torch.tanh(x)[:, 0]


def build_network(network: str, preset: str) -> nn.Module:
    """The network of this name and size, with its first weights. Raises `InvalidParameter` for unknown names."""
    if preset not in _SIZES:
        raise InvalidParameter(f"There is no preset {preset!r}.", f"Choose from {', '.join(_SIZES)}.")
    size = _SIZES[preset]
    if network == "hash":
        return DistanceNetwork(HashGrid(size.levels, size.coarsest, size.finest, size.log2_rows))
    if network == "mlp":
        return Perceptron(size.width, size.depth)
    if network == "fourier":
        return Perceptron(size.width, size.depth, _OCTAVES)
    if network == "siren":
        return Siren(size.width, size.depth)
    if network == "deepsdf":
        return Decoder(2 * size.width)
    raise InvalidParameter(f"There is no network {network!r}.", "Choose hash, mlp, fourier, siren or deepsdf.")
