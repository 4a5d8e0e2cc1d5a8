# SPDX-License-Identifier: GPL-3.0-or-later
"""How unlike two pictures are."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import InvalidParameter
from .perceptual import Perceptual

__all__ = ["Perceptual", "colour_loss", "mask_iou_loss"]


def mask_iou_loss(a: Tensor, b: Tensor, *, reduced: bool = True) -> Tensor:
    """1 − intersection over union of masks (B, H, W) in [0, 1], as a ∩ b = a · b and a ∪ b = a + b − a · b.

    The mean () over the pictures, or (B,) where not reduced. Two empty masks agree. Raises `InvalidParameter` for masks
    of unlike shapes.
    """
    _alike(a, b)
    both = (a * b).flatten(1).sum(dim=1)
    either = (a + b - a * b).flatten(1).sum(dim=1)
    apart = 1.0 - (both + 1e-6) / (either + 1e-6)
    return apart.mean() if reduced else apart


def colour_loss(a: Tensor, b: Tensor, mask: Tensor | None = None, *, reduced: bool = True) -> Tensor:
    """The mean absolute difference of pictures (B, C, H, W); with a mask (B, H, W) weighted by it in each picture.

    The mean () over the pictures, or (B,) where not reduced. Raises `InvalidParameter` for pictures of unlike shapes.
    """
    _alike(a, b)
    apart = (a - b).abs().mean(dim=1)
    if mask is None:
        mask = torch.ones_like(apart)
    _alike(apart, mask)
    apart = (apart * mask).flatten(1).sum(dim=1) / mask.flatten(1).sum(dim=1).clamp_min(1e-6)
    return apart.mean() if reduced else apart


def _alike(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape or a.numel() == 0:
        raise InvalidParameter(
            f"Pictures of shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be compared.",
            "Give both the same size and number.",
        )
