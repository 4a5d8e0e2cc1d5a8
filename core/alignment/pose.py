# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose of its own for each shape: centre, size, principal axes."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..geometry.edges import is_open
from ..geometry.measure import area, area_centroid, face_areas, oriented_outward, signed_volume
from ..mesh import FloatArray, Mesh, require_usable
from .similarity import Similarity

CENTRES = ("area", "volume", "bounds", "none")
SIZES = ("diagonal", "box", "area", "volume", "none")


def normalisation(mesh: Mesh, centre: str = "area", size: str = "area") -> Similarity:
    """The similarity, without rotation, that centres a mesh and gives it unit size.

    centre: "area" (centroid of the surface), "volume" (of the solid), "bounds" (middle of the bounding box), "none".
    size: what becomes 1: "diagonal" or "box" (longest side) of the bounding box, "area", "volume", or "none".
    Raises `InvalidParameter` for another word, or for the volume of a mesh that encloses none.
    """
    require_usable(mesh)
    if centre not in CENTRES or size not in SIZES:
        raise InvalidParameter(
            f"Cannot centre by {centre!r} and scale by {size!r}.",
            f"Centres are {', '.join(CENTRES)}; sizes are {', '.join(SIZES)}.",
        )
    scale = 1.0 / _size(mesh, size)
    return Similarity(np.eye(3), scale, -scale * _centre(mesh, centre))


def standard_pose(mesh: Mesh, centre: str = "area", size: str = "none", *, axes: bool = False) -> Similarity:
    """The similarity that centres a mesh, gives it unit size and, with `axes`, turns its principal axes to x, y and z.

    centre, size: as for `normalisation`; boxes are those of the turned mesh. Raises as `normalisation` does.
    """
    turn = Similarity(principal_axes(mesh)) if axes else Similarity.identity()
    return normalisation(turn.apply_to(mesh), centre, size).after(turn)


def _centre(mesh: Mesh, centre: str) -> FloatArray:
    if centre == "area":
        return area_centroid(mesh)
    if centre == "bounds":
        return np.asarray(0.5 * (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)))
    return volume_centroid(mesh) if centre == "volume" else np.zeros(3)


def _size(mesh: Mesh, size: str) -> float:
    if size == "diagonal":
        return mesh.diagonal
    if size == "box":
        return float(np.ptp(mesh.vertices, axis=0).max())
    if size == "area":
        return float(np.sqrt(area(mesh)))
    return float(np.cbrt(_volume(mesh))) if size == "volume" else 1.0


def _volume(mesh: Mesh) -> float:
    volume = abs(signed_volume(mesh))
    if is_open(mesh.faces) or not volume > 1e-9 * mesh.diagonal**3:
        raise InvalidParameter("The mesh encloses no volume.", "Centre and scale it by its area.")
    return volume


def volume_centroid(mesh: Mesh) -> FloatArray:
    """(3,) the centre of mass of the enclosed solid. Raises `InvalidParameter` where there is none."""
    _volume(mesh)
    base = mesh.vertices.mean(axis=0)
    corner = (oriented_outward(mesh).vertices - base)[oriented_outward(mesh).faces]
    six = np.einsum("fi,fi->f", corner[:, 0], np.cross(corner[:, 1], corner[:, 2]))
    return np.asarray(base + (six[:, None] * corner.sum(axis=1)).sum(axis=0) / (4.0 * six.sum()))


def principal_axes(mesh: Mesh) -> FloatArray:
    """(3, 3) the rotation that turns the principal axes of the surface to x, y and z, the longest to x.

    From the exact covariance of the surface. Each axis points to the side on which the surface reaches farther (the
    positive third moment); the third follows from the other two, so that nothing is mirrored. For shapes with equal
    axes or symmetric sides the choice means nothing.
    """
    require_usable(mesh)
    weight = face_areas(mesh) / area(mesh)
    corner = mesh.vertices[mesh.faces] - area_centroid(mesh)
    middle = corner.mean(axis=1)
    # ∫ x xᵀ over a triangle = A/12 (Σ v vᵀ + 9 m mᵀ), with its corners v and middle m.
    covariance = np.einsum("f,fki,fkj->ij", weight / 12.0, corner, corner)
    covariance += np.einsum("f,fi,fj->ij", 0.75 * weight, middle, middle)
    _, vectors = np.linalg.eigh(covariance)
    axes = vectors[:, ::-1].T.copy()
    skewness = np.einsum("f,fk->k", weight, (middle @ axes.T) ** 3)
    axes *= np.where(skewness < 0.0, -1.0, 1.0)[:, None]
    axes[2] = np.cross(axes[0], axes[1])
    return axes
