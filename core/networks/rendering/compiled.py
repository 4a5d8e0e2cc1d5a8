# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled rasteriser as an operation of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ...errors import InvalidParameter
from . import kernels

MOST_PAIRS = 2**27
"""Pairs of a pixel and a face that are drawn at once: about 20 GB with gradients."""


def values_of(corners: Tensor, size: int, margin: float, sigma: float) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs (n,) of a pixel, row · size + column, and a triangle of corners (T, 3, 3) on the processor; and (n, 5)
    cover, weights and depth, with gradients to the corners. Raises `InvalidParameter` for more than `MOST_PAIRS`."""
    exact = np.ascontiguousarray(corners.detach().double().numpy())
    count = kernels.count_pairs(exact, size, margin)
    if count.sum() > MOST_PAIRS:
        raise InvalidParameter(
            f"At {size} pixels and this softness, {count.sum():,} pairs of a pixel and a face touch: too many to hold.",
            "Draw sharper edges, fewer pixels, faces or pictures at once.",
        )
    pixel = torch.empty(int(count.sum()), dtype=torch.long)
    values: Tensor = _Rasterised.apply(corners, exact, count, size, margin, sigma, pixel)  # type: ignore[no-untyped-call]
    index = torch.repeat_interleave(torch.arange(len(corners)), torch.from_numpy(count))
    return pixel, index, values


class _Rasterised(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, corners: Tensor, exact: kernels.Floats, count: kernels.Ints, size: int, margin: float, sigma: float,
        pixel: Tensor,
    ) -> Tensor:  # fmt: skip
        start = np.cumsum(count) - count
        values = np.empty((len(pixel), 5))
        kernels.fill_pairs(exact, start, size, margin, sigma, pixel.numpy(), values)
        ctx.kept = (exact, start, count, size, sigma, pixel)
        return torch.from_numpy(values).to(corners.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        exact, start, count, size, sigma, pixel = ctx.kept
        slopes = np.ascontiguousarray(given[0].double().numpy())
        made = kernels.gradients(exact, start, count, size, sigma, pixel.numpy(), slopes)
        return torch.from_numpy(made).to(given[0].dtype), None, None, None, None, None, None
