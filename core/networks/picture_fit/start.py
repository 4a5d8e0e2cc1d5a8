# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape that a fit begins with: the hull of the outlines as a sphere of a template's triangles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from ...errors import InvalidParameter, MapFailed
from ...geometry.distance import SurfaceTree
from ...geometry.measure import oriented_outward
from ...harmonics.container import POSITION, Harmonics
from ...harmonics.transforms import analyse
from ...mesh import FloatArray, Mesh
from ...progress import Progress, part, silent
from ...repairs.transfer import barycentric
from ...repairs.volume.grid import Field
from ...repairs.volume.growth import ball_labels
from ...repairs.volume.surface import extract
from ...sphere.parametrize import parametrize
from ...symmetry.elements import Plane
from ...symmetry.harmonic import sphere_mirror, symmetric_map
from ...symmetry.templates import Template
from .hull import hull_of
from .shots import CutOut

_DEGREE = 24
"""Of the harmonics by which the mirror of a map is found."""
_TURNS = 12
"""How often a shape of revolution is turned to get the hull of it."""


def _turn(angle: float) -> FloatArray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


MIRRORS: Mapping[str, tuple[FloatArray, ...]] = {
    "free": (),
    "plane": (np.diag([-1.0, 1.0, 1.0]),),
    "two_planes": (np.diag([-1.0, 1.0, 1.0]), np.diag([1.0, 1.0, -1.0]), np.diag([-1.0, 1.0, -1.0])),
    "rotational": tuple(_turn(2.0 * np.pi * k / _TURNS) for k in range(1, _TURNS)),
}
"""Scheme → matrices, beside the identity, that its shapes do not change under."""

AXES: Mapping[str, tuple[int, ...]] = {"free": (), "plane": (0,), "two_planes": (0, 2), "rotational": (0, 2)}
"""Scheme → the axes along which the planes or the axis of the symmetry have a place."""


def hull_start(
    views: Sequence[CutOut], template: Template, symmetry: str, resolution: int, progress: Progress = silent
) -> FloatArray:
    """(V, 3) where the vertices of a template lie on the hull of the outlines.

    symmetry: one of `SCHEMES`; its planes go through the origin, and those of the template become those of the object
    as well as they can. Handles are cut or filled, whatever changes less.

    Raises `InvalidParameter`, `RepairFailed` and `MapFailed` where there is no such shape.
    """
    progress(0.0, "Looking for the space within the outlines")
    field = hull_of(views, resolution, MIRRORS[symmetry])
    surface = _surface(field, part(progress, 0.2, 0.4))
    if symmetry == "rotational":
        gather = template.scheme(symmetry)
        return gather(_profile(surface, gather.n_rows))
    progress(0.4, "Mapping to the sphere")
    directions = _map(surface, symmetry, part(progress, 0.4, 0.95))
    progress(0.95, "Placing the template")
    _, triangle, nearest = SurfaceTree(Mesh(directions, surface.faces)).nearest(template.mesh.vertices)
    weights = barycentric(nearest, directions[surface.faces[triangle]])
    return np.asarray(np.einsum("nk,nki->ni", weights, surface.vertices[surface.faces[triangle]]))


def _profile(surface: Mesh, count: int) -> FloatArray:
    """(n, 2) radius and height of a shape of revolution about y, evenly along its outline from the top to the foot."""
    height, radius = surface.vertices[:, 1], np.hypot(surface.vertices[:, 0], surface.vertices[:, 2])
    edges = np.linspace(height.max(), height.min(), 4 * count + 1)
    place = np.clip(np.searchsorted(-edges, -height) - 1, 0, 4 * count - 1)
    widest = np.zeros(4 * count)
    np.maximum.at(widest, place, radius)
    there = np.bincount(place, minlength=4 * count) > 0
    middles = 0.5 * (edges[1:] + edges[:-1])
    line = np.column_stack([widest[there], middles[there]])
    line = np.concatenate([[[0.0, edges[0]]], line, [[0.0, edges[-1]]]])
    along = np.concatenate([[0.0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
    spots = np.linspace(0.0, along[-1], count)
    return np.column_stack([np.interp(spots, along, line[:, 0]), np.interp(spots, along, line[:, 1])])


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
    sphere, faces = parametrize(surface, "balanced", progress=part(progress, 0.0, 0.5)), surface.faces
    if symmetry == "free":
        return sphere
    harmonics = Harmonics(analyse(sphere, faces, surface.vertices, _DEGREE), POSITION)
    plane = Plane(np.array([1.0, 0.0, 0.0]), 0.0)
    with suppress(MapFailed, InvalidParameter):  # then it is only less symmetric
        sphere = symmetric_map(harmonics, sphere, faces, plane, part(progress, 0.5, 1.0))
    harmonics = Harmonics(analyse(sphere, faces, surface.vertices, _DEGREE), POSITION)
    normal = sphere_mirror(harmonics, plane)
    return _turned(sphere, normal, surface)


def _turned(sphere: FloatArray, normal: FloatArray, surface: Mesh) -> FloatArray:
    """The map turned so that the mirror is x = 0, the side of the normal that of x > 0, and y is up."""
    side = np.sign(float((sphere @ normal) @ surface.vertices[:, 0])) or 1.0
    across = side * normal / np.linalg.norm(normal)
    up = sphere.T @ surface.vertices[:, 1]
    up = up - (up @ across) * across
    up /= np.linalg.norm(up)
    return np.asarray(sphere @ np.stack([across, up, np.cross(across, up)]).T)
