# SPDX-License-Identifier: GPL-3.0-or-later
"""The published data of Pixel2Mesh, where the user has them: pictures of ShapeNet with points in the camera's space.

FOLDER/shapenet.json                             class → name (may be missing)
FOLDER/meta/SPLIT_tf.txt or SPLIT.txt            a file in each line
FOLDER/data_tf/CLASS/MODEL/rendering/NN.dat      points and normals (N, 6), beside the picture NN.png with alpha
FOLDER/data/CLASS/MODEL_NN.dat                   the picture of 224 × 224, and points and normals

The files are pickles: they are read without running anything that is in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ...datasets.images import LARGEST
from ...datasets.layout import SPLITS, ModelFolder
from ...errors import DatasetError, InvalidParameter
from ..training.examples import Cache
from .examples import Example, Examples
from .pooling import Camera
from .stored import stored_arrays

Array = NDArray[Any]

_WITH_PICTURES, _WHOLE = "data_tf", "data"
_LISTS = "meta"
_REACH = 4.0
"""Standard deviations from where a Gaussian mean takes nothing any more, as scikit-image has it."""

_REMEDY = "Get the data again, or take it out of the list."


def is_published(root: Path) -> bool:
    """Whether a folder is laid out as the published data are."""
    lists = any((root / _WHOLE / f"{split}.lst").is_file() for split in SPLITS)
    return not lists and any((root / name).is_dir() for name in (_WITH_PICTURES, _WHOLE))


def published_view(picture: Array, size: int = 224, *, dark_border: bool = False) -> Array:
    """(3, size, size) float32 in [0, 1] of a picture (H, W, 3 or 4) of bytes, as the published code sees it.

    What is wholly transparent becomes white; half-transparent pixels stay as they are. Between pixels it is linear.
    Larger pictures are smoothed first, and beyond the edge there is a mirror, as scikit-image has it; but with
    `dark_border`, as weights from TensorFlow want it, they are not smoothed, and it is black beyond the edge.
    """
    rgb = picture[:, :, :3].astype(np.float32) / np.float32(255.0)
    if picture.shape[2] == 4:
        rgb = np.where(picture[:, :, 3:] == 0, np.float32(1.0), rgb)
    if not dark_border:
        return _smoothed(rgb, size)
    planes = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))[None]
    along = (torch.arange(size) + 0.5) * (2.0 / size) - 1.0
    place = torch.stack(torch.meshgrid(along, along, indexing="xy"), dim=2)[None]
    return functional.grid_sample(planes, place, padding_mode="zeros", align_corners=False)[0].numpy()


def _smoothed(rgb: Array, size: int) -> Array:
    """(3, size, size) of a picture (H, W, 3)."""
    if rgb.shape[:2] == (size, size):
        return np.ascontiguousarray(rgb.transpose(2, 0, 1))
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1), np.float64)
    down, across = (_resampling(count, size) for count in rgb.shape[:2])
    return (down @ planes @ across.T).astype(np.float32)


def _resampling(count: int, size: int) -> Array:
    """(size, count) how much each of `count` pixels in a row gives to each of the `size` that it becomes: between two
    of them, each of which is a Gaussian mean where these are more."""
    deviation = max(0.0, 0.5 * (count / size - 1.0))
    reach = int(_REACH * deviation + 0.5)
    ways = np.arange(-reach, reach + 1)
    gaussian = np.exp(-0.5 * np.square(ways / (deviation or 1.0)))
    place = (np.arange(size)[:, None] + 0.5) * (count / size) - 0.5
    before, period = np.floor(place).astype(np.int64), max(2 * (count - 1), 1)
    found = np.zeros((size, count))
    for pixel in (before, before + 1):
        beyond = (pixel + ways) % period
        share = (1.0 - np.abs(place - pixel)) * gaussian / gaussian.sum()
        np.add.at(found, (np.arange(size)[:, None], np.minimum(beyond, period - beyond)), share)
    return found


@dataclass(frozen=True)
class _Place:
    """Where the points of an example are, and its picture; the same file where it holds both."""

    points: Path
    picture: Path


class PublishedExamples(Examples):
    """The examples in such a folder. Raises `DatasetError`."""

    def __init__(self, root: Path, camera: Camera, *, dark_border: bool = False) -> None:
        self.root, self.camera, self._dark = root, camera, dark_border
        self._cache, self._places = Cache(), dict[Example, _Place]()

    def names(self) -> Mapping[str, str]:
        """See `Examples`."""
        path = self.root / "shapenet.json"
        if not path.is_file():
            return {}
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            return {str(key): str(value["name"]) for key, value in told.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(f"{path} does not tell the names of classes.", "Take it away.") from error

    def of(self, split: str, classes: tuple[str, ...] = ()) -> list[Example]:
        """See `Examples`. classes: folders, or names."""
        folders = _folders(self.names(), classes)
        found = []
        for line in read_list_of_files(self.root, split):
            example, place = self._listed(line)
            if not folders or example.model.category in folders:
                self._places[example] = place
                found.append(example)
        if not found:
            raise DatasetError(f"The list {split} in {self.root / _LISTS} names no examples.", "Choose other classes.")
        return found

    def picture(self, example: Example) -> Array:
        """See `Examples`."""
        place = self._places[example]
        if place.picture == place.points:
            (image,) = self._cache.get((example, "picture"), lambda: (_both(place.points)[0],))
        else:
            (image,) = self._cache.get((example, "picture"), lambda: (_read_rgba(place.picture),))
        return published_view(image, self.camera.size, dark_border=self._dark)

    def truth(self, example: Example, chosen: Array | None = None) -> tuple[Array, Array]:
        """See `Examples`."""
        place = self._places[example]
        (both,) = self._cache.get((example, "points"), lambda: (_points(place),))
        rows = both if chosen is None else both[(chosen * len(both)).astype(np.int64)]
        return rows[:, :3] - np.asarray(self.camera.offset, np.float32), rows[:, 3:]

    def judged(self, example: Example, seed: int = 0) -> Array:
        """See `Examples`; all of them, as published."""
        return self.truth(example)[0]

    def _listed(self, line: str) -> tuple[Example, _Place]:
        """The example that a line of a list names: the end of a path, or CLASS_MODEL_NN.dat."""
        parts = line.replace("\\", "/").split("/")
        try:
            if len(parts) >= 4:
                category, name, inner, file = parts[-4:]
                folder = self.root / _WITH_PICTURES / category / name
                points = folder / inner / file
                example = Example(ModelFolder(category, name, folder), int(Path(file).stem))
                return _safe(example, parts[-4:]), _Place(points, points.with_suffix(".png"))
            category, file = parts[-2:] if len(parts) >= 2 else parts[0].split("_", 1)
            name, _, view = Path(file).stem.rpartition("_")
            points = self.root / _WHOLE / category / file
            example = Example(ModelFolder(category, name, points.parent), int(view))
            return _safe(example, [category, file]), _Place(points, points)
        except ValueError as error:
            raise DatasetError(
                f"A list in {self.root / _LISTS} has the line {line[:80]!r}.",
                "Name CLASS/MODEL/rendering/NN.dat, or CLASS_MODEL_NN.dat.",
            ) from error


def read_list_of_files(root: Path, split: str) -> list[str]:
    """The lines of the list of a split: that of `data_tf` where there is one. Raises `DatasetError`."""
    if "/" in split or "\\" in split or split.startswith("."):
        raise InvalidParameter(f"There is no list {split!r}.", "Give the name of a file in meta, without its ending.")
    kinds = (f"{split}_tf", split) if (root / _WITH_PICTURES).is_dir() else (split,)
    for name in kinds:
        path = root / _LISTS / f"{name}.txt"
        if path.is_file():
            return [line for line in path.read_text(encoding="utf-8", errors="replace").split() if line]
    there = ", ".join(sorted(path.stem for path in (root / _LISTS).glob("*.txt"))) or "none"
    raise DatasetError(f"There is no list {root / _LISTS / split}.txt.", f"Those that are there: {there}.")


def _safe(example: Example, parts: list[str]) -> Example:
    if any(part in ("", ".", "..") for part in parts) or not example.model.name:
        raise ValueError
    return example


def _folders(names: Mapping[str, str], classes: tuple[str, ...]) -> tuple[str, ...]:
    """The classes, where they are given by their names, as folders."""
    by_name = {word.strip(): key for key, text in names.items() for word in (text, *text.split(","))}
    return tuple(by_name.get(one, one) for one in classes)


def _points(place: _Place) -> Array:
    """(N, 6) float32."""
    found = _both(place.points)[1] if place.picture == place.points else stored_arrays(place.points)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.shape[1] != 6 or not len(found):
        raise DatasetError(f"{place.points} has no points with normals, (N, 6).", _REMEDY)
    points = found.astype(np.float32)
    if not np.isfinite(points).all():
        raise DatasetError(f"{place.points} has points that are not numbers.", _REMEDY)
    return points


def _both(path: Path) -> tuple[Array, Any]:
    """The picture (H, W, 3 or 4) of bytes, and what should be points."""
    found = stored_arrays(path)
    pair = found if isinstance(found, list | tuple) and len(found) >= 2 else (None, None)
    image = pair[0]
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] not in (3, 4) or image.dtype != np.uint8:
        raise DatasetError(f"{path} has no picture of bytes, (H, W, 3).", _REMEDY)
    return image, pair[1]


def _read_rgba(path: Path) -> Array:
    """(H, W, 4) bytes."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if max(image.size) > LARGEST:
                raise DatasetError(f"{path} is {image.width} × {image.height}.", f"At most {LARGEST} a side.")
            return np.asarray(image.convert("RGBA"))
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.", "Check the lists.") from error
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{path} is not a picture, or is cut short.", _REMEDY) from error
