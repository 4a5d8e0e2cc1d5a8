# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures on a sphere, read pixel by pixel: as much detail as the picture has, however large the faces are."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .rasterise import Fragments


def at_fragments(values: Tensor, faces: Tensor, fragments: Fragments) -> Tensor:
    """(n, C) values (V, C) or (B, V, C) of the corners of faces (F, 3), between them at each fragment."""
    corners = faces[fragments.face]
    if values.ndim == 3:
        corners = corners + values.shape[1] * fragments.picture[:, None]
    found = values.reshape(-1, values.shape[-1]).index_select(0, corners.reshape(-1)).reshape(*corners.shape, -1)
    return (found * fragments.weights[:, :, None]).sum(dim=1)


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


def read(texture: Tensor, place: Tensor, picture: Tensor, *, to_borders: bool = False) -> Tensor:
    """(n, C) a texture (C, H, W), or one (B, C, H, W) for each picture, at places (n, 2), between its pixels.

    place: [−1, 1] spans the texture, y down: from the middle of the first pixel to that of the last one, or with
    `to_borders` from border to border. picture: (n,) which one each place is in.
    """
    if texture.ndim == 3:
        return _read(texture, place, to_borders)
    seen = place.new_zeros(len(place), texture.shape[1])
    for number, one in enumerate(texture):
        here = (picture == number).nonzero()[:, 0]
        seen = seen.index_copy(0, here, _read(one, place[here], to_borders))
    return seen


def _read(texture: Tensor, place: Tensor, to_borders: bool) -> Tensor:
    seen = functional.grid_sample(texture[None], place[None, None], align_corners=not to_borders, padding_mode="border")
    return seen[0, :, 0].T
