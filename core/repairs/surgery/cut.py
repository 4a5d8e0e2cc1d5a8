# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting a closed surface along loops, and closing both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray, Mesh
from ...topology.components import component_labels
from ..traced import Traced
from .candidates import Cut
from .obstacles import Obstacles


@dataclass(frozen=True)
class Opened:
    """A surface cut along simple loops that do not meet.

    faces (F, 3): the right side of each loop, in its direction, on new vertices from `n_vertices` on.
    origin (n,): of which vertex each new one is a copy, loop after loop, in the order of the loops.
    """

    faces: IntArray
    origin: IntArray


def cut_open(faces: IntArray, loops: list[IntArray], n_vertices: int) -> Opened:
    """Cut a closed, oriented manifold along loops of vertices (n,), which run along edges and do not meet."""
    origin = np.concatenate(loops)
    number = np.full(n_vertices, -1)
    number[origin] = np.arange(len(origin))
    following = np.concatenate([np.roll(loop, -1) for loop in loops])
    near = np.flatnonzero((number[faces] >= 0).any(axis=1))
    small = faces[near]
    table = edge_table(small)
    # Corner c of face f is item f + n c. Corners at one vertex belong together across edges that are not cut.
    n = len(near)
    pairs = np.flatnonzero(table.count == 2)
    a, b = table.vertices[pairs].T
    on_loop = ((number[a] >= 0) & (following[number[a]] == b)) | ((number[b] >= 0) & (following[number[b]] == a))
    one, other = (table.order[table.start[pairs[~on_loop]] + side] for side in (0, 1))
    one_head, other_head = ((half + n) % (3 * n) for half in (one, other))
    label = component_labels(3 * n, np.concatenate([one, one_head]), np.concatenate([other_head, other]))
    # Half-edges against the direction of the loop lie on its right side; so does the fan at their head.
    tail, head = small.T.ravel(), np.roll(small, -1, axis=1).T.ravel()
    against = np.flatnonzero((number[head] >= 0) & (following[number[head]] == tail))
    right = np.zeros(3 * n, bool)
    right[label[(against + n) % (3 * n)]] = True
    turn = right[label] & (number[tail] >= 0)
    renamed = tail.copy()
    renamed[turn] = n_vertices + number[tail[turn]]
    opened = faces.copy()
    opened[near] = renamed.reshape(3, n).T
    return Opened(opened, origin)


@dataclass(frozen=True)
class Closed:
    """A surface after cuts.

    owner (F,): the cut that made or moved each face, −1 elsewhere. before (f, 3): the faces before; they are the
    first f of the faces after, in the same order.
    """

    traced: Traced
    owner: IntArray
    before: IntArray

    def hits(self, obstacles: Obstacles) -> IntArray:
        """The cut of each new or moved face that meets others; not of moved ones that met the `obstacles` before."""
        new = np.flatnonzero(self.owner >= 0)
        part, faces = _around(self.traced.mesh, new)
        bad = new[Obstacles(part.vertices, part.faces).hit(faces)]
        old = bad[bad < len(self.before)]
        met_before = old[obstacles.hit(self.before[old])]
        return self.owner[np.setdiff1d(bad, met_before)]


def _around(mesh: Mesh, chosen: IntArray) -> tuple[Mesh, IntArray]:
    """The faces in the box around the `chosen` ones, these among them, and the chosen ones by its vertices (n, 3)."""
    corners = mesh.vertices[mesh.faces]
    low, high = corners[chosen].min(axis=(0, 1)), corners[chosen].max(axis=(0, 1))
    near = mesh.faces[((corners.min(axis=1) <= high) & (corners.max(axis=1) >= low)).all(axis=1)]
    used = np.zeros(mesh.n_vertices, dtype=bool)
    used[near.ravel()] = True
    number = np.cumsum(used) - 1
    return Mesh(mesh.vertices[used], number[near]), number[mesh.faces[chosen]]


def cut_and_close(traced: Traced, cuts: Sequence[Cut], gaps: Sequence[float]) -> Closed:
    """Cut along the loops, and close each side by the disc; the loops do not meet and have no neighbours in common.

    gaps: how far the right side of each loop steps aside, as a part of the way to its neighbours.
    """
    n_vertices = traced.mesh.n_vertices
    loops = [cut.loop.vertices for cut in cuts]
    number = np.repeat(np.arange(len(loops)), [len(loop) for loop in loops])
    opened = cut_open(traced.mesh.faces, loops, n_vertices)
    places = _aside(traced.mesh.vertices, opened, np.asarray(gaps)[number])
    after = traced.duplicated(opened.faces, opened.origin)
    after = after.moved(np.concatenate([traced.mesh.vertices, places]))
    strip = opened.faces.max(axis=1) - n_vertices
    owner = [np.where(strip >= 0, number[np.maximum(strip, 0)], -1)]
    points, caps = [np.zeros((0, 3))], []
    begin, end = n_vertices, after.mesh.n_vertices
    for k, cut in enumerate(cuts):
        # Left of the loop the faces have its edges in its direction, so the disc has them against it.
        disc, copies = cut.disc, np.arange(begin, begin + len(loops[k]))
        begin += len(copies)
        for rim, triangles in ((loops[k], disc.triangles[:, ::-1]), (copies, disc.triangles)):
            points.append(disc.points(after.mesh.vertices[rim])[len(rim) :])
            caps.append(np.concatenate([rim, np.arange(end, end + len(points[-1]))])[triangles])
            owner.append(np.full(len(triangles), k))
            end += len(points[-1])
    after = after.added(np.concatenate(points), np.concatenate(caps))
    return Closed(after, np.concatenate(owner), traced.mesh.faces)


def _aside(vertices: FloatArray, opened: Opened, fraction: FloatArray) -> FloatArray:
    """(n, 3) places for the copied vertices, so that a gap is between the sides of each loop.

    They move along the surface by `fraction` (n,) of the way to their neighbours, across the loop.
    """
    first, count = len(vertices), len(opened.origin)
    here = vertices[opened.origin]
    near = opened.faces[(opened.faces >= first).any(axis=1)]
    tail = np.concatenate([near.ravel(), near.ravel()])
    head = np.concatenate([np.roll(near, -1, axis=1).ravel(), np.roll(near, 1, axis=1).ravel()])
    inward = (tail >= first) & (head < first)
    tail, head = tail[inward] - first, head[inward]
    weight = np.bincount(tail, minlength=count)
    total = np.stack([np.bincount(tail, vertices[head, k], minlength=count) for k in range(3)], axis=1)
    step = np.where(weight[:, None] > 0, total / np.maximum(weight, 1)[:, None] - here, 0.0)
    return here + fraction[:, None] * step
