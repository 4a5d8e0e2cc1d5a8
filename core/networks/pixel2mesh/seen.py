# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's camera as all other parts of the library have cameras."""

from __future__ import annotations

import numpy as np

from ...datasets.arrays import Camera as DatasetCamera
from .pooling import Camera

_FLIP = np.diag([1.0, -1.0, -1.0])


def camera_of(camera: Camera) -> DatasetCamera:
    """Through which the picture, of `camera.size` pixels, shows the vertices that come out of the network."""
    centre = camera.centre + camera.first
    matrix = np.array([[camera.focal, 0.0, centre], [0.0, camera.focal, centre], [0.0, 0.0, 1.0]])
    return DatasetCamera(matrix, np.column_stack([_FLIP, _FLIP @ np.asarray(camera.offset)]))
