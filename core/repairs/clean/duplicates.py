# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove faces that lie on other faces, and the double walls between solids that share them."""

from __future__ import annotations

import numpy as np

from ...geometry.edges import edge_table
from ...mesh import IntArray, Mesh
from ...progress import Progress, silent
from ...topology.checks import duplicate_faces
from ...topology.components import component_labels
from ..traced import BoolArray, StepResult, Traced
from .patches import UNSEEN, seen_sides


def remove_duplicates(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Keep the first of the faces that have the same three vertices, in whatever order.

    Of a wall that two solids share, each with faces of its own there, no face is kept: the solids become one.
    """
    mesh = traced.mesh
    extra = duplicate_faces(mesh)
    if not len(extra):
        return StepResult(traced)
    keep = np.ones(mesh.n_faces, dtype=bool)
    keep[extra] = False
    first = np.flatnonzero(keep)
    keep[first[_shared_walls(mesh, first, extra)]] = False
    counts = {"duplicate_faces": len(extra), "inner_walls": mesh.n_faces - len(extra) - int(keep.sum())}
    return StepResult(traced.keep_faces(keep).without_loose(), {name: count for name, count in counts.items() if count})


def _shared_walls(mesh: Mesh, first: IntArray, extra: IntArray) -> BoolArray:
    """(n,) which of the faces `first` (n,), each the first of its copies, are walls between two solids.

    A wall is a piece of surface, up to edges where others meet it, all of whose faces come twice, that cannot be seen
    from outside, and without which an even number of faces is left at each of its edges.
    """
    double = _copies(mesh, first, extra) == 2
    faces = mesh.faces[first]
    table = edge_table(faces)
    edge = np.repeat(np.arange(len(table.vertices)), table.count)
    face = table.order % len(faces)
    inner = np.flatnonzero(table.count == 2)
    patch = component_labels(len(faces), face[table.start[:-1][inner]], face[table.start[:-1][inner] + 1])
    wall = np.bincount(patch, weights=~double, minlength=len(faces)) == 0
    wall &= np.bincount(patch[face], weights=(table.count > 2)[edge], minlength=len(faces)) > 0
    if wall.any():
        wall &= seen_sides(Mesh(mesh.vertices, faces), patch, wall).max(axis=1) <= UNSEEN
    while True:
        left = table.count - np.bincount(edge, weights=wall[patch[face]], minlength=len(table.count)).astype(np.int64)
        at_rim = (table.count != 2)[edge] & wall[patch[face]]
        spoilt = np.unique(patch[face[at_rim & (left[edge] % 2 == 1)]])
        if not len(spoilt):
            break
        wall[spoilt] = False
    return np.asarray(wall[patch])


def _copies(mesh: Mesh, first: IntArray, extra: IntArray) -> IntArray:
    """(n,) how many faces have the vertices of each of the faces `first` (n,)."""
    corners = np.sort(mesh.faces, axis=1)
    size = mesh.n_vertices
    key = (corners[:, 0] * size + corners[:, 1]) * size + corners[:, 2]
    if size > 2_000_000:  # the key would overflow
        key = np.unique(corners, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(key[first], kind="stable")
    place = order[np.searchsorted(key[first][order], key[extra])]
    return np.asarray(1 + np.bincount(place, minlength=len(first)))
