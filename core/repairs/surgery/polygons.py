# SPDX-License-Identifier: GPL-3.0-or-later
"""Triangulations of closed polygons in space, without new corners.

Small polygons: the dynamic programme of Barequet and Sharir (1995) with the weight of Liepa (2003, Filling holes in
meshes): first the largest angle between neighbours, those beyond the polygon's sides too, then area and roundness.
Large ones: ears of the polygon in its plane, or, where that crosses itself, a coarse polygon and pieces along its
sides.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ...mesh import FloatArray, IntArray
from .ears import ears

LONGEST = 200
"""Polygons with more corners are too slow for the dynamic programme."""
_COARSE = 100
_STEPS = 1000.0  # angles are compared in steps of 1 - cos, so that rounding does not decide


def triangulate(points: FloatArray, beyond: FloatArray, taken: IntArray, *, angles: bool = True) -> IntArray:
    """(n - 2, 3) triangles over the closed polygon `points` (n, 3), in its direction; (0, 3) if there is no way.

    beyond: (n, 3) unit normals of the faces beyond the sides from corner i to i + 1; zero where there is none.
    taken: (k,) diagonals i n + j, i < j, in ascending order, that must not be used: edges that the surface has.
    angles: whether angles count at all; otherwise area alone.
    """
    count = len(points)
    if count == 3:
        return np.array([[0, 1, 2]])
    if count <= LONGEST:
        triangles: IntArray = _minimum_weight(points, beyond, taken, angles)
        return triangles
    triangles = ears(flattened(points)) if angles else divided(points)
    return np.zeros((0, 3), np.int64) if uses(triangles, taken, count) else triangles


def newell(points: FloatArray) -> FloatArray:
    """(3,) the area vector of a closed polygon (n, 3): its length is the area, where the polygon is flat."""
    centred = points - points.mean(axis=0)
    return 0.5 * np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)


def domain(points: FloatArray, corners: IntArray) -> tuple[FloatArray, IntArray] | None:
    """A closed polygon laid into the plane across its area vector, and (n - 2, 3) triangles over it there.

    points: (p, 3); corners: (n,) the polygon, numbers of points. The points in the plane, (p, 3) in space, form a
    polygon that does not cross itself; noise is smoothed away where that helps. None where nothing helps.
    """
    centre = points.mean(axis=0)
    axes = _plane(points[corners])
    flat = (points - centre) @ axes
    for rounds in (0, 1, 2, 4, 8) if len(corners) == len(points) else (0,):
        for _ in range(rounds):
            flat = 0.5 * flat + 0.25 * (np.roll(flat, 1, axis=0) + np.roll(flat, -1, axis=0))
        triangles = corners[ears(flat[corners])]
        u, v = flat[triangles[:, 1]] - flat[triangles[:, 0]], flat[triangles[:, 2]] - flat[triangles[:, 0]]
        if (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] >= -1e-9 * (u**2 + v**2).sum(axis=1)).all():
            return centre + flat @ axes.T, triangles
    return None


def flattened(points: FloatArray, also: FloatArray | None = None) -> FloatArray:
    """(n, 2) the polygon (n, 3) seen along its area vector, anticlockwise; and other points (k, 3) after it."""
    every = points if also is None else np.concatenate([points, also])
    return (every - points.mean(axis=0)) @ _plane(points)


def _plane(points: FloatArray) -> FloatArray:
    """(3, 2) two directions across the polygon's area vector."""
    normal = newell(points)
    length = np.linalg.norm(normal)
    normal = normal / length if length > 0 else np.array([0.0, 0.0, 1.0])
    u = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(normal, u)], axis=1)


def uses(triangles: IntArray, taken: IntArray, count: int) -> bool:
    """Whether one of the diagonals `taken` of a polygon with `count` corners is an edge of the triangles (m, 3)."""
    if not len(taken):
        return False
    a, b = triangles, np.roll(triangles, -1, axis=1)
    return bool(np.isin(np.minimum(a, b) * count + np.maximum(a, b), taken).any())


def divided(points: FloatArray) -> IntArray:
    """(n - 2, 3) triangles over the polygon (n, 3): a coarse polygon on some of its corners, and pieces beside it."""
    count = len(points)
    none = np.zeros(0, np.int64)
    if count <= _COARSE:
        triangles: IntArray = _minimum_weight(points, np.zeros_like(points), none, False)
        return triangles
    corners = (np.arange(_COARSE) * count) // _COARSE
    pieces = [corners[_minimum_weight(points[corners], np.zeros((_COARSE, 3)), none, False)]]
    for begin, end in zip(corners, np.append(corners[1:], count), strict=True):
        if end - begin > 1:
            piece = np.arange(begin, end + 1) % count
            pieces.append(piece[divided(points[piece])])
    return np.concatenate(pieces)


@njit(cache=True)
def _angle(ax: float, ay: float, az: float, b: FloatArray) -> float:
    """1 - cos of the angle between unit normals, in whole steps; 0 for a missing one."""
    if b[0] == 0.0 and b[1] == 0.0 and b[2] == 0.0:
        return 0.0
    return np.floor((1.0 - (ax * b[0] + ay * b[1] + az * b[2])) * _STEPS + 0.5)


@njit(cache=True)
def _minimum_weight(points: FloatArray, beyond: FloatArray, taken: IntArray, angles: bool) -> IntArray:
    n = len(points)
    banned = np.zeros((n, n), np.bool_)
    for key in taken:
        banned[key // n, key % n] = True
    worst, cost = np.zeros((n, n)), np.zeros((n, n))
    normal = np.zeros((n, n, 3))
    middle = np.zeros((n, n), np.int64)
    for i in range(n - 1):
        normal[i, i + 1] = beyond[i]
    for gap in range(2, n):
        for i in range(n - gap):
            k = i + gap
            best_angle, best_cost, best = np.inf, np.inf, -1
            if banned[i, k]:
                worst[i, k] = cost[i, k] = np.inf
                continue
            for j in range(i + 1, k):
                angle = max(worst[i, j], worst[j, k])
                base = cost[i, j] + cost[j, k]
                if angle > best_angle or (angle == best_angle and base >= best_cost) or base == np.inf:
                    continue
                ux, uy, uz = (points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2])
                vx, vy, vz = (points[k, 0] - points[j, 0], points[k, 1] - points[j, 1], points[k, 2] - points[j, 2])
                wx, wy, wz = ux + vx, uy + vy, uz + vz
                nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
                length = np.sqrt(nx * nx + ny * ny + nz * nz)
                squares = ux * ux + uy * uy + uz * uz + vx * vx + vy * vy + vz * vz + wx * wx + wy * wy + wz * wz
                total = base + 0.5 * length + 0.02 * squares
                if length <= 1e-5 * squares:
                    angle = max(angle, 2.0 * _STEPS)
                    total += squares
                elif angles:
                    nx, ny, nz = nx / length, ny / length, nz / length
                    angle = max(angle, _angle(nx, ny, nz, normal[i, j]), _angle(nx, ny, nz, normal[j, k]))
                    if gap == n - 1:
                        angle = max(angle, _angle(nx, ny, nz, beyond[n - 1]))
                if angle < best_angle or (angle == best_angle and total < best_cost):
                    best_angle, best_cost, best = angle, total, j
                    if length > 1e-5 * squares and angles:
                        normal[i, k, 0], normal[i, k, 1], normal[i, k, 2] = nx, ny, nz
                    else:
                        normal[i, k] = 0.0
            worst[i, k], cost[i, k], middle[i, k] = best_angle, best_cost, best
    if cost[0, n - 1] == np.inf:
        return np.empty((0, 3), np.int64)
    triangles = np.empty((n - 2, 3), np.int64)
    stack = np.empty((n, 2), np.int64)
    stack[0, 0], stack[0, 1] = 0, n - 1
    top, count = 1, 0
    while top:
        top -= 1
        i, k = stack[top, 0], stack[top, 1]
        if k - i < 2:
            continue
        j = middle[i, k]
        triangles[count, 0], triangles[count, 1], triangles[count, 2] = i, j, k
        count += 1
        stack[top, 0], stack[top, 1] = i, j
        stack[top + 1, 0], stack[top + 1, 1] = j, k
        top += 2
    return triangles
