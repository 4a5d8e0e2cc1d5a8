# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole numbers in few bits: Rice's code (Rice and Plaunt 1971), with one parameter for each group of numbers.

A number n becomes u = 2n or -2n - 1, which is written as its lowest k bits, and u >> k ones with a zero behind (here:
zeros with a one behind). For numbers spread as in a double exponential that is within a few percent of the entropy,
without a table, which would be larger than what it saves in groups of a hundred. All lowest bits come first, then all
runs, so that both are read by whole arrays. A number takes a bit at least; where most are 0, as of high degrees, what
comes out is deflated (zlib), if that makes it smaller.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..mesh import IntArray

LARGEST_PARAMETER = 62
_DEFLATED = b"\xff"
"""Where a parameter would be: what follows is deflated."""
_MOST_BYTES = 16
"""For each number; what `pack` makes has fewer, since its parameter follows the mean."""


def pack(groups: Sequence[IntArray]) -> bytes:
    """The groups as bytes: a parameter each, lowest bits, runs. |n| < 2^61."""
    folded = [_folded(group) for group in groups]
    parameters = [_best_parameter(values) for values in folded]
    low = [_low_bits(values, k) for values, k in zip(folded, parameters, strict=True)]
    runs = [_run_bits(values >> np.uint64(k)) for values, k in zip(folded, parameters, strict=True)]
    plain = bytes(parameters) + np.packbits(np.concatenate([*low, *runs])).tobytes()
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    deflated = _DEFLATED + deflate.compress(plain) + deflate.flush()
    return min(plain, deflated, key=len)


def unpack(data: bytes, sizes: Sequence[int]) -> list[IntArray]:
    """The inverse of `pack`, for groups of these sizes. Raises `ValueError` for data that `pack` does not make."""
    most = len(sizes) + _MOST_BYTES * sum(sizes)
    if data.startswith(_DEFLATED):
        data = _inflated(data[1:], most)
    parameters = list(data[: len(sizes)])
    if len(parameters) < len(sizes) or max(parameters, default=0) > LARGEST_PARAMETER:
        raise ValueError("a parameter out of range")
    if len(data) > most:
        raise ValueError("too many bytes")
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=len(sizes)))
    lows, start = [], 0
    for size, k in zip(sizes, parameters, strict=True):
        lows.append(_from_low_bits(bits[start : start + size * k], size, k))
        start += size * k
    ends = np.flatnonzero(bits[start:])
    if len(ends) < sum(sizes):
        raise ValueError("cut short")
    heights = np.diff(ends[: sum(sizes)], prepend=-1).astype(np.uint64) - np.uint64(1)
    groups, begin = [], 0
    for size, k, low in zip(sizes, parameters, lows, strict=True):
        groups.append(_unfolded((heights[begin : begin + size] << np.uint64(k)) | low))
        begin += size
    return groups


def _inflated(data: bytes, most: int) -> bytes:
    """The deflated bytes. Raises `ValueError` for others, and for more than `most`."""
    try:
        return zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(data, most + 1)
    except zlib.error as error:
        raise ValueError("not deflated") from error


def _folded(numbers: IntArray) -> NDArray[np.uint64]:
    return np.where(numbers >= 0, 2 * numbers, -2 * numbers - 1).astype(np.uint64)


def _unfolded(values: NDArray[np.uint64]) -> IntArray:
    half = (values >> np.uint64(1)).astype(np.int64)
    return np.where(values & np.uint64(1), -half - 1, half)


def _best_parameter(values: NDArray[np.uint64]) -> int:
    """The k of the fewest bits, found among those around the mean's logarithm."""
    if not len(values):
        return 0
    around = int(np.log2(float(values.astype(np.float64).mean()) + 1.0))
    tried = range(max(around - 2, 0), min(around + 2, LARGEST_PARAMETER) + 1)
    return min(tried, key=lambda k: k * len(values) + float((values >> np.uint64(k)).astype(np.float64).sum()))


def _low_bits(values: NDArray[np.uint64], k: int) -> NDArray[np.uint8]:
    places = np.arange(k - 1, -1, -1, dtype=np.uint64)
    return ((values[:, None] >> places) & np.uint64(1)).astype(np.uint8).ravel()


def _from_low_bits(bits: NDArray[np.uint8], size: int, k: int) -> NDArray[np.uint64]:
    if len(bits) != size * k:
        raise ValueError("cut short")
    places = np.arange(k - 1, -1, -1, dtype=np.uint64)
    return (bits.reshape(size, k).astype(np.uint64) << places).sum(axis=1, dtype=np.uint64)


def _run_bits(heights: NDArray[np.uint64]) -> NDArray[np.uint8]:
    ends = np.cumsum(heights.astype(np.int64) + 1) - 1
    bits = np.zeros(int(ends[-1]) + 1 if len(ends) else 0, np.uint8)
    bits[ends] = 1
    return bits
