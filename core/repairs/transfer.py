# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything in a repaired mesh comes from, and the attributes that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..geometry.distance import SurfaceTree
from ..mesh import FloatArray, IntArray, Mesh
from .traced import NEW, BoolArray, Traced

_ORDERS = (
    ((0, 1, 2), False),
    ((0, 2, 1), True),
    ((2, 1, 0), True),
    ((1, 0, 2), True),
    ((1, 2, 0), False),
    ((2, 0, 1), False),
)
"""For the corners of a face, those of its source at the same places, and whether it then runs the other way round."""


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


class InputSurface:
    """The faces of an input whose corners are numbers, prepared for queries when the first one comes.

    faces: (n,) which they are. mesh: these faces, without loose vertices and attributes.
    """

    def __init__(self, source: Mesh) -> None:
        self.faces = usable_faces(source)
        self.mesh = Traced.start(source).keep_faces(self.faces).without_loose().mesh

    @cached_property
    def _tree(self) -> SurfaceTree:
        return SurfaceTree(self.mesh)

    def nearest(self, points: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """(distance (N,), face of the input (N,), nearest point (N, 3)) of each of `points` (N, 3), exact."""
        if not len(points):
            return np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 3))
        distance, face, nearest = self._tree.nearest(points)
        return distance, self.faces[face], nearest


def origin_of(traced: Traced, surface: InputSurface | None = None) -> Origin:
    """Find the origins. The input needs at least one face with area and coordinates that are numbers.

    surface: that of `traced.source`, where it is at hand.
    """
    source, mesh = traced.source, traced.mesh
    surface = surface or InputSurface(source)
    vertex_face, vertex_weights = _vertices(traced, surface)
    new = np.flatnonzero(traced.new_faces)
    nearest = traced.face_source.copy()
    _, nearest[new], _ = surface.nearest(mesh.vertices[mesh.faces[new]].mean(axis=1))
    turned, weights = _corners(traced)
    triangles = source.vertices[source.faces[np.repeat(nearest[new], 3)]]
    weights[new] = barycentric(mesh.vertices[mesh.faces[new]].reshape(-1, 3), triangles).reshape(-1, 3, 3)
    return Origin(traced.vertex_source, traced.face_source, turned, vertex_face, vertex_weights, nearest, weights)


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
    placed = np.isfinite(mesh.vertices).all(axis=1)
    return np.arange(mesh.n_faces) if placed.all() else np.flatnonzero(placed[mesh.faces].all(axis=1))


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


def _vertices(traced: Traced, surface: InputSurface) -> tuple[IntArray, FloatArray]:
    """For each vertex the nearest input face and the weights in it; a face at it, where the vertex is the input's."""
    source = traced.source
    corner_of = np.full(source.n_vertices, NEW)
    corner_of[source.faces[surface.faces].ravel()] = (3 * surface.faces[:, None] + np.arange(3)).ravel()
    corner = np.where(traced.vertex_source == NEW, NEW, corner_of[traced.vertex_source])
    face, weights = corner // 3, np.eye(3)[corner % 3]
    new = np.flatnonzero(corner == NEW)
    _, face[new], nearest = surface.nearest(traced.mesh.vertices[new])
    weights[new] = barycentric(nearest, source.vertices[source.faces[face[new]]])
    return face, weights


def _corners(traced: Traced) -> tuple[BoolArray, FloatArray]:
    """Whether each input face is turned (F,), and where its corners are in its source (F, 3, 3); zeros for new ones."""
    mesh, source = traced.mesh, traced.source
    kept = np.flatnonzero(~traced.new_faces)
    turned = np.zeros(mesh.n_faces, dtype=bool)
    weights = np.zeros((mesh.n_faces, 3, 3))
    left = kept
    for order, turns in _ORDERS:  # nearly all are as they were
        if not len(left):
            break
        fits = np.ones(len(left), dtype=bool)
        for k in range(3):
            there = source.vertices[source.faces[traced.face_source[left], order[k]]]
            fits &= _equal(mesh.vertices[mesh.faces[left, k]], there)
        turned[left[fits]] = turns
        weights[left[fits]] = np.eye(3)[list(order)]
        left = left[~fits]
    return turned, weights


def _equal(a: FloatArray, b: FloatArray) -> BoolArray:
    """(n,) whether points (n, 3) are the same."""
    return np.asarray((a[:, 0] == b[:, 0]) & (a[:, 1] == b[:, 1]) & (a[:, 2] == b[:, 2]))
