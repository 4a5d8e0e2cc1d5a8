# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points of a surface can be seen from outside: rays in fixed directions, the same every time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..mesh import FloatArray, Mesh, require_usable
from .boxes import LEAF, box_tree
from .curve import along_curve
from .measure import face_normals
from .sampling import sample_surface

RAYS = 128
"""Rays on each side of a point, unless told otherwise."""

_OFFSET = 1e-5
"""How far rays start from the surface, as a part of the diagonal: walls nearer to each other hide nothing."""

_WIDER = 1e-9
"""How much larger triangles and boxes are taken to be, so that no ray slips through an edge."""


def openness(points: FloatArray, normals: FloatArray, mesh: Mesh, rays: int = RAYS) -> FloatArray:
    """(N,) the share of directions on the side of the normals in which nothing of the mesh is in the way.

    points, normals: (N, 3), on or near the surface. rays: about how many directions are tried for each point.
    0 where nothing can be seen from outside. Raises `InvalidMesh` for a mesh that is empty, has no area or
    coordinates that are not numbers.
    """
    return _cast(points, normals, mesh, rays, False)


def visible_from_outside(points: FloatArray, normals: FloatArray, mesh: Mesh) -> NDArray[np.bool_]:
    """(N,) whether some ray from a point of the surface, on either side, leaves the mesh without hitting it again.

    points, normals: (N, 3). Raises `InvalidMesh` as `openness` does.
    """
    seen = _cast(points, normals, mesh, RAYS, True) > 0.0
    left = np.flatnonzero(~seen)
    seen[left] = _cast(points[left], -normals[left], mesh, RAYS, True) > 0.0
    return np.asarray(seen)


def sample_visible(mesh: Mesh, count: int, seed: int = 0) -> FloatArray:
    """(n, 3) those of `count` random points of the surface that can be seen from outside."""
    points, triangle, _ = sample_surface(mesh, count, seed)
    return points[visible_from_outside(points, face_normals(mesh)[triangle], mesh)]


def even_directions(count: int) -> FloatArray:
    """(count, 3) unit vectors spread evenly over the sphere, as are the first few of them: a Fibonacci lattice.

    None lies along an axis or in a plane of two, where walls of boxes are (for an even count).
    """
    number = np.argsort(np.arange(count) * np.sqrt(2.0) % 1.0, kind="stable")
    z = 1.0 - (2.0 * number + 1.0) / count
    angle = np.pi * (3.0 - np.sqrt(5.0)) * (number + 0.5)
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)


def _cast(points: FloatArray, normals: FloatArray, mesh: Mesh, rays: int, first_only: bool) -> FloatArray:
    """(N,) the share of open directions; with `first_only` something above 0 as soon as one is found."""
    require_usable(mesh)
    if not len(points):
        return np.zeros(0)
    centre, scale = mesh.vertices.mean(axis=0), mesh.diagonal
    vertices = (mesh.vertices - centre) / scale
    faces = np.ascontiguousarray(mesh.faces[along_curve(vertices[mesh.faces].mean(axis=1))])
    boxes = box_tree(vertices, faces)
    boxes[:, :3] -= _WIDER
    boxes[:, 3:] += _WIDER
    corners = vertices[faces]
    corners[:, 1:] -= corners[:, :1]
    order = along_curve(points)
    origin = (points[order] - centre) / scale + _OFFSET * normals[order]
    share = np.empty(len(points))
    share[order] = _open_shares(origin, normals[order], even_directions(2 * rays), corners, boxes, first_only)
    return share


@njit(cache=True)
def _open_shares(
    origin: FloatArray,
    normals: FloatArray,
    directions: FloatArray,
    corners: FloatArray,
    boxes: FloatArray,
    first_only: bool,
) -> FloatArray:
    """As `_cast`. corners: (F, 3, 3) a corner and two edges of each face, in the order of the tree."""
    shares = np.zeros(len(origin))
    blocker = np.full(len(directions), -1)  # what was in the way last is often in the way again
    inverse = 1.0 / directions
    for k in range(len(origin)):
        free, tried = 0, 0
        p, normal = origin[k], normals[k]
        for d in range(len(directions)):
            ray = directions[d]
            if ray[0] * normal[0] + ray[1] * normal[1] + ray[2] * normal[2] <= 0.0:
                continue
            tried += 1
            if blocker[d] >= 0 and _meets(p, ray, corners[blocker[d]]):
                continue
            found = _in_the_way(p, ray, inverse[d], corners, boxes)
            if found >= 0:
                blocker[d] = found
                continue
            free += 1
            if first_only:
                break
        shares[k] = free / max(tried, 1)
    return shares


@njit(cache=True)
def _in_the_way(p: FloatArray, ray: FloatArray, inverse: FloatArray, corners: FloatArray, boxes: FloatArray) -> int:
    """A face that the ray from p meets, or −1."""
    leaves = len(boxes) // 2
    stack = np.empty(64, np.int64)
    stack[0] = 1
    top = 1
    while top:
        top -= 1
        node = stack[top]
        near, far = 0.0, np.inf
        for i in range(3):
            low, high = (boxes[node, i] - p[i]) * inverse[i], (boxes[node, 3 + i] - p[i]) * inverse[i]
            if inverse[i] < 0.0:
                low, high = high, low
            near, far = max(near, low), min(far, high)
        if near > far:
            continue
        if node < leaves:
            stack[top], stack[top + 1] = 2 * node, 2 * node + 1
            top += 2
            continue
        first = (node - leaves) * LEAF
        for f in range(first, min(first + LEAF, len(corners))):
            if _meets(p, ray, corners[f]):
                return f
    return -1


@njit(cache=True)
def _meets(p: FloatArray, ray: FloatArray, corner: FloatArray) -> bool:
    """Whether the ray from p meets a triangle, its edges included (Möller and Trumbore 1997)."""
    ux, uy, uz = corner[1, 0], corner[1, 1], corner[1, 2]
    vx, vy, vz = corner[2, 0], corner[2, 1], corner[2, 2]
    hx, hy, hz = ray[1] * vz - ray[2] * vy, ray[2] * vx - ray[0] * vz, ray[0] * vy - ray[1] * vx
    determinant = ux * hx + uy * hy + uz * hz
    if determinant == 0.0:
        return False
    sx, sy, sz = p[0] - corner[0, 0], p[1] - corner[0, 1], p[2] - corner[0, 2]
    a = (sx * hx + sy * hy + sz * hz) / determinant
    if a < -_WIDER or a > 1.0 + _WIDER:
        return False
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    b = (ray[0] * qx + ray[1] * qy + ray[2] * qz) / determinant
    if b < -_WIDER or a + b > 1.0 + _WIDER:
        return False
    return (vx * qx + vy * qy + vz * qz) / determinant > 0.0
