# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes from files of any kind that we read: our own, and sets of SHTOOLS text files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from .certify import certify
from .errors import HarmonicsFileError
from .geometry.measure import area, area_centroid, signed_volume
from .harmonics.container import POSITION, Harmonics
from .harmonics.shtools import read_sh
from .harmonics.transforms import synthesize
from .mesh import Mesh
from .shape import Shape, source_of
from .shapefile import load_shape
from .sphere.icosphere import icosphere

SHTOOLS_ENDING = ".sh"
FREQUENCY = 48
METHOD = "imported"


def open_shape(path: str | Path) -> Shape:
    """Read `*.harmonics.npz`, or a set `cow_x.sh`, `cow_y.sh`, `cow_z.sh` … named by one of them or by `cow.sh`.

    Raises `HarmonicsFileError` for anything else, or a set without x, y and z.
    """
    path = Path(path)
    if path.suffix.lower() != SHTOOLS_ENDING:
        return load_shape(path)
    together = path.with_name(re.sub(r"_[^_]+$", "", path.stem) + path.suffix)
    harmonics = read_sh(path if together.exists() else together)
    if not harmonics.has(POSITION):
        raise HarmonicsFileError(
            f"{path.name} has no positions, only {', '.join(harmonics.channels)}.",
            "Keep the files of one shape together, named like cow_x.sh, cow_y.sh, cow_z.sh.",
        )
    return shape_of(harmonics)


def shape_of(harmonics: Harmonics) -> Shape:
    """A shape of coefficients that came without a source: its own surface on an icosphere stands for that.

    The certificate tells how far that mesh is from the smooth surface, and how the map to the sphere distorts it.
    """
    sphere = icosphere(FREQUENCY)
    mesh = Mesh(synthesize(harmonics.select(POSITION), sphere.vertices), sphere.faces)
    centre = area_centroid(mesh) if np.ptp(mesh.vertices) else mesh.vertices[0]
    source = source_of(mesh.vertices, mesh.faces, area(mesh), signed_volume(mesh), centre)
    return Shape(harmonics, source, certify(mesh, sphere.vertices, harmonics, METHOD), sphere.vertices, sphere.faces)
