# SPDX-License-Identifier: GPL-3.0-or-later
"""Each triangle cut into four at the middles of its edges."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray, IntArray, Mesh


def midpoint_subdivide(mesh: Mesh) -> Mesh:
    """The same surface with 4 F triangles: old vertices first, then one in the middle of each edge.

    Attributes are interpolated linearly. Face f becomes faces f (its middle), F + f, 2 F + f
    and 3 F + f (its corners).
    """
    edges, faces = _split(mesh.faces, mesh.n_vertices)
    attributes = {name: _with_midpoints(values, edges) for name, values in mesh.attributes.items()}
    return Mesh(_with_midpoints(mesh.vertices, edges), faces, attributes)


def midpoint_sphere(sphere: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray]:
    """(unit vectors (V + E, 3), faces (4F, 3)): as `midpoint_subdivide`, at the middles of great arcs."""
    edges, new_faces = _split(faces, len(sphere))
    middle = sphere[edges[:, 0]] + sphere[edges[:, 1]]
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    return np.concatenate([sphere, middle]), new_faces


def _split(faces: IntArray, n_vertices: int) -> tuple[IntArray, IntArray]:
    """(edges (E, 2) in lexicographic order, faces (4F, 3)); the middle of edge e is vertex n_vertices + e."""
    tail, head = faces.T.ravel(), np.roll(faces, -1, axis=1).T.ravel()
    key = np.minimum(tail, head) * n_vertices + np.maximum(tail, head)
    unique, number = np.unique(key, return_inverse=True)
    edges = np.stack([unique // n_vertices, unique % n_vertices], axis=1)
    ab, bc, ca = n_vertices + number.reshape(3, -1)
    a, b, c = faces.T
    quarters = [(ab, bc, ca), (a, ab, ca), (ab, b, bc), (ca, bc, c)]
    return edges, np.concatenate([np.stack(corners, axis=1) for corners in quarters])


def _with_midpoints(values: FloatArray, edges: IntArray) -> FloatArray:
    return np.concatenate([values, 0.5 * (values[edges[:, 0]] + values[edges[:, 1]])])
