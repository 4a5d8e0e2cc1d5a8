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
    found = values.reshape(-1, values.shape[-1]).index_select(0, corners.reshape(-1))
    found = found.reshape(*corners.shape, values.shape[-1])
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


def solid_angles(directions: Tensor, faces: Tensor) -> Tensor:
    """(F,) the area on the unit sphere of triangles (F, 3) of directions (V, 3) (Van Oosterom and Strackee, 1983)."""
    a, b, c = functional.normalize(directions, dim=1)[faces].unbind(dim=1)
    volume = (a * torch.linalg.cross(b, c)).sum(dim=1).abs()
    return 2.0 * torch.atan2(volume, 1.0 + (a * b).sum(dim=1) + (b * c).sum(dim=1) + (c * a).sum(dim=1))


def read(texture: Tensor, place: Tensor, picture: Tensor, texels: Tensor) -> Tensor:
    """(n, C) a texture (C, H, W), or one (B, C, H, W) for each picture, at places (n, 2), between its pixels.

    place: [−1, 1] spans the texture, y down. picture: (n,) which one each place is in. texels: (n,) how many pixels of
    the texture each sees: where these are many, a copy of the texture of half, a quarter… the size is read, so that
    fine patterns blur as in the distance, and every pixel of the texture that is seen is learned.
    """
    if texture.ndim == 3:
        return _filtered(texture, place, texels)
    seen = place.new_zeros(len(place), texture.shape[1])
    for number, one in enumerate(texture):
        here = (picture == number).nonzero()[:, 0]
        seen = seen.index_copy(0, here, _filtered(one, place[here], texels[here]))
    return seen


def _filtered(texture: Tensor, place: Tensor, texels: Tensor) -> Tensor:
    most = int(math.log2(max(1, min(texture.shape[1:]))))
    level = (0.5 * texels.clamp_min(1.0).log2()).round().clamp_max(most).long()
    last = int(level.max()) if len(level) else 0
    if last == 0:
        return _between_pixels(texture, place)
    seen = place.new_zeros(len(place), texture.shape[0])
    for number in range(last + 1):
        here = (level == number).nonzero()[:, 0]
        seen = seen.index_copy(0, here, _between_pixels(texture, place[here]))
        if number < last:
            texture = functional.avg_pool2d(texture[None], 2)[0]
    return seen


def _between_pixels(texture: Tensor, place: Tensor) -> Tensor:
    seen = functional.grid_sample(texture[None], place[None, None], align_corners=False, padding_mode="border")
    return seen[0, :, 0].T
