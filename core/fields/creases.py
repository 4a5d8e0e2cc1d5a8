# SPDX-License-Identifier: GPL-3.0-or-later
"""Sharp creases where two surfaces meet: a grid cuts them off, so triangles across them are cut along them again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..geometry.measure import face_cross, unique_edges
from ..mesh import FloatArray, IntArray, Mesh
from .operations import Boolean

_NEAR = 0.2
"""A crossing nearer to a vertex than this part of its edge moves the vertex, so that no slivers arise."""

_TURNED = 0.1
"""A triangle that keeps less than this part of its area, seen from before, is not to be moved so."""

_STEPS = 4
"""Newton steps onto both surfaces; they converge quadratically."""

_REACH = 3.0
"""How far these may lead, in lengths of the edge; beyond is no crease of this edge."""


def with_creases(mesh: Mesh, field: Boolean) -> Mesh:
    """The surface of a sharp union, intersection or difference, cut along the curve in which both shapes meet.

    Points of that curve become vertices, exactly on both surfaces; closed meshes stay closed. Attributes are mixed.
    """
    side = field.lead_of_second(mesh.vertices)
    edges = unique_edges(mesh.faces)
    crossing = edges[(side[edges[:, 0]] < 0.0) != (side[edges[:, 1]] < 0.0)]
    if not len(crossing):
        return mesh
    share = np.clip(side[crossing[:, 0]] / (side[crossing[:, 0]] - side[crossing[:, 1]]), 0.0, 1.0)
    places, found = _on_both(field, mesh.vertices[crossing], share)
    crossing, share, places = crossing[found], share[found], places[found]
    vertices, on_curve = _snapped(mesh, crossing, share, places)
    cut = ~on_curve[crossing].any(axis=1)
    crossing, share, places = crossing[cut], share[cut], places[cut]
    faces = _cut(mesh.faces, crossing, mesh.n_vertices)
    attributes = {}
    for name, values in mesh.attributes.items():
        part = share.reshape(-1, *[1] * (values.ndim - 1))
        between = (1.0 - part) * values[crossing[:, 0]] + part * values[crossing[:, 1]]
        attributes[name] = np.concatenate([values, between])
    return Mesh(np.concatenate([vertices, places]), faces, attributes)


def _on_both(field: Boolean, ends: FloatArray, share: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(points (n, 3) on both surfaces near edges with the ends (n, 2, 3), whether there is one (n,))."""
    start = ends[:, 0] + share[:, None] * (ends[:, 1] - ends[:, 0])
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    points = start.copy()
    for _ in range(_STEPS):
        values = np.stack([field.a.distance(points), field.b.distance(points)], axis=1)
        slopes = np.stack([field.a.gradient(points), field.b.gradient(points)], axis=1)
        square = slopes @ slopes.transpose(0, 2, 1) + 1e-9 * np.eye(2)
        points = points - np.einsum("nki,nk->ni", slopes, np.linalg.solve(square, values[..., None])[..., 0])
    off = np.maximum(np.abs(field.a.distance(points)), np.abs(field.b.distance(points)))
    return points, (np.linalg.norm(points - start, axis=1) <= _REACH * length) & (off <= 1e-3 * length)


def _snapped(
    mesh: Mesh, crossing: IntArray, share: FloatArray, places: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(vertices, which were moved (V,)): those next to a crossing are put there, unless that turns a triangle over."""
    near = np.minimum(share, 1.0 - share)
    end = crossing[np.arange(len(crossing)), (share > 0.5).astype(np.int64)]
    chosen = np.flatnonzero(near < _NEAR)
    chosen = chosen[np.argsort(-near[chosen], kind="stable")]  # the nearest is written last
    moved, which = mesh.vertices.copy(), np.zeros(mesh.n_vertices, np.bool_)
    moved[end[chosen]], which[end[chosen]] = places[chosen], True
    before = face_cross(mesh.vertices, mesh.faces)
    while which.any():
        after = face_cross(moved, mesh.faces)
        turned = np.einsum("fi,fi->f", before, after) < _TURNED * np.einsum("fi,fi->f", before, before)
        back = np.intersect1d(mesh.faces[turned], np.flatnonzero(which))
        if not len(back):
            break
        moved[back], which[back] = mesh.vertices[back], False
    return moved, which


def _cut(faces: IntArray, crossing: IntArray, count: int) -> IntArray:
    """(F, 3) the triangles with the edges `crossing` (n, 2) cut; the new vertices are `count`, count + 1, …"""
    keys = crossing[:, 0] * count + crossing[:, 1]
    ends = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2)  # the edges 01, 12, 20
    wanted = ends.min(axis=2) * count + ends.max(axis=2)
    order = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), max(len(keys) - 1, 0))
    new = np.where(keys[order][at] == wanted, order[at] + count, -1) if len(keys) else np.full(faces.shape, -1)
    parts = [faces[(new < 0).all(axis=1)]]
    for k in range(3):
        a, b, c = (np.roll(faces, -k, axis=1)[:, i] for i in range(3))
        ab, bc, ca = (np.roll(new, -k, axis=1)[:, i] for i in range(3))
        one = (ab >= 0) & (bc < 0) & (ca < 0)
        parts += [np.stack([a, ab, c], axis=1)[one], np.stack([ab, b, c], axis=1)[one]]
        two = (ab >= 0) & (ca >= 0) & (bc < 0)
        parts += [np.stack(piece, axis=1)[two] for piece in ((a, ab, ca), (ab, b, c), (ab, c, ca))]
        if k == 0:
            three = (ab >= 0) & (bc >= 0) & (ca >= 0)
            pieces = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
            parts += [np.stack(piece, axis=1)[three] for piece in pieces]
    return np.concatenate(parts)
