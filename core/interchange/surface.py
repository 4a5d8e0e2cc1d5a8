# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of coefficients that came without a source."""

from __future__ import annotations

import numpy as np

from ..certify import certify
from ..geometry.measure import area, area_centroid, signed_volume
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.transforms import synthesize
from ..mesh import Mesh
from ..shape import Shape, source_of
from ..sphere.icosphere import icosphere

FREQUENCY = 48
METHOD = "imported"


def shape_of(harmonics: Harmonics) -> Shape:
    """A shape of coefficients that came without a source: its own surface on an icosphere stands for that.

    The certificate tells how far that mesh is from the smooth surface, and how the map to the sphere distorts it.
    """
    sphere = icosphere(FREQUENCY)
    mesh = Mesh(synthesize(harmonics.select(POSITION), sphere.vertices), sphere.faces)
    centre = area_centroid(mesh) if np.ptp(mesh.vertices) else mesh.vertices[0]
    source = source_of(mesh.vertices, mesh.faces, area(mesh), signed_volume(mesh), centre)
    return Shape(harmonics, source, certify(mesh, sphere.vertices, harmonics, METHOD), sphere.vertices, sphere.faces)
