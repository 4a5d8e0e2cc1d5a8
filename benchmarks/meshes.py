# SPDX-License-Identifier: GPL-3.0-or-later
"""The meshes that are measured: a folder of real ones, or else the sample cow and procedural ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.sample import sample_cow
from spherical_cow.sphere.icosphere import icosphere

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "meshes" / "genus0"
ENDINGS = (".ply", ".obj", ".off", ".glb", ".stl")
COMPARED = ("spot", "stanford_bunny", "armadillo", "homer", "cortex_left")
"""The meshes of the accuracy tables: a cow, a hare, two figures with limbs, and a folded surface."""
SPOT = "spot"


@dataclass(frozen=True)
class Meshes:
    """Named meshes, read when they are asked for.

    real: whether they come from a folder; otherwise they are the sample and procedural ones.
    """

    sources: dict[str, Callable[[], Mesh]]
    real: bool

    def names(self) -> list[str]:
        """All names, in order."""
        return sorted(self.sources)

    def get(self, name: str) -> Mesh:
        """The mesh of this name. Raises `KeyError`."""
        return self.sources[name]()

    def compared(self) -> list[str]:
        """The names for the accuracy tables: those of `COMPARED` that are here, or all procedural ones."""
        return [name for name in COMPARED if name in self.sources] or self.names()

    def cow(self) -> str:
        """Spot, or the sample."""
        return SPOT if SPOT in self.sources else "sample_cow"

    def with_faces(self, least: int) -> tuple[str, Mesh]:
        """(name, mesh) of at least this many faces: the largest mesh, subdivided as often as needed."""
        name = max(self.names(), key=lambda each: self.get(each).n_faces)
        mesh = Mesh(self.get(name).vertices, self.get(name).faces)
        while mesh.n_faces < least:
            mesh = midpoint_subdivide(mesh)
        return name, mesh


def find_meshes(folder: Path | None) -> Meshes:
    """The meshes of a folder (None for the usual one); where it has none, the sample and procedural ones."""
    place = FOLDER if folder is None else folder
    files = sorted(file for file in place.glob("*") if file.suffix.lower() in ENDINGS) if place.is_dir() else []
    sources: dict[str, Callable[[], Mesh]] = {"sample_cow": cache(sample_cow)}
    for file in files:
        sources[file.stem.removesuffix("_color")] = cache(lambda file=file: read_mesh(file))
    if not files:
        sources |= {
            "ellipsoid": cache(lambda: _scaled(icosphere(40), (1.0, 0.5, 0.3))),
            "star": cache(lambda: _star(60)),
            "worm": cache(lambda: _worm(50)),
        }
    return Meshes(sources, bool(files))


def _scaled(mesh: Mesh, axes: tuple[float, float, float]) -> Mesh:
    return mesh.with_vertices(mesh.vertices * np.array(axes))


def _star(frequency: int) -> Mesh:
    """A ball with twelve long arms: what conformal maps squeeze away."""
    sphere = icosphere(frequency)
    tips = icosphere(1).vertices
    closeness = (sphere.vertices @ tips.T).max(axis=1)
    radius = 1.0 + 3.0 * np.exp(60.0 * (closeness - 1.0))
    return sphere.with_vertices(sphere.vertices * radius[:, None])


def _worm(frequency: int) -> Mesh:
    """A long thin body bent to a half circle."""
    x, y, z = icosphere(frequency).vertices.T
    angle, radius = 0.5 * np.pi * z, 6.0 + x
    return icosphere(frequency).with_vertices(np.stack([radius * np.cos(angle), y, radius * np.sin(angle)], axis=1))
