# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything in a repaired mesh comes from, and the attributes that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry.distance import SurfaceTree
from ..mesh import FloatArray, IntArray, Mesh
from .traced import NEW, BoolArray, Traced


@dataclass(frozen=True)
class Origin:
    """For each vertex and face of the result, its place on the input.

    vertex_source: (V,) the input vertex at the same place, or -1. face_source: (F,) the same input face, or -1.
    turned: (F,) whether that face's corners run the other way round now.
    vertex_face, vertex_weights: (V,), (V, 3) the input face nearest to each vertex, and the barycentric
        coordinates of the nearest point in it.
    nearest_face: (F,) the input face nearest to the middle of each face (itself, where it is an input face).
    corner_weights: (F, 3, 3) for each corner, the barycentric coordinates of the nearest point in `nearest_face`.
    """

    vertex_source: IntArray
    face_source: IntArray
    turned: BoolArray
    vertex_face: IntArray
    vertex_weights: FloatArray
    nearest_face: IntArray
    corner_weights: FloatArray


def origin_of(traced: Traced) -> Origin:
    """Find the origins. The input needs at least one face with area and coordinates that are numbers."""
    source, mesh = traced.source, traced.mesh
    usable = usable_faces(source)
    tree = SurfaceTree(Mesh(_finite(source.vertices), source.faces[usable]))
    vertex_face, vertex_weights = _vertices(traced, tree, usable)
    kept = np.flatnonzero(traced.face_source != NEW)
    new = np.flatnonzero(traced.face_source == NEW)
    nearest = traced.face_source.copy()
    _, found, _ = tree.nearest(mesh.vertices[mesh.faces[new]].mean(axis=1))
    nearest[new] = usable[found]
    corners = np.empty((mesh.n_faces, 3, 3))
    places = mesh.vertices[mesh.faces].reshape(-1, 3)
    corners.reshape(-1, 3)[:] = barycentric(places, _finite(source.vertices)[source.faces[np.repeat(nearest, 3)]])
    same = (mesh.vertices[mesh.faces[kept]][:, :, None] == source.vertices[source.faces[nearest[kept]]][:, None]).all(
        -1
    )
    corners[kept] = np.where(same.any(axis=2)[:, :, None], same, corners[kept])
    return Origin(
        traced.vertex_source,
        traced.face_source,
        _turned(same, kept, mesh.n_faces),
        vertex_face,
        vertex_weights,
        nearest,
        corners,
    )


def with_attributes(traced: Traced, origin: Origin) -> Mesh:
    """The mesh with the attributes of the input: exact where a vertex is the input's, else from the nearest point.

    What is interpolated stays in the range of the three values that it comes from.
    """
    attributes = {}
    for name, values in traced.source.attributes.items():
        corner = values[traced.source.faces[origin.vertex_face]]
        weights = origin.vertex_weights.reshape(*origin.vertex_weights.shape, *([1] * (values.ndim - 1)))
        moved = np.clip((corner * weights).sum(axis=1), corner.min(axis=1), corner.max(axis=1))
        old = origin.vertex_source != NEW
        moved[old] = values[origin.vertex_source[old]]
        attributes[name] = moved
    return Mesh(traced.mesh.vertices, traced.mesh.faces, attributes)


def usable_faces(mesh: Mesh) -> IntArray:
    """(n,) the faces whose corners are numbers."""
    return np.flatnonzero(np.isfinite(mesh.vertices[mesh.faces]).all(axis=(1, 2)))


def barycentric(points: FloatArray, triangles: FloatArray) -> FloatArray:
    """(N, 3) barycentric coordinates, none negative, of points (N, 3) dropped onto the planes of triangles (N, 3, 3).

    The formula of Ericson, Real-Time Collision Detection (2005), 3.4; triangles without area give their first corner.
    """
    ab, ac = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    ap = points - triangles[:, 0]
    aa, bb, cross = (ab * ab).sum(1), (ac * ac).sum(1), (ab * ac).sum(1)
    pa, pb = (ap * ab).sum(1), (ap * ac).sum(1)
    determinant = aa * bb - cross * cross
    flat = determinant <= 1e-14 * aa * bb
    safe = np.where(flat, 1.0, determinant)
    v = np.where(flat, 0.0, (bb * pa - cross * pb) / safe)
    w = np.where(flat, 0.0, (aa * pb - cross * pa) / safe)
    weights = np.clip(np.stack([1.0 - v - w, v, w], axis=1), 0.0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _finite(vertices: FloatArray) -> FloatArray:
    return np.where(np.isfinite(vertices).all(axis=1, keepdims=True), vertices, 0.0)


def _vertices(traced: Traced, tree: SurfaceTree, usable: IntArray) -> tuple[IntArray, FloatArray]:
    """For each vertex the nearest input face and the weights in it; a face at it, where the vertex is the input's."""
    source = traced.source
    corner_of = np.full(source.n_vertices, NEW)
    corner_of[source.faces[usable].ravel()] = (3 * usable[:, None] + np.arange(3)).ravel()
    corner = np.where(traced.vertex_source == NEW, NEW, corner_of[traced.vertex_source])
    face, weights = corner // 3, np.eye(3)[corner % 3]
    new = np.flatnonzero(corner == NEW)
    _, found, nearest = tree.nearest(traced.mesh.vertices[new])
    face[new] = usable[found]
    weights[new] = barycentric(nearest, _finite(source.vertices)[source.faces[face[new]]])
    return face, weights


def _turned(same: BoolArray, kept: IntArray, count: int) -> BoolArray:
    """same: (n, 3, 3) whether corner i of the face is at the place of corner j of its source."""
    turned = np.zeros(count, dtype=bool)
    forward = np.zeros(len(kept), dtype=bool)
    for shift in range(3):
        forward |= np.all([same[:, k, (k + shift) % 3] for k in range(3)], axis=0)
    turned[kept] = ~forward
    return turned
