# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh that is bent, with its finer levels and the graphs that features flow along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigsh

from ...errors import InvalidParameter
from ...mesh import FloatArray, IntArray, Mesh

ELLIPSOID = (0.276, 0.194, 0.199)
"""The half axes of the published template, in units of Pixel2Mesh."""


@dataclass(frozen=True)
class Level:
    """One resolution. faces: (F, 3). edges: (E, 2) once each, in the order in which the next level's midpoints follow.
    support: (V, V) the matrix of a graph convolution."""

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


def template_of(mesh: Mesh, levels: int = 3) -> Template:
    """A template of any closed mesh. Raises `InvalidParameter` for no levels, or a mesh without faces."""
    if levels < 1 or not mesh.n_faces:
        raise InvalidParameter(
            f"A template of {mesh.n_faces} faces with {levels} levels cannot be.", "Give at least one of both."
        )
    faces, count, made = np.asarray(mesh.faces, np.int64), mesh.n_vertices, list[Level]()
    for _ in range(levels):
        edges, sides = edges_in_order(faces)
        made.append(Level(faces, edges, support_of(edges, count)))
        faces, count = _divided(faces, sides + count), count + len(edges)
    return Template(np.asarray(mesh.vertices, np.float64), tuple(made))


def edges_in_order(faces: IntArray) -> tuple[IntArray, IntArray]:
    """Edges (E, 2) in the order in which faces (F, 3) name them, each by its sides ab, ac, bc as published; and
    (F, 3) which edges these are."""
    sides = faces[:, [[0, 1], [0, 2], [1, 2]]].reshape(-1, 2)
    _, first, inverse = np.unique(np.sort(sides, axis=1), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return sides[first[order]], rank[inverse.ravel()].reshape(-1, 3)


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
    largest = float(eigsh(laplacian, 1, which="LM", return_eigenvectors=False, v0=start)[0])
    return sparse.csr_array(laplacian * (2.0 / largest) - sparse.eye_array(count, format="csr"))


def _divided(faces: IntArray, sides: IntArray) -> IntArray:
    """Each face in four. sides: (F, 3) the vertices in the middle of ab, ac and bc."""
    a, b, c = faces.T
    ab, ac, bc = sides.T
    four = np.stack([[a, ab, ac], [b, ab, bc], [c, ac, bc], [ab, ac, bc]])
    four = four[:, [0, 1, 2]]
    return np.ascontiguousarray(four.transpose(2, 0, 1).reshape(-1, 3))
