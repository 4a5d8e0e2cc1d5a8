# SPDX-License-Identifier: GPL-3.0-or-later
"""UV maps that are aligned with the symmetry: a sphere cut through its mirror, each half laid out as a disc."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray

LAYOUTS = ("share", "mirror")


def symmetric_uvs(
    sphere: FloatArray, corner_vertex: IntArray, loop_start: IntArray, normal: FloatArray, layout: str = "share"
) -> FloatArray:
    """(C, 2) in [0, 1]: UVs of the corners of polygons on the sphere, cut along the great circle across `normal`.

    sphere: (V, 3) unit vectors. corner_vertex: (C,), loop_start: (P,) the polygons. normal: (3,) that of the mirror.
    layout: "share", both halves on the same disc; or "mirror", side by side, the half of the normal on the right, and
    points that mirror each other at u and 1 − u. The discs are then half as wide: paint on a texture that is twice as
    wide as high.

    Each half is projected by Lambert's azimuthal projection, so areas on the sphere keep their proportion (on a
    texture of that shape). Polygons across the mirror go whole to the side where most of them is, and may reach over
    the rim of the disc by their own size; the discs are scaled so that they fit.

    Raises `InvalidParameter` for another layout.
    """
    if layout not in LAYOUTS:
        raise InvalidParameter(f"There is no layout {layout!r}.", f"Choose from {', '.join(LAYOUTS)}.")
    axis = np.asarray(normal, dtype=np.float64) / np.linalg.norm(normal)
    up = np.eye(3)[2] if abs(axis[2]) < 0.9 else np.eye(3)[1]
    up = up - (up @ axis) * axis
    up /= np.linalg.norm(up)
    across = np.cross(up, axis)
    points = sphere[corner_vertex]
    height = points @ axis
    sizes = np.diff(np.append(loop_start, len(corner_vertex)))
    positive = np.repeat(np.add.reduceat(height, loop_start) >= 0.0, sizes)
    height = np.where(positive, height, -height)
    flat = np.stack([points @ across, points @ up], axis=1)
    flat /= np.sqrt(np.maximum(1.0 + height, 1e-3))[:, None]  # length 1 on the rim
    flat /= max(float(np.linalg.norm(flat, axis=1).max()), 1.0)
    share = 0.5 + 0.5 * flat
    if layout == "share":
        return share
    u = 0.5 + 0.5 * share[:, 0]
    return np.stack([np.where(positive, u, 1.0 - u), share[:, 1]], axis=1)
