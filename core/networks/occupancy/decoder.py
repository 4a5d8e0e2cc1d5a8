# SPDX-License-Identifier: GPL-3.0-or-later
"""From a point and the code of a shape to the log odds that the point is inside.

Parameters have the names and shapes of the original checkpoints. For one shape and many points `folded` gives the same
function with the code multiplied into the weights: two matrix products a block and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from ..layers.resnet import ResidualLinear, given

BLOCKS = 5
PointFunction = Callable[[Tensor], Tensor]
"""Points (N, 3) → log odds (N,)."""


class ConditionalBatchNorm(nn.Module):
    """(B, C, N): batch normalisation whose scale and shift depend on the code (B, code) (de Vries et al. 2017)."""

    def __init__(self, code: int, channels: int) -> None:
        super().__init__()
        self.conv_gamma = nn.Conv1d(code, channels, 1)
        self.conv_beta = nn.Conv1d(code, channels, 1)
        self.bn = nn.BatchNorm1d(channels, affine=False)
        for layer, value in ((self.conv_gamma, 1.0), (self.conv_beta, 0.0)):
            nn.init.zeros_(layer.weight)
            nn.init.constant_(given(layer.bias), value)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x scaled and shifted by the code."""
        return self.conv_gamma(code[..., None]) * self.bn(x) + self.conv_beta(code[..., None])

    def scale_and_shift(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """(C,), (C,) what it does in evaluation for the code (1, code): x ↦ scale x + shift."""
        gamma, beta = (layer(code[..., None])[0, :, 0] for layer in (self.conv_gamma, self.conv_beta))
        scale = gamma / torch.sqrt(given(self.bn.running_var) + self.bn.eps)
        return scale, beta - scale * given(self.bn.running_mean)


class ConditionalBlock(nn.Module):
    """(B, C, N) → (B, C, N): two layers, each after conditional normalisation and a ReLU, and a shortcut."""

    def __init__(self, code: int, channels: int) -> None:
        super().__init__()
        self.bn_0 = ConditionalBatchNorm(code, channels)
        self.bn_1 = ConditionalBatchNorm(code, channels)
        self.fc_0 = nn.Conv1d(channels, channels, 1)
        self.fc_1 = nn.Conv1d(channels, channels, 1)
        nn.init.zeros_(self.fc_1.weight)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x and what the code adds to it."""
        y = self.fc_0(torch.relu(self.bn_0(x, code)))
        return x + self.fc_1(torch.relu(self.bn_1(y, code)))


class ConditionalDecoder(nn.Module):
    """Of the networks that see an image, points or voxels."""

    def __init__(self, code: int = 256, hidden: int = 256) -> None:
        super().__init__()
        self.fc_p = nn.Conv1d(3, hidden, 1)
        for number in range(BLOCKS):
            self.add_module(f"block{number}", ConditionalBlock(code, hidden))
        self.bn = ConditionalBatchNorm(code, hidden)
        self.fc_out = nn.Conv1d(hidden, 1, 1)

    def forward(self, points: Tensor, latent: Tensor | None, code: Tensor) -> Tensor:
        """points (B, N, 3), code (B, code) → log odds (B, N). latent: not used by this decoder."""
        x = self.fc_p(points.transpose(1, 2))
        for block in self.blocks():
            x = block(x, code)
        return self.fc_out(torch.relu(self.bn(x, code)))[:, 0]

    def blocks(self) -> list[ConditionalBlock]:
        """In order."""
        return [cast(ConditionalBlock, self.get_submodule(f"block{number}")) for number in range(BLOCKS)]

    def folded(self, latent: Tensor | None, code: Tensor | None) -> PointFunction:
        """The decoder in evaluation for one code (1, code), about three times as fast.

        The second normalisation of a block is multiplied into its weights; what a block adds to all points alike goes
        into the shifts of the normalisations after it.
        """
        first, carried = self.fc_p.weight[:, :, 0].T.contiguous(), given(self.fc_p.bias)
        blocks = []
        for block in self.blocks():
            blocks.append(_folded_block(block, given(code), carried))
            carried = carried + given(block.fc_1.bias)
        scale, shift = self.bn.scale_and_shift(given(code))
        shift = shift + scale * carried
        last, offset = self.fc_out.weight[0, :, 0].clone(), given(self.fc_out.bias)

        def differentiable(points: Tensor) -> Tensor:
            x = points @ first
            for before_scale, before_shift, weight_0, bias_0, weight_1 in blocks:
                y = torch.addcmul(before_shift, x, before_scale).relu()
                x = torch.addmm(x, torch.addmm(bias_0, y, weight_0).relu(), weight_1)
            return torch.addcmul(shift, x, scale).relu() @ last + offset

        def evaluate(points: Tensor) -> Tensor:
            if torch.is_grad_enabled() and points.requires_grad:
                return differentiable(points)
            x = points @ first
            y, z = torch.empty_like(x), torch.empty_like(x)
            for before_scale, before_shift, weight_0, bias_0, weight_1 in blocks:
                torch.addcmul(before_shift, x, before_scale, out=y).relu_()
                torch.addmm(bias_0, y, weight_0, out=z).relu_()
                x.addmm_(z, weight_1)
            return torch.addcmul(shift, x, scale, out=y).relu_() @ last + offset

        return evaluate


def _folded_block(block: ConditionalBlock, code: Tensor, carried: Tensor) -> tuple[Tensor, ...]:
    scale, shift = block.bn_1.scale_and_shift(code)
    weight, bias = block.fc_0.weight[:, :, 0] * scale[:, None], given(block.fc_0.bias) * scale + shift
    before_scale, before_shift = block.bn_0.scale_and_shift(code)
    after = block.fc_1.weight[:, :, 0].T.contiguous()
    return before_scale, before_shift + before_scale * carried, weight.T.contiguous(), bias, after


class SimpleDecoder(nn.Module):
    """Of the network without an input: the latent code (B, latent) is added to every point."""

    def __init__(self, latent: int = 128, hidden: int = 128) -> None:
        super().__init__()
        self.fc_p = nn.Linear(3, hidden)
        self.fc_z = nn.Linear(latent, hidden)
        for number in range(BLOCKS):
            self.add_module(f"block{number}", ResidualLinear(hidden, hidden))
        self.fc_out = nn.Linear(hidden, 1)

    def forward(self, points: Tensor, latent: Tensor, code: Tensor | None = None) -> Tensor:
        """points (B, N, 3) → log odds (B, N). code: not used by this decoder."""
        x = self.fc_p(points) + self.fc_z(latent)[:, None]
        for number in range(BLOCKS):
            x = self.get_submodule(f"block{number}")(x)
        return self.fc_out(torch.relu(x))[..., 0]

    def folded(self, latent: Tensor | None, code: Tensor | None = None) -> PointFunction:
        """The decoder for one latent code (1, latent), which goes into the shift of the first layer."""
        blocks = [cast(ResidualLinear, self.get_submodule(f"block{number}")) for number in range(BLOCKS)]
        shift = given(self.fc_p.bias) + self.fc_z(given(latent))[0]

        def evaluate(points: Tensor) -> Tensor:
            x = torch.addmm(shift, points, self.fc_p.weight.T)
            for block in blocks:
                x = block(x)
            return torch.relu(x) @ self.fc_out.weight[0] + self.fc_out.bias

        return evaluate
