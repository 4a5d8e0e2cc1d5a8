# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps shapes smooth and cameras sensible. Pictures are compared in `rendering`."""

from __future__ import annotations

import torch
from torch import Tensor

from ...geometry.edges import edge_table
from ...mesh import IntArray


class Laplacian(torch.nn.Module):
    """Each vertex less the mean of its neighbours, on a mesh with faces (F, 3) and V vertices."""

    ends: Tensor
    degree: Tensor

    def __init__(self, faces: IntArray, n_vertices: int) -> None:
        super().__init__()
        edges = torch.from_numpy(edge_table(faces).vertices)
        self.register_buffer("ends", torch.cat([edges, edges.flip(1)]), persistent=False)
        degree = torch.bincount(edges.flatten(), minlength=n_vertices)
        self.register_buffer("degree", degree.clamp_min(1)[:, None], persistent=False)

    def forward(self, vertices: Tensor) -> Tensor:
        """(B, V, 3) of (B, V, 3)."""
        total = torch.zeros_like(vertices).index_add(1, self.ends[:, 0], vertices[:, self.ends[:, 1]])
        return vertices - total / self.degree

    def roughness(self, vertices: Tensor) -> Tensor:
        """The mean length of it."""
        return self(vertices).norm(dim=2).mean()

    def summed(self, vertices: Tensor) -> Tensor:
        """The mean length of twice the sums over neighbours in place of means: the original's graph Laplacian, which
        counts each edge twice."""
        return 2.0 * (self.degree * self(vertices)).norm(dim=2).mean()


def deformation_size(deformation: Tensor) -> Tensor:
    """Mean length of (B, V, 3)."""
    return deformation.norm(dim=2).mean()


def camera_error(quaternion: Tensor, place: Tensor, true_quaternion: Tensor, true_place: Tensor) -> Tensor:
    """Mean squared error of the places (B, 3), and of the rotations 1 − |cos| of half the angle between them; a
    quaternion (B, 4) and its negative are the same rotation."""
    turned = 1.0 - (quaternion * true_quaternion).sum(dim=1).abs()
    return (place - true_place).square().mean() + turned.mean()


def quaternion_length(raw: Tensor) -> Tensor:
    """Mean of (|q|² − 1)² of raw quaternions (B, 4): they should be of unit length by themselves."""
    return (raw.square().sum(dim=1) - 1.0).square().mean()
