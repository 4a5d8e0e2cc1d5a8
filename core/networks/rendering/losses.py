# SPDX-License-Identifier: GPL-3.0-or-later
"""How unlike two pictures are."""

from __future__ import annotations

from torch import Tensor

from ...errors import InvalidParameter
from .perceptual import Perceptual

__all__ = ["Perceptual", "colour_loss", "mask_iou_loss"]


def mask_iou_loss(a: Tensor, b: Tensor) -> Tensor:
    """1 − intersection over union of masks (B, H, W) in [0, 1], as a ∩ b = a · b and a ∪ b = a + b − a · b: of each
    picture, then the mean. Two empty masks agree. Raises `InvalidParameter` for masks of unlike shapes."""
    _alike(a, b)
    both = (a * b).flatten(1).sum(dim=1)
    either = (a + b - a * b).flatten(1).sum(dim=1)
    return (1.0 - (both + 1e-6) / (either + 1e-6)).mean()


def colour_loss(a: Tensor, b: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean absolute difference of pictures (B, C, H, W); with a mask (B, H, W) weighted by it.

    Raises `InvalidParameter` for pictures of unlike shapes.
    """
    _alike(a, b)
    apart = (a - b).abs().mean(dim=1)
    if mask is None:
        return apart.mean()
    _alike(apart, mask)
    return (apart * mask).sum() / mask.sum().clamp_min(1e-6)


def _alike(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape or a.numel() == 0:
        raise InvalidParameter(
            f"Pictures of shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be compared.",
            "Give both the same size and number.",
        )
