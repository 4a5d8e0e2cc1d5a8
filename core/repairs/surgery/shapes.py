# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes that a cap may take, from one that continues the surface to a plain fan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from ...mesh import FloatArray, IntArray, Mesh
from .fairing import drawn, faired, membrane
from .patches import flipped, refine
from .polygons import LONGEST, domain, newell, triangulate, uses
from .rims import Rim

_SHARP = np.radians(15.0)
_LONG = 100
_FAIRINGS = 2


@dataclass(frozen=True)
class Patch:
    """A cap of one rim: points (n + k, 3), those of the rim first, and triangles (m, 3) on them.

    tight: whether it is as tight already as a soap film is.
    """

    points: FloatArray
    triangles: IntArray
    tight: bool = False


Patches = Mapping[int, Patch]
"""number of a rim → its patch."""


def plain(rim: Rim, *, angles: bool = True, even: bool = True) -> Patch | None:
    """Triangles on the rim's own vertices; None where edges of the surface are in the way.

    angles: whether angles between neighbours count; otherwise area alone. even: whether the triangles over a long rim
    are made rounder where they can.
    """
    n = len(rim.points)
    if angles and is_long(rim) and (flat := domain(rim.points, rim.corners)) is not None:
        points, triangles = flat
        if even:
            triangles = flipped(points, triangles, n, rim.taken)
        return None if uses(triangles, rim.taken, n) else Patch(rim.points, triangles)
    triangles = rim.corners[triangulate(rim.polygon, rim.beyond, rim.banned(), angles=angles)]
    if not len(triangles) or (rim.is_ring and not _is_sheet(triangles)):
        return None
    if even and is_long(rim):
        triangles = flipped(rim.points, triangles, n, rim.taken)
    return Patch(rim.points, triangles)


def _is_sheet(triangles: IntArray) -> bool:
    """Whether no two triangles (m, 3) run along an edge in the same direction."""
    tail, head = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    return len(np.unique(tail * (int(triangles.max()) + 1) + head)) == len(tail)


def is_long(rim: Rim) -> bool:
    """Whether the rim is too long for the best triangulation."""
    return len(rim.corners) > LONGEST


def fan(rim: Rim) -> Patch | None:
    """Triangles around one new vertex in the middle; no edge of the surface can be in the way. None for rings."""
    if rim.is_ring:
        return None
    n = len(rim.points)
    corner = np.arange(n)
    triangles = np.stack([corner, np.roll(corner, -1), np.full(n, n)], axis=1)
    return Patch(np.concatenate([rim.points, rim.points.mean(axis=0)[None]]), triangles)


def refined(rim: Rim) -> Patch | None:
    """The plain cap with more vertices; None where it needs none. Long rims get larger triangles inside."""
    n = len(rim.points)
    growth = 0.0 if n <= _LONG else 0.15 if n <= 10 * _LONG else 0.3
    if is_long(rim) and (flat := domain(rim.points, rim.corners)) is not None:
        points, triangles = refine(*flat, rim.size, n, rim.taken, growth)
        if uses(triangles, rim.taken, n) or len(points) == n:
            return None
        return Patch(drawn(points, triangles, rim.points), triangles, tight=True)
    start = plain(rim, angles=True)
    if start is None:
        start = fan(rim)
    if start is None:
        return None
    size = rim.size
    if len(start.points) > n:
        size = np.append(size, size.mean())
    points, triangles = refine(start.points, start.triangles, size, n, rim.taken, growth)
    return Patch(points, triangles) if len(points) > n else None


def between(first: Patch, second: Patch) -> Patch:
    """The triangles of the second patch half-way to the first one, which has the same vertices."""
    return replace(second, points=0.5 * (first.points + second.points))


def tight(mesh: Mesh, rims: list[Rim], patches: Patches) -> dict[int, Patch]:
    """The refined patches drawn tight, like soap films: flat over flat rims."""
    loose = {i: patch for i, patch in patches.items() if not patch.tight}
    return {**patches, **_placed(mesh, rims, loose, bend=False)}


def curved(mesh: Mesh, rims: list[Rim], patches: Patches) -> dict[int, Patch]:
    """The tight patches bent so that they continue the surface, but not beyond a half-sphere."""
    chosen = {i: patch for i, patch in patches.items() if not ends_sharply(mesh, rims[i])}
    out = chosen
    for _ in range(_FAIRINGS):
        bent = _placed(mesh, rims, out, bend=True)
        out = {
            i: Patch(p.points, flipped(p.points, p.triangles, len(rims[i].points), rims[i].taken))
            for i, p in bent.items()
        }
    return {i: patch for i, patch in out.items() if _moderate(rims[i], chosen[i], patch)}


def _moderate(rim: Rim, flat: Patch, patch: Patch) -> bool:
    away = patch.points.max(axis=0) - flat.points.max(axis=0), flat.points.min(axis=0) - patch.points.min(axis=0)
    return bool(np.isfinite(patch.points).all() and np.max(away) <= 0.6 * np.linalg.norm(np.ptp(rim.points, axis=0)))


def ends_sharply(mesh: Mesh, rim: Rim) -> bool:
    """Whether the surface comes to the rim's plane at an angle that its curvature near by does not explain.

    True for the rim of a cylinder or a cone without lid, false for a sphere with a hole.
    """
    normal = newell(rim.polygon)
    area = float(np.linalg.norm(normal))
    known = (rim.beyond != 0).any(axis=1)
    if area == 0.0 or not known.any():
        return area > 0.0
    normal /= area
    angle = float(np.arccos(np.clip(rim.beyond[known] @ normal, -1.0, 1.0)).mean())
    if angle < _SHARP:
        return False
    to_rim = cKDTree(rim.points)
    near, near_away = _tilt(mesh.vertices[rim.around], normal, to_rim)
    far, far_away = _tilt(mesh.vertices[rim.further], normal, to_rim)
    if not far_away > near_away:
        return True
    return bool((far - near) / (far_away - near_away) * np.sqrt(area / np.pi) < 0.4 * angle)


def _tilt(corners: FloatArray, normal: FloatArray, to_rim: cKDTree) -> tuple[float, float]:
    """The mean angle of triangles (n, 3, 3) to the normal, and the mean distance of their centres from the rim."""
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(cross, axis=1)
    sound = length > 0
    if not sound.any():
        return 0.0, 0.0
    angle = np.arccos(np.clip(cross[sound] @ normal / length[sound], -1.0, 1.0))
    return float(angle.mean()), float(to_rim.query(corners[sound].mean(axis=1))[0].mean())


def _placed(mesh: Mesh, rims: list[Rim], patches: Patches, *, bend: bool) -> dict[int, Patch]:
    """The inner points of all patches at once, from one system of equations."""
    if not patches:
        return {}
    near = np.unique(np.concatenate([rims[i].around for i in patches]), axis=0)
    on_rim = np.unique(np.concatenate([rims[i].vertices for i in patches]))
    used = np.union1d(near.ravel(), on_rim)
    points, faces, begin = [mesh.vertices[used]], [np.searchsorted(used, near)], len(used)
    for i, patch in patches.items():
        n = len(rims[i].points)
        inner = np.arange(begin, begin + len(patch.points) - n)
        faces.append(np.concatenate([np.searchsorted(used, rims[i].vertices), inner])[patch.triangles])
        points.append(patch.points[n:])
        begin += len(inner)
    free = np.arange(len(used), begin)
    vertices = np.concatenate(points)
    try:
        if bend:
            rim = np.searchsorted(used, on_rim)
            placed = faired(vertices, np.concatenate(faces), free, rim)
        else:
            placed = membrane(vertices, np.concatenate(faces[1:]), free)
    except (RuntimeError, np.linalg.LinAlgError):  # no solution to the last digit: the shapes stay as they are
        placed = vertices[free]
    out, begin = {}, 0
    for i, patch in patches.items():
        n, k = len(rims[i].points), len(patch.points) - len(rims[i].points)
        out[i] = Patch(np.concatenate([patch.points[:n], placed[begin : begin + k]]), patch.triangles)
        begin += k
    return out
