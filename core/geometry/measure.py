# SPDX-License-Identifier: GPL-3.0-or-later
"""Areas, normals, volume and edges of a triangle mesh. Lengths in the units of the mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..mesh import FloatArray, IntArray, Mesh


def face_cross(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """(F, 3) cross product of two edges: twice the area, along the outward normal."""
    corner = vertices[faces[:, 0]]
    return np.asarray(np.cross(vertices[faces[:, 1]] - corner, vertices[faces[:, 2]] - corner))


def face_areas(mesh: Mesh) -> FloatArray:
    """(F,) area of each triangle."""
    return np.asarray(0.5 * np.linalg.norm(face_cross(mesh.vertices, mesh.faces), axis=1))


def face_normals(mesh: Mesh) -> FloatArray:
    """(F, 3) unit normals; zero for triangles without area."""
    cross = face_cross(mesh.vertices, mesh.faces)
    length = np.linalg.norm(cross, axis=1, keepdims=True)
    return np.divide(cross, length, out=np.zeros_like(cross), where=length > 0)


def vertex_areas(mesh: Mesh) -> FloatArray:
    """(V,) a third of the area of the triangles around each vertex (lumped mass); sums to the area."""
    return scatter_to_vertices(face_areas(mesh) / 3.0, mesh.faces, mesh.n_vertices)


def scatter_to_vertices(per_face: FloatArray, faces: IntArray, n_vertices: int) -> FloatArray:
    """(V,) sum over the triangles around each vertex of a number per face (F,)."""
    total = np.bincount(faces.ravel(), np.repeat(per_face, 3), minlength=n_vertices)
    return np.asarray(total, dtype=np.float64)


def vertex_normals(mesh: Mesh) -> FloatArray:
    """(V, 3) unit normals, averaged over the triangles around a vertex by area; zero where undefined."""
    cross = face_cross(mesh.vertices, mesh.faces)
    total = np.stack([scatter_to_vertices(cross[:, k], mesh.faces, mesh.n_vertices) for k in range(3)], axis=1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.divide(total, length, out=np.zeros_like(total), where=length > 0)


def area(mesh: Mesh) -> float:
    """Total area of the surface."""
    return float(face_areas(mesh).sum())


def area_centroid(mesh: Mesh) -> FloatArray:
    """(3,) centre of mass of the surface (not of the enclosed volume)."""
    areas = face_areas(mesh)
    return np.asarray(areas @ mesh.vertices[mesh.faces].mean(axis=1) / areas.sum())


def signed_volume(mesh: Mesh) -> float:
    """Enclosed volume by the divergence theorem: positive when faces are counter-clockwise from outside.

    Taken about the mean vertex, so that an offset of the whole mesh costs no digits.
    """
    if not mesh.n_faces:
        return 0.0
    corners = (mesh.vertices - mesh.vertices.mean(axis=0))[mesh.faces]
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6.0)


def oriented_outward(mesh: Mesh) -> Mesh:
    """The mesh with all faces turned when its signed volume is negative; otherwise the mesh itself."""
    if signed_volume(mesh) >= 0:
        return mesh
    return Mesh(mesh.vertices, mesh.faces[:, ::-1], mesh.attributes)


def directed_edges(faces: IntArray) -> IntArray:
    """(3F, 2) edges in the direction of their triangle: all (0→1), then all (1→2), then all (2→0)."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def unique_edges(faces: IntArray) -> IntArray:
    """(E, 2) each edge once, smaller vertex first, in lexicographic order."""
    return np.unique(np.sort(directed_edges(faces), axis=1), axis=0)


def corner_angles(mesh: Mesh) -> FloatArray:
    """(F, 3) interior angle at each corner, in radians."""
    points = mesh.vertices[mesh.faces]
    to_next = np.roll(points, -1, axis=1) - points
    to_last = np.roll(points, 1, axis=1) - points
    sine = np.linalg.norm(np.cross(to_next, to_last), axis=2)
    angles: NDArray[np.float64] = np.arctan2(sine, np.einsum("fki,fki->fk", to_next, to_last))
    return angles
