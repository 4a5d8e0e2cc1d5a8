# SPDX-License-Identifier: GPL-3.0-or-later
"""From an image, points or voxels to the code of a shape; and from a shape's occupancy to its latent code.

Parameters have the names of the original checkpoints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..layers.resnet import ResidualLinear, normalised, resnet18

CODE = 256
"""Length of the code of an image or of voxels."""


class ImageEncoder(nn.Module):
    """(B, 3, 224, 224) in [0, 1] → (B, code)."""

    def __init__(self, code: int = CODE, width: int = 64) -> None:
        super().__init__()
        self.features = resnet18(width)
        self.fc = nn.Linear(8 * width, code)

    def forward(self, image: Tensor) -> Tensor:
        """The code of each image; normalised as ImageNet is."""
        return self.fc(self.features(normalised(image)))


def _with_pooled(x: Tensor) -> Tensor:
    """(B, N, h) → (B, N, 2 h): each point with the maximum over all points."""
    return torch.cat([x, x.amax(dim=1, keepdim=True).expand_as(x)], dim=2)


class PointEncoder(nn.Module):
    """(B, N, 3) points of a surface → (B, code): a PointNet of residual blocks (Qi et al. 2017)."""

    def __init__(self, code: int = 512, hidden: int = 512) -> None:
        super().__init__()
        self.fc_pos = nn.Linear(3, 2 * hidden)
        for number in range(5):
            self.add_module(f"block_{number}", ResidualLinear(2 * hidden, hidden))
        self.fc_c = nn.Linear(hidden, code)

    def forward(self, points: Tensor) -> Tensor:
        """The code of each cloud; the order of its points does not matter."""
        x = self.get_submodule("block_0")(self.fc_pos(points))
        for number in range(1, 5):
            x = self.get_submodule(f"block_{number}")(_with_pooled(x))
        return self.fc_c(torch.relu(x.amax(dim=1)))


class VoxelEncoder(nn.Module):
    """(B, 32, 32, 32) voxels, 0 or 1 → (B, code)."""

    def __init__(self, code: int = CODE, width: int = 32) -> None:
        super().__init__()
        self.conv_in = nn.Conv3d(1, width, 3, padding=1)
        for number in range(4):
            layer = nn.Conv3d(width << number, width << (number + 1), 3, stride=2, padding=1)
            self.add_module(f"conv_{number}", layer)
        self.fc = nn.Linear((width << 4) * 2**3, code)

    def forward(self, voxels: Tensor) -> Tensor:
        """The code of each grid."""
        x = self.conv_in(voxels[:, None])
        for number in range(4):
            x = self.get_submodule(f"conv_{number}")(torch.relu(x))
        return self.fc(torch.relu(x.flatten(1)))


class LatentEncoder(nn.Module):
    """Points (B, N, 3) and their occupancy (B, N) → mean and log deviation (B, latent) of the code of the shape."""

    def __init__(self, latent: int = 128, hidden: int = 128) -> None:
        super().__init__()
        self.fc_pos = nn.Linear(3, hidden)
        self.fc_0 = nn.Linear(1, hidden)
        self.fc_1 = nn.Linear(hidden, hidden)
        self.fc_2 = nn.Linear(2 * hidden, hidden)
        self.fc_3 = nn.Linear(2 * hidden, hidden)
        self.fc_mean = nn.Linear(hidden, latent)
        self.fc_logstd = nn.Linear(hidden, latent)

    def forward(self, points: Tensor, occupancy: Tensor) -> tuple[Tensor, Tensor]:
        """The distribution of codes that the points point to."""
        x = self.fc_0(occupancy[..., None]) + self.fc_pos(points)
        x = _with_pooled(self.fc_1(torch.relu(x)))
        x = _with_pooled(self.fc_2(torch.relu(x)))
        x = self.fc_3(torch.relu(x)).amax(dim=1)
        return self.fc_mean(x), self.fc_logstd(x)
