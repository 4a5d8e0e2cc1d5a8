# SPDX-License-Identifier: GPL-3.0-or-later
"""A soft rasteriser: which triangles touch which pixels, and how much, with gradients to their corners.

As in Liu, Li, Chen and Li, Soft Rasterizer (ICCV 2019), edges are soft, so that a picture changes smoothly with the
mesh. First the pairs of a pixel and a triangle near it are listed, without gradients; then cover, place and depth are
computed for each pair: by compiled loops on the processor, by operations of PyTorch elsewhere. The cost grows with the
covered area, not with the number of pixels times the number of triangles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ...errors import InvalidParameter
from .compiled import values_of
from .triangles import Triangles


@dataclass(frozen=True)
class Softness:
    """How soft edges are.

    sigma: in squared units of the picture, which spans [−1, 1]²: cover passes from a half at an edge to nearly all or
    nothing within about 2 √sigma. reach: a triangle is left out where it would cover less than this.
    """

    sigma: float = 1e-5
    reach: float = 1e-4

    def __post_init__(self) -> None:
        if not (0.0 < self.sigma < math.inf and 0.0 < self.reach < 0.5):
            raise InvalidParameter(
                f"Edges with sigma = {self.sigma:g} and reach = {self.reach:g} cannot be drawn.",
                "Give a sigma above 0, such as 1e-9 for sharp edges, and a reach between 0 and 1/2.",
            )

    @property
    def margin(self) -> float:
        """The squared distance beyond which a triangle is left out."""
        return self.sigma * math.log(1.0 / self.reach - 1.0)

    @classmethod
    def of_pixels(cls, width: float, size: int) -> Softness:
        """Edges that turn from a half to 95 % within `width` pixels of a picture of `size` pixels along an edge."""
        return cls(sigma=(2.0 * width / size) ** 2 / math.log(19.0))


@dataclass(frozen=True)
class Fragments:
    """What the triangles leave on the pixels, one entry (n,) for each pair.

    pixel: picture · size² + row · size + column; row 0 is at the top. picture, face: which. cover: how much of the
    pixel is covered, in [0, 1]. weights: (n, 3) barycentric, of the nearest point of the face. depth: of that point.
    part: of the area of the face that one pixel sees there; without gradients.
    """

    pixel: Tensor
    picture: Tensor
    face: Tensor
    cover: Tensor
    weights: Tensor
    depth: Tensor
    part: Tensor

    def only(self, which: Tensor) -> Fragments:
        """Those of the numbers `which` (m,)."""
        return Fragments(*(getattr(self, field.name).index_select(0, which) for field in fields(self)))


def fragments_of(triangles: Triangles, size: int, softness: Softness) -> Fragments:
    """The fragments of triangles in square pictures of `size` pixels; weights are as perspective wants them."""
    on_processor = triangles.corners.device.type == "cpu"
    pixel, index, values = (values_of if on_processor else values_by_arrays)(
        triangles.corners, size, softness.margin, softness.sigma
    )
    cover, weights, depth = values[:, 0], values[:, 1:4], values[:, 4]
    if triangles.parts is not None:
        weights = (weights[:, None] @ triangles.parts[index])[:, 0]
    part = parts_seen(triangles, size)[index] * depth.detach() ** 3
    picture = triangles.picture[index]
    return Fragments(picture * size**2 + pixel, picture, triangles.face[index], cover, weights, depth, part)


def values_by_arrays(corners: Tensor, size: int, margin: float, sigma: float) -> tuple[Tensor, Tensor, Tensor]:
    """As `compiled.values_of`, by operations of PyTorch alone, on any device."""
    with torch.no_grad():
        pixel, index = pairs(corners, size, margin)
    chosen = corners.flatten(1).index_select(0, index).reshape(-1, 3, 3)
    place = centres(pixel, size, corners.dtype)
    raw = barycentric(chosen[:, :, :2], place)
    within = (raw > 0).all(dim=1)
    squared = squared_distance(chosen[:, :, :2], place)
    cover = torch.sigmoid(torch.where(within, squared, -squared) / sigma)
    near = clipped(raw) / chosen[:, :, 2]
    depth = 1.0 / near.sum(dim=1)
    return pixel, index, torch.cat([cover[:, None], near * depth[:, None], depth[:, None]], dim=1)


def pairs(corners: Tensor, size: int, margin: float) -> tuple[Tensor, Tensor]:
    """Pairs (n,) of a pixel, row · size + column, and a triangle of corners (T, 3, 3) within the squared distance
    `margin`."""
    flat, reach = corners[..., :2].detach(), margin**0.5
    low = ((flat.amin(dim=1) - reach + 1.0) * size - 1.0) / 2.0
    high = ((flat.amax(dim=1) + reach + 1.0) * size - 1.0) / 2.0
    first, last = low.clamp(-1, size).ceil().clamp_min(0), high.clamp(-1, size).floor().clamp_max(size - 1)
    area = cross(flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]).abs()
    width, height = (last - first + 1).clamp_min(0).long().unbind(dim=1)
    count = width * height * (area > 1e-12)
    index = torch.repeat_interleave(torch.arange(len(flat), device=flat.device), count)
    step = torch.arange(len(index), device=flat.device) - (count.cumsum(0) - count)[index]
    column = first[index, 0].long() + step % width[index]
    row = size - 1 - (first[index, 1].long() + torch.div(step, width[index], rounding_mode="floor"))
    pixel = row * size + column
    place, chosen = centres(pixel, size, flat.dtype), flat[index]
    within = (barycentric(chosen, place) > 0).all(dim=1)
    keep = within | (squared_distance(chosen, place) < margin)
    return pixel[keep], index[keep]


def parts_seen(triangles: Triangles, size: int) -> Tensor:
    """(T,) which part of its face's area a pixel of each triangle sees, at the depth 1.

    In perspective, areas of the face and of the picture are as the cube of the depth over the product of the corners'.
    """
    corners = triangles.corners.detach()
    area = 0.5 * cross(corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]).abs()
    part = (2.0 / size) ** 2 / (area * corners[..., 2].prod(dim=1)).clamp_min(1e-30)
    return part if triangles.parts is None else part * torch.linalg.det(triangles.parts.detach()).abs()


def centres(pixel: Tensor, size: int, kind: torch.dtype) -> Tensor:
    """(n, 2) the middle of pixels row · size + column, y up."""
    column, row = pixel % size, torch.div(pixel, size, rounding_mode="floor")
    return torch.stack([2 * column + 1 - size, size - 1 - 2 * row], dim=1).to(kind) / size


def cross(a: Tensor, b: Tensor) -> Tensor:
    """The area (…) that vectors (…, 2) span, positive where b is to the left of a."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def barycentric(corners: Tensor, places: Tensor) -> Tensor:
    """(n, 3) barycentric coordinates of places (n, 2) in triangles (n, 3, 2)."""
    a, b, c = corners.unbind(dim=1)
    area = cross(b - a, c - a)
    first = cross(c - b, places - b) / area
    second = cross(a - c, places - c) / area
    return torch.stack([first, second, 1.0 - first - second], dim=1)


def clipped(raw: Tensor) -> Tensor:
    """Barycentric coordinates (n, 3) drawn into the triangle: no longer below 0, of sum 1."""
    inside = raw.clamp(0.0, 1.0)
    return inside / inside.sum(dim=1, keepdim=True).clamp_min(1e-5)


def squared_distance(corners: Tensor, places: Tensor) -> Tensor:
    """(n,) the squared distance of places (n, 2) from the border of triangles (n, 3, 2)."""
    along = corners.roll(-1, dims=1) - corners
    offset = places[:, None] - corners
    share = (offset * along).sum(dim=2) / along.square().sum(dim=2).clamp_min(1e-12)
    nearest = offset - share.clamp(0.0, 1.0)[..., None] * along
    return nearest.square().sum(dim=2).amin(dim=1)
