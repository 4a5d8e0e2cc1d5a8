# SPDX-License-Identifier: GPL-3.0-or-later
"""The shortest ways between the parts of a mesh: a minimum spanning tree of the gaps (Borůvka 1926)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ...geometry.boxes import LEAF
from ...mesh import FloatArray, IntArray
from ..traced import BoolArray
from .nesting import FaceTree


@dataclass(frozen=True)
class Gaps:
    """n ways between parts. faces: (n, 2) where they start and end; points: (n, 2, 3) nearest points, exact."""

    faces: IntArray
    points: FloatArray

    @property
    def lengths(self) -> FloatArray:
        """(n,) length of each way."""
        return np.asarray(np.linalg.norm(self.points[:, 1] - self.points[:, 0], axis=1))


def spanning_gaps(tree: FaceTree, part: IntArray) -> Gaps:
    """The parts − 1 shortest ways that join all parts; part: (F,) of each face, numbered from 0.

    Lengths are distances between triangles; in each round every group of joined parts finds the way to its nearest.
    """
    label = np.ascontiguousarray(part[tree.order])
    n_parts = int(label.max()) + 1
    group = np.arange(n_parts)
    faces, points = np.zeros((0, 2), np.int64), np.zeros((0, 2, 3))
    while (group != group[0]).any():
        distance, pair, ends = _nearest_groups(tree.vertices, tree.faces, group[label], n_parts, tree.boxes)
        # Equal distances must not close a circle: the shortest first, and only between groups still apart.
        starts = np.flatnonzero(pair[:, 0] >= 0)
        for k in starts[np.argsort(distance[starts], kind="stable")]:
            a, b = group[label[pair[k]]]
            if a != b:
                group[group == max(a, b)] = min(a, b)
                faces = np.concatenate([faces, tree.order[pair[k]][None]])
                points = np.concatenate([points, ends[k][None]])
    return Gaps(faces, points)


@njit(cache=True)
def _nearest_groups(
    vertices: FloatArray, faces: IntArray, group: IntArray, n_groups: int, boxes: FloatArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """For each group (n,): squared distance to the nearest face of another, the two faces, the two nearest points."""
    best = np.full(n_groups, np.inf)
    pair = np.full((n_groups, 2), -1)
    ends = np.zeros((n_groups, 2, 3))
    leaves = len(boxes) // 2
    uniform = np.full(2 * leaves, -2)  # the group of all faces below a node; −2: none there; −1: several groups
    for f in range(len(faces)):
        node = leaves + f // LEAF
        uniform[node] = group[f] if uniform[node] in (-2, group[f]) else -1
    for node in range(leaves - 1, 0, -1):
        a, b = uniform[2 * node], uniform[2 * node + 1]
        uniform[node] = a if b in (-2, a) else b if a == -2 else -1
    stack = np.empty(128, np.int64)
    low, high = np.empty(3), np.empty(3)
    p, q, found = np.empty((3, 3)), np.empty((3, 3)), np.empty((2, 3))
    for f in range(len(faces)):
        own = group[f]
        if best[own] == 0.0:
            continue
        p[:] = vertices[faces[f]]
        for i in range(3):
            low[i], high[i] = p[:, i].min(), p[:, i].max()
        stack[0] = 1
        top = 1
        while top:
            top -= 1
            node = stack[top]
            if uniform[node] == own or _box_gap(boxes[node], low, high) >= best[own]:
                continue
            if node < leaves:
                near, far = 2 * node, 2 * node + 1
                if _box_gap(boxes[far], low, high) < _box_gap(boxes[near], low, high):
                    near, far = far, near
                stack[top], stack[top + 1] = far, near
                top += 2
                continue
            first = (node - leaves) * LEAF
            for g in range(first, min(first + LEAF, len(faces))):
                if group[g] == own:
                    continue
                q[:] = vertices[faces[g]]
                away = 0.0
                for i in range(3):
                    gap = max(q[:, i].min() - high[i], low[i] - q[:, i].max(), 0.0)
                    away += gap * gap
                if away >= best[own]:
                    continue
                distance = triangle_gap(p, q, found)
                if distance < best[own]:
                    best[own] = distance
                    pair[own, 0], pair[own, 1] = f, g
                    ends[own] = found
    return best, pair, ends


@njit(cache=True)
def _box_gap(box: FloatArray, low: FloatArray, high: FloatArray) -> float:
    """Squared distance between two boxes; infinite for an empty node."""
    total = 0.0
    for i in range(3):
        gap = max(box[i] - high[i], low[i] - box[3 + i], 0.0)
        total += gap * gap
    return total


@njit(cache=True)
def nearest_faces(
    points: FloatArray, vertices: FloatArray, faces: IntArray, usable: BoolArray, boxes: FloatArray
) -> tuple[IntArray, FloatArray]:
    """(n,) the nearest `usable` face (F,) in a tree to each of `points` (n, 3), −1 for none; (n, 3) where on it."""
    leaves = len(boxes) // 2
    some = np.zeros(2 * leaves, np.bool_)
    for f in range(len(faces)):
        some[leaves + f // LEAF] |= usable[f]
    for node in range(leaves - 1, 0, -1):
        some[node] = some[2 * node] or some[2 * node + 1]
    stack = np.empty(128, np.int64)
    p, q, found = np.empty((3, 3)), np.empty((3, 3)), np.empty((2, 3))
    nearest, foot = np.full(len(points), -1), np.zeros((len(points), 3))
    for k in range(len(points)):
        p[:] = points[k]
        best = np.inf
        stack[0] = 1
        top = 1
        while top:
            top -= 1
            node = stack[top]
            if not some[node] or _box_gap(boxes[node], points[k], points[k]) >= best:
                continue
            if node < leaves:
                near, far = 2 * node, 2 * node + 1
                if _box_gap(boxes[far], points[k], points[k]) < _box_gap(boxes[near], points[k], points[k]):
                    near, far = far, near
                stack[top], stack[top + 1] = far, near
                top += 2
                continue
            first = (node - leaves) * LEAF
            for g in range(first, min(first + LEAF, len(faces))):
                if usable[g]:
                    q[:] = vertices[faces[g]]
                    distance = triangle_gap(p, q, found)
                    if distance < best:
                        best = distance
                        nearest[k] = g
                        foot[k] = found[1]
    return nearest, foot


@njit(cache=True)
def triangle_gap(p: FloatArray, q: FloatArray, ends: FloatArray) -> float:
    """Squared distance between two triangles (3, 3) that do not cross; the nearest points go to `ends` (2, 3)."""
    best = np.inf
    for i in range(3):
        for j in range(3):
            best = _segments(p[i], p[(i + 1) % 3], q[j], q[(j + 1) % 3], best, ends)
    for k in range(3):
        best = _corner(p[k], q, best, ends, 0)
        best = _corner(q[k], p, best, ends, 1)
    return best


@njit(cache=True)
def _segments(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, best: float, ends: FloatArray) -> float:
    """The smaller of `best` and the squared distance of the segments a–b and c–d (Ericson 2005, 5.1.9)."""
    uu, vv, uv, ur, vr = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(3):
        u, v, r = b[i] - a[i], d[i] - c[i], a[i] - c[i]
        uu += u * u
        vv += v * v
        uv += u * v
        ur += u * r
        vr += v * r
    determinant = uu * vv - uv * uv
    s = 0.0
    if determinant > 0.0:
        s = min(max((uv * vr - ur * vv) / determinant, 0.0), 1.0)
    t = (uv * s + vr) / vv if vv > 0.0 else 0.0
    if t < 0.0 or t > 1.0 or vv == 0.0:
        t = min(max(t, 0.0), 1.0)
        s = min(max((uv * t - ur) / uu, 0.0), 1.0) if uu > 0.0 else 0.0
    distance = 0.0
    for i in range(3):
        distance += (a[i] + s * (b[i] - a[i]) - c[i] - t * (d[i] - c[i])) ** 2
    if distance < best:
        for i in range(3):
            ends[0, i], ends[1, i] = a[i] + s * (b[i] - a[i]), c[i] + t * (d[i] - c[i])
        return distance
    return best


@njit(cache=True)
def _corner(p: FloatArray, t: FloatArray, best: float, ends: FloatArray, own: int) -> float:
    """The smaller of `best` and the squared distance of p to the triangle t, where it projects into its inside."""
    uu, vv, uv, wu, wv = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(3):
        u, v, w = t[1, i] - t[0, i], t[2, i] - t[0, i], p[i] - t[0, i]
        uu += u * u
        vv += v * v
        uv += u * v
        wu += w * u
        wv += w * v
    determinant = uu * vv - uv * uv
    if determinant <= 0.0:
        return best
    s, r = (vv * wu - uv * wv) / determinant, (uu * wv - uv * wu) / determinant
    if s < 0.0 or r < 0.0 or s + r > 1.0:
        return best
    distance = 0.0
    for i in range(3):
        distance += (p[i] - t[0, i] - s * (t[1, i] - t[0, i]) - r * (t[2, i] - t[0, i])) ** 2
    if distance < best:
        for i in range(3):
            ends[own, i] = p[i]
            ends[1 - own, i] = t[0, i] + s * (t[1, i] - t[0, i]) + r * (t[2, i] - t[0, i])
        return distance
    return best
