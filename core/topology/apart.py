# SPDX-License-Identifier: GPL-3.0-or-later
"""A quick proof that two triangles do not meet, for most of those that do not."""

from __future__ import annotations

from numba import njit

from ..mesh import FloatArray, IntArray

_SURE = 1e-11
"""Part of the size of the terms by which a plain sum must differ from zero to be sure of its sign."""


@njit(cache=True)
def surely_apart(
    vertices: FloatArray, faces: IntArray, f: int, g: int, shared: int, turn_f: int, turn_g: int, far_f: int, far_g: int
) -> bool:
    """Whether two triangles are on two sides of a plane, through what they share; without exact arithmetic.

    Never true for triangles that meet; planes that come to mind at once are enough for nearly all neighbours.
    """
    i, j = turn_f, turn_g
    if shared == 2:
        i, j = far_f, far_g
    a0, a1, a2 = faces[f, i], faces[f, (i + 1) % 3], faces[f, (i + 2) % 3]
    b0, b1, b2 = faces[g, j], faces[g, (j + 1) % 3], faces[g, (j + 2) % 3]
    # Everything relative to a point of the first triangle: the shared corner, or one end of the shared edge.
    origin = a1 if shared == 2 else a0
    ox, oy, oz = vertices[origin, 0], vertices[origin, 1], vertices[origin, 2]
    p0x, p0y, p0z = vertices[a0, 0] - ox, vertices[a0, 1] - oy, vertices[a0, 2] - oz
    p1x, p1y, p1z = vertices[a1, 0] - ox, vertices[a1, 1] - oy, vertices[a1, 2] - oz
    p2x, p2y, p2z = vertices[a2, 0] - ox, vertices[a2, 1] - oy, vertices[a2, 2] - oz
    q0x, q0y, q0z = vertices[b0, 0] - ox, vertices[b0, 1] - oy, vertices[b0, 2] - oz
    q1x, q1y, q1z = vertices[b1, 0] - ox, vertices[b1, 1] - oy, vertices[b1, 2] - oz
    q2x, q2y, q2z = vertices[b2, 0] - ox, vertices[b2, 1] - oy, vertices[b2, 2] - oz
    size = max(
        abs(p0x), abs(p0y), abs(p0z), abs(p1x), abs(p1y), abs(p1z), abs(p2x), abs(p2y), abs(p2z),
        abs(q0x), abs(q0y), abs(q0z), abs(q1x), abs(q1y), abs(q1z), abs(q2x), abs(q2y), abs(q2z),
    )  # fmt: skip
    if shared == 2:  # the corners opposite to the edge lie on two sides of it
        square = p2x * p2x + p2y * p2y + p2z * p2z
        along = p0x * p2x + p0y * p2y + p0z * p2z
        nx, ny, nz = p0x * square - p2x * along, p0y * square - p2y * along, p0z * square - p2z * along
        sure = _SURE * size**4
        return nx * q0x + ny * q0y + nz * q0z < -sure and nx * p0x + ny * p0y + nz * p0z > sure
    sure = _SURE * size**3
    # The planes of the two triangles
    nx, ny, nz = p1y * p2z - p1z * p2y, p1z * p2x - p1x * p2z, p1x * p2y - p1y * p2x
    if shared == 0:
        nx, ny, nz = (
            (p1y - p0y) * (p2z - p0z) - (p1z - p0z) * (p2y - p0y),
            (p1z - p0z) * (p2x - p0x) - (p1x - p0x) * (p2z - p0z),
            (p1x - p0x) * (p2y - p0y) - (p1y - p0y) * (p2x - p0x),
        )
    s0, s1, s2 = (
        nx * q0x + ny * q0y + nz * q0z,
        nx * q1x + ny * q1y + nz * q1z,
        nx * q2x + ny * q2y + nz * q2z,
    )
    if shared == 1:
        s0 = s1
    if (s0 > sure and s1 > sure and s2 > sure) or (s0 < -sure and s1 < -sure and s2 < -sure):
        return True
    ux, uy, uz, vx, vy, vz = q1x - q0x, q1y - q0y, q1z - q0z, q2x - q0x, q2y - q0y, q2z - q0z
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    s0, s1, s2 = (
        nx * (p0x - q0x) + ny * (p0y - q0y) + nz * (p0z - q0z),
        nx * (p1x - q0x) + ny * (p1y - q0y) + nz * (p1z - q0z),
        nx * (p2x - q0x) + ny * (p2y - q0y) + nz * (p2z - q0z),
    )
    if shared == 1:
        s0 = s1
    if (s0 > sure and s1 > sure and s2 > sure) or (s0 < -sure and s1 < -sure and s2 < -sure):
        return True
    # The plane across the way from the middle of one to the middle of the other
    sure = _SURE * size**2
    nx = q0x + q1x + q2x - p0x - p1x - p2x
    ny = q0y + q1y + q2y - p0y - p1y - p2y
    nz = q0z + q1z + q2z - p0z - p1z - p2z
    s0, s1, s2 = (
        nx * p0x + ny * p0y + nz * p0z,
        nx * p1x + ny * p1y + nz * p1z,
        nx * p2x + ny * p2y + nz * p2z,
    )
    t0, t1, t2 = (
        nx * q0x + ny * q0y + nz * q0z,
        nx * q1x + ny * q1y + nz * q1z,
        nx * q2x + ny * q2y + nz * q2z,
    )
    if shared == 1:
        return max(s1, s2) < -sure and min(t1, t2) > sure
    return max(s0, s1, s2) < min(t0, t1, t2) - sure
