# SPDX-License-Identifier: GPL-3.0-or-later
"""Points with their distances, as DeepSDF draws them, and its files of such (`SdfSamples/….npz`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...archive import Layout, archive_bytes, load_archive
from ...errors import DatasetError, HarmonicsFileError, InvalidMesh
from ...files import atomic_write
from ...geometry.sampling import sample_surface
from ...geometry.signed_distance import signed_distance
from ...mesh import FloatArray, Mesh, require_usable

BUFFER = 1.03
"""A shape touches a sphere that is so much smaller than the unit sphere."""

VARIANCE = 0.005
"""Of the wider half of the points near the surface; a tenth of it of the other half."""

NEAR = 47 / 50
"""The part of the points that is near the surface; the others are anywhere in the cube."""

_LAYOUT = Layout(
    "a file of distance samples",
    ".npz",
    {"pos": "f", "neg": "f"},
    ("pos", "neg"),
    "Give arrays pos and neg of shape (N, 4): x, y, z, distance.",
)


@dataclass(frozen=True)
class Samples:
    """points: (N, 3) in the decoder's own space. distances: (N,), negative inside."""

    points: FloatArray
    distances: FloatArray

    def __post_init__(self) -> None:
        inside = int((self.distances < 0.0).sum())
        if not inside or inside == len(self.distances):
            raise InvalidMesh(
                f"All samples of the shape are {'inside' if inside else 'outside'}.", "Close the mesh, or repair it."
            )


def centre_of(mesh: Mesh) -> tuple[FloatArray, float]:
    """(the middle (3,) of the bounding box of what has faces, the largest distance from it).

    Raises `InvalidMesh` for a mesh that is empty, or has coordinates that are not numbers.
    """
    require_usable(mesh)
    used = mesh.vertices[np.unique(mesh.faces)]
    centre = 0.5 * (used.min(axis=0) + used.max(axis=0))
    return centre, float(np.linalg.norm(used - centre, axis=1).max())


def placements(meshes: Sequence[Mesh], *, common_size: bool = False) -> tuple[FloatArray, FloatArray]:
    """(centres (N, 3), scales (N,)) that bring meshes into the unit sphere: own = (p − centre) · scale.

    common_size: one scale for all, that of the largest.
    """
    found = [centre_of(mesh) for mesh in meshes]
    radii = np.array([radius for _, radius in found])
    if common_size:
        radii = np.full(len(radii), radii.max())
    return np.stack([centre for centre, _ in found]), 1.0 / (BUFFER * radii)


def sample_distances(mesh: Mesh, centre: FloatArray, scale: float, count: int = 500_000, seed: int = 0) -> Samples:
    """Samples of a mesh at its place: 47 of 50 near the surface, by two normal distributions, the rest in the cube.

    Raises `InvalidMesh` for a mesh that has no inside.
    """
    own = mesh.with_vertices((mesh.vertices - centre) * scale)
    random = np.random.default_rng([seed, count])
    half = round(0.5 * NEAR * count)
    surface, _, _ = sample_surface(own, half, seed)
    wide = surface + random.normal(0.0, np.sqrt(VARIANCE), surface.shape)
    narrow = surface + random.normal(0.0, np.sqrt(VARIANCE / 10.0), surface.shape)
    anywhere = random.uniform(-1.0, 1.0, (count - 2 * half, 3))
    points = np.concatenate([wide, narrow, anywhere])
    return Samples(points, signed_distance(points, own))


def write_samples(samples: Samples, path: str | Path) -> None:
    """Write samples as DeepSDF does: `pos` and `neg` (N, 4) in single precision. Raises `OutputError`."""
    rows = np.column_stack([samples.points, samples.distances]).astype(np.float32)
    inside = samples.distances < 0.0
    content = archive_bytes({"pos": rows[~inside], "neg": rows[inside]})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def read_samples(path: str | Path) -> Samples:
    """Samples from a file of DeepSDF; rows that are not numbers are left out, as there.

    Raises `DatasetError`, naming the key, for a file that is damaged or something else.
    """
    try:
        arrays = load_archive(path, _LAYOUT)
    except HarmonicsFileError as error:
        raise DatasetError(error.found, error.remedy) from error
    for key in ("pos", "neg"):
        if arrays[key].ndim != 2 or arrays[key].shape[1] != 4:
            raise DatasetError(f"{key} in {Path(path).name} has the shape {arrays[key].shape}.", _LAYOUT.remedy)
    rows = np.concatenate([arrays["pos"], arrays["neg"]]).astype(np.float64)
    rows = rows[np.isfinite(rows).all(axis=1)]
    return Samples(rows[:, :3], rows[:, 3])
