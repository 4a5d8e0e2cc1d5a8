# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as inputs of a network: what they hold is told by their ending."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...alignment.similarity import Similarity
from ...archive import Arrays, Layout, load_archive, map_array
from ...datasets.arrays import placement_in
from ...datasets.binvox import read_binvox
from ...errors import HarmonicsFileError, InvalidParameter, MeshFileError
from ...files import expanded
from ...mesh import FloatArray, Mesh
from ...meshfile import READABLE, ply, read_mesh
from .images import SIZE, Framing, network_view
from .points import checked_points

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".tga", ".jp2")
POINT_ENDINGS = (".xyz", ".txt", ".csv", ".npy", ".npz")
VOXEL_ENDING = ".binvox"
_TEXT_POINTS = (".xyz", ".txt", ".csv")
_NUMBERS = {"points": "fiu", "loc": "fiu", "scale": "fiu"}
_CLOUD = Layout("a file of points", ".npz", _NUMBERS, ("points",), "Give rows of x y z.")


@dataclass(frozen=True)
class Read:
    """What a file gives to a network.

    given: an image as the network sees it, points, voxels, a mesh, or nothing. placement: where the network's cube lies
    in the coordinates of the file, where it says so. remarks: about an image.
    """

    given: NDArray[Any] | Mesh | None
    placement: Similarity | None = None
    remarks: tuple[str, ...] = ()


def read_input(path: str | Path, wanted: str, framing: Framing | None = None, size: int = SIZE) -> Read:
    """The input in a file, for a model that sees `wanted` (a `Card.inputs`).

    size: pixels along an edge of what it sees of an image.
    Raises `InvalidParameter` where the file is not for such a model, and what its reader raises.
    """
    path = expanded(path)
    kind = kind_of(path)
    fits = {"image": ("image",), "points": ("points", "mesh"), "voxels": ("voxels", "mesh"), "mesh": ("mesh",)}
    if kind not in fits.get(wanted, ()):
        raise InvalidParameter(f"This model sees {_SEEN[wanted]}, but {path.name} holds {_SEEN[kind]}.", _HELP[wanted])
    if kind == "image":
        view = network_view(path, framing, size)
        return Read(view.pixels, None, view.remarks)
    if kind == "voxels":
        return _binvox(path)
    if kind == "points":
        return _points(path)
    return Read(_mesh_or_points(path) if wanted == "points" else read_mesh(path))


_SEEN = {
    "image": "an image",
    "points": "points",
    "voxels": "voxels",
    "mesh": "a mesh",
    "nothing": "nothing: it makes shapes by itself",
}
_HELP = {
    "image": "Give a PNG or JPEG.",
    "points": "Give a mesh (PLY, OBJ …) or points (XYZ, NPZ).",
    "voxels": "Give a mesh (PLY, OBJ …) or a .binvox file.",
    "mesh": "Give a mesh (PLY, OBJ …).",
    "nothing": "Leave the input out.",
}


def kind_of(path: Path) -> str:
    """ "image", "mesh", "points" or "voxels". Raises `InvalidParameter` for an unknown ending."""
    ending = path.suffix.lower()
    kinds = {VOXEL_ENDING: "voxels"} | dict.fromkeys(IMAGE_ENDINGS, "image") | dict.fromkeys(POINT_ENDINGS, "points")
    if ending in kinds:
        return kinds[ending]
    if ending in READABLE:
        return "mesh"
    if path.is_dir():
        raise InvalidParameter(f"{path} is a folder.", "Give a file in it.")
    raise InvalidParameter(
        f"The ending of {path.name} is not known.", "Give an image, a mesh, points (XYZ, NPZ) or a .binvox file."
    )


def _mesh_or_points(path: Path) -> Mesh | FloatArray:
    """A mesh, or the vertices of a PLY file without faces."""
    if path.suffix.lower() == ".ply" and path.is_file():
        try:
            parts = ply.read(path.read_bytes(), path)
        except (ValueError, IndexError, KeyError, TypeError, OverflowError, OSError):
            return read_mesh(path)  # which says what is wrong
        if not len(parts.faces):
            return checked_points(parts.vertices)
    return read_mesh(path)


def _points(path: Path) -> Read:
    if not path.is_file():
        raise MeshFileError(f"There is no file {path}.", "Check the name and the folder.")
    try:
        if path.suffix.lower() in _TEXT_POINTS:
            text = path.read_text("utf-8").replace(",", " ").replace(";", " ")
            rows = [line for line in text.splitlines() if line.strip()]
            return Read(checked_points(np.loadtxt(rows, ndmin=2)[:, :3] if rows else np.zeros((0, 3))))
        if path.suffix.lower() == ".npy":
            return Read(checked_points(map_array(path)))
        return _pointcloud(load_archive(path, _CLOUD), path)
    except HarmonicsFileError as error:
        raise MeshFileError(error.found, error.remedy) from error
    except (ValueError, IndexError, OSError, EOFError) as error:
        raise MeshFileError(f"{path.name} holds no points: {str(error).rstrip('.')}.", "Give rows of x y z.") from error


def _pointcloud(arrays: Arrays, path: Path) -> Read:
    """As in the data of the Occupancy Networks: points in the unit cube, which was moved and scaled there."""
    points = checked_points(arrays["points"])
    if "loc" not in arrays or "scale" not in arrays:
        return Read(points)
    place = placement_in(arrays, path)
    return Read(place.to_source(points), Similarity(np.eye(3), place.scale, place.loc))


def _binvox(path: Path) -> Read:
    """The voxels where the file puts them; around the origin where it says nothing (from 0 to 1, as unset)."""
    grid = read_binvox(path)
    unset = grid.scale == 1.0 and not grid.translate.any()
    if not 0.0 < grid.scale < np.inf:
        raise InvalidParameter(f"{path.name} has the scale {grid.scale:g}.", "Make the file again.")
    centre = np.zeros(3) if unset else grid.translate + 0.5 * grid.scale
    return Read(grid.data, Similarity(np.eye(3), grid.scale, centre))
