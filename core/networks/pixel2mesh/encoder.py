# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen in a picture: features at four resolutions, and the picture rebuilt from them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# (name, channels, kernel); the first of each group after "0" halves the resolution.
_GROUPS = (
    ("0", (16, 16), 3),
    ("1", (32, 32, 32), 3),
    ("2", (64, 64, 64), 3),
    ("3", (128, 128, 128), 3),
    ("4", (256, 256, 256), 5),
    ("5", (512, 512, 512, 512), 5),
)
_KEPT = ("2", "3", "4", "5")


class PictureEncoder(nn.Module):
    """(B, 3, 224, 224) → features with 64, 128, 256 and 512 channels of 56, 28, 14 and 7 pixels. After VGG-16.

    lopsided: strided layers pad below and to the right only, as TensorFlow does for even sizes.
    """

    channels = (64, 128, 256, 512)

    def __init__(self, *, lopsided: bool = False) -> None:
        super().__init__()
        self.lopsided = lopsided
        before = 3
        for group, widths, kernel in _GROUPS:
            for number, width in enumerate(widths, start=1):
                first = number == 1 and group != "0"
                size = kernel if number == 1 else 3
                padding = 0 if first and lopsided else size // 2
                layer = nn.Conv2d(before, width, size, stride=2 if first else 1, padding=padding)
                self.add_module(f"conv{group}_{number}", layer)
                before = width

    def forward(self, picture: Tensor) -> list[Tensor]:
        """See the class."""
        kept, x = [], picture
        for group, widths, kernel in _GROUPS:
            for number in range(1, len(widths) + 1):
                if number == 1 and group != "0" and self.lopsided:
                    least = (kernel - 2) // 2
                    x = functional.pad(x, (least, kernel - 2 - least) * 2)
                x = torch.relu(self.get_submodule(f"conv{group}_{number}")(x))
            if group in _KEPT:
                kept.append(x)
        return kept


class PictureDecoder(nn.Module):
    """The features of `PictureEncoder` → the picture (B, 3, 224, 224) in [0, 1]: with it, an auto-encoder."""

    def __init__(self) -> None:
        super().__init__()
        for number, (before, after, kernel) in enumerate(
            ((512, 256, 2), (512, 128, 4), (256, 64, 4), (128, 32, 6), (32, 3, 6)), start=1
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
