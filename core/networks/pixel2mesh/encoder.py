# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen in a picture: features at four resolutions, and the picture rebuilt from them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers.resnet import Bottleneck, ResNet

# (name, channels over the width of the first layer, layers, kernel); the first of each after "0" halves the resolution.
_GROUPS = (("0", 1, 2, 3), ("1", 2, 3, 3), ("2", 4, 3, 3), ("3", 8, 3, 3), ("4", 16, 3, 5), ("5", 32, 4, 5))
_KEPT = ("2", "3", "4", "5")


class PictureEncoder(nn.Module):
    """(B, 3, 224, 224) → features with 4, 8, 16 and 32 × width channels of 56, 28, 14 and 7 pixels. After VGG-16.

    lopsided: strided layers pad below and to the right only, as TensorFlow does for even sizes.
    """

    def __init__(self, width: int = 16, *, lopsided: bool = False) -> None:
        super().__init__()
        self.lopsided = lopsided
        self.channels = (4 * width, 8 * width, 16 * width, 32 * width)
        before = 3
        for group, wide, layers, kernel in _GROUPS:
            for number in range(1, layers + 1):
                first = number == 1 and group != "0"
                size = kernel if number == 1 else 3
                padding = 0 if first and lopsided else size // 2
                layer = nn.Conv2d(before, wide * width, size, stride=2 if first else 1, padding=padding)
                self.add_module(f"conv{group}_{number}", layer)
                before = wide * width

    def forward(self, picture: Tensor) -> list[Tensor]:
        """See the class."""
        kept, x = [], picture
        for group, _, layers, kernel in _GROUPS:
            for number in range(1, layers + 1):
                if number == 1 and group != "0" and self.lopsided:
                    least = (kernel - 2) // 2
                    x = functional.pad(x, (least, kernel - 2 - least) * 2)
                x = torch.relu(self.get_submodule(f"conv{group}_{number}")(x))
            if group in _KEPT:
                kept.append(x)
        return kept


class ResidualEncoder(ResNet):
    """(B, 3, 224, 224) → features with 4, 8, 16 and 32 × width channels of 56, 28, 14 and 7 pixels. ResNet-50 where the
    width is 64."""

    def __init__(self, width: int = 64) -> None:
        super().__init__(Bottleneck, (3, 4, 6, 3), width)
        self.channels = (4 * width, 8 * width, 16 * width, 32 * width)

    def forward(self, picture: Tensor) -> list[Tensor]:  # type: ignore[override]
        """See the class."""
        return self.stages(picture)


class PictureDecoder(nn.Module):
    """The features of `PictureEncoder` → the picture (B, 3, 224, 224) in [0, 1]: with it, an auto-encoder."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        w = width
        for number, (before, after, kernel) in enumerate(
            ((32 * w, 16 * w, 2), (32 * w, 8 * w, 4), (16 * w, 4 * w, 4), (8 * w, 2 * w, 6), (2 * w, 3, 6)), start=1
        ):
            layer = nn.ConvTranspose2d(before, after, kernel, stride=2, padding=kernel // 2 - 1)
            self.add_module(f"conv_{number}", layer)

    def forward(self, features: list[Tensor]) -> Tensor:
        """See the class."""
        x = features[-1]
        for number in range(1, 6):
            x = torch.relu(self.get_submodule(f"conv_{number}")(x))
            if number <= 3:
                x = torch.cat([x, features[-1 - number]], dim=1)
        return torch.sigmoid(x)
