# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for all maps to the sphere, which checks what it returns."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter, MapFailed
from ..geometry.measure import oriented_outward
from ..geometry.spherical import spherical_areas
from ..mesh import FloatArray, Mesh, require_usable
from ..progress import Progress, part, silent
from .authalic import equalise_area
from .balanced import aligned, balanced_map
from .conformal import conformal_flow, conformal_map
from .distortion import flips

METHODS = ("balanced", "authalic", "conformal", "cmcf")
AREA_TOLERANCE = 1e-9


def parametrize(mesh: Mesh, method: str = "balanced", progress: Progress = silent) -> FloatArray:
    """(V, 3) unit vectors: a one-to-one map of a closed genus-0 mesh onto the sphere, faces outward.

    method: "balanced" between angles and areas, best for coefficients; "authalic" keeps areas; "conformal" keeps
        angles as well as a map without flips can; "cmcf" is the conformalised mean-curvature flow as it is,
        which fails on long limbs.

    Raises `InvalidMesh` for a mesh without area, `InvalidParameter` for another method, and `MapFailed` rather than
    return a map with a flipped triangle, or one that does not cover the sphere exactly once. The mesh must be genus 0
    (`topology.require_genus_zero`). The same vertices in another order get the same map.
    """
    require_usable(mesh)
    unit = _normalized(mesh)
    if method == "balanced":
        sphere = balanced_map(unit, progress=progress, follow_detail=True)
    elif method == "authalic":
        start = balanced_map(unit, progress=part(progress, 0.0, 0.5))
        sphere = aligned(equalise_area(unit, start, part(progress, 0.5, 1.0)), unit)
    elif method == "conformal":
        sphere = aligned(conformal_map(unit, progress), unit)
    elif method == "cmcf":
        sphere = aligned(conformal_flow(unit, progress), unit)
    else:
        raise InvalidParameter(f"There is no map {method!r}.", f"Choose from {', '.join(METHODS)}.")
    _certify(sphere, unit, method)
    return sphere


def _normalized(mesh: Mesh) -> Mesh:
    """Faces outward, bounding box of diagonal 1 around 0: the same numbers for any order of the vertices."""
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    return oriented_outward(mesh.with_vertices((mesh.vertices - 0.5 * (low + high)) / mesh.diagonal))


def _certify(sphere: FloatArray, mesh: Mesh, method: str) -> None:
    count = flips(sphere, mesh.faces)
    covered = float(spherical_areas(sphere, mesh.faces).sum() / (4.0 * np.pi))
    if count or not abs(covered - 1.0) < AREA_TOLERANCE:
        raise MapFailed(
            f"The {method} map left {count} of {mesh.n_faces} triangles flipped "
            f"and covers the sphere {covered:.3f} times.",
            "Use the balanced map." if method != "balanced" else "Merge vertices by distance, then try again.",
        )
