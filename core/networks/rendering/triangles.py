# SPDX-License-Identifier: GPL-3.0-or-later
"""The triangles that cameras see, cut off in front of each camera."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

NEAREST = 1e-3
"""What is nearer to the camera than this part of the farthest depth is cut off."""


@dataclass(frozen=True)
class Triangles:
    """Triangles in pictures, those of all the pictures in one list.

    corners: (T, 3, 3) x and y in [−1, 1] within the picture, x to the right and y up, and the depth > 0. picture, face:
    (T,) which they belong to. parts: (T, 3, 3) corners as weights of the corners of the face; None where they are the
    same. pictures: how many.
    """

    corners: Tensor
    picture: Tensor
    face: Tensor
    parts: Tensor | None
    pictures: int


def triangles_of(vertices: Tensor, faces: Tensor, matrices: Tensor) -> Triangles:
    """The triangles of faces (F, 3) of vertices (V, 3) or (B, V, 3) through matrices (B, 3, 4) of `stacked`.

    Faces behind the camera are left out, and those that reach behind it are cut.
    """
    seen = seen_from(vertices, matrices)
    pictures, count = len(seen), len(faces)
    corners = seen.index_select(1, faces.reshape(-1)).reshape(-1, 3, 3)
    index = torch.arange(len(corners), device=seen.device)
    picture, face = torch.div(index, max(count, 1), rounding_mode="floor"), index % max(count, 1)
    near = (NEAREST * seen[..., 2].amax(dim=1)).clamp_min(1e-9)[picture]
    ahead = corners[..., 2] > near[:, None]
    if ahead.all():
        return Triangles(_divided(corners), picture, face, None, pictures)
    which, parts = _cut(corners[..., 2], ahead, near)
    return Triangles(_divided(parts @ corners[which]), picture[which], face[which], parts, pictures)


def seen_from(vertices: Tensor, matrices: Tensor) -> Tensor:
    """(B, V, 3) points (x · depth, y · depth, depth) of vertices (V, 3) or (B, V, 3)."""
    return vertices @ matrices[:, :, :3].transpose(1, 2) + matrices[:, None, :, 3]


def _divided(corners: Tensor) -> Tensor:
    depth = corners[..., 2:]
    return torch.cat([corners[..., :2] / depth, depth], dim=-1)


def _cut(depth: Tensor, ahead: Tensor, near: Tensor) -> tuple[Tensor, Tensor]:
    """Which triangle (T,), and its corners as weights (T, 3, 3), of what is ahead of the camera."""
    number = ahead.sum(dim=1)
    whole, one, two = ((number == k).nonzero()[:, 0] for k in (3, 1, 2))
    same = torch.eye(3, dtype=depth.dtype, device=depth.device)
    # The corner that differs from the two others comes first.
    odd_one, odd_two = ahead[one].long().argmax(dim=1), (~ahead[two]).long().argmax(dim=1)
    tip = same[_turned(odd_one)]
    ab, ac = (_between(tip, depth[one], near[one], 0, k) for k in (1, 2))
    base = same[_turned(odd_two)]
    ba, ca = (_between(base, depth[two], near[two], k, 0) for k in (1, 2))
    parts = [
        same.expand(len(whole), 3, 3),
        torch.stack([tip[:, 0], ab, ac], dim=1),
        torch.stack([ba, base[:, 1], base[:, 2]], dim=1),
        torch.stack([ba, base[:, 2], ca], dim=1),
    ]
    return torch.cat([whole, one, two, two]), torch.cat(parts)


def _turned(first: Tensor) -> Tensor:
    """(n, 3) the corners in their order, from `first` on."""
    return (first[:, None] + torch.arange(3, device=first.device)) % 3


def _between(corners: Tensor, depth: Tensor, near: Tensor, ahead: int, behind: int) -> Tensor:
    """(n, 3) the weights of the point at depth `near` on the edge from corner `ahead` to corner `behind`."""
    start, end = corners[:, ahead], corners[:, behind]
    here, there = (start * depth).sum(dim=1), (end * depth).sum(dim=1)
    share = ((near - here) / (there - here))[:, None]
    return start + share * (end - start)
