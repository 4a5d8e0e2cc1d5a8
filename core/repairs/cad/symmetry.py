# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirror one half of a mesh onto the other."""

from __future__ import annotations

import numpy as np

from ...errors import RepairFailed
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ..traced import NEW, StepResult, Traced

_SNAP = 1e-6
"""Vertices this near to the plane, as a part of the diagonal, are moved onto it."""


def symmetrise(
    traced: Traced, *, axis: str = "x", side: str = "positive", about: str = "middle", progress: Progress = silent
) -> StepResult:
    """Cut the mesh at a plane across `axis`, and replace the other half by the mirror image of `side`.

    about: "middle", the plane through the middle of the bounding box, or "origin", x = 0 as in Blender's Symmetrize.
    A closed mesh stays closed. Raises `RepairFailed` where nothing lies on the side that is to be kept.
    """
    mesh = traced.mesh
    k = "xyz".index(axis)
    sign = 1.0 if side == "positive" else -1.0
    level = 0.0 if about == "origin" else 0.5 * float(mesh.vertices[:, k].min() + mesh.vertices[:, k].max())
    height = sign * (mesh.vertices[:, k] - level)
    height[np.abs(height) <= _SNAP * mesh.diagonal] = 0.0
    if not (height > 0.0).any():
        raise RepairFailed("Nothing lies on the half that is to be kept.", "Keep the other half, or another axis.")
    vertices, faces, face_source = _clip(mesh, height, traced.face_source)
    on_plane = np.concatenate([height == 0.0, np.ones(len(vertices) - mesh.n_vertices, dtype=bool)])
    vertices[on_plane, k] = level
    flat = on_plane[faces].all(axis=1)  # a face in the plane would lie on its own mirror image
    faces, face_source = faces[~flat], face_source[~flat]
    mirrored = vertices.copy()
    mirrored[:, k] = 2.0 * level - mirrored[:, k]
    twin = np.where(on_plane, np.arange(len(vertices)), np.arange(len(vertices)) + len(vertices))
    n_new = len(vertices) - mesh.n_vertices
    still = (vertices[: mesh.n_vertices] == mesh.vertices).all(axis=1)
    origin = np.where(still, traced.vertex_source, NEW)
    whole = Mesh(np.concatenate([vertices, mirrored]), np.concatenate([faces, twin[faces][:, ::-1]]))
    moved = ~np.concatenate([still, np.zeros(n_new, dtype=bool)])
    face_source = np.where(moved[faces].any(axis=1), NEW, face_source)
    result = Traced(
        traced.source,
        whole,
        np.concatenate([origin, np.full(n_new + len(vertices), NEW)]),
        np.concatenate([face_source, np.full(len(faces), NEW)]),
    )
    return StepResult(result.without_loose(), {"halves_mirrored": 1})


def _clip(mesh: Mesh, height: FloatArray, source: IntArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Vertices with those on cut edges appended, and the faces with no corner below the plane, cut where they cross."""
    up, down = height > 0.0, height < 0.0
    above = ~down[mesh.faces].any(axis=1)
    crossing = np.flatnonzero(down[mesh.faces].any(axis=1) & up[mesh.faces].any(axis=1))
    faces = mesh.faces[crossing]
    # Turn each face so that its first corner is the one that is alone on its side of the plane.
    lone_up = up[faces].sum(axis=1) == 1
    alone = np.where(lone_up[:, None], up[faces], down[faces])
    first = np.argmax(alone & (alone.sum(axis=1, keepdims=True) == 1), axis=1)
    a, b, c = (np.take_along_axis(faces, ((first + k) % 3)[:, None], axis=1)[:, 0] for k in range(3))
    cut_ab, cut_ac, points = _cuts(mesh, height, a, b, c)
    # a up: the triangle at a. a down, b and c up (or one on the plane): the rest beyond the cut.
    tops = np.stack([a, cut_ab, cut_ac], axis=1)[up[a]]
    lower = ~up[a]
    rest = np.concatenate([np.stack([cut_ab, b, c], axis=1)[lower], np.stack([cut_ab, c, cut_ac], axis=1)[lower]])
    new = np.concatenate([tops, rest])
    new = new[(new[:, 0] != new[:, 1]) & (new[:, 1] != new[:, 2]) & (new[:, 2] != new[:, 0])]
    faces_kept = mesh.faces[above & up[mesh.faces].any(axis=1)]
    kept_source = source[above & up[mesh.faces].any(axis=1)]
    return (
        np.concatenate([mesh.vertices, points]),
        np.concatenate([faces_kept, new]),
        np.concatenate([kept_source, np.full(len(new), NEW)]),
    )


def _cuts(
    mesh: Mesh, height: FloatArray, a: IntArray, b: IntArray, c: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """The vertices where the edges a–b and a–c meet the plane (b or c itself where that lies on it), and the new ones.

    The same edge of two faces gets the same vertex.
    """
    edges = np.concatenate([np.stack([a, b], axis=1), np.stack([a, c], axis=1)])
    ends = np.sort(edges, axis=1)
    real = height[edges[:, 1]] != 0.0
    unique, inverse = np.unique(ends[real], axis=0, return_inverse=True)
    low, high = unique[:, 0], unique[:, 1]
    share = height[low] / (height[low] - height[high])
    points = mesh.vertices[low] + share[:, None] * (mesh.vertices[high] - mesh.vertices[low])
    cut = edges[:, 1].copy()
    cut[real] = mesh.n_vertices + inverse.ravel()
    return cut[: len(a)], cut[len(a) :], points
