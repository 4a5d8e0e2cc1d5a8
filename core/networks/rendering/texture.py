# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures on a sphere, read pixel by pixel: as much detail as the picture has, however large the faces are."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .rasterise import Fragments


def at_fragments(values: Tensor, faces: Tensor, fragments: Fragments, depths: Tensor | None = None) -> Tensor:
    """(n, C) values (V, C) of the corners of faces (F, 3), between them at each fragment.

    depths: (B, V) of the vertices in each picture: then as perspective wants it, else linearly in the picture.
    """
    corners = faces[fragments.face]
    weights = fragments.weights
    if depths is not None:
        near = weights / depths[fragments.batch[:, None], corners]
        weights = near / near.sum(dim=1, keepdim=True)
    return (values[corners] * weights[:, :, None]).sum(dim=1)


def sphere_coordinates(directions: Tensor, *, mirrored: bool = False) -> Tensor:
    """(n, 2) where directions (n, 3) are in a texture, u and v in [−1, 1].

    v runs from the pole +z (−1) to −z. u is the angle about z from −y, where the cut is: in the plane x = 0. mirrored:
    both sides of that plane share the texture, from +y (−1) to −y.
    """
    x, y, z = directions.unbind(dim=1)
    squared = x.square() + y.square()
    pole = squared < 1e-12  # where the angle means nothing, and has no derivative
    x, y = torch.where(pole, 0.0, x), torch.where(pole, 1e-6, y)
    v = -2.0 / math.pi * torch.atan2(z, torch.where(pole, 1e-12, squared).sqrt())
    around = torch.atan2(x.abs() if mirrored else x, y) / math.pi
    return torch.stack([2.0 * around - 1.0 if mirrored else around, v], dim=1)


def read(texture: Tensor, place: Tensor) -> Tensor:
    """(n, C) the texture (C, H, W) at places (n, 2) in [−1, 1], between its pixels."""
    seen = functional.grid_sample(texture[None], place[None, None], align_corners=True, padding_mode="border")
    return seen[0, :, 0].T
