# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape that a fit begins with: the hull of the outlines as a sphere of a template's triangles."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from ...codec import encode
from ...errors import InvalidParameter, MapFailed
from ...geometry.distance import SurfaceTree
from ...geometry.measure import oriented_outward
from ...mesh import FloatArray, Mesh
from ...progress import Progress, part, silent
from ...repairs.transfer import barycentric
from ...repairs.volume.grid import Field
from ...repairs.volume.growth import ball_labels
from ...repairs.volume.surface import extract
from ...sphere.parametrize import parametrize
from ...symmetry.elements import Plane
from ...symmetry.harmonic import sphere_mirror, symmetric_map
from .hull import hull_of
from .shots import CutOut

MIRRORS = {
    "free": (),
    "plane": (np.diag([-1.0, 1.0, 1.0]),),
    "two_planes": (np.diag([-1.0, 1.0, 1.0]), np.diag([1.0, 1.0, -1.0]), np.diag([-1.0, 1.0, -1.0])),
    "rotational": (),
}
"""Scheme → the matrices, beside the identity, that its shapes do not change under."""


def hull_start(
    views: Sequence[CutOut], sphere: FloatArray, symmetry: str, resolution: int, progress: Progress = silent
) -> FloatArray:
    """(V, 3) where the vertices of a template lie on the hull of the outlines.

    sphere: (V, 3) the template. symmetry: one of `SCHEMES`; its planes go through the origin, and those of the template
    become those of the object as well as they can. Handles are cut or filled, as they are smaller.

    Raises `InvalidParameter` and `MapFailed` where there is no such shape.
    """
    progress(0.0, "Looking for the space within the outlines")
    field = hull_of(views, resolution, MIRRORS[symmetry])
    surface = _surface(field, part(progress, 0.2, 0.4))
    progress(0.4, "Mapping to the sphere")
    directions = _map(surface, symmetry, part(progress, 0.4, 0.95))
    progress(0.95, "Placing the template")
    _, triangle, nearest = SurfaceTree(Mesh(directions, surface.faces)).nearest(sphere)
    weights = barycentric(nearest, directions[surface.faces[triangle]])
    return np.asarray(np.einsum("nk,nki->ni", weights, surface.vertices[surface.faces[triangle]]))


def ellipsoid_start(views: Sequence[CutOut], sphere: FloatArray) -> FloatArray:
    """(V, 3) the template as a ball at the origin that is as large as the object is seen, on average."""
    radii = []
    for view in views:
        depth = view.camera.world[2, 3]
        radii.append(np.sqrt(view.mask.sum() / np.pi) * depth / view.camera.matrix[0, 0])
    return sphere * float(np.mean(radii))


def _surface(field: Field, progress: Progress) -> Mesh:
    ball = ball_labels(field, parts="join", progress=progress)
    mesh = extract(field, ball.inside)
    return oriented_outward(Mesh(mesh.vertices, mesh.faces))


def _map(surface: Mesh, symmetry: str, progress: Progress) -> FloatArray:
    """(V, 3) directions on the template: those across x = 0 of mirrored points mirror each other, too."""
    if symmetry in ("free", "rotational"):
        return parametrize(surface, "balanced", progress=progress)
    shape = encode(surface, 24, channels=["position"], progress=part(progress, 0.0, 0.7))
    sphere, faces = shape.require_sphere()
    plane = Plane(np.array([1.0, 0.0, 0.0]), 0.0)
    with suppress(MapFailed, InvalidParameter):  # then it is only less symmetric
        sphere = symmetric_map(shape.harmonics, sphere, faces, plane, part(progress, 0.7, 1.0))
    normal = sphere_mirror(shape.harmonics, plane)
    return _turned(sphere, normal, surface)


def _turned(sphere: FloatArray, normal: FloatArray, surface: Mesh) -> FloatArray:
    """The map turned so that the mirror is x = 0, the side of the normal that of x > 0, and y is up."""
    side = np.sign(float((sphere @ normal) @ surface.vertices[:, 0])) or 1.0
    across = side * normal / np.linalg.norm(normal)
    up = sphere.T @ surface.vertices[:, 1]
    up = up - (up @ across) * across
    up /= np.linalg.norm(up)
    return np.asarray(sphere @ np.stack([across, up, np.cross(across, up)]).T)
