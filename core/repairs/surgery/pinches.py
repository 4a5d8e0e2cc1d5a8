# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces that touch themselves along edges or at vertices, taken apart there."""

from __future__ import annotations

import numpy as np

from ...errors import RepairFailed
from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray
from ...topology.components import component_labels


def separate_sheets(vertices: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Give each sheet its own vertices where sheets of the boundary of a solid touch, so that it is manifold.

    Around an edge with more than two faces, those are neighbours that have the inside between them. Where an edge
    would still be there twice between the same two vertices, one of the two gets a vertex in its middle.
    Returns vertices (n, 3), faces (m, 3), and of each the one that it was: (n,), −1 for a new one, and (m,), −1 for
    half of a face. Raises `RepairFailed` where the faces are not the boundary of a solid.
    """
    origin, birth = np.arange(len(vertices)), np.arange(len(faces))
    while True:
        first, second = _neighbours(vertices, faces)
        n = len(faces)
        corner, first_of = _corners(faces, first, second, n)
        double = _doubled(corner, first, n)
        if not len(double):
            return vertices[first_of], corner, origin[first_of], birth
        vertices, faces, origin, birth = _halved(vertices, faces, origin, birth, first[double[0]], second[double[0]])


def _neighbours(vertices: FloatArray, faces: IntArray) -> tuple[IntArray, IntArray]:
    """The half-edges (n,), (n,) that lie on each other: one upward, from its smaller vertex, and one downward."""
    table = edge_table(faces)
    if (table.count != 2 * table.forward).any():
        raise RepairFailed(
            "The outer surface cannot be told where the surface meets itself.", "Rebuild it from its volume."
        )
    n = len(faces)
    upward = (faces.T.ravel() < np.roll(faces, -1, axis=1).T.ravel())[table.order]
    plain = np.repeat(table.count == 2, table.count)
    first, second = [table.order[plain & upward]], [table.order[plain & ~upward]]
    for edge in np.flatnonzero(table.count > 2):
        halves = table.order[table.start[edge] : table.start[edge + 1]]
        low, high = vertices[table.vertices[edge]]
        apex = vertices[faces[halves % n, (halves // n + 2) % 3]] - low
        axis = (high - low) / (np.linalg.norm(high - low) or 1.0)
        apex = apex - (apex @ axis)[:, None] * axis
        side = np.cross(axis, apex[0])
        angle = np.arctan2(apex @ side, (apex @ apex[0]) * (np.linalg.norm(side) / (np.linalg.norm(apex[0]) or 1.0)))
        a, b = _wedges(halves[np.argsort(angle, kind="stable")], faces)
        first.append(a)
        second.append(b)
    return np.concatenate(first), np.concatenate(second)


def _wedges(halves: IntArray, faces: IntArray) -> tuple[IntArray, IntArray]:
    """Pairs of half-edges of one edge, in the order of their angles, with the inside between them.

    The inside is behind a face: below the angle of a half-edge that runs upward, above one that runs downward.
    """
    n = len(faces)
    face, corner = halves % n, halves // n
    upward = faces[face, corner] < faces[face, (corner + 1) % 3]
    waiting: list[int] = []
    first, second = [], []
    for half, up in [*zip(halves, upward, strict=True)] * 2:  # twice round, like nested brackets
        if not up:
            if half not in second and half not in waiting:
                waiting.append(half)
        elif waiting and half not in first:
            first.append(half)
            second.append(waiting.pop())
    return np.array(first, np.int64), np.array(second, np.int64)


def _corners(faces: IntArray, first: IntArray, second: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """(F, 3) the new vertex of each corner, and (vertices,) the old one of each."""
    after_first, after_second = (first + n) % (3 * n), (second + n) % (3 * n)
    one, other = np.concatenate([first, after_first]), np.concatenate([after_second, second])
    labels, corner = np.unique(component_labels(3 * n, one, other), return_inverse=True)
    owner = faces.T.ravel()[labels]
    order = np.argsort(owner, kind="stable")
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    return number[corner].reshape(3, n).T, owner[order]


def _doubled(corner: IntArray, first: IntArray, n: int) -> IntArray:
    """(k,) which of the edges of the half-edges `first` (n,) lie between the same two vertices as an earlier one."""
    ends = corner.T.ravel()[np.stack([first, (first + n) % (3 * n)], axis=1)]
    ends.sort(axis=1)
    _, earliest = np.unique(ends, axis=0, return_index=True)
    return np.setdiff1d(np.arange(len(first)), earliest)


def _halved(
    vertices: FloatArray, faces: IntArray, origin: IntArray, birth: IntArray, *halves: int
) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """With a vertex in the middle of an edge, for two of its half-edges only."""
    n, middle = len(faces), len(vertices)
    faces, birth = faces.copy(), birth.copy()
    extra = []
    for half in halves:
        f, k = half % n, half // n
        a, b, c = (faces[f, (k + step) % 3] for step in range(3))
        point = 0.5 * (vertices[a] + vertices[b])
        faces[f] = a, middle, c
        extra.append((middle, b, c))
        birth[f] = -1
    return (
        np.concatenate([vertices, point[None]]),
        np.concatenate([faces, np.array(extra)]),
        np.append(origin, -1),
        np.concatenate([birth, [-1, -1]]),
    )
