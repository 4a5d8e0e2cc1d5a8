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


@dataclass(frozen=True)
class Source:
    """What a dataset has of a view. image: (H, W, 3) and mask: (H, W), bytes. camera: of the image. placement: of the
    unit cube of the model."""

    image: Bytes
    mask: Bytes
    camera: Camera
    placement: Placement


def read_source(dataset: Dataset, model: ModelFolder, view: int) -> Source:
    """Raises `DatasetError` where picture, mask, camera or placement are missing, or nothing is seen in the mask."""
    image, mask, cameras = dataset.image(model, view), dataset.mask(model, view), dataset.cameras(model)
    if mask.shape != image.shape[:2] or view >= len(cameras):
        raise DatasetError(f"The mask or the camera of view {view} of {model} does not fit.", "Make the model again.")
    if not (mask >= _COVERED).any():
        raise DatasetError(f"Nothing is seen in the mask of view {view} of {model}.", "Make it again, or take it out.")
    return Source(image, mask, cameras[view], dataset.cloud(model).placement)


def view_of(source: Source, size: int, shift: tuple[float, float] = (0.0, 0.0), zoom: float = 1.0) -> View:
    """The view, `size` pixels along an edge. shift, zoom: where the object is, in edges of the picture, and how much
    larger, besides what `framed` makes of it."""
    picture, covered, cut = framed(source.image, source.mask, size, shift, zoom)
    camera = Camera(cut @ source.camera.matrix, source.camera.world)
    return View(picture, covered, *camera_numbers(camera, source.placement, size))


def cut_camera(source: Source, size: int) -> Camera:
    """The camera of the view."""
    cut = framed(source.image, source.mask, size)[2]
    return Camera(cut @ source.camera.matrix, source.camera.world)


def framed(
    image: Bytes, mask: Bytes, size: int, shift: tuple[float, float] = (0.0, 0.0), zoom: float = 1.0
) -> tuple[Bytes, Bytes, FloatArray]:
    """The square around the object: (3, S, S) on white, (S, S), and the matrix (3, 3) from old to new pixels.

    The square may reach beyond the picture, which is white there. The mask must not be empty.
    """
    rows, columns = np.nonzero(mask >= _COVERED)
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    side = float((high - low).max()) / (FILL * zoom)
    corner = 0.5 * (low + high - side) - side * np.asarray(shift)
    margin = int(np.ceil(side * (1.0 + float(np.abs(shift).max()))))
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
