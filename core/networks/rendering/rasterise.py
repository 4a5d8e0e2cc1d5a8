# SPDX-License-Identifier: GPL-3.0-or-later
"""A soft rasteriser: images of triangles that change smoothly with their corners (Liu, Li, Chen and Li, Soft
Rasterizer, ICCV 2019), with operations of PyTorch alone.

First the pairs of a pixel and a face near it are listed, without gradients; then all that is computed for a pair is
ordinary differentiable arithmetic, gathered for each pixel. The cost grows with the covered area, not with the number
of pixels times the number of faces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import InvalidParameter


@dataclass(frozen=True)
class Softness:
    """How soft edges and depth are.

    sigma: of the edge, in squared units of the image, which spans [−1, 1]². gamma: of the depth, as a part of the range
    from near to far. depth_floor: the weight of the background is that of a face at this depth. reach: a face is left
    out where it covers less than this. near, far: the range of depths that is seen.
    """

    sigma: float = 1e-5
    gamma: float = 1e-4
    depth_floor: float = 1e-3
    reach: float = 1e-4
    near: float = 1.0
    far: float = 100.0

    @property
    def margin(self) -> float:
        """The squared distance beyond which a face is left out."""
        return float(self.sigma * torch.logit(torch.tensor(1.0 - self.reach, dtype=torch.float64)))


@dataclass(frozen=True)
class Fragments:
    """What the faces leave on the pixels, one entry (n,) for each pair. pixel: batch · size² + row · size + column.
    face: in its batch. batch: the picture. inside: (n,) how much of the pixel the face covers, in [0, 1]. weights:
    (n, 3) barycentric, clipped to the face. depth: (n,), of the point of the face."""

    pixel: Tensor
    batch: Tensor
    face: Tensor
    cover: Tensor
    weights: Tensor
    depth: Tensor


Shader = Callable[[Fragments], Tensor]
"""Fragments → their colours (n, C)."""


@dataclass(frozen=True)
class Picture:
    """colour: (B, C, size, size). mask: (B, size, size) in [0, 1]."""

    colour: Tensor
    mask: Tensor


def fragments_of(
    corners: Tensor, size: int, softness: Softness | None = None, *, as_published: bool = False
) -> Fragments:
    """The fragments of triangles.

    corners: (B, F, 3, 3) x and y in [−1, 1], x to the right and y up, and the depth z > 0. size: pixels along an edge.
    as_published: gradients of depth and colour ignore how the place within a face moves, as in the original code.
    Raises `InvalidParameter` for sizes below 1 and corners of another shape.
    """
    soft = softness or Softness()
    if corners.ndim != 4 or corners.shape[2:] != (3, 3) or size < 1:
        raise InvalidParameter(
            f"Corners of shape {tuple(corners.shape)} cannot be drawn at {size} pixels.",
            "Give corners (B, F, 3, 3), and at least one pixel.",
        )
    with torch.no_grad():
        pixel, index = _near(corners.detach(), size, soft)
    flat = corners.reshape(-1, 3, 3)
    faces = flat[index]
    place = _centres(pixel % size**2, size, corners.dtype)
    raw = _barycentric(faces[:, :, :2], place)
    within = ((raw > 0) & (raw < 1)).all(dim=1)
    squared = _squared_distance(faces[:, :, :2], place)
    cover = torch.sigmoid(torch.where(within, squared, -squared) / soft.sigma)
    clipped = raw.clamp(0.0, 1.0)
    weights = clipped / clipped.sum(dim=1, keepdim=True).clamp_min(1e-5)
    fixed = weights.detach() if as_published else weights
    depth = 1.0 / (fixed / faces[:, :, 2]).sum(dim=1)
    count = corners.shape[1]
    return Fragments(pixel, index // count, index % count, cover, fixed, depth)


def blend(
    fragments: Fragments,
    colours: Tensor,
    front: Tensor,
    *,
    batch: int,
    size: int,
    softness: Softness | None = None,
    background: float = 0.0,
) -> Picture:
    """The picture of fragments with `colours` (n, C).

    front: (n,) bool, which of them show their face's front: others count for the mask only. A pixel's colour is the
    mean of its fragments', weighted by how much they cover it and, sharply, by how near they are.
    """
    soft, pixels = softness or Softness(), batch * size * size
    log_miss = torch.log1p(-fragments.cover.clamp_max(1.0 - 1e-7))
    missed = torch.zeros(pixels, dtype=log_miss.dtype, device=log_miss.device).index_add(0, fragments.pixel, log_miss)
    mask = 1.0 - missed.exp()
    seen = front & (fragments.depth > soft.near) & (fragments.depth < soft.far)
    nearness = (soft.far - fragments.depth) / (soft.far - soft.near)
    with torch.no_grad():
        nearest = torch.full((pixels,), soft.depth_floor, dtype=nearness.dtype, device=nearness.device)
        nearest = nearest.scatter_reduce(0, fragments.pixel[seen], nearness[seen], "amax")
    share = ((nearness - nearest[fragments.pixel]) / soft.gamma).clamp_max(0.0).exp() * fragments.cover * seen
    behind = ((soft.depth_floor - nearest) / soft.gamma).exp()
    total = behind.index_add(0, fragments.pixel, share)
    lit = (behind * background)[:, None].expand(-1, colours.shape[1])
    lit = lit.index_add(0, fragments.pixel, share[:, None] * colours)
    colour = (lit / total[:, None]).reshape(batch, size, size, -1).permute(0, 3, 1, 2)
    return Picture(colour, mask.reshape(batch, size, size))


def facing(corners: Tensor) -> Tensor:
    """(B, F) whether triangles (B, F, 3, 3) turn counter-clockwise in the picture: their front is seen."""
    a, b, c = corners[..., :2].unbind(dim=2)
    return _cross(b - a, c - a) > 0


def _near(corners: Tensor, size: int, soft: Softness) -> tuple[Tensor, Tensor]:
    """Pairs (n,) of a pixel and a face (batch · F + face) that are within reach of each other."""
    flat = corners[..., :2].reshape(-1, 3, 2)
    margin = soft.margin**0.5
    low = ((flat.amin(dim=1) - margin + 1.0) * size - 1.0) / 2.0
    high = ((flat.amax(dim=1) + margin + 1.0) * size - 1.0) / 2.0
    first, last = low.ceil().clamp(0, size), high.floor().clamp(-1, size - 1)
    width, height = (last - first + 1).clamp_min(0).long().unbind(dim=1)
    count = width * height
    face = torch.repeat_interleave(torch.arange(len(flat), device=flat.device), count)
    step = torch.arange(len(face), device=flat.device) - (count.cumsum(0) - count)[face]
    column = first[face, 0].long() + step % width[face]
    row = size - 1 - (first[face, 1].long() + step // width[face])
    place = _centres(row * size + column, size, corners.dtype)
    triangle = flat[face]
    solid = _cross(triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0]).abs() > 1e-12
    raw = _barycentric(triangle, place)
    within = ((raw > 0) & (raw < 1)).all(dim=1)
    keep = solid & (within | (_squared_distance(triangle, place) < soft.margin))
    faces = corners.shape[1]
    return ((face // faces) * size**2 + row * size + column)[keep], face[keep]


def _centres(pixel: Tensor, size: int, kind: torch.dtype) -> Tensor:
    """(n, 2) the middle of pixels row · size + column; row 0 is at the top."""
    column, row = pixel % size, torch.div(pixel, size, rounding_mode="floor")
    return torch.stack([2 * column + 1 - size, size - 1 - 2 * row], dim=1).to(kind) / size


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _barycentric(triangles: Tensor, places: Tensor) -> Tensor:
    """(n, 3) barycentric coordinates of places (n, 2) in triangles (n, 3, 2), not clipped."""
    a, b, c = triangles.unbind(dim=1)
    area = _cross(b - a, c - a)
    first = _cross(c - b, places - b) / area
    second = _cross(a - c, places - c) / area
    return torch.stack([first, second, 1.0 - first - second], dim=1)


def _squared_distance(triangles: Tensor, places: Tensor) -> Tensor:
    """(n,) the squared distance of places (n, 2) from the border of triangles (n, 3, 2)."""
    start = triangles
    along = triangles.roll(-1, dims=1) - start
    offset = places[:, None] - start
    share = (offset * along).sum(dim=2) / along.square().sum(dim=2).clamp_min(1e-12)
    nearest = offset - share.clamp(0.0, 1.0)[..., None] * along
    return nearest.square().sum(dim=2).amin(dim=1)
