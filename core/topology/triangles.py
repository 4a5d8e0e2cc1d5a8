# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two triangles meet: a quick proof that they do not, else tests of exact signs (see `predicates`).

A common point of the closed triangles counts. Triangles that share a vertex count when they meet elsewhere; those
that share an edge, when they are folded onto each other.
"""

from __future__ import annotations

from numba import njit

from ..mesh import FloatArray, IntArray
from .apart import surely_apart
from .predicates import side, turn


@njit(cache=True)
def meet(vertices: FloatArray, faces: IntArray, place: IntArray, f: int, g: int) -> bool:
    """Whether two triangles have a common point beside the vertices or the edge that they share."""
    shared = 0
    turn_f, turn_g = 0, 0  # corners to look at: the shared one, or the one opposite to the shared edge
    sum_f, sum_g = 0, 0
    same = 0
    for i in range(3):
        for j in range(3):
            if place[f, i] == place[g, j]:
                shared += 1
                turn_f, turn_g = i, j
                sum_f += i
                sum_g += j
                same += faces[f, i] == faces[g, j]
    if shared >= 3:
        return same < 3
    if surely_apart(vertices, faces, f, g, shared, turn_f, turn_g, 3 - sum_f, 3 - sum_g):
        return False
    p, q = vertices[faces[f]], vertices[faces[g]]
    if shared == 0:
        return _triangles_meet(p, q)
    if shared == 2:
        turn_f, turn_g = 3 - sum_f, 3 - sum_g
        return _folded(p[turn_f], p[(turn_f + 1) % 3], p[(turn_f + 2) % 3], q[turn_g])
    return _segment_meets(p[(turn_f + 1) % 3], p[(turn_f + 2) % 3], q) or _segment_meets(
        q[(turn_g + 1) % 3], q[(turn_g + 2) % 3], p
    )


@njit(cache=True)
def _triangles_meet(p: FloatArray, q: FloatArray) -> bool:
    for a, b in ((p, q), (q, p)):
        s0, s1, s2 = (
            side(b[0], b[1], b[2], a[0]),
            side(b[0], b[1], b[2], a[1]),
            side(b[0], b[1], b[2], a[2]),
        )
        if (s0 > 0 and s1 > 0 and s2 > 0) or (s0 < 0 and s1 < 0 and s2 < 0):
            return False
    for k in range(3):
        if _segment_meets(p[k], p[(k + 1) % 3], q) or _segment_meets(q[k], q[(k + 1) % 3], p):
            return True
    return False


@njit(cache=True)
def _segment_meets(p: FloatArray, q: FloatArray, t: FloatArray) -> bool:
    """Whether the segment p–q has a point in the closed triangle t (3, 3)."""
    side_p, side_q = side(t[0], t[1], t[2], p), side(t[0], t[1], t[2], q)
    if side_p * side_q > 0:
        return False
    if side_p == 0 and side_q == 0:
        return _segment_meets_in_plane(p, q, t)
    s0, s1, s2 = side(p, q, t[0], t[1]), side(p, q, t[1], t[2]), side(p, q, t[2], t[0])
    return (s0 >= 0 and s1 >= 0 and s2 >= 0) or (s0 <= 0 and s1 <= 0 and s2 <= 0)


@njit(cache=True)
def _flat_axes(a: FloatArray, b: FloatArray, c: FloatArray) -> tuple[int, int]:
    """The two axes along which the triangle a, b, c is widest."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    x, y, z = abs(uy * vz - uz * vy), abs(uz * vx - ux * vz), abs(ux * vy - uy * vx)
    if x >= y and x >= z:
        return 1, 2
    if y >= z:
        return 2, 0
    return 0, 1


@njit(cache=True)
def _segment_meets_in_plane(p: FloatArray, q: FloatArray, t: FloatArray) -> bool:
    u, v = _flat_axes(t[0], t[1], t[2])
    for point in (p, q):
        s0 = turn(t[0], t[1], point, u, v)
        s1 = turn(t[1], t[2], point, u, v)
        s2 = turn(t[2], t[0], point, u, v)
        if (s0 >= 0 and s1 >= 0 and s2 >= 0) or (s0 <= 0 and s1 <= 0 and s2 <= 0):
            return True
    for k in range(3):
        a, b = t[k], t[(k + 1) % 3]
        if turn(p, q, a, u, v) * turn(p, q, b, u, v) < 0 and turn(a, b, p, u, v) * turn(a, b, q, u, v) < 0:
            return True
    return False


@njit(cache=True)
def _folded(p: FloatArray, a: FloatArray, b: FloatArray, q: FloatArray) -> bool:
    """Whether the triangles p, a, b and q, a, b lie in one plane on the same side of a–b."""
    if side(p, a, b, q) != 0:
        return False
    u, v = _flat_axes(p, a, b)
    return turn(a, b, p, u, v) * turn(a, b, q, u, v) > 0
