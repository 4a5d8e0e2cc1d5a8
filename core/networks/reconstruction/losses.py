# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps shapes smooth and cameras sensible. Pictures are compared in `rendering`."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ...errors import InvalidParameter
from ...geometry.edges import edge_table
from ...mesh import IntArray
from ..layers.laplacian import uniform_laplacian
from .network import Seen


@dataclass(frozen=True)
class Weights:
    """How much each loss counts. As published, but for `colour`: there it is .03, since features of a network that was
    trained elsewhere (`perceptual`, .8) make the textures; without those it has to do it.

    mask: 1 − IoU. colour: absolute difference where the object is. laplacian: roughness of the bent shape.
    laplacian_deformation: that of the deformation. deformation: its size. camera: place and rotation against the true
    ones. camera_length: how far raw quaternions are from length 1. perceptual: see `rendering.losses`.
    """

    mask: float = 100.0
    colour: float = 20.0
    laplacian: float = 6.0
    laplacian_deformation: float = 1.8
    deformation: float = 0.05
    camera: float = 20.0
    camera_length: float = 0.1
    perceptual: float = 0.8

    def __post_init__(self) -> None:
        for item in fields(self):
            if not 0.0 <= getattr(self, item.name) < float("inf"):
                raise InvalidParameter(f"The weight {item.name} is {getattr(self, item.name)}.", "Give 0 or more.")

    def of_shape(self, seen: Seen, laplacian: Laplacian, vertices: int | None = None) -> Tensor:
        """How rough and how far bent what is seen is. vertices: so many are looked at, from the first; all for None."""
        bent, moved = seen.vertices[:, :vertices], seen.deformation[:, :vertices]
        return (
            self.laplacian * laplacian.roughness(bent)
            + self.laplacian_deformation * laplacian.roughness(moved)
            + self.deformation * deformation_size(moved)
        )


class Laplacian(torch.nn.Module):
    """Each vertex less the mean of its neighbours, on a mesh with faces (F, 3) and V vertices."""

    edges: Tensor
    degree: Tensor

    def __init__(self, faces: IntArray, n_vertices: int) -> None:
        super().__init__()
        edges = torch.from_numpy(edge_table(faces).vertices)
        self.register_buffer("edges", edges, persistent=False)
        degree = torch.bincount(edges.flatten(), minlength=n_vertices)
        self.register_buffer("degree", degree.clamp_min(1), persistent=False)

    def forward(self, vertices: Tensor) -> Tensor:
        """(B, V, 3) of (B, V, 3)."""
        return uniform_laplacian(vertices, self.edges, self.degree)

    def roughness(self, vertices: Tensor) -> Tensor:
        """The mean length of it."""
        return self(vertices).norm(dim=2).mean()

    def summed(self, vertices: Tensor) -> Tensor:
        """The mean length of twice the sums over neighbours in place of means: the original's graph Laplacian, which
        counts each edge twice."""
        return 2.0 * (self.degree[:, None] * self(vertices)).norm(dim=2).mean()


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
