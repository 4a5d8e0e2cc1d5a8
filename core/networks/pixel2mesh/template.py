# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh that is bent, with its finer levels and the graphs that features flow along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import eigsh

from ...errors import InvalidParameter
from ...mesh import FloatArray, IntArray, Mesh

ELLIPSOID = (0.08**0.5, 0.2, 0.2)
"""The half axes of the published template, in units of Pixel2Mesh; its vertices lie up to 2 % within."""


MOST_LEVELS = 5
MOST_FACES = 2_000_000
"""Of the finest level."""


_TOLERANCE = 1e-6
"""Of the residual of an eigenvector; the eigenvalue is then right to ten digits."""


@dataclass(frozen=True)
class Level:
    """One resolution. faces: (F, 3), all looking outward. edges: (E, 2) once each, in the order in which the next
    level's midpoints follow. support: (V, V) the matrix of a graph convolution."""

    faces: IntArray
    edges: IntArray
    support: sparse.csr_array

    @property
    def size(self) -> int:
        """How many vertices there are."""
        return int(self.support.shape[0])


@dataclass(frozen=True)
class Template:
    """vertices: (V, 3) of the coarsest level. levels: from coarse to fine; each has the vertices of the one before it,
    then the midpoints of its edges."""

    vertices: FloatArray
    levels: tuple[Level, ...]

    def meshes(self) -> tuple[Mesh, ...]:
        """The mesh of each level, not bent: 4 times the faces of the one before it."""
        vertices, found = self.vertices, list[Mesh]()
        for level in self.levels:
            found.append(Mesh(vertices, level.faces))
            vertices = np.concatenate([vertices, vertices[level.edges].mean(axis=1)])
        return tuple(found)


def template_of(mesh: Mesh, levels: int = 3, edges: Sequence[IntArray] = ()) -> Template:
    """A template of any closed mesh, of whatever genus, in as many levels (3 as published, at most 5).

    The order of its faces and of their corners says how finer vertices are numbered, as in the published files; edges:
    (E, 2) for the first levels, if they say it. Faces of a mesh that is inside out are turned over.

    Raises `InvalidParameter` for too many levels, for a mesh that is not closed, not oriented, or has vertices without
    faces or without a place, and for edges that are not its own.
    """
    if not 1 <= levels <= MOST_LEVELS or mesh.n_faces * 4 ** (levels - 1) > MOST_FACES:
        raise InvalidParameter(
            f"A template of {mesh.n_faces:,} faces cannot have {levels} levels.",
            f"Give 1 to {MOST_LEVELS} levels, and at most {MOST_FACES:,} faces in the last.",
        )
    _check(mesh)
    faces, count, made = np.asarray(mesh.faces, np.int64), mesh.n_vertices, list[Level]()
    turned = np.full(len(faces), _volume(mesh) < 0.0)
    for number in range(levels):
        own, sides = _sides_of(edges[number], faces, count) if number < len(edges) else edges_in_order(faces)
        outward = np.where(turned[:, None], faces[:, [0, 2, 1]], faces)
        made.append(Level(outward, own, support_of(own, count)))
        faces, turned, count = _divided(faces, sides + count), _turned(turned), count + len(own)
    return Template(np.array(mesh.vertices, np.float64), tuple(made))


def _check(mesh: Mesh) -> None:
    remedy = "Repair the mesh first, or take a sphere."
    if not mesh.n_faces:
        raise InvalidParameter("A template without faces cannot be bent.", remedy)
    if not np.isfinite(mesh.vertices).all():
        raise InvalidParameter("Vertices of the template have no place (NaN or infinite).", remedy)
    loose = mesh.n_vertices - len(np.unique(mesh.faces))
    if loose:
        raise InvalidParameter(f"{loose} vertices of the template are not part of a face.", remedy)
    sides = mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2) @ np.array([mesh.n_vertices, 1])
    back = mesh.faces[:, [[1, 0], [2, 1], [0, 2]]].reshape(-1, 2) @ np.array([mesh.n_vertices, 1])
    ordered = np.sort(sides)
    if (ordered[1:] == ordered[:-1]).any() or not np.array_equal(ordered, np.sort(back)):
        raise InvalidParameter("The template is not closed, or its faces do not agree which side is outside.", remedy)


def _volume(mesh: Mesh) -> float:
    """Six times the signed volume, positive where faces look outward."""
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] - mesh.vertices.mean(axis=0) for corner in range(3))
    return float(np.einsum("ij,ij->", np.cross(a, b), c))


def edges_in_order(faces: IntArray) -> tuple[IntArray, IntArray]:
    """Edges (E, 2) in the order in which faces (F, 3) name them, each by its sides ab, ac, bc as published; and
    (F, 3) which edges these are."""
    sides = faces[:, [[0, 1], [0, 2], [1, 2]]].reshape(-1, 2)
    _, first, inverse = np.unique(np.sort(sides, axis=1), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return sides[first[order]], rank[inverse.ravel()].reshape(-1, 3)


def _sides_of(edges: IntArray, faces: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """As `edges_in_order`, in the order that is given."""
    sides = np.sort(faces[:, [[0, 1], [0, 2], [1, 2]]], axis=2) @ np.array([count, 1])
    codes = np.sort(edges, axis=1) @ np.array([count, 1])
    order = np.argsort(codes)
    place = order[np.minimum(np.searchsorted(codes, sides, sorter=order), len(codes) - 1)]
    if 2 * len(edges) != 3 * len(faces) or not np.array_equal(codes[place], sides):
        raise InvalidParameter("The edges of a template are not those of its faces.", "Give the files of one template.")
    return edges, place


def support_of(edges: IntArray, count: int) -> sparse.csr_array:
    """(count, count) the graph's Laplacian, normalised and scaled to eigenvalues in [−1, 1]: the Chebyshev polynomial
    of first degree (Defferrard, Bresson and Vandergheynst 2016)."""
    ends = np.concatenate([edges, edges[:, ::-1]])
    degree = np.bincount(ends[:, 0], minlength=count).astype(np.float64)
    root = 1.0 / np.sqrt(np.maximum(degree, 1.0))
    values = root[ends[:, 0]] * root[ends[:, 1]]
    adjacency = sparse.csr_array((values, (ends[:, 0], ends[:, 1])), shape=(count, count))
    laplacian = sparse.eye_array(count, format="csr") - adjacency
    start = np.cos(np.arange(count) * 1.7)  # a fixed start, so that the result is the same whenever it is computed
    largest = float(eigsh(laplacian, 1, which="LM", return_eigenvectors=False, v0=start, tol=_TOLERANCE)[0])
    return sparse.csr_array(laplacian * (2.0 / largest) - sparse.eye_array(count, format="csr"))


def _divided(faces: IntArray, sides: IntArray) -> IntArray:
    """Each face in four, in the published order. sides: (F, 3) the vertices in the middle of ab, ac and bc."""
    a, b, c = faces.T
    ab, ac, bc = sides.T
    four = np.stack([[a, ab, ac], [b, ab, bc], [c, ac, bc], [ab, ac, bc]])
    return np.ascontiguousarray(four.transpose(2, 0, 1).reshape(-1, 3))


def _turned(turned: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the faces that `_divided` gives look inward: the second and the last of the four are turned over."""
    return (turned[:, None] ^ np.array([False, True, False, True])).ravel()
