# SPDX-License-Identifier: GPL-3.0-or-later
"""The multiresolution hash grid (Müller et al. 2022), in the layout of torch-ngp, as a layer of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InvalidParameter
from . import grid_kernels

FEATURES = 2
_MULTIPLE = 8
_HASH = (1, 2654435761, 805459861)


class HashGrid(nn.Module):
    """Points in [−1, 1]³ → features (N, 2 levels).

    levels: grids of growing resolution. coarsest, finest: cells along an edge of the first and of the last.
    log2_rows: the table of a level has at most 2^log2_rows rows. smooth: smoothstep in place of linear interpolation.
    """

    embeddings: nn.Parameter
    offsets: Tensor
    layout: Tensor
    steps: Tensor

    def __init__(
        self, levels: int = 16, coarsest: int = 16, finest: int = 2048, log2_rows: int = 19, smooth: bool = False
    ) -> None:
        super().__init__()
        if levels < 1 or not 1 <= coarsest <= finest or not 3 <= log2_rows <= 24:
            raise InvalidParameter(
                f"A hash grid of {levels} levels from {coarsest} to {finest} cells cannot be.",
                "Give at least one level, growing resolutions, and tables of 2³ to 2²⁴ rows.",
            )
        # Number by number as the original does: the last bit decides whether a whole number is rounded up to the next.
        growth = np.exp2(np.log2(finest / coarsest) / max(levels - 1, 1))
        self.smooth = smooth
        cells = np.array([int(np.ceil(coarsest * growth**level)) for level in range(levels)])
        rows = np.minimum(2**log2_rows, (cells + 1) ** 3)
        rows = -(-rows // _MULTIPLE) * _MULTIPLE
        # In single precision, step by step as the original does: the last bit moves points of the finest level.
        exponent = np.arange(levels, dtype=np.float32) * np.float32(np.log2(growth))
        power = np.exp2(exponent.astype(np.float64)).astype(np.float32)
        self.scales = power * np.float32(coarsest) - np.float32(1.0)
        self.register_buffer("offsets", torch.from_numpy(np.concatenate([[0], np.cumsum(rows)]).astype(np.int32)))
        stride = np.ceil(self.scales).astype(np.int64) + 2
        layout = np.stack([np.cumsum(rows) - rows, rows, stride, stride**3 <= rows])
        self.register_buffer("layout", torch.from_numpy(layout), persistent=False)
        self.register_buffer("steps", torch.from_numpy(self.scales), persistent=False)
        self.embeddings = nn.Parameter(torch.empty(int(rows.sum()), FEATURES).uniform_(-1e-4, 1e-4))

    @property
    def width(self) -> int:
        """Features of a point."""
        return FEATURES * len(self.scales)

    def forward(self, points: Tensor) -> Tensor:
        """points (N, 3) → (N, 2 levels); zeros outside the cube."""
        unit = 0.5 * (points + 1.0)
        if points.device.type == "cpu":
            return _compiled(unit, self.embeddings, self.offsets, self.scales, self.smooth)
        return encode_at_once(unit, self.embeddings, self.layout, self.steps, self.smooth)


class _Compiled(torch.autograd.Function):
    """The compiled kernels, with derivatives by the table and by the points."""

    @staticmethod
    def forward(ctx: Any, points: Tensor, table: Tensor, offsets: Tensor, scales: Any, smooth: bool) -> Tensor:
        ctx.save_for_backward(points, table, offsets)
        ctx.scales, ctx.smooth = scales, smooth
        return torch.from_numpy(
            grid_kernels.encode(_array(points), _array(table), _array(offsets).astype(np.int64), scales, smooth)
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        points, table, offsets = ctx.saved_tensors
        gradient, starts = _array(gradients[0]), _array(offsets).astype(np.int64)
        by_points: Tensor | None = None
        by_table: Tensor | None = None
        if ctx.needs_input_grad[1]:
            by_table = torch.zeros_like(table)
            grid_kernels.spread(_array(points), gradient, starts, ctx.scales, ctx.smooth, by_table.numpy())
        if ctx.needs_input_grad[0]:
            found = grid_kernels.slopes(_array(points), gradient, _array(table), starts, ctx.scales, ctx.smooth)
            by_points = torch.from_numpy(found)
        return by_points, by_table, None, None, None


def _compiled(points: Tensor, table: Tensor, offsets: Tensor, scales: Any, smooth: bool) -> Tensor:
    apply: Any = _Compiled.apply  # PyTorch gives it no types
    return apply(points, table, offsets, scales, smooth)


def _array(tensor: Tensor) -> Any:
    return np.ascontiguousarray(tensor.detach().numpy())


def encode_at_once(points: Tensor, table: Tensor, layout: Tensor, scales: Tensor, smooth: bool) -> Tensor:
    """The same with operations of PyTorch on all levels together, for graphics cards; the table may be half precise.

    points: (N, 3) in the unit cube → (N, 2 levels). layout: (4, L) where the table of a level begins, its rows, its
    corners along an edge, and whether it is numbered densely.
    """
    starts, rows, stride, dense = layout
    inside = ((points >= 0.0) & (points <= 1.0)).all(dim=1, keepdim=True)
    points = torch.where(inside, points, torch.zeros_like(points))
    place = points[:, None] * scales[:, None] + 0.5  # (N, L, 3)
    cell = place.floor()
    t = place - cell
    t = t * t * (3.0 - 2.0 * t) if smooth else t
    low, total = cell.long(), torch.zeros(*place.shape[:2], FEATURES, dtype=points.dtype, device=points.device)
    for corner in range(8):
        far = (corner & 1, (corner >> 1) & 1, corner >> 2)
        sides = [t[..., axis] if far[axis] else 1.0 - t[..., axis] for axis in range(3)]
        x, y, z = (low[..., axis] + far[axis] for axis in range(3))
        mixed = (x * _HASH[0] ^ y * _HASH[1] ^ z * _HASH[2]) & 0xFFFFFFFF
        row = starts + torch.where(dense > 0, x + stride * (y + stride * z), mixed % rows)
        total = total + (sides[0] * sides[1] * sides[2])[..., None] * table[row].to(points.dtype)
    return total.flatten(1) * inside


def encode_by_formula(points: Tensor, table: Tensor, offsets: Tensor, scales: Any, smooth: bool) -> Tensor:
    """The same with operations of PyTorch alone, level by level: on any device, and to compare with.

    points: (N, 3) in the unit cube → (N, 2 levels).
    """
    inside = ((points >= 0.0) & (points <= 1.0)).all(dim=1, keepdim=True)
    points = torch.where(inside, points, torch.zeros_like(points))
    starts = offsets.tolist()
    made = []
    for level, scale in enumerate(scales.tolist()):
        place = points * scale + 0.5
        cell = place.floor()
        t = place - cell
        t = t * t * (3.0 - 2.0 * t) if smooth else t
        rows, stride = starts[level + 1] - starts[level], int(np.ceil(np.float32(scale))) + 2
        total = torch.zeros(len(points), FEATURES, dtype=table.dtype, device=points.device)
        for corner in range(8):
            bits = torch.tensor([corner & 1, (corner >> 1) & 1, corner >> 2], device=points.device)
            share = torch.where(bits.bool(), t, 1.0 - t).prod(dim=1, keepdim=True)
            row = _rows(cell.long() + bits, stride, rows)
            total = total + share * table[starts[level] + row]
        made.append(total)
    return torch.cat(made, dim=1) * inside


def _rows(corner: Tensor, stride: int, rows: int) -> Tensor:
    """(N,) the rows of corners (N, 3) in the table of their level."""
    x, y, z = corner.unbind(dim=1)
    if stride**3 <= rows:
        return x + stride * (y + stride * z)
    mixed = x * _HASH[0] ^ y * _HASH[1] ^ z * _HASH[2]
    return (mixed & 0xFFFFFFFF) % rows
