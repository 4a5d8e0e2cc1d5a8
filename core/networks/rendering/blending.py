# SPDX-License-Identifier: GPL-3.0-or-later
"""From fragments to pictures: what covers a pixel, and the colour of what is in front."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .rasterise import Fragments


@dataclass(frozen=True)
class Picture:
    """colour: (B, C, size, size), None where nothing was painted. mask: (B, size, size) in [0, 1]. Row 0 on top."""

    colour: Tensor | None
    mask: Tensor


def mask_of(fragments: Fragments, pictures: int, size: int) -> Tensor:
    """(B, size, size) how much of each pixel is covered by at least one of its fragments, as if each were by chance."""
    missed = torch.log1p(-fragments.cover.clamp_max(1.0 - 1e-7))
    total = missed.new_zeros(pictures * size**2).index_add(0, fragments.pixel, missed)
    return (1.0 - total.exp()).reshape(pictures, size, size)


def visible(fragments: Fragments) -> Tensor:
    """(n,) the part of its pixel at which each fragment is seen.

    From front to back, each takes what it covers of what is left. Covers add up: two faces that share an edge leave
    nothing between them for what is behind.
    """
    # Depths within a 65,536th of each other are one: at corners, rounding must not change which face is first.
    depth = (fragments.depth.detach().log() * 2**16).round().long().clamp(-(2**21), 2**21 - 1)
    order = torch.argsort(fragments.pixel * 2**22 + depth + 2**21, stable=True)
    cover, pixel = fragments.cover[order], fragments.pixel[order]
    # Summed in 64 bits over all pixels, which chips of Apple do not have.
    here = "cpu" if cover.device.type == "mps" else cover.device
    exact, pixel = cover.to(here).double(), pixel.to(here)
    before = exact.cumsum(0) - exact
    start = torch.ones_like(pixel, dtype=torch.bool)
    start[1:] = pixel[1:] != pixel[:-1]
    first = before[start][start.long().cumsum(0) - 1]
    left = (1.0 - (before - first)).clamp_min(0.0).to(cover.dtype).to(cover.device)
    seen = torch.minimum(cover, left)
    return torch.zeros_like(seen).index_copy(0, order, seen)


def painted(fragments: Fragments, colours: Tensor, mask: Tensor, background: float) -> Tensor:
    """(B, C, size, size) the fragments with `colours` (n, C) over the background."""
    return composed(fragments.pixel, visible(fragments), colours, mask, background)


def composed(pixel: Tensor, share: Tensor, colours: Tensor, mask: Tensor, background: float) -> Tensor:
    """(B, C, size, size) `colours` (n, C), each seen in a `share` (n,) of its pixel (n,), over the background."""
    channels = colours.shape[1]
    both = torch.cat([colours * share[:, None], share[:, None]], dim=1)
    total = both.new_zeros(mask.numel(), channels + 1).index_add(0, pixel, both)
    surface = total[:, :channels] / total[:, channels:].clamp_min(1e-12)
    over = background + mask.reshape(-1, 1) * (surface - background)
    return over.reshape(*mask.shape, channels).permute(0, 3, 1, 2)
