# SPDX-License-Identifier: GPL-3.0-or-later
"""How unlike two pictures look to a network that has learned to see (Zhang, Isola, Efros, Shechtman and Wang, The
Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018). Its weights are the user's own file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import CheckpointError, InvalidParameter
from ..checkpoints import put_weights, read_checkpoint
from ..layers.resnet import BasicBlock, Bottleneck, ResNet, normalised

SMALLEST = 32
"""Pixels that a picture has at least along an edge: the network halves it five times."""

_VGG = (2, 2, 3, 3, 3)
"""Convolutions of VGG-16 before each halving."""


class Perceptual(nn.Module):
    """The squared difference of features, of length 1 at each place, summed over the channels; the mean over places,
    stages of the network and pictures."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)

    @classmethod
    def read(cls, path: str | Path) -> Perceptual:
        """With the weights of a file: VGG-16, ResNet-18 or ResNet-50 with the names of torchvision, alone or as the
        encoder in a checkpoint of an Occupancy Network or a reconstruction network.

        Raises `CheckpointError` where the file is missing, damaged, or holds no such network.
        """
        path = Path(path)
        weights = read_checkpoint(path).weights
        ends = {"conv1.weight": _residual, "features.0.weight": _plain}
        for end, network_of in ends.items():
            for name in sorted(weights, key=len):
                before = name.removesuffix(end)
                if before != name and (not before or before.endswith(".")) and weights[name].ndim == 4:
                    inner = {key.removeprefix(before): weights[key] for key in weights if key.startswith(before)}
                    network = network_of(inner)
                    put_weights({key: inner[key] for key in network.state_dict() if key in inner}, network, path.name)
                    return cls(network)
        raise CheckpointError(
            f"{path.name} holds neither VGG-16 nor ResNet-18 nor ResNet-50.",
            "Choose such a file in the format of torchvision, or a checkpoint with an encoder of images.",
        )

    def train(self, mode: bool = True) -> Perceptual:
        """It never learns: statistics and all stay as they are in the file."""
        return super().train(False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """The mean difference () of pictures (B, 3, H, W) in [0, 1]. Raises `InvalidParameter` for others."""
        if a.shape != b.shape or a.ndim != 4 or a.shape[1] != 3 or min(a.shape[2:]) < SMALLEST:
            raise InvalidParameter(
                f"Pictures of shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be compared as they look.",
                f"Give as many of each, red, green and blue, of {SMALLEST} pixels along an edge or more.",
            )
        apart = [
            (functional.normalize(x, dim=1) - functional.normalize(y, dim=1)).square().sum(dim=1).mean()
            for x, y in zip(self._features(a), self._features(b), strict=True)
        ]
        return torch.stack(apart).mean()

    def _features(self, picture: Tensor) -> list[Tensor]:
        stages: list[Tensor] = self.network.stages(normalised(picture))  # type: ignore[operator]
        return stages


class Vgg(nn.Module):
    """VGG-16 (Simonyan and Zisserman, 2015) without its last layers, in any width."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, self.ends = 3, []
        for stage, number in enumerate(_VGG):
            for _ in range(number):
                wide = width << min(stage, 3)
                layers += [nn.Conv2d(before, wide, 3, padding=1), nn.ReLU()]
                before = wide
            self.ends.append(len(layers))
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def stages(self, picture: Tensor) -> list[Tensor]:
        """(B, 3, H, W) → what there is before each of the five halvings."""
        made, x = [], picture
        for number, layer in enumerate(self.features, start=1):
            x = layer(x)
            if number in self.ends:
                made.append(x)
        return made


def _plain(weights: Mapping[str, Tensor]) -> nn.Module:
    return Vgg(len(weights["features.0.weight"]))


def _residual(weights: Mapping[str, Tensor]) -> nn.Module:
    width = len(weights["conv1.weight"])
    if "layer1.0.conv3.weight" in weights:
        return ResNet(Bottleneck, (3, 4, 6, 3), width)
    return ResNet(BasicBlock, (2, 2, 2, 2), width)
