# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cameras stand: views as those of 3D-R2N2 (Choy et al. 2016), which the Occupancy Networks learned from.

The object's bounding box has a diagonal of 1 and its middle at the origin; y is up. The camera looks at the middle,
from 1.75 times a random ratio away, through a lens of 35 mm onto a sensor of 32 mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..archive import archive_bytes
from ..mesh import FloatArray
from .arrays import Camera

LENS, SENSOR = 35.0, 32.0
"""Millimetres."""
FARTHEST = 1.75
"""Distance at ratio 1, in diagonals."""
ELEVATIONS, RATIOS = (25.0, 30.0), (0.65, 0.95)
FIELD_OF_VIEW = 25
"""What the metadata of 3D-R2N2 say in their last column."""


@dataclass(frozen=True)
class View:
    """azimuth, elevation: of the camera, in degrees, about y from x. ratio: of its distance to the farthest."""

    azimuth: float
    elevation: float
    ratio: float

    def camera(self, size: int, centre: FloatArray, diagonal: float) -> Camera:
        """The camera for pictures of size × size pixels of what has its middle at `centre` (3,) and that diagonal."""
        rotation = self.rotation()
        offset = np.array([0.0, 0.0, FARTHEST * self.ratio * diagonal]) - rotation @ centre
        focal = LENS / SENSOR * size
        matrix = np.array([[focal, 0.0, 0.5 * size], [0.0, focal, 0.5 * size], [0.0, 0.0, 1.0]])
        return Camera(matrix, np.concatenate([rotation, offset[:, None]], axis=1))

    def rotation(self) -> FloatArray:
        """(3, 3) from the object's axes to the camera's: x right, y down, z away."""
        azimuth, elevation = np.radians([self.azimuth, self.elevation])
        level = np.cos(elevation)
        ahead = -np.array([level * np.cos(azimuth), np.sin(elevation), level * np.sin(azimuth)])
        right = np.cross(ahead, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(ahead, right), ahead])

    def placed(self) -> FloatArray:
        """(4, 4) from Blender's camera (x right, y up, looking along −z) to the object of diagonal 1."""
        rotation = self.rotation()
        pose = np.eye(4)
        pose[:3, :3] = rotation.T * [1.0, -1.0, -1.0]
        pose[:3, 3] = -FARTHEST * self.ratio * rotation[2]
        return pose


def random_views(count: int, seed: NDArray[np.uint32] | int) -> list[View]:
    """Views around the object, a little from above; the same seed gives the same."""
    draw = np.random.default_rng(seed).random((count, 3))
    low, high = np.array([0.0, ELEVATIONS[0], RATIOS[0]]), np.array([360.0, ELEVATIONS[1], RATIOS[1]])
    return [View(*row) for row in (low + draw * (high - low)).tolist()]


def cameras_file(cameras: list[Camera]) -> bytes:
    """The cameras as `cameras.npz` has them."""
    named: dict[str, FloatArray] = {}
    for view, camera in enumerate(cameras):
        named |= {f"camera_mat_{view}": camera.matrix, f"world_mat_{view}": camera.world}
    return archive_bytes(named)


def metadata_text(views: list[View]) -> str:
    """The views as `rendering_metadata.txt` of 3D-R2N2 has them: azimuth, elevation, tilt, ratio, field of view."""
    return "".join(f"{v.azimuth:.6f} {v.elevation:.6f} 0 {v.ratio:.6f} {FIELD_OF_VIEW}\n" for v in views)
