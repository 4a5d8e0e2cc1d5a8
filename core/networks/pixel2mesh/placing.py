# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the shapes of a dataset lie as the network sees them: so that their projection is where the picture has them.

The space of Pixel2Mesh: the camera is at the origin, x to the right, y up, what is seen at negative z; a shape has a
diagonal of 0.57, which puts the published pictures (taken from 1.75 × 0.65 … 0.95 diagonals away) at z about −0.8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...alignment.similarity import Similarity
from ...datasets.arrays import Camera as Pinhole
from ...datasets.arrays import Cloud
from ...errors import DatasetError
from ...mesh import FloatArray
from ...metrics.protocols import PIXEL2MESH_DIAGONAL
from .pooling import Camera

_MIRRORED = np.diag([1.0, -1.0, -1.0])
"""From x right, y down, z away to x right, y up, z towards the camera."""

_SQUARE = 0.02
"""By how much the focal lengths along both sides may differ, relative to them."""


def seen_from(pinhole: Pinhole, size: tuple[int, int], low: FloatArray, high: FloatArray, camera: Camera) -> Similarity:
    """What brings the coordinates of a shape to the space of the network, before `camera.offset` is taken off.

    pinhole: of a picture with size = (height, width) pixels, which is squeezed to the square that the network sees.
    low, high: (3,) the corners of the shape's bounding box, in the coordinates that the pinhole takes. camera: the
    network's own. Its focal length is not quite that of the pictures: the shape is put nearer or farther by the same
    factor, so that it keeps its form and its middle appears where the picture has it, in the size that it has there.

    Raises `DatasetError` for a picture with oblong pixels, and for a shape behind the camera.
    """
    scale, middle = PIXEL2MESH_DIAGONAL / float(np.linalg.norm(high - low)), 0.5 * (low + high)
    squeeze = np.diag([camera.size / size[1], camera.size / size[0], 1.0])
    inner = squeeze @ pinhole.matrix
    focal = np.array([inner[0, 0], inner[1, 1]])
    if focal.min() <= 0.0 or abs(focal[0] - focal[1]) > _SQUARE * focal.max():
        raise DatasetError(
            f"A camera sees pixels of {focal[0]:.4g} × {focal[1]:.4g} in a picture of {size[1]} × {size[0]}.",
            "Render square pictures, with the same focal length along both sides.",
        )
    rotation, shift = pinhole.world[:, :3], pinhole.world[:, 3]
    at = rotation @ middle + shift
    if at[2] <= 0.0:
        raise DatasetError("A camera looks away from its shape.", "Render it again.")
    pixel = (inner @ at)[:2] / at[2] - camera.first
    depth = scale * at[2] * camera.focal / float(focal.mean())
    ahead = np.append((pixel - camera.centre) / camera.focal, 1.0) * depth
    turn = _MIRRORED @ rotation
    return Similarity(turn, scale, _MIRRORED @ ahead - scale * turn @ middle)


def cloud_seen(
    pinhole: Pinhole, size: tuple[int, int], cloud: Cloud, camera: Camera, corners: FloatArray | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points and normals (N, 3) of a surface as the network sees it, less `camera.offset`.

    corners: (2, 3) of the whole surface in the source, where the cloud is only a part of it.
    """
    own = cloud.placement.to_source(cloud.points.astype(np.float64))
    low, high = (own.min(axis=0), own.max(axis=0)) if corners is None else corners
    place = seen_from(pinhole, size, low, high, camera)
    points = place.apply(own) - np.asarray(camera.offset)
    return points.astype(np.float32), (cloud.normals @ place.rotation.T).astype(np.float32)
