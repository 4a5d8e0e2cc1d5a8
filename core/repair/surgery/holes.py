# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the holes of a surface."""

from __future__ import annotations

import numpy as np

from ...geometry.edges import edge_table
from ...mesh import IntArray
from ...progress import Progress, silent
from ..traced import StepResult, Traced
from .caps import cap_loops


def fill_holes(traced: Traced, max_edges: int = 0, smooth: bool = True, progress: Progress = silent) -> StepResult:
    """Close the boundary loops of at most `max_edges` edges, 0 for all; counts `holes_filled`.

    smooth: whether the new faces follow the surface; otherwise they lie on the loop's vertices alone. All other
    faces stay. A manifold stays manifold. Loops whose faces would be the ones that are there already, such as the
    outline of a single triangle, stay open.
    """
    progress(0.0, "Looking for holes")
    mesh = traced.mesh
    loops = [loop for loop in boundary_loops(mesh.faces) if len(loop) <= max_edges or max_edges == 0]
    progress(0.1, "Filling holes")
    caps = cap_loops(mesh, loops, smooth=smooth)
    closed = np.unique(caps.owner)
    if not len(closed):
        return StepResult(traced)
    warnings: tuple[str, ...] = ()
    bad = int(np.count_nonzero(caps.touching[closed]))
    if bad:
        what = "1 hole" if bad == 1 else f"{bad:,} holes"
        warnings = (f"The faces over {what} touch or pass through others: there is no room for better ones.",)
    return StepResult(traced.added(caps.vertices, caps.faces), {"holes_filled": len(closed)}, warnings)


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
