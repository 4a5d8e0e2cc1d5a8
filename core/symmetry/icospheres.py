# SPDX-License-Identifier: GPL-3.0-or-later
"""Icospheres that are their own mirror images in the three coordinate planes, numbered as symmetric MCMR numbers them.

The vertices of the icosahedron are the cyclic permutations of (0, ±1, ±φ), so x, y and z → −x, −y and −z map it to
itself. Networks that were trained with that numbering keep their outputs in it: order of vertices, of faces, and of
the vertices of a subdivision all matter.
"""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..geometry.subdivide import midpoint_subdivide
from ..mesh import FloatArray, IntArray, Mesh

LARGEST_LEVEL = 128
LARGEST_SIZE = 1_000_000
"""Most vertices of a template."""

_GOLDEN = (1.0 + np.sqrt(5.0)) / 2.0
_CORNERS = np.array(
    [
        *([sx, sy * _GOLDEN, 0.0] for sy in (1.0, -1.0) for sx in (-1.0, 1.0)),
        *([0.0, sy, sz * _GOLDEN] for sz in (1.0, -1.0) for sy in (-1.0, 1.0)),
        *([sx * _GOLDEN, 0.0, sz] for sx in (1.0, -1.0) for sz in (-1.0, 1.0)),
    ]
)
_FACES = np.array(
    [
        [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11], [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6],
        [7, 1, 8], [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9], [4, 9, 5], [2, 4, 11], [6, 2, 10],
        [8, 6, 7], [9, 8, 1],
    ]
)  # fmt: skip
_EDGES = np.array(
    [
        [5, 9], [10, 11], [0, 7], [8, 9], [0, 10], [6, 7], [4, 9], [6, 10], [1, 5], [0, 11], [7, 10], [3, 6], [3, 4],
        [2, 6], [5, 11], [4, 5], [2, 10], [3, 9], [0, 5], [1, 9], [2, 3], [4, 11], [0, 1], [6, 8], [2, 11], [3, 8],
        [1, 8], [1, 7], [7, 8], [2, 4],
    ]
)  # fmt: skip
"""The edges in the order in which their points are numbered. It follows no rule that one could write down."""


def mirror_icosphere(level: int, subdivisions: int = 0) -> Mesh:
    """The icosphere with edges in `level` parts on the unit sphere, then cut in four `subdivisions` times.

    10 level² + 2 vertices: corners, points of the edges, points inside the faces. Points are spaced evenly on the flat
    icosahedron and then moved to the sphere; those of a subdivision are at the middles of straight edges, inside the
    sphere, and come after the old ones in lexicographic order of their edges.

    Raises `InvalidParameter` for a level outside 1 … 128, a negative number of subdivisions, or too many vertices.
    """
    _check(level, subdivisions)
    flat, faces = _flat(level)
    mesh = Mesh(flat / np.sqrt(np.einsum("ij,ij->i", flat, flat))[:, None], faces)
    for _ in range(subdivisions):
        mesh = _subdivided(mesh)
    return mesh


def _check(level: int, subdivisions: int) -> None:
    if not 1 <= level <= LARGEST_LEVEL:
        raise InvalidParameter(
            f"A template of level {level} is out of range.", f"Give a level from 1 to {LARGEST_LEVEL}."
        )
    if subdivisions < 0:
        raise InvalidParameter("The number of subdivisions is negative.", "Give 0 or more.")
    if 10 * (level * 2 ** min(subdivisions, 40)) ** 2 > LARGEST_SIZE:
        raise InvalidParameter(
            "The template would have more than a million vertices.", "Give a lower level or fewer subdivisions."
        )


def _flat(n: int) -> tuple[FloatArray, IntArray]:
    """The subdivided icosahedron, not yet on the sphere."""
    share = np.linspace(1.0 / n, 1.0, n - 1, endpoint=False)[:, None]
    first, last = _CORNERS[_EDGES[:, 0]], _CORNERS[_EDGES[:, 1]]
    along = (1.0 - share) * first[:, None] + share * last[:, None]
    row, column = (index + 1 for index in np.nonzero(np.add.outer(np.arange(n - 1), np.arange(n - 1)) < n - 2))
    inside = _inside(row / n, column / n)
    points = np.concatenate([_CORNERS, along.reshape(-1, 3), inside.reshape(-1, 3)])

    place = np.zeros((len(_FACES), n + 1, n + 1), dtype=np.int64)
    place[:, 0, 0], place[:, 0, n], place[:, n, 0] = _FACES.T
    steps = np.arange(1, n)
    place[:, 0, 1:n] = _edge_points(_FACES[:, [0, 1]], n)
    place[:, 1:n, 0] = _edge_points(_FACES[:, [0, 2]], n)
    place[:, steps, n - steps] = _edge_points(_FACES[:, [1, 2]], n)
    start = len(_CORNERS) + len(_EDGES) * (n - 1)
    place[:, row, column] = start + np.arange(len(_FACES) * len(row)).reshape(len(_FACES), -1)
    return points, _triangles(place, n)


def _inside(row: FloatArray, column: FloatArray) -> FloatArray:
    """(20, N, 3) points with weights 1 − row − column, column and row of the three corners of each face.

    The order of the operations decides the signs of zeros that rounding leaves, which tables as published depend on.
    """
    a, b, c = (_CORNERS[_FACES[:, [k]]] for k in range(3))
    weight = 1.0 - row - column
    return np.asarray(weight[:, None] * a + column[:, None] * b + row[:, None] * c)


def _edge_points(ends: IntArray, n: int) -> IntArray:
    """(F, n − 1) numbers of the points between two corners (F, 2), from the first to the second."""
    sought = np.sort(ends, axis=1)
    edge = np.argmax((_EDGES[None] == sought[:, None]).all(axis=2), axis=1)
    forward = ends[:, [0]] < ends[:, [1]]
    step = np.where(forward, np.arange(n - 1), np.arange(n - 1)[::-1])
    return np.asarray(len(_CORNERS) + edge[:, None] * (n - 1) + step)


def _triangles(place: IntArray, n: int) -> IntArray:
    """(20 n², 3) row by row: those that stand, then those that hang between them."""
    rows = []
    for i in range(n):
        stand, hang = np.arange(n - i), np.arange(n - i - 1)
        rows.append(np.stack([place[:, i, stand], place[:, i, stand + 1], place[:, i + 1, stand]], axis=2))
        rows.append(np.stack([place[:, i, hang + 1], place[:, i + 1, hang + 1], place[:, i + 1, hang]], axis=2))
    return np.concatenate(rows, axis=1).reshape(-1, 3)


def _subdivided(mesh: Mesh) -> Mesh:
    """`midpoint_subdivide` with the faces in the other order: the three corners of all, then the middles."""
    fine = midpoint_subdivide(mesh)
    middle, a, b, c = fine.faces.reshape(4, -1, 3)
    faces = np.concatenate([a, np.roll(b, -1, axis=1), np.roll(c, 1, axis=1), np.roll(middle, -1, axis=1)])
    return Mesh(fine.vertices, faces)
