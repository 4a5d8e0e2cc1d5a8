# SPDX-License-Identifier: GPL-3.0-or-later
"""Geodesic spheres from the icosahedron, of any frequency."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh

LARGEST_FREQUENCY = 1000


def icosphere(frequency: int) -> Mesh:
    """The unit sphere with 10 f² + 2 vertices and 20 f² faces, outward.

    frequency: f, the parts that each edge of the icosahedron is cut into, 1 to 1000. Points are spaced by
    equal angles along those edges. Vertices come in the order corners, edges, insides of the 20 triangles.
    Raises `InvalidParameter` outside the range.
    """
    if not 1 <= frequency <= LARGEST_FREQUENCY:
        raise InvalidParameter(
            f"An icosphere of frequency {frequency} is out of range.",
            f"Give a number from 1 to {LARGEST_FREQUENCY}.",
        )
    corners, faces = icosahedron()
    steps = _steps(frequency)
    numbers = _numbers(faces, steps, frequency)
    angle = np.arccos(1.0 / np.sqrt(5.0)) / frequency
    points = np.empty((10 * frequency**2 + 2, 3))
    points[numbers] = np.einsum("nk,fki->fni", np.sin(steps * angle), corners[faces])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return Mesh(points, numbers[:, _triangles(frequency)].reshape(-1, 3))


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


def _steps(frequency: int) -> IntArray:
    """(N, 3) steps from the opposite edge towards each corner, for the points of one triangle, row by row."""
    row = np.repeat(np.arange(frequency + 1), np.arange(1, frequency + 2))
    column = np.arange(len(row)) - row * (row + 1) // 2
    return np.stack([frequency - row, row - column, column], axis=1)


def _triangles(frequency: int) -> IntArray:
    """(f², 3) small triangles of one triangle, as places in `_steps`, counter-clockwise as its corners."""
    row = np.repeat(np.arange(frequency), np.arange(1, frequency + 1))
    here = np.arange(len(row))
    below = here + row + 1
    up = np.stack([here, below, below + 1], axis=1)
    inside = here[here > row * (row + 1) // 2]  # not first in its row
    down = np.stack([inside - 1, inside + row[inside] + 1, inside], axis=1)
    return np.concatenate([up, down])


def _numbers(faces: IntArray, steps: IntArray, frequency: int) -> IntArray:
    """(20, N) the vertex that each point of each triangle is; neighbouring triangles share those between."""
    numbers = np.empty((len(faces), len(steps)), dtype=np.int64)
    inner = np.flatnonzero((steps > 0).all(axis=1))
    ends = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
    _, edge = np.unique(ends, axis=0, return_inverse=True)
    edge = edge.reshape(-1, 3)
    for k in range(3):
        numbers[:, np.flatnonzero(steps[:, k] == frequency)] = faces[:, [k]]
        along = np.flatnonzero((steps[:, (k + 2) % 3] == 0) & (steps[:, k] > 0) & (steps[:, (k + 1) % 3] > 0))
        forward = faces[:, [k]] < faces[:, [(k + 1) % 3]]
        place = np.where(forward, steps[along, (k + 1) % 3], steps[along, k]) - 1
        numbers[:, along] = 12 + edge[:, [k]] * (frequency - 1) + place
    first = 12 + 30 * (frequency - 1)
    numbers[:, inner] = first + len(inner) * np.arange(len(faces))[:, None] + np.arange(len(inner))
    return numbers
