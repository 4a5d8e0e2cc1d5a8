# SPDX-License-Identifier: GPL-3.0-or-later
"""Even triangles: edge flips and tangential relaxation on a surface given by an implicit function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def relax(vertices: Array, faces: Index, project: Callable[[Array], Array], rounds: int = 30) -> tuple[Array, Index]:
    """Alternate Delaunay flips, tangential averaging of neighbours and projection to the surface."""
    for _ in range(rounds):
        faces = flip_to_delaunay(vertices, faces)
        vertices = project(vertices + 0.6 * _tangential(vertices, faces))
    return vertices, flip_to_delaunay(vertices, faces)


def _tangential(vertices: Array, faces: Index) -> Array:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    count = np.bincount(edges[:, 0], minlength=len(vertices)).astype(float)
    mean = np.stack([np.bincount(edges[:, 0], vertices[edges[:, 1], k], len(vertices)) for k in range(3)], 1)
    move = mean / count[:, None] - vertices
    normals = vertex_normals(vertices, faces)
    return np.asarray(move - (move * normals).sum(axis=1, keepdims=True) * normals)


def vertex_normals(vertices: Array, faces: Index) -> Array:
    """(V, 3) unit normals, weighted by area."""
    crossed = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], crossed)
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True))


def flip_to_delaunay(vertices: Array, faces: Index, rounds: int = 20) -> Index:
    """Flip edges whose opposite angles add up to more than π, a set of independent ones at a time."""
    faces = faces.copy()
    for _ in range(rounds):
        if not _flip_once(vertices, faces):
            break
    return faces


def _flip_once(vertices: Array, faces: Index) -> int:
    n = len(faces)
    start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    apex = np.roll(faces, -2, axis=1).reshape(-1)
    face = np.repeat(np.arange(n), 3)
    size = int(faces.max()) + 1
    key, twin = start * size + end, end * size + start
    order = np.argsort(key)
    other = order[np.searchsorted(key[order], twin)]
    half = np.flatnonzero(start < end)
    a, b, c, d = start[half], end[half], apex[half], apex[other[half]]
    excess = _angle(vertices, a, c, b) + _angle(vertices, b, d, a) - np.pi
    new_key = np.minimum(c, d) * size + np.maximum(c, d)
    allowed = (excess > 1e-6) & (c != d) & ~np.isin(new_key, key) & _stays_flat(vertices, a, b, c, d)
    used, flipped = np.zeros(n, bool), 0
    for i in np.flatnonzero(allowed)[np.argsort(-excess[allowed])]:
        left, right = face[half[i]], face[other[half[i]]]
        ring = np.concatenate([faces[left], faces[right]])
        if used[left] or used[right] or len(set(ring.tolist())) != 4:
            continue
        faces[left], faces[right] = (a[i], d[i], c[i]), (d[i], b[i], c[i])
        used[left] = used[right] = True
        flipped += 1
    return flipped


def _angle(vertices: Array, p: Index, q: Index, r: Index) -> Array:
    u, v = vertices[p] - vertices[q], vertices[r] - vertices[q]
    return np.asarray(np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1)))


def _stays_flat(vertices: Array, a: Index, b: Index, c: Index, d: Index) -> NDArray[np.bool_]:
    def normal(p: Index, q: Index, r: Index) -> Array:
        crossed = np.cross(vertices[q] - vertices[p], vertices[r] - vertices[p])
        return np.asarray(crossed / np.maximum(np.linalg.norm(crossed, axis=1, keepdims=True), 1e-300))

    before = normal(a, b, c) + normal(b, a, d)
    one, two = normal(a, d, c), normal(d, b, c)
    return np.asarray(((one * before).sum(axis=1) > 0.2) & ((two * before).sum(axis=1) > 0.2))


def quality(vertices: Array, faces: Index) -> Array:
    """(F,) 4√3 area over the sum of squared edge lengths: 1 for equilateral triangles, 0 for slivers."""
    corners = vertices[faces]
    sides = corners - np.roll(corners, -1, axis=1)
    doubled = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1)
    return np.asarray(2 * np.sqrt(3) * doubled / (sides**2).sum(axis=(1, 2)))
