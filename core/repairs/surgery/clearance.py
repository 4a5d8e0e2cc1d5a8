# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether new faces would touch or pass through the surface, or each other. All decisions are exact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...geometry.boxes import LEAF, box_tree, face_box, leaves_near
from ...geometry.curve import along_curve
from ...mesh import FloatArray, IntArray, Mesh
from ...topology.checks import degenerate_faces
from ...topology.intersections import equal_positions
from ...topology.triangles import meet
from ..traced import BoolArray


def touching(vertices: FloatArray, faces: Sequence[IntArray], new: IntArray) -> BoolArray:
    """(m,) which of the faces `new` (m, 3) are without area, or touch others beside their common edges and corners.

    `faces`, lists (F, 3), that touch each other do not matter, nor do those without area.
    """
    hit = np.zeros(len(new), dtype=bool)
    hit[degenerate_faces(Mesh(vertices, new))] = True
    sound = np.flatnonzero(~hit)
    if not len(sound):
        return hit
    sound = sound[along_curve(vertices[new[sound]].mean(axis=1))]
    ordered = new[sound]
    boxes = box_tree(vertices, ordered)
    near = np.concatenate([ordered[:0], *(part[np.flatnonzero(_near(vertices, part, boxes))] for part in faces)])
    near = np.delete(near, degenerate_faces(Mesh(vertices, near)), axis=0)
    near = near[along_curve(vertices[near].mean(axis=1))] if len(near) else near
    used, local = np.unique(np.concatenate([ordered, near]), return_inverse=True)
    local, points = local.reshape(-1, 3), vertices[used]
    place = equal_positions(points)[local]
    found = np.zeros(len(ordered), dtype=bool)
    _mark_touching(points, local, place, boxes, 0, found)
    _mark_touching(points, local, place, box_tree(points, local[len(ordered) :]), len(ordered), found)
    hit[sound] = found
    return hit


@njit(cache=True)
def _near(vertices: FloatArray, faces: IntArray, boxes: FloatArray) -> NDArray[np.bool_]:
    """(F,) whether the box of a face overlaps one of the smallest boxes of the tree."""
    near = np.zeros(len(faces), np.bool_)
    low, high, found = np.empty(3), np.empty(3), np.empty(64, np.int64)
    for f in range(len(faces)):
        face_box(vertices, faces[f], low, high)
        count, found = leaves_near(boxes, low, high, found)
        near[f] = count > 0
    return near


@njit(cache=True)
def _mark_touching(
    vertices: FloatArray, faces: IntArray, place: IntArray, boxes: FloatArray, begin: int, hit: NDArray[np.bool_]
) -> None:
    """Set `hit` (n,) for those of the first n faces that touch a face of the tree `boxes`.

    The tree holds the n first faces themselves where `begin` is 0, or those from `begin` = n on.
    """
    leaves = len(boxes) // 2
    n, end = len(hit), len(hit) if begin == 0 else len(faces)
    stack = np.empty(128, np.int64)
    low, high, walls = np.empty(3), np.empty(3), np.empty((5, 4))
    for f in range(n):
        face_box(vertices, faces[f], low, high)
        _build_walls(vertices, faces[f, 0], faces[f, 1], faces[f, 2], walls)
        stack[0], top = 1, 1
        while top:
            top -= 1
            node = stack[top]
            apart = False
            for i in range(3):
                apart |= boxes[node, i] > high[i] or boxes[node, 3 + i] < low[i]
            if apart or _behind(walls, boxes[node]):
                continue
            if node < leaves:
                stack[top], stack[top + 1] = 2 * node, 2 * node + 1
                top += 2
                continue
            first = begin + (node - leaves) * LEAF
            for g in range(first, min(first + LEAF, end)):
                if hit[f] and (begin > 0 or hit[g]):
                    continue
                if (begin == 0 and g <= f) or _apart(vertices, faces, g, low, high):
                    continue
                if _beyond(vertices, faces, place, f, g) or _beyond(vertices, faces, place, g, f):
                    continue
                if meet(vertices, faces, place, f, g):
                    hit[f] = True
                    if begin == 0:
                        hit[g] = True


@njit(cache=True)
def _build_walls(vertices: FloatArray, a: int, b: int, c: int, walls: FloatArray) -> None:
    """walls (5, 4): what is surely on the side x n > d of one of them, (n, d), is apart from the triangle a, b, c.

    The sides of the triangle extended along its normal, and its plane from both sides.
    """
    ux, uy, uz = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
    vx, vy, vz = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2])
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    wx, wy, wz = vx - ux, vy - uy, vz - uz
    walls[0, 0], walls[0, 1], walls[0, 2] = uy * nz - uz * ny, uz * nx - ux * nz, ux * ny - uy * nx
    walls[1, 0], walls[1, 1], walls[1, 2] = wy * nz - wz * ny, wz * nx - wx * nz, wx * ny - wy * nx
    walls[2, 0], walls[2, 1], walls[2, 2] = vz * ny - vy * nz, vx * nz - vz * nx, vy * nx - vx * ny
    walls[3, 0], walls[3, 1], walls[3, 2] = nx, ny, nz
    walls[4, 0], walls[4, 1], walls[4, 2] = -nx, -ny, -nz
    for k in range(5):
        walls[k, 3] = -np.inf
        for corner in (a, b, c):
            x, y, z = vertices[corner, 0], vertices[corner, 1], vertices[corner, 2]
            doubt = 1e-14 * (abs(walls[k, 0] * x) + abs(walls[k, 1] * y) + abs(walls[k, 2] * z))
            reach = walls[k, 0] * x + walls[k, 1] * y + walls[k, 2] * z + doubt
            walls[k, 3] = max(walls[k, 3], reach)


@njit(cache=True)
def _behind(walls: FloatArray, box: FloatArray) -> bool:
    """Whether a box (low xyz, high xyz) is surely on the far side of one of the walls."""
    for k in range(len(walls)):
        nearest, doubt = 0.0, 0.0
        for i in range(3):
            part = walls[k, i] * (box[i] if walls[k, i] > 0.0 else box[3 + i])
            nearest += part
            doubt += abs(part)
        if nearest > walls[k, 3] + 1e-14 * doubt:
            return True
    return False


@njit(cache=True)
def _apart(vertices: FloatArray, faces: IntArray, f: int, low: FloatArray, high: FloatArray) -> bool:
    """Whether the box of a face is apart from the box from `low` to `high`."""
    for i in range(3):
        a, b, c = vertices[faces[f, 0], i], vertices[faces[f, 1], i], vertices[faces[f, 2], i]
        if min(a, b, c) > high[i] or max(a, b, c) < low[i]:
            return True
    return False


@njit(cache=True)
def _beyond(vertices: FloatArray, faces: IntArray, place: IntArray, f: int, g: int) -> bool:
    """Whether the corners of triangle g are all surely on one side of f's plane, or all beyond one side of f.

    Corners that are f's do not count, if they are ends of that side. False proves nothing.
    """
    a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
    ux, uy, uz = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
    vx, vy, vz = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2])
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    longest = max(abs(ux), abs(uy), abs(uz)) * max(abs(vx), abs(vy), abs(vz))
    above = below = True
    beyond_0 = beyond_1 = beyond_2 = True
    others = 0
    for j in range(3):
        corner = place[g, j]
        if corner == place[f, 0]:
            beyond_1 = False
            continue
        if corner == place[f, 1]:
            beyond_2 = False
            continue
        if corner == place[f, 2]:
            beyond_0 = False
            continue
        q = faces[g, j]
        x, y, z = (vertices[q, 0] - vertices[a, 0], vertices[q, 1] - vertices[a, 1], vertices[q, 2] - vertices[a, 2])
        height = nx * x + ny * y + nz * z
        doubt = 1e-14 * longest * max(abs(x), abs(y), abs(z))
        above &= height > doubt
        below &= height < -doubt
        beyond_0 = beyond_0 and _outside(vertices, a, b, q, nx, ny, nz, longest)
        beyond_1 = beyond_1 and _outside(vertices, b, c, q, nx, ny, nz, longest)
        beyond_2 = beyond_2 and _outside(vertices, c, a, q, nx, ny, nz, longest)
        others += 1
        if not (above or below or beyond_0 or beyond_1 or beyond_2):
            return False
    return others > 0 and (above or below or beyond_0 or beyond_1 or beyond_2)


@njit(cache=True)
def _outside(vertices: FloatArray, a: int, b: int, q: int, nx: float, ny: float, nz: float, longest: float) -> bool:
    """Whether q is surely to the right of the side from a to b of a triangle with the normal n, seen from above."""
    ux, uy, uz = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
    x, y, z = (vertices[q, 0] - vertices[a, 0], vertices[q, 1] - vertices[a, 1], vertices[q, 2] - vertices[a, 2])
    along = max(abs(ux), abs(uy), abs(uz)) * max(abs(x), abs(y), abs(z))
    right = (uy * nz - uz * ny) * x + (uz * nx - ux * nz) * y + (ux * ny - uy * nx) * z
    return right > 5e-14 * longest * along
