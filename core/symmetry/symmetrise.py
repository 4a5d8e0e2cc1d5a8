# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a mesh symmetric about a plane, by the numbers of its vertices or by its geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..geometry.distance import SurfaceTree
from ..mesh import FloatArray, IntArray, Mesh, require_usable
from ..progress import Progress, part, silent
from .detect import symmetries
from .elements import Plane
from .halves import mirror_half
from .pairs import mirror_partners

SIDES = ("positive", "negative", "average")
"""Which half is kept: where the normal of the plane points, the other one, or the mean of both."""
METHODS = ("geometry", "index")
AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


@dataclass(frozen=True)
class Symmetrised:
    """A symmetric mesh. plane: its mirror. opposite: (V,) the partner of each vertex, itself in the plane."""

    mesh: Mesh
    plane: Plane
    opposite: IntArray


def find_plane(mesh: Mesh, choice: Plane | str = "auto", progress: Progress = silent) -> Plane:
    """The plane of reflection that is meant.

    choice: a plane; "x", "y" or "z" for the coordinate plane across that axis, through the origin; four numbers
    "nx,ny,nz,d" for normal · x = d (three for d = 0); or "auto" for the plane about which the mesh is most nearly
    symmetric.

    Raises `InvalidParameter` for anything else, or where "auto" finds no plane.
    """
    if isinstance(choice, Plane):
        return choice
    if choice in AXES:
        return Plane(np.array(AXES[choice]), 0.0)
    if choice != "auto":
        return _plane_from_text(choice)
    found = symmetries(mesh, progress=progress)
    best = found.planes[0] if found.planes else found.nearest_plane
    if best is None or not isinstance(best.element, Plane):
        raise InvalidParameter("No plane of reflection was found.", "Name the plane, as x, y, z or nx,ny,nz,d.")
    return best.element


def _plane_from_text(text: str) -> Plane:
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (3, 4):
        raise InvalidParameter(f"{text!r} is not a plane.", "Give auto, x, y, z, or nx,ny,nz,d.")
    normal = np.array(numbers[:3])
    return Plane(normal, numbers[3] if len(numbers) == 4 else 0.0)


def symmetrise(
    mesh: Mesh,
    plane: Plane | str = "auto",
    side: str = "positive",
    method: str = "geometry",
    *,
    progress: Progress = silent,
) -> Symmetrised:
    """The mesh made exactly symmetric about a plane.

    plane: see `find_plane`. side: "positive" (the half where the normal points is kept and mirrored), "negative", or
    "average" of both halves. Attributes come along.

    method: "geometry" cuts the mesh at the plane and welds the mirror image of one half to it; for the average each
    vertex first moves half of the way to the nearest point of the mirrored surface. "index" keeps vertices and faces,
    and moves each vertex by where its partner is; it needs halves that correspond face by face (see
    `mirror_partners`), and then also undoes a pose or a dent.

    Raises `InvalidParameter` for unknown names, an empty half, or (by index) halves that do not correspond.
    """
    require_usable(mesh)
    if side not in SIDES:
        raise InvalidParameter(f"There is no side {side!r}.", f"Choose from {', '.join(SIDES)}.")
    if method not in METHODS:
        raise InvalidParameter(f"There is no method {method!r}.", f"Choose from {', '.join(METHODS)}.")
    mirror = find_plane(mesh, plane, part(progress, 0.0, 0.6))
    if method == "index":
        opposite = mirror_partners(mesh, mirror, progress=part(progress, 0.6, 1.0)).vertex
        return Symmetrised(by_partners(mesh, mirror, opposite, side), mirror, opposite)
    progress(0.6, "Mirroring")
    if side == "average":
        halves = mirror_half(mesh.with_vertices(averaged(mesh, mirror)), mirror)
    else:
        halves = mirror_half(mesh, mirror, side)
    return Symmetrised(halves.mesh, mirror, halves.opposite)


def by_partners(mesh: Mesh, plane: Plane, opposite: IntArray, side: str = "average") -> Mesh:
    """The mesh with its vertices, and their attributes, made symmetric; opposite (V,): the partner of each.

    Of two partners the one farther to the side of the normal is the positive one. A vertex that is its own partner
    moves onto the plane.
    """
    height = plane.distance(mesh.vertices)
    share = own_share(height, opposite, side)
    images = plane.reflect(mesh.vertices[opposite])
    vertices = share[:, None] * mesh.vertices + (1.0 - share[:, None]) * images
    alone = opposite == np.arange(len(opposite))
    vertices[alone] = mesh.vertices[alone] - height[alone, None] * plane.normal
    negative = (height < height[opposite]) | ((height == height[opposite]) & (np.arange(len(opposite)) < opposite))
    vertices[negative & ~alone] = plane.reflect(vertices[opposite[negative & ~alone]])
    attributes = {name: shared(values, share, opposite) for name, values in mesh.attributes.items()}
    return Mesh(vertices, mesh.faces, attributes)


def own_share(height: FloatArray, opposite: IntArray, side: str) -> FloatArray:
    """(V,) how much of its own values a vertex keeps."""
    if side == "average":
        return np.full(len(height), 0.5)
    here, there = height, height[opposite]
    positive = (here > there) | ((here == there) & (np.arange(len(height)) > opposite))
    kept = positive if side == "positive" else ~positive
    return np.where(kept | (opposite == np.arange(len(height))), 1.0, 0.0)


def shared(values: FloatArray, share: FloatArray, opposite: IntArray) -> FloatArray:
    """(n, …) own values and the partner's, mixed by the share of the own ones (n,)."""
    weight = share.reshape(-1, *([1] * (values.ndim - 1)))
    return np.asarray(weight * values + (1.0 - weight) * values[opposite])


def averaged(mesh: Mesh, plane: Plane) -> FloatArray:
    """(V, 3) each vertex half of the way to the nearest point of the mirrored surface."""
    _, _, nearest = SurfaceTree(mesh).nearest(plane.reflect(mesh.vertices))
    return np.asarray(0.5 * (mesh.vertices + plane.reflect(nearest)))
