# SPDX-License-Identifier: GPL-3.0-or-later
"""Tubes between two loops, and polygons in triangles at which tubes start."""

from __future__ import annotations

import numpy as np
from numba import njit

from ...mesh import FloatArray, IntArray

SIDES = 6
_MARGIN = 1.25
_MOST_RINGS = 6


def polygon_in_face(corners: FloatArray, point: FloatArray, radius: float) -> tuple[FloatArray, IntArray] | None:
    """A regular polygon in a triangle, as near to a point as fits, and the triangles between them.

    corners: (3, 3). Returns the polygon (SIDES, 3), in the direction of the triangle, and faces (n, 3) on the corners
    (0, 1, 2) and the polygon (3 …). The radius is made smaller where the triangle is too small; None where it has no
    area.
    """
    edges = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(edges, axis=1)
    normal = np.cross(edges[0], edges[1])
    double_area = float(np.linalg.norm(normal))
    if double_area <= 1e-14 * lengths.max() ** 2:
        return None
    normal /= double_area
    inradius = double_area / lengths.sum()
    centre = (np.roll(lengths, -1) @ corners) / lengths.sum()
    radius = min(radius, 0.5 * inradius)
    inward = np.cross(normal, edges / lengths[:, None])
    height = np.einsum("ki,ki->k", inward, point - corners)
    short = (_MARGIN * radius - height) / np.maximum(inradius - height, 1e-300)
    share = float(np.clip(np.where(height < inradius, short, 0.0).max(), 0.0, 1.0))
    middle = point + share * (centre - point)
    middle = middle - normal * ((middle - corners[0]) @ normal)
    u = corners[0] - middle
    u = u - normal * (u @ normal)
    u /= np.linalg.norm(u)
    v = np.cross(normal, u)
    angle = 2.0 * np.pi * np.arange(SIDES) / SIDES
    polygon = middle + radius * (np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v)
    return polygon, _frame(corners, polygon, normal)


def _frame(corners: FloatArray, polygon: FloatArray, normal: FloatArray) -> IntArray:
    """The faces between a triangle (vertices 0 to 2) and a convex polygon within it (from 3 on).

    Each edge of the polygon goes to the corner that is farthest on its outer side: these triangles cannot overlap.
    """
    n = len(polygon)
    outward = np.cross(np.roll(polygon, -1, axis=0) - polygon, normal)
    apex = (outward @ corners.T).argmax(axis=1)
    faces = []
    for j in range(n):
        corner = int(apex[j - 1])
        while corner != apex[j]:
            faces.append((corner, (corner + 1) % 3, 3 + j))
            corner = (corner + 1) % 3
        faces.append((corner, 3 + (j + 1) % n, 3 + j))
    return np.array(faces)


def tube(vertices: FloatArray, first: IntArray, second: IntArray) -> tuple[FloatArray, IntArray]:
    """New vertices (n, 3) and the faces (m, 3) between two loops, each in the direction of the disc it replaces."""
    second = second[::-1]
    a, b = vertices[first], vertices[second]
    side = 0.5 * (_perimeter(a) / max(len(a), SIDES) + _perimeter(b) / max(len(b), SIDES))
    gap = float(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)))
    rings = int(np.clip(round(gap / side) - 1, 0, _MOST_RINGS)) if side > 0 else 0
    if not rings:
        return np.zeros((0, 3)), band(vertices, first, second)
    sides = int(np.clip(min(len(first), len(second)), 3, 8))
    start, end = _resampled(a, sides), _resampled(b, sides)
    shift = min(range(sides), key=lambda k: float(np.square(start - np.roll(end, -k, axis=0)).sum()))
    end = np.roll(end, -shift, axis=0)
    part = (np.arange(1, rings + 1) / (rings + 1.0))[:, None, None]
    between = ((1.0 - part) * start + part * end).reshape(-1, 3)
    points = np.concatenate([vertices, between])
    ring = len(vertices) + np.arange(rings * sides).reshape(rings, sides)
    a0, b0, a1, b1 = ring[:-1], ring[1:], np.roll(ring[:-1], -1, axis=1), np.roll(ring[1:], -1, axis=1)
    straight = np.concatenate([np.stack([a0, a1, b0], axis=2), np.stack([a1, b1, b0], axis=2)]).reshape(-1, 3)
    return between, np.concatenate([band(points, first, ring[0]), straight, band(points, ring[-1], second)])


def band(vertices: FloatArray, first: IntArray, second: IntArray) -> IntArray:
    """(n + m, 3) the faces between loops of n and m vertices that run the same way round.

    The faces contain the edges of the first loop forward and of the second backward. The nearest two vertices are
    joined; of all bands from there, it is the one with the shortest edges (sum of squares).
    """
    a, b = vertices[first], vertices[second]
    distance = np.square(a[:, None] - b[None]).sum(axis=2)
    i0, j0 = np.unravel_index(int(distance.argmin()), distance.shape)
    first, second = np.roll(first, -i0), np.roll(second, -j0)
    distance = np.roll(distance, (-i0, -j0), axis=(0, 1))
    return np.concatenate([first, second])[_cheapest_band(distance)]


@njit(cache=True)
def _cheapest_band(distance: FloatArray) -> IntArray:
    """(n + m, 3) faces on two loops, vertices 0 … and n …, with the smallest sum of `distance` (n, m) of the edges.

    The edge 0–0 is one of them; the face after it has an edge of the first loop, the face before it one of the second.
    So no edge between the loops is used twice.
    """
    n, m = distance.shape
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(m + 1):
            if (j == m and i < n) or (j == 0 and i == n):
                continue
            best = min(cost[i - 1, j], cost[i, j - 1] if j else np.inf)
            cost[i, j] = best + distance[i % n, j % m]
    faces = np.empty((n + m, 3), np.int64)
    i, j = n, m
    for k in range(n + m):
        if j == 0 or (i > 0 and cost[i - 1, j] <= cost[i, j - 1]):
            faces[k, 0], faces[k, 1], faces[k, 2] = i - 1, i % n, n + j % m
            i -= 1
        else:
            faces[k, 0], faces[k, 1], faces[k, 2] = i % n, n + j % m, n + j - 1
            j -= 1
    return faces


def _perimeter(loop: FloatArray) -> float:
    return float(np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1).sum())


def _resampled(loop: FloatArray, count: int) -> FloatArray:
    """(count, 3) points at equal steps along a closed loop (n, 3)."""
    closed = np.concatenate([loop, loop[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    steps = along[-1] * np.arange(count) / count
    return np.stack([np.interp(steps, along, closed[:, i]) for i in range(3)], axis=1)
