# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry of encoded shapes: a shape as the sum of a symmetric and an asymmetric part, linear in the coefficients.

A surface f on the sphere is symmetric about a plane with reflection R when R f(x) = f(T x) for a mirror T of the
sphere. Then (f + R f T) / 2 is the nearest symmetric surface with that T. The map to the sphere decides how well
any T can fit: maps of symmetric surfaces are symmetric only up to a deformation of the sphere, and averaging points
that do not correspond blurs. So the sphere is deformed first (`symmetric_map`), such that points that mirror each
other on the surface mirror each other on the sphere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.sparse.linalg import splu

from ..geometry.distance import SurfaceTree
from ..geometry.spherical import spherical_areas
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.correlation import best_rotations
from ..harmonics.rotation import rotate
from ..harmonics.transforms import analyse_grid, gauss_legendre_grid, grid_degree, synthesize
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, silent
from ..repairs.transfer import barycentric
from ..sphere.transport import neighbour_averages
from .elements import Plane

_MATCH, _STARTS = 16, 4
"""Degree up to which mirrors of the sphere are compared, and how many are refined."""
_LEADS_BACK = 0.05
"""How near the image of the image of a direction must be, in radians, to be believed."""
_DEFORMATIONS, _MATCHES = 2, 1.0 - 1e-6
"""How often the sphere is deformed, unless shape and mirror image correlate this well."""
_FEW, _MENDING = 0.005, 6
"""Up to this part of the triangles may flip to be mended in place, with so many rings around them."""
_ROUNDS = 24
"""How often, and how far, the deformation is smoothed around triangles that flip."""


@dataclass(frozen=True)
class Halved:
    """A shape as symmetric + asymmetric part, on the same sphere.

    symmetric, asymmetric: all channels; their sum is the shape. plane: the mirror in space. normal: (3,) that of the
    mirror of the sphere. match: correlation of the shape with its mirror image, 1 where it is symmetric.
    asymmetry: root mean square distance of the shape from its symmetric part.
    """

    symmetric: Harmonics
    asymmetric: Harmonics
    plane: Plane
    normal: FloatArray
    match: float
    asymmetry: float


def halve(harmonics: Harmonics, plane: Plane, normal: FloatArray | None = None) -> Halved:
    """The symmetric and the asymmetric part of a shape about a plane.

    normal: (3,) that of the mirror of the sphere; None for the one that fits best (see `sphere_mirror`).
    Raises `InvalidParameter` for shapes without positions.
    """
    across = sphere_mirror(harmonics, plane) if normal is None else np.asarray(normal, dtype=np.float64)
    image = mirrored(harmonics, plane, across)
    symmetric = Harmonics(0.5 * (harmonics.coefficients + image.coefficients), harmonics.channels)
    asymmetric = Harmonics(0.5 * (harmonics.coefficients - image.coefficients), harmonics.channels)
    rms = float(np.sqrt(np.square(asymmetric.select(POSITION).coefficients).sum()))
    return Halved(symmetric, asymmetric, plane, across, _correlation(harmonics, image), rms)


def mirrored(harmonics: Harmonics, plane: Plane, normal: FloatArray) -> Harmonics:
    """R f(T x): positions reflected in the plane, all channels taken from the mirror image on the sphere.

    normal: (3,) unit, that of the sphere's mirror T.
    """
    turn = _onto_y(normal)
    turned = rotate(harmonics, turn).coefficients.copy()
    index = np.arange(harmonics.lmax + 1)
    turned[:, index[:, None] > index[None, :]] *= -1.0  # y → −y changes the signs of the sine terms
    image = rotate(Harmonics(turned, harmonics.channels), turn.T)
    return _reflected(image, plane)


def _reflected(harmonics: Harmonics, plane: Plane) -> Harmonics:
    rows = [harmonics.channels.index(name) for name in harmonics.select(POSITION).channels]
    coefficients = harmonics.coefficients.copy()
    linear = np.eye(3) - 2.0 * np.outer(plane.normal, plane.normal)
    coefficients[rows] = np.einsum("ij,jab->iab", linear, coefficients[rows])
    coefficients[rows, 0, 0] += 2.0 * plane.offset * plane.normal
    return Harmonics(coefficients, harmonics.channels)


def _onto_y(normal: FloatArray) -> FloatArray:
    """(3, 3) a rotation that takes the normal to y."""
    y = normal / np.linalg.norm(normal)
    x = np.cross(y, np.eye(3)[int(np.argmin(np.abs(y)))])
    x /= np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)])


def _correlation(a: Harmonics, b: Harmonics) -> float:
    one, two = (shape.select(POSITION).coefficients.copy() for shape in (a, b))
    one[:, 0, 0] = two[:, 0, 0] = 0.0
    return float((one * two).sum() / np.sqrt(np.square(one).sum() * np.square(two).sum()))


def sphere_mirror(harmonics: Harmonics, plane: Plane) -> FloatArray:
    """(3,) unit normal of the mirror of the sphere under which a shape is most nearly symmetric about a plane.

    The best rotation of the reflected shape, over all rotations by one fast transform, gives where to start.
    Raises `InvalidParameter` for shapes without positions or extent.
    """
    few = harmonics.select(POSITION).truncate(_MATCH)
    flipped = mirrored(few, plane, np.array([0.0, 1.0, 0.0])).coefficients
    rotations, _ = best_rotations(few.coefficients, flipped, count=_STARTS, lmax=_MATCH)
    flip = np.diag([1.0, -1.0, 1.0])
    starts = [_nearest_mirror(flip @ rotation.T) for rotation in rotations]
    refined = [_refine(few, plane, start) for start in starts]
    return max(refined, key=lambda pair: pair[0])[1]


def _nearest_mirror(matrix: FloatArray) -> FloatArray:
    """(3,) the normal of the reflection nearest to an orthogonal matrix (3, 3)."""
    return np.asarray(np.linalg.eigh(0.5 * (matrix + matrix.T))[1][:, 0])


def _refine(few: Harmonics, plane: Plane, start: FloatArray) -> tuple[float, FloatArray]:
    frame = _onto_y(start)

    def normal_at(step: FloatArray) -> FloatArray:
        normal = start + step[0] * frame[0] + step[1] * frame[2]
        return np.asarray(normal / np.linalg.norm(normal))

    def loss(step: FloatArray) -> float:
        return -_correlation(few, mirrored(few, plane, normal_at(step)))

    simplex = 0.1 * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 1e-7})
    return -float(found.fun), normal_at(found.x)


def symmetric_map(
    harmonics: Harmonics, sphere: FloatArray, faces: IntArray, plane: Plane, progress: Progress = silent
) -> FloatArray:
    """The map (V, 3) deformed so that the shape's own mirror symmetry becomes a mirror of the sphere.

    sphere, faces: the map of the source, without flips. For a point of the surface, φ(x) is the direction of the
    nearest point to its reflection. ψ(x) = (x + T φ(x)) / |…| then carries the symmetry φ over to T: ψ φ = T ψ,
    exactly where φ is its own inverse. Where the shape is too asymmetric for that, so that triangles would flip, the
    deformation is smoothed around them until they do not, and a second time brings it nearer.
    """
    points = synthesize(harmonics.select(POSITION), sphere)
    _, triangle, nearest = SurfaceTree(Mesh(points, faces)).nearest(plane.reflect(points))
    weights, corners = barycentric(nearest, points[faces[triangle]]), faces[triangle]
    moved, shape = sphere, harmonics
    for number in range(_DEFORMATIONS):
        progress(0.1 + 0.9 * number / _DEFORMATIONS, "Deforming the sphere")
        if number:
            shape = on_other_map(harmonics, sphere, moved, faces)
        normal = sphere_mirror(shape, plane)
        if _correlation(shape, mirrored(shape, plane, normal)) > _MATCHES:
            break
        image = _unit(np.einsum("nk,nki->ni", weights, moved[corners]))
        # Where a limb is near another part, the nearest point may lie on that: then it does not lead back.
        back = _unit(np.einsum("nk,nki->ni", weights, image[corners]))
        sure = np.linalg.norm(back - moved, axis=1) < _LEADS_BACK
        image -= 2.0 * (image @ normal)[:, None] * normal
        moved = _without_flips(moved, faces, image - moved, sure)
    return moved


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _without_flips(sphere: FloatArray, faces: IntArray, shift: FloatArray, sure: NDArray[np.bool_]) -> FloatArray:
    """(V, 3) unit vectors half of the way of a shift (V, 3), which is believed where it is sure and flips nothing.

    Elsewhere each vertex moves as the mean of its neighbours. A few flips are mended first by putting the vertices
    around them at the mean of their neighbours, as in Tutte's embedding.
    """
    average = neighbour_averages(faces, len(sphere))
    for rings in range(_ROUNDS):
        moved = _unit(sphere + 0.5 * _filled(shift, sure, average))
        flipped = _flipped(moved, faces)
        if not len(flipped):
            return moved
        mended = _mended(moved, faces, flipped, average) if len(flipped) < _FEW * len(faces) else None
        if mended is not None:
            return mended
        sure = sure & ~_around(flipped, 1 + rings, average)
        if not sure.any():
            break
    return sphere


def _mended(moved: FloatArray, faces: IntArray, flipped: IntArray, average: sparse.csr_matrix) -> FloatArray | None:
    loose = np.zeros(len(moved), dtype=bool)
    for rings in range(_MENDING):
        loose |= _around(flipped, rings, average)
        mended = _unit(_filled(moved, ~loose, average))
        flipped = _flipped(mended, faces)
        if not len(flipped):
            return mended
    return None


def _flipped(sphere: FloatArray, faces: IntArray) -> IntArray:
    """(n, 3) the triangles that are turned over."""
    return np.asarray(faces[~(spherical_areas(sphere, faces) > 0.0)])


def _around(triangles: IntArray, rings: int, average: sparse.csr_matrix) -> NDArray[np.bool_]:
    """(V,) the vertices of triangles (n, 3), and so many rings around them."""
    near = np.zeros(average.shape[0])
    near[triangles.ravel()] = 1.0
    for _ in range(rings):
        near = near + average @ near
    return np.asarray(near > 0.0)


def _filled(values: FloatArray, known: NDArray[np.bool_], average: sparse.csr_matrix) -> FloatArray:
    """(V, 3) the values where they are known; between, each is the mean of its neighbours."""
    inner = np.flatnonzero(~known)
    filled = values.copy()
    if len(inner):
        system = sparse.identity(len(inner)) - average[inner][:, inner]
        filled[inner] = splu(system.tocsc()).solve(average[inner][:, known] @ values[known])
    return filled


def on_other_map(
    harmonics: Harmonics, old: FloatArray, new: FloatArray, faces: IntArray, progress: Progress = silent
) -> Harmonics:
    """The same surface (all channels) reached by another map of the same mesh: f(ψ⁻¹(x)).

    old, new: (V, 3) the two maps. Between the vertices ψ is linear on triangles; f itself is not sampled but
    evaluated.
    """
    from ..harmonics.rasterize import rasterize  # numba: not for those who only synthesise

    colatitudes, n_longitudes = gauss_legendre_grid(grid_degree(harmonics.lmax))
    triangle, weights = rasterize(new, faces, colatitudes, n_longitudes)
    directions = np.einsum("nk,nki->ni", weights, old[faces[triangle]])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    progress(0.5, "Fitting the harmonics")
    values = synthesize(harmonics, directions)
    grid = values.T.reshape(len(harmonics.channels), len(colatitudes), n_longitudes)
    return Harmonics(analyse_grid(grid, harmonics.lmax), harmonics.channels)
