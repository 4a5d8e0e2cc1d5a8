# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a cut along a loop would change, and whether it would be clean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...geometry.measure import face_cross
from ...mesh import IntArray, Mesh
from .discs import Disc, disc_area, disc_over
from .graph import SurfaceGraph
from .loops import HandleLoop
from .obstacles import Obstacles


@dataclass(frozen=True)
class Cut:
    """A loop with the disc that closes both sides after a cut along it.

    fills: the disc is outside of the solid, so that it closes a tunnel; otherwise it parts a handle.
    hits: how many faces of the disc meet the surface or each other.
    """

    loop: HandleLoop
    disc: Disc
    fills: bool
    hits: int


class Judge:
    """Looks at loops of one surface."""

    def __init__(self, mesh: Mesh, graph: SurfaceGraph, obstacles: Obstacles) -> None:
        self._vertices, self._faces = mesh.vertices, mesh.faces
        self._graph, self._obstacles = graph, obstacles
        self._cuts: dict[int, Cut] = {}

    def cost(self, loop: HandleLoop) -> float:
        """How much the cut changes: a volume, about the integral over the disc of how far it is from its loop."""
        return disc_area(self._vertices[loop.vertices]) ** 2 / loop.length

    def cut(self, loop: HandleLoop) -> Cut:
        """The loop with its disc; looked at once."""
        if id(loop) not in self._cuts:
            points = self._vertices[loop.vertices]
            disc = disc_over(points)
            inner = disc.points(points)[len(points) :]
            hits = self._obstacles.hits(loop.vertices, inner, disc.triangles)
            self._cuts[id(loop)] = Cut(loop, disc, self._outside(loop.vertices, disc), hits)
        return self._cuts[id(loop)]

    def _outside(self, loop: IntArray, disc: Disc) -> bool:
        """Whether the disc leaves the surface to the outside along most of the loop."""
        points = disc.points(self._vertices[loop])
        apex, begin, end = disc.rim()
        a, b, c = points[begin], points[end], points[apex]
        sides = self._graph.sides[self._graph.edges_between(loop[begin], loop[end])]
        one, other = self._faces[sides[:, 0]], self._faces[sides[:, 1]]
        above = [np.einsum("ni,ni->n", face_cross(self._vertices, faces), c - a) > 0 for faces in (one, other)]
        opposite = self._vertices[other.sum(axis=1) - loop[begin] - loop[end]]
        convex = np.einsum("ni,ni->n", face_cross(self._vertices, one), opposite - a) < 0
        outside = np.where(convex, above[0] | above[1], above[0] & above[1])
        length = np.linalg.norm(b - a, axis=1)
        return bool(length[outside].sum() > 0.5 * length.sum())
