# SPDX-License-Identifier: GPL-3.0-or-later
"""Caps over the boundary loops of a surface: small and even triangles that continue it where they can.

Each cap is a triangulation of its loop (see `polygons`), refined to the density around (`patches`) and faired
(`fairing`). Caps that touch the surface or each other are replaced by flatter and simpler ones (`shapes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...mesh import FloatArray, IntArray, Mesh
from ..traced import BoolArray
from . import shapes
from .clearance import touching
from .openings import openings, ring
from .rims import Rim, rims_of
from .shapes import Patch, Patches

_LONGEST_FAN = 1000  # over more corners, triangles of a fan are so long that they are slow to test


@dataclass(frozen=True)
class Caps:
    """New vertices and faces that close loops.

    vertices: (n, 3), numbered from the mesh's number of vertices on.
    faces: (m, 3) on the mesh's vertices and the new ones.
    owner: (m,) the loop that each face closes, the outer one for faces of a ring.
    touching: (L,) whether the cap of a loop touches or passes through the surface or another cap, has faces without
        area, or has an edge that two other faces have already: no shape was found that does not.
    closed: (L,) whether a loop is closed by faces, be it together with others.
    """

    vertices: FloatArray
    faces: IntArray
    owner: IntArray
    touching: BoolArray
    closed: BoolArray


def cap_loops(mesh: Mesh, loops: Sequence[IntArray], *, smooth: bool = True) -> Caps:
    """Close each loop (n,) of boundary vertices in order, by faces that agree with those across its edges.

    A loop may run either way. Where the mesh has a face with the edge from loop[i] to loop[i + 1], the cap has the
    edge from loop[i + 1] to loop[i]; where it has none at all, the cap has loop[i] to loop[i + 1]. A loop that passes
    a vertex twice is closed in pieces; pieces of fewer than three vertices need no faces.

    smooth: whether caps get new vertices, to follow the surface; otherwise only triangles on the loop's vertices,
    where those can do. Loops of one opening (see `openings`), such as both ends of a pipe's wall, are closed by one
    ring, unless that cannot be without faults. Flat loops at a sharp edge, such as a missing lid, get flat caps.
    Loops may share vertices, but not edges. The result is the same for the same input, whatever else is capped at
    once, unless caps touch.
    """
    single = rims_of(mesh, loops)
    groups = openings(single)
    best = _best(mesh, single, groups, smooth=smooth)
    failed = {i for i in best.pending if len(groups[i]) > 1}
    if failed:
        parted = [part for i, group in enumerate(groups) for part in ([[j] for j in group] if i in failed else [group])]
        other = _best(mesh, single, parted, smooth=smooth)
        best = min(best, other, key=lambda found: found.n_faults)
    return best.caps(len(loops))


def _best(mesh: Mesh, single: list[Rim], groups: list[list[int]], *, smooth: bool) -> _Best:
    best = _Best(mesh, [ring([single[i] for i in group]) if len(group) > 1 else single[group[0]] for group in groups])
    for offer in _offers(best, smooth=smooth):
        best.take(offer)
        if not best.pending:
            break
    return best


def _offers(best: _Best, *, smooth: bool) -> Iterator[Patches]:
    """Caps for the rims that have none without faults yet, from the most beautiful to the simplest."""
    rims = best.rims
    if smooth:
        fine = {i: patch for i in best.pending if (patch := shapes.refined(rims[i])) is not None}
        tight = shapes.tight(best.mesh, rims, fine)
        curved = shapes.curved(best.mesh, rims, tight)
        yield curved
        yield {i: shapes.between(tight[i], curved[i]) for i in best.pending if i in curved}
        yield {i: tight[i] for i in best.pending if i in tight}
    for options in ({"angles": True}, {"angles": True, "even": False}, {"angles": False}):
        chosen = [i for i in best.pending if shapes.is_long(rims[i]) or "even" not in options]
        raw = {i: shapes.plain(rims[i], **options) for i in chosen}
        yield {i: patch for i, patch in raw.items() if patch is not None}
    short = (i for i in best.pending if i not in best.patches or len(rims[i].points) <= _LONGEST_FAN)
    yield {i: patch for i in short if (patch := shapes.fan(rims[i])) is not None}


class _Best:
    """The caps chosen so far, and the rims that still wait for one without faults."""

    def __init__(self, mesh: Mesh, rims: list[Rim]) -> None:
        self.mesh, self.rims = mesh, rims
        self._around = np.unique(np.concatenate([rim.around for rim in rims]), axis=0) if rims else mesh.faces[:0]
        self.pending = list(range(len(rims)))
        self.patches: dict[int, Patch] = {}
        self._faults = np.full(len(rims), np.iinfo(np.int64).max)

    def take(self, offer: Patches) -> None:
        """Keep the offered patches that have fewer faults than those before; rims without faults wait no more."""
        if not offer:
            return
        waiting = set(self.pending)
        settled = {i: patch for i, patch in self.patches.items() if i not in waiting}
        points, faces, _ = _assembled(self.mesh.n_vertices, self.rims, settled)
        vertices = np.concatenate([self.mesh.vertices, points])
        points, new, owner = _assembled(len(vertices), self.rims, offer)
        hit = touching(np.concatenate([vertices, points]), [self.mesh.faces, faces], new)
        hit |= _crowded(np.concatenate([self._around, faces]), new)
        faults = np.bincount(owner[hit], minlength=len(self.rims))
        for i, patch in offer.items():
            if faults[i] < self._faults[i]:
                self._faults[i], self.patches[i] = faults[i], patch
        self.pending = np.flatnonzero(self._faults > 0).tolist()

    @property
    def n_faults(self) -> int:
        """Faces at fault in all chosen caps; rims without a cap count as very many."""
        return int(np.minimum(self._faults, 10**9).sum())

    def caps(self, n_loops: int) -> Caps:
        """The chosen caps, in the order of the loops."""
        ordered = {i: self.patches[i] for i in sorted(self.patches)}
        points, faces, rim = _assembled(self.mesh.n_vertices, self.rims, ordered)
        outer = np.array([r.owners[0] for r in self.rims], np.int64)
        at_fault, closed = np.zeros(n_loops, dtype=bool), np.zeros(n_loops, dtype=bool)
        at_fault[[loop for i in self.pending for loop in self.rims[i].owners]] = True
        closed[[loop for i in ordered for loop in self.rims[i].owners]] = True
        return Caps(points, faces, outer[rim], at_fault, closed)


def _assembled(n_vertices: int, rims: list[Rim], patches: Patches) -> tuple[FloatArray, IntArray, IntArray]:
    """New points, numbered from `n_vertices` on, the faces of all patches, and the rim of each face."""
    points, faces, owner = [np.zeros((0, 3))], [np.zeros((0, 3), np.int64)], [np.zeros(0, np.int64)]
    for i, patch in patches.items():
        n = len(rims[i].vertices)
        inner = np.arange(n_vertices, n_vertices + len(patch.points) - n)
        n_vertices += len(inner)
        points.append(patch.points[n:])
        faces.append(np.concatenate([rims[i].vertices, inner])[patch.triangles])
        owner.append(np.full(len(patch.triangles), i))
    return np.concatenate(points), np.concatenate(faces), np.concatenate(owner)


def _crowded(faces: IntArray, new: IntArray) -> BoolArray:
    """(m,) which new faces have an edge that at least two other faces, old or new, have too."""
    every = np.concatenate([new, faces])
    low, high = (f(every, np.roll(every, -1, axis=1)) for f in (np.minimum, np.maximum))
    _, edge, uses = np.unique(low * (int(high.max(initial=0)) + 1) + high, return_inverse=True, return_counts=True)
    crowded: BoolArray = (uses[edge.reshape(-1, 3)[: len(new)]] > 2).any(axis=1)
    return crowded
