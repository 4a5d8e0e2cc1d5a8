# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as the published code of the Soft Rasterizer draws them (Liu, Li, Chen and Li, ICCV 2019), to compare with.

It computes in 32 bits, through the inverse of each face; on slivers this leaves up to 1 % of a pixel that the exact
geometry does not give. The same operations in the same order are done here, so that every pixel agrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .blending import Picture, mask_of
from .light import Light, face_normals, vertex_normals
from .paint import VertexColours
from .rasterise import Fragments, Softness, centres, clipped, pairs
from .triangles import Triangles

DIVISOR = 1e-5
"""What is added to each depth before it divides."""


@dataclass(frozen=True)
class PublishedSoftness(Softness):
    """Softness of edges, and of depth: gamma as a part of the range from near to far. depth_floor: the background
    weighs as much as a face at this nearness, from 0 (far) to 1 (near)."""

    gamma: float = 1e-4
    depth_floor: float = 1e-3
    near: float = 1.0
    far: float = 100.0


@dataclass(frozen=True)
class FaceTexture:
    """pixels: (F, R², C) a square of texels for each face, folded along its diagonal."""

    pixels: Tensor


def published_picture(
    vertices: Tensor,
    faces: Tensor,
    projections: Tensor,
    size: int,
    paint: VertexColours | FaceTexture,
    *,
    light: Light | None = None,
    softness: PublishedSoftness | None = None,
    background: float = 0.0,
) -> Picture:
    """Pictures of vertices (B, V, 3), colour and mask apart: the colour is that of the surface, wherever it is seen.

    projections: (B, 3, 4), pixel ~ projection · (p, 1), from the upper left corner; intrinsic times extrinsic matrix.
    Gradients ignore how the place within a face moves with its corners, as in the original. light: on faces that have a
    texture, on vertices that have colours.
    """
    soft = softness or PublishedSoftness()
    corners = _in_picture(vertices, projections, size)[:, faces]
    pictures, count = corners.shape[:2]
    index = torch.arange(pictures * count, device=corners.device)
    triangles = Triangles(corners.reshape(-1, 3, 3), index // count, index % count, None, pictures)
    fragments = _fragments(triangles, size, soft)
    colours = _colours(fragments, paint, light, vertices, faces)
    return Picture(_blended(fragments, colours, soft, pictures, size, background), mask_of(fragments, pictures, size))


def _in_picture(vertices: Tensor, projections: Tensor, size: int) -> Tensor:
    seen = torch.cat([vertices, torch.ones_like(vertices[..., :1])], dim=-1) @ projections.transpose(1, 2)
    flat = seen[..., :2] / (seen[..., 2:] + DIVISOR)
    flat = 2.0 * (flat - size / 2.0) / size
    return torch.stack([flat[..., 0], -flat[..., 1], seen[..., 2]], dim=-1)


def _fragments(triangles: Triangles, size: int, soft: PublishedSoftness) -> Fragments:
    """Numbers as the original has them; `cover` and `depth` have its gradients."""
    kind = triangles.corners.dtype
    with torch.no_grad():
        pixel, index = pairs(triangles.corners, size, 1.5 * soft.margin)
        corners, place = triangles.corners[index].float(), centres(pixel, size, torch.float32)
        weights = _weights(corners, place)
        edge, apart, within = _nearest(corners, place, weights)
        squared = apart[:, 0] * apart[:, 0] + apart[:, 1] * apart[:, 1]
        keep = (within | (squared < soft.margin)) & _about(corners, place, soft.margin**0.5)
        pixel, index, within = pixel[keep], index[keep], within[keep]
        edge, apart, squared = edge[keep].to(kind), apart[keep].to(kind), squared[keep].to(kind)
        weights = clipped(weights[keep]).to(kind)
        sign = torch.where(within, 1.0, -1.0).to(kind)
    corners = triangles.corners[index]
    moved = 2.0 * ((edge[:, :, None] * corners[:, :, :2]).sum(dim=1) * apart).sum(dim=1)
    squared = squared + (moved - moved.detach())
    cover = torch.sigmoid(sign * squared / soft.sigma)
    depth = 1.0 / (weights / corners[:, :, 2]).sum(dim=1)
    # Textures are not filtered: a pixel sees no area.
    picture = triangles.picture[index]
    pixel = picture * size**2 + pixel
    return Fragments(pixel, picture, triangles.face[index], cover, weights, depth, torch.zeros_like(depth))


def _weights(corners: Tensor, place: Tensor) -> Tensor:
    """(n, 3) barycentric coordinates by the inverse of the matrix of each triangle's corners."""
    x, y = corners[:, :, 0].unbind(dim=1), corners[:, :, 1].unbind(dim=1)
    area = x[2] * (y[0] - y[1]) + x[0] * (y[1] - y[2]) + x[1] * (y[2] - y[0])
    area = torch.where(area > 0, area.clamp_min(1e-10), area.clamp_max(-1e-10))
    rows = []
    for i, j in ((1, 2), (2, 0), (0, 1)):
        constant = (x[i] * y[j] - x[j] * y[i]) / area
        rows.append((y[i] - y[j]) / area * place[:, 0] + (x[j] - x[i]) / area * place[:, 1] + constant)
    return torch.stack(rows, dim=1)


def _nearest(corners: Tensor, place: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The nearest point of the border: its weights (n, 3), its offset (n, 2) from the place; and (n,) whether the place
    is within."""
    within = ((weights > 0) & (weights < 1)).all(dim=1)
    found = [_on_edge(corners, weights, k) for k in range(3)]
    ends = [edge.clamp(0.0, 1.0) for edge in found]
    inner = torch.stack([_offset(corners, edge, weights) for edge in found])
    outer = torch.stack([_offset(corners, edge, weights) for edge in ends])
    lengths = inner[..., 0] * inner[..., 0] + inner[..., 1] * inner[..., 1]
    choice = torch.where(within, lengths.argmin(dim=0), _outer_edge(corners, place, weights))
    row = torch.arange(len(weights), device=weights.device)
    edge = torch.where(within[:, None], torch.stack(found)[choice, row], torch.stack(ends)[choice, row])
    return edge, torch.where(within[:, None], inner[choice, row], outer[choice, row]), within


def _on_edge(corners: Tensor, weights: Tensor, first: int) -> Tensor:
    """(n, 3) the weights of the point nearest on the line from corner `first` to the next."""
    second = (first + 1) % 3
    x, y = corners[:, :, 0], corners[:, :, 1]
    # Products of the corners (x, y, 1) with each other.
    both = [x * x[:, k : k + 1] + y * y[:, k : k + 1] + 1.0 for k in (first, second)]
    a = both[0] - both[1]
    sum_ = weights[:, 0] * a[:, 0] + weights[:, 1] * a[:, 1] + weights[:, 2] * a[:, 2]
    share = (sum_ - a[:, second]) / (a[:, first] - a[:, second])
    parts = [torch.zeros_like(share)] * 3
    parts[first], parts[second] = share, 1.0 - share
    return torch.stack(parts, dim=1)


def _offset(corners: Tensor, edge: Tensor, weights: Tensor) -> Tensor:
    part = (edge - weights)[:, :, None] * corners[:, :, :2]
    return part[:, 0] + part[:, 1] + part[:, 2]


def _outer_edge(corners: Tensor, place: Tensor, weights: Tensor) -> Tensor:
    """(n,) which edge is nearest to places outside. At an obtuse corner it may be the one before."""
    points = corners[:, :, :2]
    out = weights <= 0
    choice = torch.where(out[:, 0], 1, torch.where(out[:, 1], 2, 0))
    blunt = torch.stack([_dot(points, k, (k + 1) % 3, points[:, (k + 2) % 3]) < 0 for k in range(3)], dim=1)
    for corner, others in ((2, (0, 1)), (1, (2, 0)), (0, (1, 2))):
        before = (corner + 2) % 3
        behind = blunt[:, corner] & (_dot(points, corner, before, place) > 0)
        beyond = out[:, others[0]] & out[:, others[1]]
        choice = torch.where(beyond, torch.where(behind, before, corner), choice)
    return choice


def _dot(points: Tensor, corner: int, end: int, place: Tensor) -> Tensor:
    along, offset = points[:, end] - points[:, corner], place - points[:, corner]
    return offset[:, 0] * along[:, 0] + offset[:, 1] * along[:, 1]


def _about(corners: Tensor, place: Tensor, reach: float) -> Tensor:
    flat = corners[:, :, :2]
    return ((place <= flat.amax(dim=1) + reach) & (place >= flat.amin(dim=1) - reach)).all(dim=1)


def _colours(
    fragments: Fragments, paint: VertexColours | FaceTexture, light: Light | None, vertices: Tensor, faces: Tensor
) -> Tensor:
    if isinstance(paint, VertexColours):
        values = paint.values
        if light is not None:
            values = values * light.on(vertex_normals(vertices, faces))[..., None]
        return VertexColours(values).colours(fragments, faces)
    side, count = round(paint.pixels.shape[1] ** 0.5), paint.pixels.shape[0]
    first, second = fragments.weights[:, 0] * side, fragments.weights[:, 1] * side
    column, row = first.long(), second.long()
    lower = (fragments.weights[:, 0] + fragments.weights[:, 1]) * side - column - row <= 1
    texel = torch.where(lower, row * side + column, (side - 1 - row) * side + side - 1 - column)
    # At a corner the texel may be the first one of the next face, in the light of that, and gets no gradient there.
    place = (fragments.face * side**2 + texel).clamp(0, count * side**2 - 1)
    colours = paint.pixels.reshape(-1, paint.pixels.shape[-1])[place]
    if light is not None:
        colours = colours * light.on(face_normals(vertices, faces))[fragments.picture, place // side**2][:, None]
    return torch.where((texel < side**2)[:, None], colours, colours.detach())


def _blended(
    fragments: Fragments, colours: Tensor, soft: PublishedSoftness, pictures: int, size: int, background: float
) -> Tensor:
    """(B, C, size, size): a pixel's colour is the mean of its fragments', by cover and, sharply, by nearness."""
    pixels = pictures * size**2
    seen = (fragments.depth >= soft.near) & (fragments.depth <= soft.far)
    nearness = (soft.far - fragments.depth) / (soft.far - soft.near)
    with torch.no_grad():
        nearest = nearness.new_full((pixels,), soft.depth_floor)
        nearest = nearest.scatter_reduce(0, fragments.pixel[seen], nearness[seen], "amax")
    share = ((nearness - nearest[fragments.pixel]) / soft.gamma).clamp_max(0.0).exp() * fragments.cover * seen
    behind = ((soft.depth_floor - nearest) / soft.gamma).exp()
    total = behind.index_add(0, fragments.pixel, share)
    lit = (behind * background)[:, None].expand(-1, colours.shape[1])
    lit = lit.index_add(0, fragments.pixel, share[:, None] * colours)
    return (lit / total[:, None]).reshape(pictures, size, size, -1).permute(0, 3, 1, 2)
