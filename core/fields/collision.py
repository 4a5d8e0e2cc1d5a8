# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two bodies touch, and how deep one is in the other.

The deepest point of one surface in the field of the other is found by dividing triangles: a distance changes by at most
1 over a length of 1, so a triangle cannot hold a point that is deeper than the best one known unless the value at its
middle is near enough. What cannot is left out; what can is cut in four.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..alignment.similarity import Similarity, proper_rotation
from ..errors import InvalidParameter
from ..mesh import FloatArray, Mesh
from .extraction import Extraction
from .field import DistanceField, Field, MeshField, as_field, checked_points
from .operations import placed

COARSE = Extraction(64, 2)
"""How the surface of a field is found that is no mesh, where nothing else is said."""

_ROUNDS, _MOST, _CLOSE = 14, 1024, 1e-5
"""How often triangles are cut at most, how many at once, and how much deeper a point must be to be looked for, relative
to the size of the surface. What lies flat on the other body has many points of one depth, of which some are enough."""

_RIGID = 1e-6
"""How far a matrix may be from a similarity, relative to its scale."""


@dataclass(frozen=True, eq=False)
class Collision:
    """What two bodies have to do with each other, in the place of the first.

    distance: between the surfaces, negative as deep as they are in each other (as far as one has to be moved out, at
    least). depth: that as a positive number, 0 where they are apart. points (N, 3): the deepest point, and then that
    corner or middle of each triangle in the other body which is deepest, deepest first; without any contact the one
    point that is nearest. normals (N, 3): the way out of the first body there, along which the second is to be pushed.
    depths (N,): of these points, negative for one that is outside.
    """

    distance: float
    depth: float
    points: FloatArray
    normals: FloatArray
    depths: FloatArray

    @property
    def touching(self) -> bool:
        """Whether the bodies are in each other."""
        return self.depth > 0.0


def distance_and_normal(shape: DistanceField | Mesh, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(distance (N,), normal (N, 3)) of points (N, 3): negative inside, and the unit direction outward.

    The normal is zero where there is none, as at the middle of a ball. Raises `InvalidMesh` for points that are no
    numbers, and for a mesh that has no inside.
    """
    field, points = as_field(shape), checked_points(points)
    return field.distance(points), _unit(field.gradient(points))


def collide(
    a: DistanceField | Mesh,
    b: DistanceField | Mesh,
    transform: FloatArray | Similarity | None = None,
    extraction: Extraction | None = None,
) -> Collision:
    """How deep body `b`, moved by `transform`, is in body `a`.

    transform: (4, 4) or a `Similarity`, from the coordinates of `b` to those of `a`; None for the same. extraction: how
    the surface of a field that is no mesh is found; by default `COARSE`. Raises `InvalidParameter` for a transform that
    stretches, and for a field without an end.
    """
    first, second = as_field(a), as_field(b)
    move = transform if isinstance(transform, Similarity) else similarity_of(transform)
    theirs, ours = _surface(second, extraction), _surface(first, extraction)
    there = placed(second, move)
    found = [_deepest(first, move.apply_to(theirs)), _deepest(there, ours)]
    points = np.concatenate([found[0][0], found[1][0]])
    depths = np.concatenate([found[0][1], found[1][1]])
    normals = np.concatenate([_unit(first.gradient(found[0][0])), -_unit(there.gradient(found[1][0]))])
    inside = np.flatnonzero(depths > 0.0)
    kept = inside[np.argsort(-depths[inside], kind="stable")] if len(inside) else np.array([int(np.argmax(depths))])
    distance = -float(depths[kept[0]])
    return Collision(distance, max(-distance, 0.0), points[kept], normals[kept], depths[kept])


def similarity_of(matrix: FloatArray | None) -> Similarity:
    """A matrix (4, 4) as a similarity. Raises `InvalidParameter` for one that stretches, mirrors or is no number."""
    if matrix is None:
        return Similarity.identity()
    given = np.asarray(matrix, np.float64)
    usable = given.shape == (4, 4) and bool(np.isfinite(given).all())
    determinant = float(np.linalg.det(given[:3, :3])) if usable else 0.0
    if determinant > 0.0:
        scale = float(np.cbrt(determinant))
        rotation = proper_rotation(given[:3, :3] / scale)
        if np.abs(given[:3, :3] - scale * rotation).max() <= _RIGID * scale:
            return Similarity(rotation, scale, given[:3, 3])
    raise InvalidParameter(
        "Distances do not survive this transform: it stretches, mirrors or collapses.",
        "Give a matrix (4, 4) that turns, moves and scales evenly, or move the vertices of the mesh.",
    )


def _surface(field: Field, extraction: Extraction | None) -> Mesh:
    return field.source if isinstance(field, MeshField) else field.mesh(extraction or COARSE)


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0.0)


def _deepest(field: Field, mesh: Mesh) -> tuple[FloatArray, FloatArray]:
    """(points (n, 3), depths (n,)): the deepest point, then one of each triangle that is in the field."""
    values = field.distance(mesh.vertices)
    corners, middles = mesh.vertices[mesh.faces], mesh.vertices[mesh.faces].mean(axis=1)
    known = np.column_stack([values[mesh.faces], field.distance(middles)])
    places = np.concatenate([corners, middles[:, None]], axis=1)
    row, best = np.arange(len(known)), known.argmin(axis=1)
    points, lowest = places[row, best], known[row, best]
    start = int(lowest.argmin())
    point, value = _divide(field, corners, known[:, 3], points[start], float(lowest[start]), _CLOSE * mesh.diagonal)
    inside = lowest < 0.0
    return np.concatenate([point[None], points[inside]]), -np.concatenate([[value], lowest[inside]])


def _divide(
    field: Field, corners: FloatArray, middle: FloatArray, point: FloatArray, value: float, close: float
) -> tuple[FloatArray, float]:
    """(point (3,), value): the lowest of a field on triangles (n, 3, 3) with the values `middle` (n,) at their middles.

    point, value: the lowest so far. close: how much lower it must be to be looked for.
    """
    for _ in range(_ROUNDS):
        reach = np.linalg.norm(corners - corners.mean(axis=1, keepdims=True), axis=2).max(axis=1)
        bound = middle - field.steepness * reach
        kept = np.flatnonzero(bound < value - close)
        if not len(kept):
            break
        kept = kept[np.argsort(bound[kept], kind="stable")[:_MOST]]
        corners = _quartered(corners[kept])
        places = corners.mean(axis=1)
        middle = field.distance(places)
        lowest = int(middle.argmin())
        if middle[lowest] < value:
            point, value = places[lowest], float(middle[lowest])
    return point, value


def _quartered(corners: FloatArray) -> FloatArray:
    """(4 n, 3, 3) triangles (n, 3, 3), each cut in four at the middles of its edges."""
    a, b, c = np.moveaxis(corners, 1, 0)
    ab, bc, ca = 0.5 * (a + b), 0.5 * (b + c), 0.5 * (c + a)
    parts = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    return np.concatenate([np.stack(part, axis=1) for part in parts])
