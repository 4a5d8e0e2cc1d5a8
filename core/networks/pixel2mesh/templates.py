# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates for new networks: the ellipsoid, a sphere, the hull of an object, or any closed mesh, before the camera."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from ...errors import InvalidParameter
from ...mesh import FloatArray, Mesh
from ...metrics.protocols import PIXEL2MESH_DIAGONAL
from ...sphere.icosphere import icosphere
from .ellipsoid import PLACE, published_ellipsoid
from .pooling import Camera
from .template import ELLIPSOID, Template, template_of

TEMPLATES = ("ellipsoid", "icosphere")
"""Those that need no mesh."""

_FREQUENCY = 4
"""Of the icosphere: 162 vertices, about as many as the ellipsoid has."""


def template_named(name: str, levels: int = 3, camera: Camera | None = None) -> Template:
    """One of `TEMPLATES`, before a camera. Raises `InvalidParameter`."""
    if name not in TEMPLATES:
        raise InvalidParameter(f"There is no template {name!r}.", f"Choose from {', '.join(TEMPLATES)}.")
    if name == "ellipsoid":
        return _before(published_ellipsoid(), levels, camera)
    sphere = icosphere(_FREQUENCY)
    return _before(sphere.with_vertices(sphere.vertices * float(np.mean(ELLIPSOID))), levels, camera)


def template_from(mesh: Mesh, levels: int = 3, camera: Camera | None = None) -> Template:
    """Any closed mesh (a few hundred faces are enough), before a camera and as large as the shapes that networks
    learn from. Raises `InvalidParameter`."""
    return _before(_sized(mesh), levels, camera)


def template_around(mesh: Mesh, levels: int = 3, camera: Camera | None = None, frequency: int = 4) -> Template:
    """The convex hull of an object, with the 10 f² + 2 vertices of an icosphere put onto it from within, before a
    camera and as large as the shapes that networks learn from. Raises `InvalidParameter` for a flat object."""
    return _before(_sized(round_hull(mesh.vertices, frequency)), levels, camera)


def round_hull(points: FloatArray, frequency: int = 4) -> Mesh:
    """The convex hull of points (N, 3) with the connectivity of an icosphere: its vertices lie on the hull, seen from
    the centre of gravity of the hull's corners. Raises `InvalidParameter` for points in a plane, or none."""
    try:
        hull = ConvexHull(np.asarray(points, np.float64))
    except (QhullError, ValueError) as error:
        raise InvalidParameter("The points are flat, or too few: they have no hull.", "Give a solid object.") from error
    centre = hull.points[hull.vertices].mean(axis=0)
    sphere = icosphere(frequency)
    outward, room = hull.equations[:, :3], -(hull.equations[:, :3] @ centre + hull.equations[:, 3])
    along = sphere.vertices @ outward.T
    reach = np.divide(room, along, out=np.full_like(along, np.inf), where=along > 1e-12).min(axis=1)
    return sphere.with_vertices(centre + sphere.vertices * reach[:, None])


def _sized(mesh: Mesh) -> Mesh:
    """The mesh around the origin, with the diagonal that shapes have."""
    if not mesh.n_vertices or not np.isfinite(mesh.vertices).all():
        raise InvalidParameter("The template has vertices without a place, or none.", "Choose another mesh.")
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    diagonal = float(np.linalg.norm(high - low))
    if not 0.0 < diagonal < np.inf:
        raise InvalidParameter("The template is a point, or endless.", "Choose another mesh.")
    return mesh.with_vertices((mesh.vertices - 0.5 * (low + high)) * (PIXEL2MESH_DIAGONAL / diagonal))


def _before(mesh: Mesh, levels: int, camera: Camera | None) -> Template:
    """Where the camera looks for it: its offset is added by the network."""
    place = np.asarray(PLACE) - np.asarray((camera or Camera()).offset)
    return template_of(mesh.with_vertices(mesh.vertices + place), levels)
