# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a cut along a loop would change, and whether it would be clean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...geometry.measure import face_cross
from ...mesh import IntArray, Mesh
from .discs import Disc, disc_over
from .loops import HandleLoop, SurfaceGraph
from .obstacles import Obstacles

_UNWANTED = 1e6
"""How much worse a cut counts where a filling is wanted, and the other way round."""


@dataclass(frozen=True)
class Candidate:
    """A loop with the disc that closes both sides after a cut along it.

    cost: a volume: the integral over the disc of how far it is from the surface, roughly.
    fills: the disc is outside of the solid, so that it closes a tunnel; otherwise it parts a handle.
    hits: how many faces of the disc meet the surface or each other; −1 before the second look.
    """

    loop: HandleLoop
    disc: Disc
    cost: float
    fills: bool
    hits: int = -1

    @property
    def clean(self) -> bool:
        """Whether the disc meets nothing but its loop."""
        return self.hits == 0


class Judge:
    """Measures loops of one surface."""

    def __init__(self, mesh: Mesh, graph: SurfaceGraph, obstacles: Obstacles, prefer: str) -> None:
        self._vertices, self._faces = mesh.vertices, mesh.faces
        self._graph, self._obstacles, self._prefer = graph, obstacles, prefer
        self._position = np.full(mesh.n_vertices, -1)

    def first_look(self, loop: HandleLoop) -> Candidate:
        """The loop with its disc and the cost of it."""
        points = self._vertices[loop.vertices]
        disc = disc_over(points, self._chords(loop.vertices))
        area = float(0.5 * np.linalg.norm(face_cross(disc.all_points(points), disc.triangles), axis=1).sum())
        fills = self._outside(loop.vertices, disc)
        unwanted = (self._prefer == "cut" and fills) or (self._prefer == "fill" and not fills)
        return Candidate(loop, disc, area * area / loop.length * (_UNWANTED if unwanted else 1.0), fills)

    def second_look(self, candidate: Candidate) -> Candidate:
        """The same, having looked whether its disc meets anything."""
        if candidate.hits >= 0:
            return candidate
        loop = candidate.loop.vertices
        inner = candidate.disc.all_points(self._vertices[loop])[len(loop) :]
        return replace(candidate, hits=self._obstacles.hits(loop, inner, candidate.disc.triangles))

    def _chords(self, loop: IntArray) -> IntArray:
        """(n, 2) places i < j on the loop that an edge of the surface joins, beside those of the loop."""
        edges = self._graph.edges[self._graph.at(loop)]
        self._position[loop] = np.arange(len(loop))
        ends = np.sort(self._position[edges], axis=1)
        self._position[loop] = -1
        ends = np.unique(ends[ends[:, 0] >= 0], axis=0)
        step = ends[:, 1] - ends[:, 0]
        return ends[(step > 1) & (step < len(loop) - 1)]

    def _outside(self, loop: IntArray, disc: Disc) -> bool:
        """Whether the disc leaves the surface to the outside, by the length of the loop where it does."""
        points = disc.all_points(self._vertices[loop])
        apex, begin, end = disc.rim()
        a, b, c = points[begin], points[end], points[apex]
        sides = self._graph.sides[self._graph.edges_between(loop[begin], loop[end])]
        other = self._faces[sides].sum(axis=2) - (loop[begin] + loop[end])[:, None]
        normal = (
            face_cross(self._vertices, self._faces[sides[:, 0]]),
            face_cross(self._vertices, self._faces[sides[:, 1]]),
        )
        above = [np.einsum("ni,ni->n", n, c - a) > 0 for n in normal]
        convex = np.einsum("ni,ni->n", normal[0], self._vertices[other[:, 1]] - a) < 0
        outside = np.where(convex, above[0] | above[1], above[0] & above[1])
        length = np.linalg.norm(b - a, axis=1)
        return bool(length[outside].sum() > 0.5 * length.sum())
