# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps to the sphere that come from elsewhere, such as FreeSurfer's `?h.sphere` beside `?h.pial`."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter, MapFailed
from ..geometry.spherical import spherical_areas
from ..mesh import FloatArray, Mesh

GIVEN = "given"
"""The method that a certificate names for such a map."""
COVERED = 1e-6
"""How far the signed areas may be from covering the sphere once."""


def given_map(mesh: Mesh, sphere: FloatArray) -> FloatArray:
    """(V, 3) unit vectors of a map of `mesh`, tested: one place for each vertex, no flips, the sphere covered once.

    sphere: (V, 3) places of any size around 0 (FreeSurfer's spheres have the radius 100).

    Raises `InvalidParameter` for another shape or places that are not numbers, and `MapFailed` for flips.
    """
    places = np.asarray(sphere, dtype=np.float64)
    if places.shape != mesh.vertices.shape:
        raise InvalidParameter(
            f"The map has {len(places)} places for {mesh.n_vertices} vertices.", "Give the sphere of this very mesh."
        )
    length = np.linalg.norm(places, axis=1, keepdims=True)
    if not np.isfinite(places).all() or not length.min() > 1e-6 * length.max():
        raise InvalidParameter("The map has places that are not numbers, or at the centre.", "Export it again.")
    unit = np.asarray(places / length)
    areas = spherical_areas(unit, mesh.faces)
    flips, cover = int((areas <= 0.0).sum()), float(areas.sum() / (4.0 * np.pi))
    if flips > 0.5 * mesh.n_faces:
        raise MapFailed("The given map is mirrored: its triangles face inward.", "Negate one axis of it.")
    if flips or abs(cover - 1.0) > COVERED:
        raise MapFailed(
            f"The given map is not one-to-one: {flips} of {mesh.n_faces} triangles are turned over on it, "
            f"and it covers the sphere {cover:.4g} times.",
            "Encode without it: a map that is made here has no such triangles.",
        )
    return unit
