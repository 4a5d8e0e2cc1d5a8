# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network is shown of a dataset: pictures cut to the object, and where the camera then is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ...datasets.arrays import Camera, Placement
from ...datasets.layout import Dataset, ModelFolder
from ...errors import DatasetError
from ...mesh import FloatArray
from ..rendering.camera import stacked
from .camera import DISTANCE, FOCAL, MIRROR, UPRIGHT, quaternion_of

FILL = 0.8
"""Share of the edge of the picture that the longest side of the object's box takes."""

UNIT = 0.5
"""A length of the network in that of the unit cube around the object: mean shapes begin as spheres of radius ¼."""

_COVERED = 128
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class View:
    """picture: (3, S, S) RGB on white, and mask: (S, S), as bytes. matrix: (3, 4) that takes points of the network's
    space into the picture, as `rendering.camera.stacked` does. quaternion (4,), place (3,): the camera of the network
    that is nearest to it; see `camera`. All float32."""

    picture: Bytes
    mask: Bytes
    matrix: NDArray[np.float32]
    quaternion: NDArray[np.float32]
    place: NDArray[np.float32]


def to_unit_cube(vertices: FloatArray) -> FloatArray:
    """Points (…, 3) of the network's space in the unit cube of the dataset, y up. Turns triangles inside out."""
    return np.asarray(vertices @ UPRIGHT.T) / UNIT


def without_mirror(rotation: FloatArray) -> FloatArray:
    """(3, 3) the network's rotation for that of a camera of a dataset: z up, before which the network mirrors y."""
    return np.asarray(rotation @ (UPRIGHT * MIRROR))


def read_view(dataset: Dataset, model: ModelFolder, view: int, size: int) -> View:
    """One view of a model, `size` pixels along an edge.

    Raises `DatasetError` where picture, mask, camera or placement are missing, or nothing is seen in the mask.
    """
    image, mask, cameras = dataset.image(model, view), dataset.mask(model, view), dataset.cameras(model)
    if mask.shape != image.shape[:2] or view >= len(cameras):
        raise DatasetError(f"The mask or the camera of view {view} of {model} does not fit.", "Make the model again.")
    picture, covered, cut = framed(image, mask, size, f"view {view} of {model}")
    camera = Camera(cut @ cameras[view].matrix, cameras[view].world)
    matrix, quaternion, place = camera_numbers(camera, dataset.cloud(model).placement, size)
    return View(picture, covered, matrix, quaternion, place)


def framed(image: Bytes, mask: Bytes, size: int, what: str = "the picture") -> tuple[Bytes, Bytes, FloatArray]:
    """The square around the object: (3, S, S) on white, (S, S), and the matrix (3, 3) from old to new pixels.

    The square may reach beyond the picture, which is white there. Raises `DatasetError` where the mask is empty.
    """
    rows, columns = np.nonzero(mask >= _COVERED)
    if not len(rows):
        raise DatasetError(f"Nothing is seen in the mask of {what}.", "Make the model again, or take it out.")
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    side = float((high - low).max()) / FILL
    corner = 0.5 * (low + high - side)
    margin = int(np.ceil(side))
    box = (*(corner + margin), *(corner + margin + side))
    wide = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)
    covered = np.pad(mask, margin)
    seen = [
        np.asarray(Image.fromarray(one).resize((size, size), Image.Resampling.BILINEAR, box=box))
        for one in (wide, covered)
    ]
    scale = size / side
    cut = np.array([[scale, 0.0, -scale * corner[0]], [0.0, scale, -scale * corner[1]], [0.0, 0.0, 1.0]])
    return np.ascontiguousarray(seen[0].transpose(2, 0, 1)), seen[1], cut


def camera_numbers(
    camera: Camera, placement: Placement, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """(3, 4), (4,), (3,): `matrix`, `quaternion` and `place` of a `View` through a camera of a dataset.

    placement: the unit cube of the object in the coordinates of the camera. The quaternion and the place are those that
    see the middle of the object where it is, as large as it is, and turned as it is.
    """
    scale = placement.scale / UNIT
    to_source = np.concatenate([scale * UPRIGHT, placement.loc[:, None]], axis=1)
    seen = stacked([camera], size)[0].double().numpy()
    matrix = seen[:, :3] @ to_source
    matrix[:, 3] += seen[:, 3]
    matrix /= matrix[2, 3]  # depth 1 in the middle
    turn, stretch, back = np.linalg.svd(camera.world[:, :3])
    rotation = turn @ back
    quaternion = quaternion_of(torch.from_numpy(without_mirror(rotation))[None])[0].numpy()
    (across, up), depth = matrix[:2, 3], camera.world[2, :3] @ placement.loc + camera.world[2, 3]
    focal = 0.5 * (camera.matrix[0, 0] + camera.matrix[1, 1]) / size
    larger = DISTANCE * focal * scale * float(stretch.mean()) / (depth * FOCAL)
    place = np.array([larger, across, -up])
    return matrix.astype(np.float32), quaternion.astype(np.float32), place.astype(np.float32)
