# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras as programs for artists have them: a pose, a lens, and a shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .arrays import Camera


@dataclass(frozen=True)
class Pinhole:
    """A camera for square pictures.

    pose: (4, 4) from the camera (x right, y up, looking along −z) to the world, without scale. focal: length of the
    lens in edges of the picture. shift: (2,) how far the picture is moved to the right and up, in edges.
    """

    pose: FloatArray
    focal: float
    shift: tuple[float, float]


def pinhole(camera: Camera, size: int) -> Pinhole:
    """The same camera otherwise. size: pixels along an edge of its square picture.

    A world that the camera scales is seen at its own scale from as much farther away; of two focal lengths their mean
    is taken. Raises `InvalidParameter` for a camera that mirrors, or is none.
    """
    turn, place = camera.world[:, :3], camera.world[:, 3]
    scale = np.cbrt(np.linalg.det(turn)) if np.isfinite(turn).all() else 0.0
    matrix = camera.matrix / camera.matrix[2, 2] if camera.matrix[2, 2] else np.zeros((3, 3))
    focal = 0.5 * (matrix[0, 0] + matrix[1, 1])
    if not (scale > 0.0 and np.isfinite(place).all() and np.isfinite(matrix).all() and focal > 0.0 and size > 0):
        raise InvalidParameter("This is no camera that can be placed.", "Leave it out.")
    pose = np.eye(4)
    pose[:3, :3] = (turn / scale).T * [1.0, -1.0, -1.0]
    pose[:3, 3] = -(turn / scale).T @ (place / scale)
    shift = 0.5 - matrix[0, 2] / size, matrix[1, 2] / size - 0.5
    return Pinhole(pose, float(focal / size), (float(shift[0]), float(shift[1])))
