# SPDX-License-Identifier: GPL-3.0-or-later
"""What Pixel2Mesh learns from and is measured on: a picture, and points of the true surface as the picture sees it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...datasets.arrays import Camera as Pinhole
from ...datasets.arrays import Cloud, Placement
from ...datasets.images import squeezed_input
from ...datasets.layout import Dataset, ModelFolder
from ...errors import DatasetError
from ...files import expanded
from ...metrics.protocols import PIXEL2MESH_POINTS
from ..training.examples import Cache, listed
from .placing import cloud_seen
from .pooling import Camera

Array = NDArray[Any]
_JUDGED = 11
"""Tells the points that a prediction is measured with from all other random numbers."""


@dataclass(frozen=True)
class Example:
    """One view of a model."""

    model: ModelFolder
    view: int


class Examples(Protocol):
    """A folder of pictures with the surfaces that they show. Safe in several threads at once."""

    def names(self) -> Mapping[str, str]:
        """Class → its name in words."""

    def of(self, split: str, classes: tuple[str, ...] = ()) -> list[Example]:
        """All views of all models of a split, by models. Raises `DatasetError` where there are none."""

    def picture(self, example: Example) -> Array:
        """(3, 224, 224) float32 in [0, 1]."""

    def truth(self, example: Example, chosen: Array | None = None) -> tuple[Array, Array]:
        """Points and normals (N, 3) float32 in the network's space, less the offset of its camera.

        chosen: (n,) random numbers in [0, 1), which become points; None for all of them.
        """

    def judged(self, example: Example, seed: int = 0) -> Array:
        """(N, 3) the true points that a prediction is measured with: as many as published, or all that there are."""


def opened(folder: str | Path, camera: Camera, *, dark_border: bool = False) -> Examples:
    """The examples in a folder of any layout: ours, or that of the published data of Pixel2Mesh.

    dark_border: as `published.published_view`, where the data are the published ones. Raises `DatasetError`.
    """
    from .published import PublishedExamples, is_published

    root = expanded(folder)
    return PublishedExamples(root, camera, dark_border=dark_border) if is_published(root) else OwnExamples(root, camera)


class OwnExamples(Examples):
    """The layout of the Occupancy Networks, with `cameras.npz` beside the pictures: see `datasets.layout`."""

    def __init__(self, folder: str | Path, camera: Camera) -> None:
        self.dataset, self.camera, self._cache = Dataset(folder), camera, Cache()

    def names(self) -> Mapping[str, str]:
        """See `Examples`."""
        return self.dataset.names()

    def of(self, split: str, classes: tuple[str, ...] = ()) -> list[Example]:
        """See `Examples`."""
        found = []
        for model in listed(self.dataset, split, classes):
            views = self.views(model)
            if not views:
                raise DatasetError(f"There are no images of {model}.", "Render them: dataset make does.")
            found += views
        return found

    def views(self, model: ModelFolder) -> list[Example]:
        """Those of one model. Raises `DatasetError` where it has no folder for them."""
        return [Example(model, view) for view in range(len(self.dataset.images(model)))]

    def picture(self, example: Example) -> Array:
        """See `Examples`."""
        return squeezed_input(self._image(example), self.camera.size)

    def truth(self, example: Example, chosen: Array | None = None) -> tuple[Array, Array]:
        """See `Examples`."""
        model, view = example.model, example.view
        points, normals, placement, corners = self._cloud(model)
        views = self._cache.get((model, "cameras"), lambda: self._cameras(model))
        if view >= len(views):
            raise DatasetError(f"{model} has no camera of view {view}.", "Render it again.")
        if chosen is not None:
            index = (chosen * len(points)).astype(np.int64)
            points, normals = points[index], normals[index]
        pinhole = Pinhole(views[view][:, :3], views[view][:, 3:])
        size = self._image(example).shape[:2]
        cloud = Cloud(points, normals, Placement(placement[:3], float(placement[3])))
        return cloud_seen(pinhole, (size[0], size[1]), cloud, self.camera, corners)

    def judged(self, example: Example, seed: int = 0) -> Array:
        """See `Examples`; 10,000 of them, the same for the same model and seed."""
        draw = np.random.default_rng((seed, _JUDGED, zlib.crc32(str(example.model).encode())))
        return self.truth(example, draw.random(PIXEL2MESH_POINTS))[0]

    def _image(self, example: Example) -> Array:
        model, view = example.model, example.view
        (image,) = self._cache.get((model, f"view {view}"), lambda: (self.dataset.image(model, view),))
        return image

    def _cameras(self, model: ModelFolder) -> tuple[Array, ...]:
        """(3, 7) of each view: its matrix, and the way from the world."""
        return tuple(np.concatenate([one.matrix, one.world], axis=1) for one in self.dataset.cameras(model))

    def _cloud(self, model: ModelFolder) -> tuple[Array, ...]:
        """Points, normals, loc and scale (4,), and the corners (2, 3) of the points in the source."""

        def read() -> tuple[Array, ...]:
            cloud = self.dataset.cloud(model)
            own = cloud.placement.to_source(cloud.points.astype(np.float64))
            place = np.append(cloud.placement.loc, cloud.placement.scale)
            corners = np.stack([own.min(axis=0), own.max(axis=0)])
            if not np.ptp(corners, axis=0).any():
                raise DatasetError(f"The points of the surface of {model} are all at one place.", "Make it again.")
            return cloud.points, cloud.normals, place, corners

        return self._cache.get((model, "cloud"), read)
