# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragments and smooth edges by nvdiffrast (Laine and others, Modular Primitives for High-Performance Differentiable
Rendering, 2020), where it is installed and the tensors are on a graphics card.

A pixel shows one face; edges are smoothed, and get their gradients, over one pixel. There is no softness.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from .blending import Picture
from .rasterise import Fragments
from .triangles import NEAREST, seen_from


@cache
def _context(device: torch.device) -> Any:
    """What the library draws with, once for each graphics card."""
    return import_module("nvdiffrast.torch").RasterizeCudaContext(device=device)


def picture(
    vertices: Tensor,
    faces: Tensor,
    matrices: Tensor,
    size: int,
    colours: Callable[[Fragments], Tensor] | None,
    background: float,
) -> Picture:
    """Pictures as `render.render` returns them. colours: (n, C) of fragments; None for a mask alone."""
    library = import_module("nvdiffrast.torch")
    seen = seen_from(vertices, matrices).float()
    place, index = _clip_space(seen), faces.int().contiguous()
    raster, slopes = library.rasterize(_context(seen.device), place, index, (size, size), grad_db=False)
    fragments = _fragments(raster, slopes, seen, faces)
    mask = (raster[..., 3:] > 0).to(seen.dtype)
    layers = mask
    if colours is not None:
        painted = colours(fragments).to(seen.dtype)
        flat = torch.full((mask.numel(), painted.shape[1]), background, dtype=seen.dtype, device=seen.device)
        surface = flat.index_copy(0, fragments.pixel, painted).reshape(*mask.shape[:3], -1)
        layers = torch.cat([mask, surface], dim=-1)
    # Its first row is the lowest.
    smooth = library.antialias(layers.contiguous(), raster, place, index).flip(1)
    colour = None if colours is None else smooth[..., 1:].permute(0, 3, 1, 2)
    return Picture(colour, smooth[..., 0])


def _clip_space(seen: Tensor) -> Tensor:
    """(B, V, 4) of points (x · depth, y · depth, depth), so that what is drawn has z / w in [−1, 1]."""
    depth = seen[..., 2]
    far = depth.detach().amax(dim=1, keepdim=True).clamp_min(1e-9) * 1.01
    near = NEAREST * far
    z = (far + near) / (far - near) * depth - 2.0 * far * near / (far - near)
    return torch.stack([seen[..., 0], seen[..., 1], z, depth], dim=-1).contiguous()


def _fragments(raster: Tensor, slopes: Tensor, seen: Tensor, faces: Tensor) -> Fragments:
    """The one face at each pixel that has one; it covers all of it."""
    flat = raster.reshape(-1, 4)
    pixel = (flat[:, 3] > 0).nonzero()[:, 0]
    here, slope = flat[pixel], slopes.reshape(-1, 4)[pixel].detach()
    number = torch.div(pixel, raster.shape[1] * raster.shape[2], rounding_mode="floor")
    face = here[:, 3].long() - 1
    weights = torch.stack([here[:, 0], here[:, 1], 1.0 - here[:, 0] - here[:, 1]], dim=1)
    depth = (weights * seen[number[:, None], faces[face], 2]).sum(dim=1)
    # In its first two weights a face has the area 1/2.
    part = 2.0 * (slope[:, 0] * slope[:, 3] - slope[:, 1] * slope[:, 2]).abs()
    return Fragments(pixel, number, face, torch.ones_like(depth), weights, depth, part)
