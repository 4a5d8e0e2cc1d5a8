# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the network, with the parameter names of the original."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers.resnet import resnet18
from .sizes import Sizes

_SLOPE = 0.2


def linear_block(width: int, out: int) -> nn.Sequential:
    """A linear layer, batch normalisation, leaky ReLU."""
    return nn.Sequential(nn.Linear(width, out), nn.BatchNorm1d(out), nn.LeakyReLU(_SLOPE))


class _Trunk(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.resnet = resnet18(width)


class PictureEncoder(nn.Module):
    """(B, 3, 256, 256), normalised → features (B, 256, 4, 4), and a code (B, 256), or as the sizes say."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        wide, out = 8 * sizes.trunk, sizes.features
        self.resnet_conv = _Trunk(sizes.trunk)
        self.enc_conv1 = nn.Sequential(nn.Conv2d(wide, out, 4, 2, 1), nn.BatchNorm2d(out), nn.LeakyReLU(_SLOPE))
        self.enc_feat_flat = linear_block(out * sizes.cells**2, sizes.code)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        features = self.enc_conv1(self.resnet_conv.resnet.stages(picture)[-1])
        return features, self.enc_feat_flat(features.flatten(1))


class DeformationDecoder(nn.Module):
    """A code (B, code) and places (B, V, 3) → how far each is moved (B, V, 3), at most 1. After DeepSDF's decoder."""

    def __init__(self, code: int, hidden: int = 512, again: int = 2, layers: int = 4) -> None:
        super().__init__()
        self.again, self.layers, width = again, layers, code + 3
        for number in range(layers):
            before = (hidden if number else 0) + (width if number in (0, again) else 0)
            self.add_module(f"lin{number}", nn.utils.weight_norm(nn.Linear(before, hidden)))
        self.add_module(f"lin{layers}", nn.Linear(hidden, 3))

    def forward(self, code: Tensor, places: Tensor) -> Tensor:
        """See the class."""
        given = torch.cat([code[:, None].expand(-1, places.shape[1], -1), places], dim=2)
        x = given
        for number in range(self.layers):
            x = torch.cat([x, given], dim=2) if number == self.again else x
            x = torch.relu(self.get_submodule(f"lin{number}")(x))
            x = functional.dropout(x, 0.2, self.training)
        return torch.tanh(self.get_submodule(f"lin{self.layers}")(x))


class _Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        middle = min(width, out)
        self.conv_0 = nn.Conv2d(width, middle, 3, padding=1)
        self.conv_1 = nn.Conv2d(middle, out, 3, padding=1)
        self.conv_s = None if width == out else nn.Conv2d(width, out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_0(functional.leaky_relu(x, _SLOPE))
        y = self.conv_1(functional.leaky_relu(y, _SLOPE))
        return y + (x if self.conv_s is None else self.conv_s(x))


class TextureDecoder(nn.Module):
    """Features (B, 256, 4, 4) → a texture (B, 3, 256, 256) in [0, 1], or of as many pixels as the picture has."""

    _NAMES = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.texture
        widths = (sizes.features, *(factor * width for factor in (16, 16, 16, 8, 4, 2, 1)))
        for name, before, after in zip(self._NAMES, widths[:-1], widths[1:], strict=True):
            self.add_module(name, _Block(before, after))
        self.conv_img = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        for number, name in enumerate(self._NAMES):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear") if number else x
            x = self.get_submodule(name)(x)
        return torch.sigmoid(self.conv_img(functional.leaky_relu(x, _SLOPE)))
