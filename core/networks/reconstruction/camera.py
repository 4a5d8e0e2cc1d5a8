# SPDX-License-Identifier: GPL-3.0-or-later
"""What the camera's seven numbers mean: a rotation, a scale, and where the centre of the object is in the picture.

As published, a camera with a very long lens stands 5 units off and does not move: the object is scaled instead, and the
picture is shifted. Networks of one's own may have it as much nearer as its lens is shorter (`lens_at`): then the object
is as large, and near parts are larger than far ones, as in pictures of cameras that stand near. The network's own
space has z up, and y is mirrored before anything is seen, so that faces that are counter-clockwise seen from outside
turn the other way round in the picture.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...datasets.arrays import Camera
from ...geometry.upright import Z_TO_Y
from ...mesh import FloatArray

FOCAL = 3000.0 / 256.0
"""Focal length in edges of the picture; for birds (CUB) the original has a third of it."""
DISTANCE = 5.0
"""Of the camera from the middle of the scaled object."""
MIRROR = np.array([1.0, -1.0, 1.0])
UPRIGHT = Z_TO_Y * MIRROR
"""(3, 3): a point of the network's space → y up, as data sets have it: UPRIGHT · p. Turns triangles inside out."""
_LEAST_SCALE = 1e-3


def lens_at(distance: float) -> float:
    """The focal length with which an object at a distance is as large as at the published one with `FOCAL`.

    The other way round, a camera of that focal length stands at `DISTANCE / FOCAL` times it.
    """
    return FOCAL * distance / DISTANCE


def rotation_of(quaternion: Tensor) -> Tensor:
    """(B, 3, 3) the rotations of unit quaternions (B, 4), real part first."""
    w, x, y, z = quaternion.unbind(dim=1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], dim=1),
        torch.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], dim=1),
        torch.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], dim=1),
    ]
    return torch.stack(rows, dim=1)


def quaternion_of(rotation: Tensor) -> Tensor:
    """(B, 4) the unit quaternions of rotations (B, 3, 3), real part first and not negative."""
    r = rotation
    diagonal = torch.diagonal(r, dim1=1, dim2=2)
    signs = r.new_tensor([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
    squares = 1.0 + diagonal @ signs.T  # four times those of w, x, y, z
    wx, wy, wz = r[:, 2, 1] - r[:, 1, 2], r[:, 0, 2] - r[:, 2, 0], r[:, 1, 0] - r[:, 0, 1]
    xy, xz, yz = r[:, 0, 1] + r[:, 1, 0], r[:, 0, 2] + r[:, 2, 0], r[:, 1, 2] + r[:, 2, 1]
    w2, x2, y2, z2 = squares.unbind(dim=1)
    products = torch.stack([w2, wx, wy, wz, wx, x2, xy, xz, wy, xy, y2, yz, wz, xz, yz, z2], dim=1).reshape(-1, 4, 4)
    best = squares.argmax(dim=1)  # the row that is divided by the largest of them
    found = torch.nn.functional.normalize(products[torch.arange(len(r), device=r.device), best], dim=1)
    return torch.where(found[:, :1] < 0.0, -found, found)


def matrices_of(quaternion: Tensor, place: Tensor, focal: float = FOCAL, distance: float = DISTANCE) -> Tensor:
    """(B, 3, 4) points of the network's space → (x · depth, y · depth, depth), as `rendering.camera.stacked` has them.

    quaternion: (B, 4) of unit length. place: (B, 3) scale, and the centre, from −1 to 1 to the right and down. focal:
    in edges of the picture. distance: see `DISTANCE`. Draw the faces turned round (`faces.flip(1)`): this space is
    mirrored.
    """
    scale, across, down = (place[:, k, None] for k in range(3))
    turned = rotation_of(quaternion) * quaternion.new_tensor(MIRROR) * scale[:, :, None]
    x, y, z = turned.unbind(dim=1)
    none = torch.zeros_like(scale)
    rows = [
        torch.cat([2.0 * focal * x + across * z, across * distance], dim=1),
        torch.cat([-2.0 * focal * y - down * z, -down * distance], dim=1),
        torch.cat([z, none + distance], dim=1),
    ]
    return torch.stack(rows, dim=1)


def camera_of(
    quaternion: FloatArray,
    place: FloatArray,
    size: int,
    focal: float = FOCAL,
    distance: float = DISTANCE,
    unit: float = 1.0,
) -> Camera | None:
    """The camera that sees upright points, `UPRIGHT` · p / unit, where `matrices_of` puts the points p of the network.

    quaternion: (4,). place: (3,). size: pixels along an edge of the picture. The object keeps its size: a camera that
    is as much farther away sees the same. None for a scale that is not positive, through which nothing is seen.
    """
    scale, across, down = (float(value) for value in place)
    if not scale >= _LEAST_SCALE:
        return None
    turn = torch.from_numpy(np.asarray(quaternion, np.float64) / np.linalg.norm(quaternion))
    rotation = rotation_of(turn[None])[0].numpy() @ Z_TO_Y.T
    half = size / 2.0
    matrix = np.array([[focal * size, 0.0, half + half * across], [0.0, focal * size, half + half * down], [0, 0, 1.0]])
    world = np.concatenate([rotation, [[0.0], [0.0], [distance / (scale * unit)]]], axis=1)
    return Camera(matrix, world)
