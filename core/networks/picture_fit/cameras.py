# SPDX-License-Identifier: GPL-3.0-or-later
"""Where pictures were taken from: cameras that are not known, files of those that are, and where the object is."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...datasets.arrays import Camera, read_cameras
from ...errors import DatasetError, InvalidParameter
from ...files import expanded
from ...mesh import FloatArray
from .settings import PictureFitSettings
from .shots import Shot


@dataclass(frozen=True)
class Frame:
    """Where the object is: own = (p − centre) / scale. It is about 1 large in its own coordinates."""

    centre: FloatArray
    scale: float

    def own_camera(self, camera: Camera) -> Camera:
        """The camera for points in own coordinates."""
        turn, shift = camera.world[:, :3], camera.world[:, 3]
        return Camera(camera.matrix, np.column_stack([turn, (turn @ self.centre + shift) / self.scale]))

    def outer_camera(self, camera: Camera) -> Camera:
        """The inverse of `own_camera`."""
        turn, shift = camera.world[:, :3], camera.world[:, 3]
        return Camera(camera.matrix, np.column_stack([turn, shift * self.scale - turn @ self.centre]))

    def to_outer(self, points: FloatArray) -> FloatArray:
        """Points (N, 3) in own coordinates in those of the cameras."""
        return points * self.scale + self.centre


def with_cameras(shots: Sequence[Shot], settings: PictureFitSettings) -> list[Shot]:
    """The shots, all with cameras: their own, or where none has one, those of a turntable.

    Raises `InvalidParameter` where some have cameras and others not, and for cameras that see no object.
    """
    known = [shot.camera is not None for shot in shots]
    if all(known):
        for shot in shots:
            _require_pinhole(shot)
        return list(shots)
    if any(known):
        lacking = shots[known.index(False)].name
        raise InvalidParameter(f"{lacking} has no camera, and others have one.", "Give all cameras, or none.")
    return [replace(shot, camera=camera) for shot, camera in zip(shots, turntable(shots, settings), strict=True)]


def turntable(shots: Sequence[Shot], settings: PictureFitSettings) -> list[Camera]:
    """Cameras around an object that is about 1 large, at the origin, y up; see `PictureFitSettings`.

    Pictures of one size are taken as made by one camera that stands still; of several sizes, as each framed by itself.
    """
    step = settings.turn or 360.0 / len(shots)
    one_size = len({shot.size for shot in shots}) == 1
    boxes = np.array([shot.box for shot in shots], np.float64)
    middles = 0.5 * (boxes[:, :2] + boxes[:, 2:])
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    if one_size:
        middles, sides = np.broadcast_to(middles.mean(axis=0), middles.shape), np.full_like(sides, sides.max())
    found = []
    for number, shot in enumerate(shots):
        focal = 0.5 * max(shot.size) / math.tan(math.radians(0.5 * settings.field_of_view))
        matrix = np.array([[focal, 0.0, middles[number, 0]], [0.0, focal, middles[number, 1]], [0.0, 0.0, 1.0]])
        away = 0.5 + focal / sides[number]  # the object's front is as large as it is seen
        found.append(Camera(matrix, looking(settings.azimuth + number * step, settings.elevation, away)))
    return found


def looking(azimuth: float, elevation: float, distance: float) -> FloatArray:
    """(3, 4) the world matrix of a camera that looks at the origin; degrees as in `PictureFitSettings`."""
    a, e = math.radians(azimuth), math.radians(elevation)
    eye = np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
    right = np.array([math.cos(a), 0.0, -math.sin(a)])
    turn = np.stack([right, np.cross(-eye, right), -eye])
    return np.column_stack([turn, -distance * turn @ eye])


def find_object(shots: Sequence[Shot]) -> Frame:
    """Where the rays through the middles of the masks meet, and how large the object is by its outlines.

    Raises `InvalidParameter` where a camera does not look at that place.
    """
    eyes, ways = np.empty((len(shots), 3)), np.empty((len(shots), 3))
    for number, shot in enumerate(shots):
        camera = _camera(shot)
        left, top, right, bottom = shot.box
        pixel = np.array([0.5 * (left + right), 0.5 * (top + bottom), 1.0])
        back = np.linalg.inv(camera.world[:, :3])
        eyes[number] = -back @ camera.world[:, 3]
        ways[number] = _unit(np.asarray(back @ np.linalg.solve(camera.matrix, pixel), np.float64))
    across = np.eye(3) - ways[:, :, None] * ways[:, None, :]
    system = across.sum(axis=0)
    right_side = np.einsum("nij,nj->i", across, eyes)
    if np.linalg.eigvalsh(system)[0] < 0.02 * len(shots):  # nearly one direction: where it is nearest to the origin
        mean = _unit(ways.sum(axis=0, dtype=np.float64))
        system = system + 0.1 * len(shots) * np.outer(mean, mean)
        ahead = eyes @ mean
        if (ahead >= 0.0).any():  # the origin is not in front of all of them
            right_side = right_side + 0.1 * len(shots) * mean * (ahead.max() + 2.0)
    centre = np.linalg.solve(system, right_side)
    sizes = []
    for shot in shots:
        camera = _camera(shot)
        depth = camera.project(centre[None])[1][0]
        if depth <= 1e-9:
            raise InvalidParameter(
                f"The camera of {shot.name} looks away from where the others see the object.",
                "Check the cameras: x to the right, y down, z away from the camera.",
            )
        left, top, right, bottom = shot.box
        sizes.append(depth * max((right - left) / camera.matrix[0, 0], (bottom - top) / camera.matrix[1, 1]))
    return Frame(centre, float(max(sizes)))


def read_camera_file(path: str | Path) -> list[Camera]:
    """The cameras of a file: as data sets have them (`.npz`: `camera_mat_0`, `world_mat_0`, …), or `.json`: a list of
    objects with `matrix` (3 × 3) and `world` (3 × 4), or an object whose `cameras` is such a list.

    Raises `InvalidParameter` for a file of another kind, and for a damaged one.
    """
    path = expanded(path)
    if path.suffix.lower() == ".npz":
        try:
            return read_cameras(path)
        except DatasetError as error:
            raise InvalidParameter(error.found, "Give the cameras.npz of a model in a data set, or .json.") from error
    help_text = 'Give .npz, or .json: [{"matrix": 3 × 3, "world": 3 × 4}, …].'
    try:
        data = json.loads(path.read_text("utf-8"))
        rows = data["cameras"] if isinstance(data, dict) else data
        found = [Camera(np.array(row["matrix"], np.float64), np.array(row["world"], np.float64)) for row in rows]
    except FileNotFoundError as error:
        raise InvalidParameter(f"There is no file {path}.", "Check the name.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidParameter(f"{path.name} is no file of cameras.", help_text) from error
    for number, camera in enumerate(found):
        if camera.matrix.shape != (3, 3) or camera.world.shape != (3, 4):
            raise InvalidParameter(f"Camera {number} of {path.name} has matrices of other shapes.", help_text)
    return found


def cameras_from(matrices: FloatArray, worlds: FloatArray) -> list[Camera]:
    """Cameras of arrays (n, 3, 3) and (n, 3, 4). Raises `InvalidParameter` for other shapes."""
    matrices, worlds = np.asarray(matrices, np.float64), np.asarray(worlds, np.float64)
    if matrices.shape[1:] != (3, 3) or worlds.shape[1:] != (3, 4) or len(matrices) != len(worlds):
        raise InvalidParameter(
            f"Cameras of shapes {matrices.shape} and {worlds.shape} cannot be used.", "Give (n, 3, 3) and (n, 3, 4)."
        )
    return [Camera(matrix, world) for matrix, world in zip(matrices, worlds, strict=True)]


def _require_pinhole(shot: Shot) -> None:
    camera = _camera(shot)
    help_text = "Give a matrix with focal lengths on its diagonal and 0 0 1 below, and a world of rotation and shift."
    if camera.matrix.shape != (3, 3) or camera.world.shape != (3, 4):
        raise InvalidParameter(f"The camera of {shot.name} has matrices of other shapes.", help_text)
    if not (np.isfinite(camera.matrix).all() and np.isfinite(camera.world).all()):
        raise InvalidParameter(f"The camera of {shot.name} has values that are not numbers.", help_text)
    pinhole = np.allclose(camera.matrix[2], (0.0, 0.0, 1.0)) and min(camera.matrix[0, 0], camera.matrix[1, 1]) > 0.0
    turn = camera.world[:, :3]
    scale = abs(np.linalg.det(turn)) ** (1.0 / 3.0)
    if not pinhole or scale < 1e-12 or not np.allclose(turn @ turn.T, scale**2 * np.eye(3), atol=1e-3 * scale**2):
        raise InvalidParameter(f"The camera of {shot.name} is no pinhole camera.", help_text)


def _camera(shot: Shot) -> Camera:
    assert shot.camera is not None
    return shot.camera


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))
