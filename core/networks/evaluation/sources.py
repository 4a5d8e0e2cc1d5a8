# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the meshes of an evaluation come from: a network that sees the data set, or files."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from ...alignment.similarity import Similarity
from ...datasets.layout import Dataset, ModelFolder
from ...errors import DatasetError, InvalidParameter
from ...fields.extraction import Extraction
from ...files import expanded
from ...mesh import FloatArray, Mesh
from ...meshfile import READABLE, read_mesh
from ..interface import Model
from .folder import MeshOf

CLOUD_POINTS, CLOUD_NOISE = 300, 0.005
"""How many points a network sees, and the standard deviation of the noise on them, as published."""

_FOLDERS = ("", "meshes")


def predicted(
    model: Model,
    dataset: Dataset,
    extraction: Extraction | None = None,
    threshold: float | None = None,
    view: int = 0,
    seed: int = 0,
) -> MeshOf:
    """What a network sees in each shape: its view `view`, 300 of its points with noise, or its voxels.

    The same shape gets the same points with the same seed, whatever else is evaluated. Raises `InvalidParameter` for a
    network that sees none of these: there is no shape that a new one could be compared with.
    """
    chosen = extraction or Extraction()
    if model.card.inputs not in ("image", "points", "voxels"):
        raise InvalidParameter(
            f"{model.card.title} sees {model.card.inputs}; it cannot be compared with the shapes of a data set.",
            "Choose a network that sees images, points or voxels.",
        )

    def mesh_of(shape: ModelFolder) -> Mesh:
        given = _seen(model.card.inputs, dataset, shape, view, seed)
        identity = Similarity.identity()
        return model.predict(given, chosen.resolution, threshold, seed, extraction=chosen, placement=identity)

    return mesh_of


def _seen(kind: str, dataset: Dataset, shape: ModelFolder, view: int, seed: int) -> FloatArray:
    if kind == "image":
        return np.asarray(dataset.image(shape, view))
    if kind == "voxels":
        return dataset.voxels(shape).astype(np.float64)
    draw = np.random.default_rng((seed, zlib.crc32(str(shape).encode())))
    cloud = dataset.cloud(shape).points
    if not len(cloud):
        raise DatasetError(f"The cloud of {shape} has no points.", "Make the model again.")
    points = cloud[draw.integers(len(cloud), size=CLOUD_POINTS)]
    return np.asarray(points + CLOUD_NOISE * draw.standard_normal(points.shape))


def from_files(folder: str | Path) -> MeshOf:
    """Meshes that were made before: FOLDER/CLASS/MODEL.off, or another ending, or below FOLDER/meshes as published.

    They lie in the unit cube around the origin. Raises `DatasetError` for a folder that is missing, and where a mesh
    is asked for that is not there.
    """
    root = expanded(folder)
    if not root.is_dir():
        raise DatasetError(f"There is no folder {root}.", "Give the folder that has the classes in it.")

    def mesh_of(shape: ModelFolder) -> Mesh:
        for inner in _FOLDERS:
            for ending in READABLE:
                path = root / inner / shape.category / f"{shape.name}{ending}"
                if path.is_file():
                    return read_mesh(path)
        raise DatasetError(f"{root} has no mesh of {shape}.", f"Name it {shape}.off, or another ending.")

    return mesh_of
