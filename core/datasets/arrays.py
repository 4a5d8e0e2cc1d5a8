# SPDX-License-Identifier: GPL-3.0-or-later
"""The archives of one model: points with occupancies, the point cloud, the cameras. Read without trust."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..archive import Arrays, Layout, load_archive
from ..errors import DatasetError, HarmonicsFileError
from ..mesh import FloatArray

NOISE = 1e-4
"""Standard deviation of the noise that is added to points kept in 16 bits, so that they lie on no grid."""

_REMEDY = "Make the model again, or take it out of the lists."
_NUMBERS = "fiu"


@dataclass(frozen=True)
class Placement:
    """Where the unit cube of a model lies in its source: own = (p − loc) / scale. loc: (3,)."""

    loc: FloatArray
    scale: float

    def to_source(self, points: FloatArray) -> FloatArray:
        """Points (N, 3) of the unit cube in the coordinates of the source."""
        return points * self.scale + self.loc

    def to_unit(self, points: FloatArray) -> FloatArray:
        """Points (N, 3) of the source in the unit cube."""
        return (points - self.loc) / self.scale


@dataclass(frozen=True)
class Cloud:
    """points, normals: (N, 3) float32 on the surface, in the unit cube."""

    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    placement: Placement


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: pixel ~ matrix · (world · (p, 1)), p in the coordinates of the source.

    matrix: (3, 3) in pixels of the saved picture, from its upper left corner. world: (3, 4); x right, y down, z away.
    """

    matrix: FloatArray
    world: FloatArray

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(N, 2) pixels and (N,) depths of points (N, 3) of the source."""
        seen = points @ self.world[:, :3].T + self.world[:, 3]
        pixels = seen @ self.matrix.T
        return pixels[:, :2] / pixels[:, 2:], seen[:, 2]


def read_points(path: Path, seed: int | None) -> tuple[NDArray[np.float32], NDArray[np.bool_], Placement]:
    """Points (N, 3), which of them are inside (N,), and where. Bits that are packed are unpacked.

    seed: of the noise on points of 16 bits; None for none. Raises `DatasetError`, naming file and key.
    """
    arrays = _load(path, {"points": "f", "occupancies": "biuf", **_PLACE}, ("points", "occupancies"))
    stored = _triples(arrays, "points", path)
    occupied = arrays["occupancies"].ravel()
    packed = occupied.dtype == np.uint8 and len(occupied) == -(-len(stored) // 8) and len(occupied) != len(stored)
    if packed:
        occupied = np.unpackbits(occupied)[: len(stored)]
    if len(occupied) != len(stored):
        raise DatasetError(
            f"{path} has {len(arrays['occupancies'].ravel()):,} values of 'occupancies' for {len(stored):,} points.",
            _REMEDY,
        )
    points = stored.astype(np.float32)
    if stored.dtype == np.float16 and seed is not None:
        # The generator of the published code, so that its numbers can be compared with.
        points += NOISE * np.random.RandomState(seed).randn(*points.shape)
    return points, occupied > 0.5, placement_in(arrays, path)


def read_cloud(path: Path) -> Cloud:
    """The point cloud of a file. Raises `DatasetError`, naming file and key."""
    arrays = _load(path, {"points": "f", "normals": "f", **_PLACE}, ("points", "normals"))
    points, normals = _triples(arrays, "points", path), _triples(arrays, "normals", path)
    if len(points) != len(normals):
        raise DatasetError(f"{path} has {len(normals):,} 'normals' for {len(points):,} 'points'.", _REMEDY)
    return Cloud(points.astype(np.float32), normals.astype(np.float32), placement_in(arrays, path))


def read_cameras(path: Path) -> list[Camera]:
    """The cameras 0, 1, … of a file. Raises `DatasetError`, naming file and key."""
    count = _camera_count(path)
    kinds = {f"{kind}_mat_{view}": _NUMBERS for view in range(count) for kind in ("camera", "world")}
    arrays = _load(path, kinds, tuple(kinds))
    found = []
    for view in range(count):
        matrices = []
        for key, shape in ((f"camera_mat_{view}", (3, 3)), (f"world_mat_{view}", (3, 4))):
            matrix = arrays[key].astype(np.float64)
            if matrix.shape != shape or not np.isfinite(matrix).all():
                raise DatasetError(f"{path} has no matrix {shape[0]} × {shape[1]} under '{key}'.", _REMEDY)
            matrices.append(matrix)
        found.append(Camera(*matrices))
    return found


_PLACE = {"loc": _NUMBERS, "scale": _NUMBERS}


def _camera_count(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DatasetError(f"{path} is not a file of cameras, or is cut short.", _REMEDY) from error
    count = 0
    while f"world_mat_{count}.npy" in names or f"camera_mat_{count}.npy" in names:
        count += 1
    if not count:
        raise DatasetError(f"{path} lacks the key 'world_mat_0'.", _REMEDY)
    return count


def _load(path: Path, kinds: dict[str, str], required: tuple[str, ...]) -> Arrays:
    layout = Layout("an archive of arrays", ".npz", kinds, required, _REMEDY)
    try:
        return load_archive(path, layout)
    except HarmonicsFileError as error:
        found = error.found if str(path) in error.found else f"{path}: {error.found}"
        raise DatasetError(found, error.remedy) from error


def _triples(arrays: Arrays, key: str, path: Path) -> NDArray[Any]:
    values = arrays[key]
    if values.ndim != 2 or values.shape[1] != 3 or not len(values):
        raise DatasetError(f"{path} has '{key}' of shape {values.shape}, not (N, 3).", _REMEDY)
    if not np.isfinite(values).all():
        raise DatasetError(f"{path} has '{key}' that are not numbers (NaN or infinite).", _REMEDY)
    return values


def placement_in(arrays: Arrays, path: Path) -> Placement:
    """That of the file; the unit cube itself where it has none. Raises `DatasetError`, naming file and key."""
    loc = np.asarray(arrays.get("loc", np.zeros(3)), dtype=np.float64).ravel()
    scale = np.asarray(arrays.get("scale", 1.0), dtype=np.float64).ravel()
    if loc.shape != (3,) or not np.isfinite(loc).all():
        raise DatasetError(f"{path} has no place of three numbers under 'loc'.", _REMEDY)
    if scale.shape != (1,) or not 0.0 < scale[0] < np.inf:
        raise DatasetError(f"{path} has no positive number under 'scale'.", _REMEDY)
    return Placement(loc, float(scale[0]))
