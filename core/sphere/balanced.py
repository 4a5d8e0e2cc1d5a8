# SPDX-License-Identifier: GPL-3.0-or-later
"""The balanced map: hierarchical, one-to-one, between angles and areas (Praun and Hoppe 2003; Hu, Fu, Liu 2018)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import MapFailed
from ..geometry.measure import vertex_areas
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, part, silent
from .decimation import collapse_to_tetrahedron
from .detail import detail_weights
from .distortion import flips
from .embedding import embed
from .rings import build_rings

THETA = 1.5
MORTON_BITS = 21
ROUNDINGS = (1e-12, 1e-4, 1.0)
"""Tried in turn (see `embed`): a surface with most of its triangles in a few points has no map in double precision that
keeps their areas; the last one maps it by its connectivity alone."""


def balanced_map(
    mesh: Mesh, theta: float = THETA, progress: Progress = silent, *, follow_detail: bool = False
) -> FloatArray:
    """(V, 3) unit vectors: a map to the sphere without flips.

    mesh: closed, oriented, genus 0, of about unit size around 0. theta: 0 most conformal, 1 to 2 balanced,
        4 and more nearly area-preserving (see `energy`). follow_detail: give bent parts of the surface more of the
        sphere than their area, flat parts less (see `detail`).

    The sphere is turned so that directions match those on the surface as well as a rotation can. Raises `MapFailed`.
    """
    progress(0.0, "Simplifying the mesh")
    order = morton_order(mesh.vertices)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    local = Mesh(mesh.vertices[order], sorted_faces(rank[mesh.faces]))
    progress(0.01, "Simplifying the mesh")
    weights = detail_weights(local) if follow_detail else np.ones(len(order))
    for rounding in ROUNDINGS:
        try:
            sphere = aligned(_mapped(local, theta, weights, rounding, part(progress, 0.02, 1.0)), local)
        except MapFailed:
            continue
        if flips(sphere, local.faces) == 0:
            return sphere[rank]
    raise MapFailed("Some vertices found no place on the sphere.", "Merge vertices by distance first.")


def _mapped(mesh: Mesh, theta: float, weights: FloatArray, rounding: float, progress: Progress) -> FloatArray:
    progress(0.0, "Simplifying the mesh")
    rings = build_rings(mesh.faces, mesh.n_vertices)
    collapses = collapse_to_tetrahedron(mesh.vertices, mesh.faces, rings, part(progress, 0.03, 0.3))
    return embed(mesh.vertices, rings, collapses, theta, weights, rounding, part(progress, 0.3, 1.0))


def morton_order(vertices: FloatArray) -> IntArray:
    """(V,) order of the points (V, 3) along a Z-curve, so that neighbours are near in memory.

    The same points get the same order, however they were numbered, but for points in one place.
    """
    low, extent = vertices.min(axis=0), np.ptp(vertices, axis=0).max()
    cells = ((vertices - low) / max(extent, 1e-300) * (2**MORTON_BITS - 1)).astype(np.uint64)
    key = np.zeros(len(vertices), dtype=np.uint64)
    for axis in range(3):
        key |= _spread(cells[:, axis]) << np.uint64(axis)
    order = np.argsort(key, kind="stable")
    if (key[order[1:]] == key[order[:-1]]).any():
        order = np.lexsort((*vertices.T, key))
    return order


def sorted_faces(faces: IntArray) -> IntArray:
    """The faces (F, 3), each begun at its smallest vertex, in lexicographic order."""
    first = faces.argmin(axis=1)
    turned = np.take_along_axis(faces, (first[:, None] + np.arange(3)) % 3, axis=1)
    return np.asarray(turned[np.argsort(turned[:, 0] * (faces.max() + 1) + turned[:, 1], kind="stable")])


def _spread(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Put two zero bits between the 21 low bits of each value."""
    for shift, mask in (
        (32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F), (4, 0x10C30C30C30C30C3),
        (2, 0x1249249249249249),
    ):  # fmt: skip
        values = (values | (values << np.uint64(shift))) & np.uint64(mask)
    return values


def aligned(sphere: FloatArray, mesh: Mesh) -> FloatArray:
    """The map turned by the rotation that brings it closest to the surface's own directions (Kabsch 1976)."""
    weights = vertex_areas(mesh)
    centred = mesh.vertices - weights @ mesh.vertices / weights.sum()
    u, _, vt = np.linalg.svd((centred * weights[:, None]).T @ sphere)
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    turned = sphere @ rotation.T
    return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True))
