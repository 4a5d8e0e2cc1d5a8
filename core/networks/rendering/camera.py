# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the corners of a mesh are in a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...datasets.arrays import Camera
from .triangles import seen_from


def stacked(cameras: Sequence[Camera], size: int) -> Tensor:
    """(B, 3, 4) one matrix for each camera: points → (x · depth, y · depth, depth), x and y in [−1, 1] within the
    picture, x to the right and y up. size: pixels along an edge of the pictures that the cameras are of."""
    to_unit = np.array([[2.0 / size, 0.0, -1.0], [0.0, -2.0 / size, 1.0], [0.0, 0.0, 1.0]])
    return torch.from_numpy(np.stack([to_unit @ camera.matrix @ camera.world for camera in cameras])).float()


def in_picture(vertices: Tensor, matrices: Tensor) -> Tensor:
    """(B, V, 3) x, y and depth of vertices (V, 3) or (B, V, 3) through matrices (B, 3, 4)."""
    seen = seen_from(vertices, matrices)
    depth = seen[..., 2:]
    return torch.cat([seen[..., :2] / depth, depth], dim=2)
