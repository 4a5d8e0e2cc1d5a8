# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rebuilt picture is worth: the first lesson of the auto-encoder."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

WEIGHT = 1e-4
"""As published."""


def rebuilding_loss(rebuilt: Tensor, picture: Tensor) -> Tensor:
    """Binary cross-entropy and absolute difference of pictures (B, 3, H, W) in [0, 1], summed over each picture; the
    mean over the batch, times `WEIGHT`."""
    entropy = functional.binary_cross_entropy(rebuilt, picture, reduction="sum")
    return WEIGHT * (entropy + (rebuilt - picture).abs().sum()) / len(picture)
