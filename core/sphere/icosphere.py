# SPDX-License-Identifier: GPL-3.0-or-later
"""Geodesic spheres from the icosahedron, of any frequency."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh

LARGEST_FREQUENCY = 1000


def icosphere(frequency: int) -> Mesh:
    """The unit sphere with 10 f² + 2 vertices and 20 f² faces, outward.

    frequency: f, the parts that each edge of the icosahedron is cut into, 1 to 1000. Points are spaced by equal angles
    along the edges of each triangle. Raises `InvalidParameter` outside the range.
    """
    if not 1 <= frequency <= LARGEST_FREQUENCY:
        raise InvalidParameter(
            f"An icosphere of frequency {frequency} is out of range.", f"Give a number from 1 to {LARGEST_FREQUENCY}."
        )
    corners, faces = icosahedron()
    weights, local = _subdivided_triangle(frequency)
    points = np.einsum("nk,fki->fni", weights, corners[faces]).reshape(-1, 3)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    triangles = (local[None] + len(weights) * np.arange(20)[:, None, None]).reshape(-1, 3)
    return Mesh(*_welded(points, triangles))


def icosahedron() -> tuple[FloatArray, IntArray]:
    """Vertices (12, 3) on the unit sphere, one at each pole, and faces (20, 3), outward."""
    longitude = 2.0 * np.pi * np.arange(5) / 5.0
    z, radius = 1.0 / np.sqrt(5.0), 2.0 / np.sqrt(5.0)
    upper = np.stack([radius * np.cos(longitude), radius * np.sin(longitude), np.full(5, z)], axis=1)
    shifted = longitude + np.pi / 5.0
    lower = np.stack([radius * np.cos(shifted), radius * np.sin(shifted), np.full(5, -z)], axis=1)
    i, j = np.arange(5), (np.arange(5) + 1) % 5
    top, up, down, bottom = np.zeros(5, dtype=np.int64), 1 + i, 6 + i, np.full(5, 11)
    faces = np.concatenate([
        np.stack([top, up, 1 + j], axis=1), np.stack([up, down, 1 + j], axis=1),
        np.stack([1 + j, down, 6 + j], axis=1), np.stack([down, bottom, 6 + j], axis=1),
    ])  # fmt: skip
    return np.concatenate([[[0.0, 0.0, 1.0]], upper, lower, [[0.0, 0.0, -1.0]]]), faces


def _subdivided_triangle(frequency: int) -> tuple[FloatArray, IntArray]:
    """Weights (N, 3) of the points of one triangle, and its small triangles."""
    i, j = (index.ravel() for index in np.meshgrid(np.arange(frequency + 1), np.arange(frequency + 1), indexing="ij"))
    keep = i + j <= frequency
    i, j = i[keep], j[keep]
    angle = np.arccos(1.0 / np.sqrt(5.0)) / frequency
    weights = np.sin(np.stack([frequency - i - j, i, j], axis=1) * angle)
    number = np.full((frequency + 2, frequency + 2), -1, dtype=np.int64)
    number[i, j] = np.arange(len(i))
    up = i + j < frequency
    down = i + j < frequency - 1
    first = np.stack([number[i, j], number[i + 1, j], number[i, j + 1]], axis=1)[up]
    p, q = i[down], j[down]
    second = np.stack([number[p + 1, q], number[p + 1, q + 1], number[p, q + 1]], axis=1)
    return weights, np.concatenate([first, second])


def _welded(points: FloatArray, triangles: IntArray) -> tuple[FloatArray, IntArray]:
    """One vertex for the copies that neighbouring triangles of the icosahedron share, in order of appearance."""
    keys = np.round(points * 2.0**24).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return points[first[order]], rank[inverse.ravel()[triangles]]
