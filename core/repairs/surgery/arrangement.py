# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces that pass through each other, cut along their intersections, and the surface that can be seen of them."""

from __future__ import annotations

from dataclasses import dataclass

import igl.copyleft.cgal
import numpy as np
from numpy.typing import NDArray

from ...errors import RepairFailed
from ...geometry.edges import edge_table
from ...mesh import FloatArray, IntArray, Mesh
from ...topology.components import component_labels
from ...topology.intersections import equal_positions
from .nesting import FaceTree, winding_before

_SAMPLES = 3


@dataclass(frozen=True)
class Arrangement:
    """Faces that meet at common corners and edges only.

    vertices: (n, 3), those of the mesh first, at their places. faces: (m, 3) on them; where several lie on each other,
    only one of them is there. birth: (m,) the face of the mesh that each is a piece of. whole: (m,) whether it is all
    of it. weight: (m,) how many more faces look to its front than to its back; positive.
    """

    vertices: FloatArray
    faces: IntArray
    birth: IntArray
    whole: NDArray[np.bool_]
    weight: IntArray


def arrange(mesh: Mesh, meeting: IntArray) -> Arrangement:
    """Cut the faces `meeting` (n,), which are all that meet others, along their intersections (exactly, by CGAL).

    Vertices at equal positions become one. Raises `RepairFailed` where the library fails.
    """
    faces = _first_at_position(mesh.vertices)[mesh.faces]
    apart = np.ones(mesh.n_faces, dtype=bool)
    apart[meeting] = False
    used, compact = np.unique(faces[meeting], return_inverse=True)
    try:
        points, pieces, _, birth, same = igl.copyleft.cgal.remesh_self_intersections(
            np.ascontiguousarray(mesh.vertices[used]), np.ascontiguousarray(compact.reshape(-1, 3))
        )
    except (RuntimeError, ValueError) as error:
        raise RepairFailed(
            "The intersections of the surface with itself cannot be computed.", "Rebuild the surface from its volume."
        ) from error
    number = np.concatenate([used, mesh.n_vertices + np.arange(len(points) - len(used))])
    pieces = number[np.asarray(same).ravel()[pieces]]
    birth = np.concatenate([np.flatnonzero(apart), meeting[np.asarray(birth).ravel()]])
    pieces = np.concatenate([faces[apart], pieces])
    proper = (pieces != np.roll(pieces, 1, axis=1)).all(axis=1)
    pieces, birth = pieces[proper], birth[proper]
    whole = (np.sort(pieces, axis=1) == np.sort(faces[birth], axis=1)).all(axis=1)
    return _merged(np.concatenate([mesh.vertices, points[len(used) :]]), pieces, birth, whole)


def _first_at_position(vertices: FloatArray) -> IntArray:
    """(V,) the first vertex at the position of each."""
    place = equal_positions(vertices)
    return np.unique(place, return_index=True)[1][place]


def _merged(vertices: FloatArray, faces: IntArray, birth: IntArray, whole: NDArray[np.bool_]) -> Arrangement:
    """Faces on the same corners as one, turned so that its weight is positive; without those of weight 0."""
    corners = np.sort(faces, axis=1)
    swaps = (faces[:, 0] > faces[:, 1]).astype(int) + (faces[:, 1] > faces[:, 2]) + (faces[:, 0] > faces[:, 2])
    sign = 1 - 2 * (swaps % 2)
    _, first, group = np.unique(corners, axis=0, return_index=True, return_inverse=True)
    weight = np.bincount(group.ravel(), sign).astype(np.int64)
    # Prefer, of the faces on the same corners, one that looks the way of the majority.
    suited = np.flatnonzero(sign == np.sign(weight)[group.ravel()])
    first[group.ravel()[suited[::-1]]] = suited[::-1]
    keep = np.sort(first[weight != 0])
    return Arrangement(vertices, faces[keep], birth[keep], whole[keep], np.abs(weight[group.ravel()[keep]]))


def outer_faces(arrangement: Arrangement) -> IntArray:
    """(n,) the faces between the inside, around which the surface winds once or more, and the rest."""
    faces, weight = arrangement.faces, arrangement.weight
    if not len(faces):
        return np.zeros(0, np.int64)
    mesh = Mesh(arrangement.vertices, faces)
    patch = _patches(faces)
    sample = _samples(mesh, patch)
    before = winding_before(sample.ravel(), FaceTree.of(mesh), weight).reshape(sample.shape)
    front = np.median(before, axis=1).astype(np.int64)[patch]
    return np.flatnonzero((front <= 0) & (front + weight >= 1))


def _patches(faces: IntArray) -> IntArray:
    """(F,) the part of each face when one may walk over edges with two faces only."""
    table = edge_table(faces)
    start = table.start[:-1][table.count == 2]
    labels = component_labels(len(faces), table.order[start] % len(faces), table.order[start + 1] % len(faces))
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _samples(mesh: Mesh, patch: IntArray) -> IntArray:
    """(patches, _SAMPLES) the faces of each patch with the largest inscribed circles."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    around = sum(np.linalg.norm(p - q, axis=1) for p, q in ((a, b), (b, c), (c, a)))
    radius = np.linalg.norm(np.cross(b - a, c - a), axis=1) / np.maximum(around, 1e-300)
    order = np.lexsort((-radius, patch))
    start = np.flatnonzero(np.diff(patch[order], prepend=-1))
    size = np.diff(np.append(start, len(order)))
    rank = np.minimum(np.arange(_SAMPLES)[None], size[:, None] - 1)
    return np.asarray(order[start[:, None] + rank])
