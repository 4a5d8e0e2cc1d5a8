# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the holes of a surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...geometry.edges import edge_table
from ...mesh import IntArray, Mesh
from ...progress import Progress, silent
from ...topology.intersections import equal_positions
from ..traced import StepResult, Traced
from .caps import cap_loops


def fill_holes(traced: Traced, max_edges: int = 0, smooth: bool = True, progress: Progress = silent) -> StepResult:
    """Close the boundary loops of at most `max_edges` edges, 0 for all; counts `holes_filled`.

    smooth: whether the new faces follow the surface; otherwise they lie on the loop's vertices alone. All other
    faces stay. A manifold stays manifold. Where a loop comes back to a place where it has been, its two vertices
    there become one (counted as `vertices_merged`), so that cracks close without faces. The outline of a single
    triangle stays open.
    """
    progress(0.0, "Looking for holes")
    loops = _open_loops(traced.mesh.faces, max_edges)
    n_holes = len(loops)
    target = _meeting_again(traced.mesh, loops)
    n_merged = int(np.count_nonzero(target != np.arange(len(target))))
    if n_merged:
        traced = _without_merged(traced, target)
        loops = _open_loops(traced.mesh.faces, max_edges)
    progress(0.1, "Filling holes")
    caps = cap_loops(traced.mesh, loops, smooth=smooth)
    n_open = int(np.count_nonzero(~caps.closed))
    counts = {"holes_filled": n_holes - n_open, "vertices_merged": n_merged}
    warnings: tuple[str, ...] = ()
    bad = int(np.count_nonzero(caps.touching))
    if bad:
        what = "1 hole" if bad == 1 else f"{bad:,} holes"
        warnings = (f"The faces over {what} touch or pass through others: there is no room for better ones.",)
    filled = traced.added(caps.vertices, caps.faces) if len(caps.faces) else traced
    return StepResult(filled, {name: count for name, count in counts.items() if count}, warnings)


def _open_loops(faces: IntArray, max_edges: int) -> list[IntArray]:
    """The loops to fill: not too long, and not around a single triangle."""
    loops = [loop for loop in boundary_loops(faces) if len(loop) <= max_edges or max_edges == 0]
    short = [np.sort(loop) for loop in loops if len(loop) == 3]
    if not short:
        return loops
    near = np.unique(np.concatenate(short))
    there = {tuple(face) for face in np.sort(faces[np.isin(faces, near).all(axis=1)], axis=1).tolist()}
    return [loop for loop in loops if len(loop) > 3 or tuple(np.sort(loop).tolist()) not in there]


def _meeting_again(mesh: Mesh, loops: Sequence[IntArray]) -> IntArray:
    """(V,) for each vertex itself, or the one of the same loop and place that it is to be merged with.

    Only where that keeps the surface manifold: no edge is left with two faces that run along it in the same direction,
    but for those that were so before.
    """
    target = np.arange(mesh.n_vertices)
    merged: list[dict[int, int]] = []
    if loops:
        every = np.concatenate(loops)
        places = equal_positions(mesh.vertices[every])
        if len(np.unique(places)) == len(every):
            return target
        for loop, place in zip(loops, np.split(places, np.cumsum([len(loop) for loop in loops])[:-1]), strict=True):
            merged.append(_repeated(loop.tolist(), place.tolist()))
    merged = [pairs for pairs in merged if pairs]
    before = set(_doubled(mesh.faces).tolist())
    while merged:
        target = np.arange(mesh.n_vertices)
        for pairs in merged:
            target[list(pairs)] = list(pairs.values())
        wrong = set(_doubled(target[mesh.faces]).tolist()) - before
        good = [pairs for pairs in merged if wrong.isdisjoint(pairs.values())]
        if len(good) == len(merged):
            return target
        merged = good
    return np.arange(mesh.n_vertices)


def _repeated(loop: list[int], place: list[int]) -> dict[int, int]:
    """vertex → the earlier vertex of the loop at its place, so that the pieces of the loop do not cross."""
    path: list[int] = []
    begin: dict[int, int] = {}
    first: dict[int, int] = {}
    merged = {}
    for vertex, spot in zip(loop, place, strict=True):
        if spot in begin:
            merged[vertex] = first[spot]
            for old in path[begin[spot] + 1 :]:
                del begin[old]
            del path[begin[spot] + 1 :]
            continue
        begin[spot], first[spot] = len(path), vertex
        path.append(spot)
    return merged


def _doubled(faces: IntArray) -> IntArray:
    """(n,) the ends of edges along which two faces run in the same direction, and vertices that a face names twice."""
    tail, head = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    size = int(faces.max(initial=0)) + 1
    key = np.sort(tail * size + head)
    twice = key[1:][key[1:] == key[:-1]]
    return np.unique(np.concatenate([twice // size, twice % size, tail[tail == head]]))


def _without_merged(traced: Traced, target: IntArray) -> Traced:
    merged = traced.merged(target)
    keep = target == np.arange(len(target))
    number = np.cumsum(keep) - 1
    mesh = Mesh(merged.mesh.vertices[keep], number[merged.mesh.faces])
    return replace(merged, mesh=mesh, vertex_source=merged.vertex_source[keep])


def boundary_loops(faces: IntArray) -> list[IntArray]:
    """The closed chains of boundary edges of (F, 3) faces, each (n,) vertices in the direction of the faces' edges.

    Where several chains meet at a vertex they are separated, so that no loop passes a vertex twice. The order is that
    of the smallest vertex. Boundary edges that form no closed chain, where faces disagree about the direction, are
    left out.
    """
    table = edge_table(faces)
    single = table.order[table.start[:-1][(table.count == 1) & (table.vertices[:, 0] != table.vertices[:, 1])]]
    tail = faces.T.ravel()[single]
    head = np.roll(faces, -1, axis=1).T.ravel()[single]
    order = np.argsort(tail, kind="stable")
    after: dict[int, list[int]] = {}
    for a, b in zip(tail[order].tolist(), head[order].tolist(), strict=True):
        after.setdefault(a, []).append(b)
    loops = []
    for start in list(after):
        path, place = [start], {start: 0}
        while path and after.get(path[-1]):
            vertex = after[path[-1]].pop(0)
            begin = place.get(vertex)
            if begin is None:
                place[vertex] = len(path)
                path.append(vertex)
                continue
            loops.append(np.array(path[begin:], np.int64))
            for old in path[begin + 1 :]:
                del place[old]
            del path[begin + 1 :]
    return [loop for loop in loops if len(loop) >= 3]
