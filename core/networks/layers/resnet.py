# SPDX-License-Identifier: GPL-3.0-or-later
"""Residual networks for images (He et al. 2016) without their last layer, and the shared residual block of points.

Parameters have the names of the usual public checkpoints: `conv1`, `layer1.0.bn2`, `layer2.0.downsample.1` …
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the channels red, green and blue of ImageNet, in [0, 1]."""


def normalised(image: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] with ImageNet's mean taken off and divided by its deviation."""
    mean, deviation = (image.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    return (image - mean) / deviation


def given(value: Tensor | None) -> Tensor:
    """A parameter that a layer may lack but does not."""
    assert value is not None
    return value


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _shortcut(channels_in, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H / stride, W / stride)."""
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """A 3 × 3 convolution between two of 1 × 1, and a shortcut."""

    expansion = 4

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.downsample = _shortcut(channels_in, 4 * channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, 4 C', H / stride, W / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(y)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def _shortcut(channels_in: int, channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and channels_in == channels:
        return None
    return nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))


class ResNet(nn.Module):
    """The convolutional part; `stages` gives what each of the four stages makes."""

    def __init__(
        self, block: type[BasicBlock] | type[Bottleneck], depths: tuple[int, int, int, int], width: int = 64
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for number, depth in enumerate(depths):
            wide, blocks = width << number, []
            for position in range(depth):
                blocks.append(block(channels, wide, 2 if number and not position else 1))
                channels = wide * block.expansion
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))

    def stages(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) → four of (B, C, H / 4, W / 4), then half as large each."""
        x = torch.relu(self.bn1(self.conv1(image)))
        x, made = nn.functional.max_pool2d(x, 3, 2, 1), []
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
            made.append(x)
        return made

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, C), the mean of the last stage over the image."""
        return self.stages(image)[-1].mean(dim=(2, 3))


def resnet18(width: int = 64) -> ResNet:
    """18 layers, 8 × width features."""
    return ResNet(BasicBlock, (2, 2, 2, 2), width)


def resnet50() -> ResNet:
    """50 layers, 2048 features."""
    return ResNet(Bottleneck, (3, 4, 6, 3))


class ResidualLinear(nn.Module):
    """(…, n) → (…, m): two linear layers, each after a ReLU, and a shortcut."""

    def __init__(self, size_in: int, size_out: int) -> None:
        super().__init__()
        hidden = min(size_in, size_out)
        self.fc_0 = nn.Linear(size_in, hidden)
        self.fc_1 = nn.Linear(hidden, size_out)
        self.shortcut = None if size_in == size_out else nn.Linear(size_in, size_out, bias=False)
        nn.init.zeros_(self.fc_1.weight)

    def forward(self, x: Tensor) -> Tensor:
        """The last dimension changes, all others stay."""
        y = self.fc_1(torch.relu(self.fc_0(torch.relu(x))))
        return y + (x if self.shortcut is None else self.shortcut(x))
