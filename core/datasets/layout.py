# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder layout of the Occupancy Networks (Mescheder et al. 2019), read as their code does.

FOLDER/metadata.yaml                     class → name (may be missing)
FOLDER/CLASS/{train,val,test}.lst        a model in each line
FOLDER/CLASS/MODEL/points.npz            points in the box, and which are inside
                   pointcloud.npz        points on the surface, with normals
                   model.binvox          32³ voxels
                   img_choy2016/000.jpg … and cameras.npz
                   masks/000.png …       how much of each pixel the model covers; not in published data

Nothing is read before it is asked for, and nothing is kept: a folder of any size takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError, InvalidParameter
from ..files import expanded
from .arrays import Camera, Cloud, Placement, read_cameras, read_cloud, read_points
from .binvox import read_binvox
from .images import read_image, read_mask
from .metadata import read_metadata

SPLITS = ("train", "val", "test")
METADATA = "metadata.yaml"
POINTS, CLOUD, VOXELS = "points.npz", "pointcloud.npz", "model.binvox"
IMAGES, CAMERAS, MASKS = "img_choy2016", "cameras.npz", "masks"
IMAGE_ENDINGS = (".jpg", ".png", ".jpeg")

_LARGEST_LIST = 64 * 1024**2


@dataclass(frozen=True)
class ModelFolder:
    """One model of a dataset: its class, its name, its folder."""

    category: str
    name: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.category}/{self.name}"


class Dataset:
    """A folder of models to learn from.

    Example:
        >>> data = Dataset("ShapeNet")
        >>> for model in data.models("train"):
        ...     points, inside, placement = data.points(model)

    Raises `DatasetError` where there is no folder, or it has no classes.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = expanded(root)
        if not self.root.is_dir():
            raise DatasetError(f"There is no folder {self.root}.", "Give the folder that has the classes in it.")
        if any((self.root / f"{split}.lst").is_file() for split in SPLITS):
            raise DatasetError(
                f"{self.root} is the folder of one class.", f"Give the one above it: {self.root.parent}."
            )
        self.classes = tuple(sorted(entry.name for entry in _entries(self.root) if _counts(entry)))
        """The folders of classes, by name."""
        if not self.classes:
            raise DatasetError(
                f"{self.root} has no folders of classes.",
                "Give the folder above the classes; the section Dataset or `spherical-cow dataset make` makes one.",
            )

    def names(self) -> dict[str, str]:
        """Class → name in words, from `metadata.yaml`; the class itself where that says nothing."""
        path = self.root / METADATA
        told = read_metadata(path) if path.is_file() else {}
        return {category: told.get(category, category) for category in self.classes}

    def models(self, split: str | None = None, category: str | None = None) -> list[ModelFolder]:
        """The models of a split ("train", "val", "test", or another list that is there), each once, in its order.

        split: None for all folders of models. category: None for all classes. Raises `DatasetError` for a list that is
        missing or names what cannot be a folder, and `InvalidParameter` for an unknown class.
        """
        if category is not None and category not in self.classes:
            raise InvalidParameter(f"There is no class {category!r}.", f"It has {', '.join(self.classes[:12])}.")
        chosen = self.classes if category is None else (category,)
        return [model for one in chosen for model in self._models_of(one, split)]

    def _models_of(self, category: str, split: str | None) -> Iterator[ModelFolder]:
        place = self.root / category
        if split is None:
            names = sorted(entry.name for entry in _entries(place) if _counts(entry))
        else:
            names = list(dict.fromkeys(read_list(place / f"{_as_name(split, 'list')}.lst")))
        for name in names:
            yield ModelFolder(category, name, place / name)

    def points(
        self, model: ModelFolder, seed: int | None = 0
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], Placement]:
        """Points (N, 3) in the padded box, whether each is inside (N,), and where the box lies in the source.

        seed: of the noise of 10⁻⁴ that is added to points of 16 bits, as published; None for none.
        """
        return read_points(model.folder / POINTS, seed)

    def cloud(self, model: ModelFolder) -> Cloud:
        """Points on the surface with normals."""
        return read_cloud(model.folder / CLOUD)

    def voxels(self, model: ModelFolder) -> NDArray[np.bool_]:
        """(n, n, n) voxels of the unit cube, indexed [x, y, z]."""
        return read_binvox(model.folder / VOXELS).data

    def images(self, model: ModelFolder) -> list[Path]:
        """The pictures, by name: view 0, 1, …"""
        place = model.folder / IMAGES
        if not place.is_dir():
            raise DatasetError(f"{place} is missing: there are no images.", "Render them, or learn from other inputs.")
        return sorted(entry for entry in _entries(place) if entry.suffix.lower() in IMAGE_ENDINGS)

    def image(self, model: ModelFolder, view: int) -> NDArray[np.uint8]:
        """(H, W, 3) RGB of one view; grey becomes RGB, what is transparent becomes white."""
        found = self.images(model)
        if not 0 <= view < len(found):
            raise DatasetError(
                f"{model.folder / IMAGES} has no view {view}: it has {len(found)}.", "Render more views."
            )
        return read_image(found[view])

    def mask(self, model: ModelFolder, view: int) -> NDArray[np.uint8]:
        """(H, W) how much of each pixel of one view the model covers, from 0 to 255.

        From the folder of masks; where there is none, from what is transparent in the picture itself.
        """
        found = self.images(model)
        if not 0 <= view < len(found):
            raise DatasetError(f"{model.folder / IMAGES} has no view {view}: it has {len(found)}.", "Render more.")
        path = model.folder / MASKS / f"{found[view].stem}.png"
        return read_mask(path if path.parent.is_dir() else found[view])

    def cameras(self, model: ModelFolder) -> list[Camera]:
        """The cameras of the views."""
        return read_cameras(model.folder / IMAGES / CAMERAS)


def read_list(path: Path) -> list[str]:
    """The names in a list, in order. Empty lines and the ends of lines of other systems do no harm.

    Raises `DatasetError` for a missing list, and for a name that would lead out of the folder.
    """
    try:
        if path.stat().st_size > _LARGEST_LIST:
            raise DatasetError(f"{path} is far too large for a list of names.", "Write one name in each line.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing.", "Write one: the name of a model in each line.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not text in UTF-8.", "Save it as plain text.") from error
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        name = line.strip("\r\t ")
        if name:
            found.append(_as_name(name, f"model in line {number} of {path}"))
    return found


def _as_name(name: str, what: str) -> str:
    """The name, if it is one of a folder and no way to another. Raises `DatasetError`."""
    if name in (".", "..") or any(character in '/\\:*?"<>|' or ord(character) < 32 for character in name):
        raise DatasetError(f"{name[:80]!r} cannot be the name of a {what}.", "Names have no slashes and no colons.")
    return name


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror or error}.", "Check its permissions.") from error


def _counts(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith(".")
