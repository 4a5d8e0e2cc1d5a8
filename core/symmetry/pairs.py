# SPDX-License-Identifier: GPL-3.0-or-later
"""Partners of vertices by how a mesh hangs together, so that a posed or dented shape keeps its left and right.

A mirror symmetry of a mesh turns faces over: the half-edge a → b goes to the one from b's partner to a's. So it takes
`next` to `previous` and the half-edge across an edge to the one across the image, and one pair of half-edges decides
the partners of a whole connected part. Where to start comes from the plane: where mirror images fit best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, silent
from .elements import Plane

_TRIES = 24
"""Starts that are tried in each connected part."""
_PARTS = 6
"""Other connected parts that one is compared with."""
_SURE = 0.1
"""A mirror image this near to a vertex, in edge lengths, is that vertex; most partners must agree with those."""
_NONE = -1


@dataclass(frozen=True)
class Partners:
    """vertex: (V,) the partner of each vertex. corner: (C,) that of each corner of the polygons (or triangles)."""

    vertex: IntArray
    corner: IntArray


def mirror_partners(
    mesh: Mesh, plane: Plane, polygons: Sequence[IntArray] | None = None, progress: Progress = silent
) -> Partners:
    """The partners under the mirror symmetry of the mesh's connectivity that is nearest to the plane.

    polygons: (corner vertices (C,), start of each polygon (P,)) where the triangles of `mesh` were cut from polygons,
    whose diagonals need not mirror each other. A vertex without faces is the partner of the nearest one.

    Raises `InvalidParameter` where the connectivity has no such symmetry.
    """
    corner = mesh.faces.ravel() if polygons is None else np.asarray(polygons[0], dtype=np.int64)
    start = 3 * np.arange(mesh.n_faces) if polygons is None else np.asarray(polygons[1], dtype=np.int64)
    edges = _HalfEdges(corner, start, mesh.n_vertices)
    mirrored = plane.reflect(mesh.vertices)
    image = _Search(edges, mesh.vertices, mirrored).run(progress)
    nearest = cKDTree(mesh.vertices).query(mirrored)[1]
    partner = np.asarray(nearest, dtype=np.int64).copy()
    partner[edges.tail] = edges.head[image]  # a → b goes to the half-edge from b's partner to a's
    if not np.array_equal(partner[edges.tail], edges.head[image]) or (partner[partner[corner]] != corner).any():
        raise _no_symmetry()
    lone = np.setdiff1d(np.arange(mesh.n_vertices), corner)
    unsure = lone[partner[partner[lone]] != lone]
    partner[unsure] = unsure
    return Partners(partner, edges.next[image])


def _no_symmetry() -> InvalidParameter:
    return InvalidParameter(
        "The vertices and faces of the two halves do not correspond.",
        "Use geometry instead, which cuts one half off, or choose another plane.",
    )


class _HalfEdges:
    """Half-edges of polygons: tail, head, next, previous, and the one across (C,), -1 at borders and bad edges."""

    def __init__(self, corner: IntArray, start: IntArray, n_vertices: int) -> None:
        count = len(corner)
        self.next = np.arange(1, count + 1)
        self.next[np.append(start[1:], count) - 1] = start
        self.previous = np.empty(count, dtype=np.int64)
        self.previous[self.next] = np.arange(count)
        self.tail, self.head = corner, corner[self.next]
        self.size = n_vertices
        self._key = self.tail * n_vertices + self.head
        self._order = np.argsort(self._key, kind="stable")
        self.across = self.find(self.head, self.tail)
        back = np.where(self.across >= 0, self.across[self.across], _NONE)
        self.across[back != np.arange(count)] = _NONE

    def find(self, tail: IntArray, head: IntArray) -> IntArray:
        """The half-edge from each tail to each head, or -1."""
        if not len(self._key):
            return np.full(len(tail), _NONE)
        sought, keys = tail * self.size + head, self._key[self._order]
        at = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)
        return np.where(keys[at] == sought, self._order[at], _NONE)


class _Search:
    """Spreads a guess for one half-edge over its connected part, and takes it back where it does not fit."""

    def __init__(self, edges: _HalfEdges, vertices: FloatArray, mirrored: FloatArray) -> None:
        self.edges, self.vertices, self.mirrored = edges, vertices, mirrored
        self.length = np.linalg.norm(vertices[edges.head] - vertices[edges.tail], axis=1)
        self.image = np.full(len(edges.tail), _NONE)
        ones = np.ones(len(edges.tail), dtype=bool)
        graph = sparse.coo_matrix((ones, (edges.tail, edges.head)), shape=(len(vertices), len(vertices)))
        label = connected_components(graph, directed=False)[1][edges.tail]
        order = np.argsort(label, kind="stable")
        self.parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)

    def run(self, progress: Progress) -> IntArray:
        """(C,) the image of each half-edge. Raises `InvalidParameter` where there is none."""
        tail = self.edges.tail
        centres = np.array([self.vertices[tail[part]].mean(axis=0) for part in self.parts])
        for part in sorted(self.parts, key=len, reverse=True):
            if (self.image[part] != _NONE).any():
                continue
            progress(float((self.image != _NONE).mean()), "Pairing the vertices")
            centre = self.mirrored[tail[part]].mean(axis=0)
            likely = np.argsort(np.linalg.norm(centres - centre, axis=1), kind="stable")
            alike = [k for k in likely if len(self.parts[k]) == len(part) and self._is_free(self.parts[k])][:_PARTS]
            # Where it is, then moved onto the centre of the other part, in case that one has been moved.
            tries = ((k, shift) for shift in (False, True) for k in alike)
            best: tuple[float, IntArray] = (np.inf, part)
            for k, shift in tries:
                best = min(best, self._try(part, self.parts[k], (centres[k] - centre) * shift), key=lambda one: one[0])
                if best[0] == 0.0:
                    break
            if not np.isfinite(best[0]):
                raise _no_symmetry()
            self.image[part] = best[1]
            self.image[best[1]] = part
        return self.image

    def _is_free(self, part: IntArray) -> bool:
        return bool(self.image[part[0]] == _NONE)

    def _try(self, part: IntArray, other: IntArray, shift: FloatArray) -> tuple[float, IntArray]:
        """(how badly it fits, the images of the half-edges of `part`, among those of `other`).

        0 where most vertices have their partner exactly where their mirror image is; infinite where nothing fits.
        """
        edges, goals = self.edges, np.unique(self.edges.tail[other])
        tails = np.unique(edges.tail[part])
        distance, found = cKDTree(self.vertices[goals]).query(self.mirrored[tails] + shift)
        nearest = np.full(len(self.vertices), _NONE)
        nearest[tails] = goals[found]
        guess = edges.find(nearest[edges.head[part]], nearest[edges.tail[part]])
        near = np.zeros(len(self.vertices))
        near[tails] = distance
        cost = np.where(guess >= 0, near[edges.head[part]] + near[edges.tail[part]], np.inf)
        order = np.argsort(cost, kind="stable")[: int(np.isfinite(cost).sum())]
        # The best, and then ever farther down: bad starts come in clusters.
        places = np.unique(np.minimum(np.arange(_TRIES) ** 2, len(order) - 1)) if len(order) else []
        sure = near[edges.tail[part]] < _SURE * self.length[part]
        for start in (order[k] for k in places):
            image = self._spread(int(part[start]), int(guess[start]))
            if image is None:
                continue
            agree = edges.head[image[part[sure]]] == nearest[edges.tail[part[sure]]]
            if not sure.any():
                gap = self.mirrored[edges.tail[part]] + shift - self.vertices[edges.head[image[part]]]
                return float(np.linalg.norm(gap, axis=1).mean()), image[part]
            if agree.mean() > 0.5:
                return 0.0, image[part]
        return np.inf, part

    def _spread(self, start: int, image_of_start: int) -> IntArray | None:
        """(C,) the images that follow from one, or None where they contradict each other."""
        edges, image = self.edges, np.full(len(self.image), _NONE)
        taken: NDArray[np.bool_] = np.zeros(len(image), dtype=bool)
        front, goal = np.array([start]), np.array([image_of_start])
        while len(front):
            if taken[goal].any() or len(np.unique(goal)) < len(goal):
                return None
            image[front], taken[goal] = goal, True
            across, beyond = edges.across[front], edges.across[goal]
            if ((across == _NONE) != (beyond == _NONE)).any():
                return None
            inner = across != _NONE
            reached = np.concatenate([edges.next[front], edges.previous[front], across[inner]])
            wanted = np.concatenate([edges.previous[goal], edges.next[goal], beyond[inner]])
            known = image[reached] != _NONE
            if (image[reached[known]] != wanted[known]).any():
                return None
            reached, wanted = reached[~known], wanted[~known]
            front, first, inverse = np.unique(reached, return_index=True, return_inverse=True)
            goal = wanted[first]
            if (goal[inverse.ravel()] != wanted).any():
                return None
        return image
