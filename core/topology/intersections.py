# SPDX-License-Identifier: GPL-3.0-or-later
"""Triangles that touch or pass through others, found by a tree of boxes; the tests are in `triangles`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..geometry.boxes import box_tree, face_box, leaf_faces, leaves_near
from ..geometry.curve import along_curve
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, silent
from .triangles import meet

_CHUNK = 10_000


def intersecting_faces(
    mesh: Mesh,
    sound: NDArray[np.bool_] | None = None,
    progress: Progress = silent,
    *,
    asked: NDArray[np.bool_] | None = None,
) -> IntArray:
    """(n,) faces that touch or pass through other faces, in ascending order.

    sound: (F,) the faces to test (default all); leave out those without area. Vertices at exactly equal
    positions count as shared, so that a seam is no intersection. Copies of a face on the same vertices are
    not counted: they are duplicates. asked: (F,) only pairs of which one is asked for are looked at (default
    all), which is quicker where few faces are new among many that are known not to meet.
    """
    chosen = np.flatnonzero(np.isfinite(mesh.vertices[mesh.faces]).all(axis=(1, 2)))
    if sound is not None:
        chosen = chosen[sound[chosen]]
    if len(chosen) < 2:
        return np.zeros(0, np.int64)
    order = chosen[along_curve(mesh.vertices[mesh.faces[chosen]].mean(axis=1))]
    faces, place = mesh.faces[order], equal_positions(mesh.vertices)[mesh.faces[order]]
    boxes = box_tree(mesh.vertices, faces)
    hit = np.zeros(len(faces), dtype=np.bool_)
    active = np.ones(len(faces), dtype=np.bool_) if asked is None else asked[order]
    rows = np.flatnonzero(active)
    for begin in range(0, len(rows), _CHUNK):
        progress(begin / len(rows), "Looking for self-intersections")
        _mark(mesh.vertices, faces, place, boxes, active, hit, rows[begin : begin + _CHUNK])
    return np.sort(order[hit])


def equal_positions(vertices: FloatArray) -> IntArray:
    """(V,) a number for each position: equal for vertices at exactly equal places."""
    keys = vertices + 0.0
    order = np.lexsort(keys.T)
    new = np.concatenate([[False], (keys[order[1:]] != keys[order[:-1]]).any(axis=1)])
    number = np.empty(len(keys), np.int64)
    number[order] = np.cumsum(new)
    return number


@njit(cache=True)
def _mark(
    vertices: FloatArray,
    faces: IntArray,
    place: IntArray,
    boxes: FloatArray,
    active: NDArray[np.bool_],
    hit: NDArray[np.bool_],
    rows: IntArray,
) -> None:
    """Set `hit` for the faces `rows`, which are active, and all that they meet. Two active faces are tested once."""
    low, high, near = np.empty(3), np.empty(3), np.empty(64, np.int64)
    for f in rows:
        face_box(vertices, faces[f], low, high)
        count, near = leaves_near(boxes, low, high, near)
        for leaf in near[:count]:
            for g in leaf_faces(leaf, len(faces)):
                new = g > f or (g < f and not active[g])
                if new and (not hit[f] or not hit[g]) and meet(vertices, faces, place, f, g):
                    hit[f] = hit[g] = True
