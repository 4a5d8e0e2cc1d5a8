# SPDX-License-Identifier: GPL-3.0-or-later
"""Hash grid and network in one kernel for CUDA (Triton): features never leave the chip, tables are in half precision.

All levels of a block of points are looked up as one matrix (points, levels), eight times, once for each corner; the
layers are then products with tensor cores. Agrees with `DistanceNetwork` to about 1e-3 of its range, the precision of
the tables. Runs without a graphics card in Triton's interpreter (TRITON_INTERPRET=1), slowly: so it is tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from ...errors import InvalidParameter
from .network import DistanceNetwork

_BLOCK = 128
_LEAST = 16
"""The least side of a product of Triton; narrower ones are filled up with zeros."""


@dataclass(frozen=True)
class FusedNetwork:
    """A network on a hash grid as the kernel wants it; made by `fuse`.

    table: (rows, 2) half. levels: (4, L) where each level begins, its corners along an edge, its rows less one, and
    whether it is numbered densely. scales: (L,). first: (2, L, H), second: (H, H) half; last: (H,).
    """

    table: Tensor
    levels: Tensor
    scales: Tensor
    first: Tensor
    second: Tensor
    last: Tensor
    smooth: bool

    def __call__(self, points: Tensor) -> Tensor:
        """points (N, 3) in [−1, 1]³, single precision, on the network's device → distances (N,)."""
        points = points.contiguous()
        if not len(points):
            return points[:, 0]
        result = torch.empty(len(points), dtype=torch.float32, device=points.device)
        _query[(triton.cdiv(len(points), _BLOCK),)](
            points,
            self.table,
            self.levels,
            self.scales,
            self.first,
            self.second,
            self.last,
            result,
            len(points),
            LEVELS=len(self.scales),
            HIDDEN=len(self.last),
            SMOOTH=self.smooth,
            BLOCK=_BLOCK,
        )
        return result


def fuse(network: DistanceNetwork) -> FusedNetwork:
    """The network with its weights as they are now, for the kernel.

    Raises `InvalidParameter` for a network of other than two hidden layers, or of a hashed level whose rows are no
    power of two.
    """
    grid = network.encoder
    layers: list[Tensor] = [
        network.get_parameter(f"backbone.{n}.weight").detach() for n in range(len(network.backbone))
    ]
    if len(layers) != 3:
        raise InvalidParameter(f"The network has {len(layers)} layers.", "The fused kernel is for three.")
    offsets = grid.offsets.cpu().numpy().astype(np.int64)
    rows, stride = np.diff(offsets), np.ceil(grid.scales).astype(np.int64) + 2
    dense = stride**3 <= rows
    if ((rows & (rows - 1) != 0) & ~dense).any():
        raise InvalidParameter("A hashed level has an odd number of rows.", "Use tables of 2^n rows.")
    levels = np.stack([offsets[:-1], stride, rows - 1, dense])
    count, wide = _sides(len(rows)), _sides(layers[0].shape[0])
    device = grid.embeddings.device
    padded = torch.zeros(4, count, dtype=torch.int32, device=device)
    padded[:, : len(rows)] = torch.from_numpy(levels.astype(np.int32))
    scales = torch.zeros(count, device=device)
    scales[: len(rows)] = torch.from_numpy(grid.scales)
    first = torch.zeros(2, count, wide, dtype=torch.float16, device=device)
    hidden = layers[0].shape[0]
    first[:, : len(rows), :hidden] = layers[0].T.reshape(len(rows), 2, hidden).transpose(0, 1).half()
    second = torch.zeros(wide, wide, dtype=torch.float16, device=device)
    second[:hidden, :hidden] = layers[1].T.half()
    last = torch.zeros(wide, device=device)
    last[:hidden] = layers[2][0]
    return FusedNetwork(grid.embeddings.detach().half().contiguous(), padded, scales, first, second, last, grid.smooth)


def _sides(count: int) -> int:
    """The next power of two that a product of Triton can have as a side."""
    return max(_LEAST, 1 << (count - 1).bit_length())


@triton.jit  # type: ignore[untyped-decorator]
def _query(  # type: ignore[no-untyped-def]
    points, table, levels, scales, first, second, last, result, count,
    LEVELS: tl.constexpr, HIDDEN: tl.constexpr, SMOOTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = n < count
    x = 0.5 * (tl.load(points + 3 * n, mask=there, other=2.0) + 1.0)
    y = 0.5 * (tl.load(points + 3 * n + 1, mask=there, other=2.0) + 1.0)
    z = 0.5 * (tl.load(points + 3 * n + 2, mask=there, other=2.0) + 1.0)
    inside = (x >= 0.0) & (x <= 1.0) & (y >= 0.0) & (y <= 1.0) & (z >= 0.0) & (z <= 1.0)
    level = tl.arange(0, LEVELS)
    start, stride = tl.load(levels + level)[None, :], tl.load(levels + LEVELS + level)[None, :]
    mask, dense = tl.load(levels + 2 * LEVELS + level)[None, :], tl.load(levels + 3 * LEVELS + level)[None, :]
    scale = tl.load(scales + level)[None, :]
    px = tl.where(inside, x, 0.0)[:, None] * scale + 0.5
    py = tl.where(inside, y, 0.0)[:, None] * scale + 0.5
    pz = tl.where(inside, z, 0.0)[:, None] * scale + 0.5
    i, j, k = px.to(tl.int32), py.to(tl.int32), pz.to(tl.int32)
    u, v, w = px - i, py - j, pz - k
    if SMOOTH:
        u, v, w = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v), w * w * (3.0 - 2.0 * w)
    even = tl.zeros((BLOCK, LEVELS), dtype=tl.float32)
    odd = tl.zeros((BLOCK, LEVELS), dtype=tl.float32)
    for corner in tl.static_range(8):
        a, b, c = corner & 1, (corner >> 1) & 1, corner >> 2
        share = (u if a else 1.0 - u) * (v if b else 1.0 - v) * (w if c else 1.0 - w)
        # The factors of the hash, 2654435761 and 805459861, as signed numbers: products wrap around alike.
        mixed = (i + a) ^ ((j + b) * -1640531535) ^ ((k + c) * 805459861)
        row = tl.where(dense != 0, i + a + stride * (j + b + stride * (k + c)), mixed & mask)
        place = table + 2 * (start + row)
        even += share * tl.load(place).to(tl.float32)
        odd += share * tl.load(place + 1).to(tl.float32)
    even, odd = tl.where(inside[:, None], even, 0.0), tl.where(inside[:, None], odd, 0.0)
    unit = tl.arange(0, HIDDEN)
    weights = first + level[:, None] * HIDDEN + unit[None, :]
    hidden = tl.dot(even.to(tl.float16), tl.load(weights))
    hidden += tl.dot(odd.to(tl.float16), tl.load(weights + LEVELS * HIDDEN))
    hidden = tl.maximum(hidden, 0.0).to(tl.float16)
    hidden = tl.dot(hidden, tl.load(second + unit[:, None] * HIDDEN + unit[None, :]))
    value = tl.sum(tl.maximum(hidden, 0.0) * tl.load(last + unit)[None, :], axis=1)
    tl.store(result + n, value, mask=there)
