# SPDX-License-Identifier: GPL-3.0-or-later
"""An order of points in which neighbours follow each other: searches in it find what they need still in memory."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray, IntArray


def along_curve(points: FloatArray) -> IntArray:
    """(N,) order of points (N, 3) along a curve that fills space (Morton 1966): neighbours in it are near in space."""
    low, size = points.min(axis=0), np.ptp(points, axis=0).max()
    cell = ((points - low) * ((2**20 - 1) / (size or 1.0))).astype(np.uint64)
    code = np.zeros(len(points), np.uint64)
    for axis in range(3):
        x = cell[:, axis]
        for shift, mask in (
            (32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F),
            (4, 0x10C30C30C30C30C3), (2, 0x1249249249249249),
        ):  # fmt: skip
            x = (x | (x << np.uint64(shift))) & np.uint64(mask)
        code |= x << np.uint64(axis)
    return np.argsort(code, kind="stable")
