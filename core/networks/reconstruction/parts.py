# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the network, with the parameter names of the original."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers.resnet import resnet18

_SLOPE = 0.2


def linear_block(width: int, out: int) -> nn.Sequential:
    """A linear layer, batch normalisation, leaky ReLU."""
    return nn.Sequential(nn.Linear(width, out), nn.BatchNorm1d(out), nn.LeakyReLU(_SLOPE))


class _Trunk(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.resnet = resnet18(width)


class PictureEncoder(nn.Module):
    """(B, 3, S, S), normalised → features (B, C, S / 64, S / 64), and a code (B, code). trunk: channels of the first
    layer. cells: S / 64."""

    def __init__(self, code: int = 256, trunk: int = 64, features: int = 256, cells: int = 4) -> None:
        super().__init__()
        self.resnet_conv = _Trunk(trunk)
        self.enc_conv1 = nn.Sequential(
            nn.Conv2d(8 * trunk, features, 4, 2, 1), nn.BatchNorm2d(features), nn.LeakyReLU(_SLOPE)
        )
        self.enc_feat_flat = linear_block(features * cells * cells, code)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        features = self.enc_conv1(self.resnet_conv.resnet.stages(picture)[-1])
        return features, self.enc_feat_flat(features.flatten(1))


class WeightNormed(nn.Module):
    """A linear layer whose rows have the direction of `weight_v` and the length `weight_g` (Salimans and Kingma)."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        begun = nn.Linear(width, out)
        self.weight_v = nn.Parameter(begun.weight.detach().clone())
        self.weight_g = nn.Parameter(begun.weight.detach().norm(dim=1, keepdim=True))
        self.bias = nn.Parameter(begun.bias.detach().clone())

    @property
    def weight(self) -> Tensor:
        """(out, width) what the layer multiplies by."""
        return self.weight_v * (self.weight_g / self.weight_v.norm(dim=1, keepdim=True))


class DeformationDecoder(nn.Module):
    """A code (B, code) and places (B, N, columns) → how far each is moved (B, N, columns), at most 1.

    After DeepSDF's decoder: what is given comes in `again`, and then widens that layer. columns: 3 for points, 2 for
    the radii and heights of a profile.
    """

    def __init__(
        self, code: int, columns: int = 3, hidden: int = 512, dropout: float = 0.2, again: int = 2, layers: int = 4
    ) -> None:
        super().__init__()
        self.code, self.hidden, self.dropout, self.again, self.layers = code, hidden, dropout, again, layers
        width = code + columns
        for number in range(layers):
            before = (hidden if number else 0) + (width if number in (0, again) else 0)
            self.add_module(f"lin{number}", WeightNormed(before, hidden))
        self.add_module(f"lin{layers}", nn.Linear(hidden, columns))

    def forward(self, code: Tensor, places: Tensor) -> Tensor:
        """See the class. What a layer makes of a code is the same at all places, and is worked out once."""
        x = places
        for number in range(self.layers):
            layer: Any = self.get_submodule(f"lin{number}")
            weight, kept = layer.weight, self.hidden if number else 0
            after = functional.linear(x, weight[:, :kept], layer.bias) if number else layer.bias
            if number in (0, self.again):
                seen = functional.linear(code, weight[:, kept : kept + self.code])
                after = after + functional.linear(places, weight[:, kept + self.code :]) + seen[:, None]
            x = functional.dropout(torch.relu(after), self.dropout, self.training)
        return torch.tanh(self.get_submodule(f"lin{self.layers}")(x))


class _Convolution(nn.Conv2d):
    """3 × 3. edges: what lies beyond the picture: "zeros", as published; "turn", the other end at left and right, and
    more of the same at the poles; "mirror", more of the same at all sides."""

    def __init__(self, width: int, out: int, edges: str) -> None:
        super().__init__(width, out, 3, padding=1 if edges == "zeros" else 0)
        self.edges = edges

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H, W)."""
        if self.edges == "turn":
            x = functional.pad(functional.pad(x, (1, 1, 0, 0), "circular"), (0, 0, 1, 1), "replicate")
        elif self.edges == "mirror":
            x = functional.pad(x, (1, 1, 1, 1), "replicate")
        return super().forward(x)


class _Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, width: int, out: int, edges: str) -> None:
        super().__init__()
        middle = min(width, out)
        self.conv_0 = _Convolution(width, middle, edges)
        self.conv_1 = _Convolution(middle, out, edges)
        self.conv_s = None if width == out else nn.Conv2d(width, out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_0(functional.leaky_relu(x, _SLOPE))
        y = self.conv_1(functional.leaky_relu(y, _SLOPE))
        return y + (x if self.conv_s is None else self.conv_s(x))


_WAVES = (1.0, 2.0, 4.0)
WHERE = 3 + 6 * len(_WAVES)
"""Channels of `where_on_sphere`."""


def where_on_sphere(x: Tensor, mirrored: bool) -> Tensor:
    """(1, WHERE, H, W) directions of the pixels of a texture like x (…, H, W), and waves of these (Tancik et al.,
    Fourier Features, NeurIPS 2020), by which details have a place. For the directions see `rendering.texture`."""
    height, width = x.shape[-2:]
    down = torch.pi * (torch.arange(height, device=x.device, dtype=x.dtype) + 0.5)[:, None] / height
    turn = (torch.arange(width, device=x.device, dtype=x.dtype) + 0.5) / width
    around = torch.pi * (turn if mirrored else 2.0 * turn - 1.0)
    ring = down.sin()
    unit = torch.stack([ring * around.sin(), ring * around.cos(), down.cos().expand(height, width)])
    waves = [wave(torch.pi * times * unit) for times in _WAVES for wave in (torch.sin, torch.cos)]
    return torch.cat([unit, *waves])[None]


def _softly(layer: nn.Conv2d) -> nn.Conv2d:
    """The layer with less to say at first: what is seen in the picture comes before where it may be."""
    with torch.no_grad():
        layer.weight.mul_(0.3)
    return layer


class TextureDecoder(nn.Module):
    """Features (B, C, n, n) → a texture (B, 3, 64 n, 64 n) in [0, 1]; mirrored: (B, 3, 64 n, 32 n).

    width: channels of the last layers. seamless: nothing is seen of the ends of the picture. As published, there are
    zeros beyond them for each convolution, which tells by these alone where on the sphere it is; without, each block is
    told. steps: how pixels between pixels are made, "bilinear" or "nearest".
    """

    _NAMES = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")

    def __init__(
        self,
        width: int = 16,
        features: int = 256,
        *,
        mirrored: bool = False,
        seamless: bool = False,
        steps: str = "bilinear",
    ) -> None:
        super().__init__()
        self.mirrored, self.seamless, self.steps = mirrored, seamless, steps
        edges = ("mirror" if mirrored else "turn") if seamless else "zeros"
        widths = (features, *(times * width for times in (16, 16, 16, 8, 4, 2, 1)))
        for name, before, after in zip(self._NAMES, widths[:-1], widths[1:], strict=True):
            self.add_module(name, _Block(before, after, edges))
            if seamless:
                self.add_module(f"where_{name}", _softly(nn.Conv2d(WHERE, before, 1, bias=False)))
        self.conv_img = _Convolution(width, 3, edges)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        for number, name in enumerate(self._NAMES):
            if number:
                factor = (2.0, 1.0) if self.mirrored and number == 1 else (2.0, 2.0)
                x = functional.interpolate(x, scale_factor=factor, mode=self.steps)
            if self.seamless:
                x = x + self.get_submodule(f"where_{name}")(where_on_sphere(x, self.mirrored))
            x = self.get_submodule(name)(x)
        return torch.sigmoid(self.conv_img(functional.leaky_relu(x, _SLOPE)))
