# SPDX-License-Identifier: GPL-3.0-or-later
"""Rims that belong to one opening, such as both ends of a pipe's wall, made into the rim of one ring."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from ...mesh import FloatArray, IntArray
from ..traced import BoolArray
from .polygons import flattened, newell
from .rims import Rim

_OPPOSITE = -0.9  # cosine of the angle between the area vectors
_STEP = 0.1  # of the outer rim's radius
_SAMPLES = 64


def openings(rims: list[Rim]) -> list[list[int]]:
    """Which rims to close together: lists of numbers, the outer rim first; most have one number.

    An inner rim belongs to the smallest outer one for which all of this holds: their caps would face opposite ways,
    to within 26 degrees; seen along the outer rim's area vector, the inner one lies within it; and it lies no farther
    above or below the nearest places of the outer rim than beside them, but for a tenth of the outer rim's radius,
    √(area / π). They share no vertex. What lies within an inner rim is an opening of its own.
    """
    outer_of = np.full(len(rims), -1)
    for inner, outer in _candidates(rims):
        if outer_of[inner] < 0 and outer_of[outer] < 0 and _within(rims[inner], rims[outer]):
            outer_of[inner] = outer
    inner_of: dict[int, list[int]] = {}
    for inner in np.flatnonzero(outer_of >= 0).tolist():
        inner_of.setdefault(int(outer_of[inner]), []).append(inner)
    return [[i, *inner_of.get(i, [])] for i in range(len(rims)) if outer_of[i] < 0]


def _candidates(rims: list[Rim]) -> list[tuple[int, int]]:
    """Pairs (inner, outer) that face opposite ways: large inner rims first, each with its smallest outer rim first."""
    if len(rims) < 2:
        return []
    count = np.array([len(rim.points) for rim in rims])
    begin = np.concatenate([[0], np.cumsum(count)[:-1]])
    points = np.concatenate([rim.points for rim in rims])
    centre = np.add.reduceat(points, begin) / count[:, None]
    centred = points - np.repeat(centre, count, axis=0)
    after = np.arange(1, len(points) + 1)
    after[begin + count - 1] = begin
    area = np.add.reduceat(0.5 * np.cross(centred, centred[after]), begin)
    size = np.linalg.norm(area, axis=1)
    reach = np.sqrt(np.maximum.reduceat((centred**2).sum(axis=1), begin))
    near = cKDTree(centre).query_ball_point(centre, reach)
    outer = np.repeat(np.arange(len(rims)), [len(found) for found in near])
    inner = np.concatenate([np.asarray(found, np.int64) for found in near])
    opposite = np.einsum("pi,pi->p", area[inner], area[outer]) < _OPPOSITE * size[inner] * size[outer]
    chosen = np.flatnonzero(opposite & (size[inner] < size[outer]) & (size[inner] > 0))
    chosen = chosen[np.lexsort((size[outer[chosen]], -size[inner[chosen]]))]
    return list(zip(inner[chosen].tolist(), outer[chosen].tolist(), strict=True))


def _within(inner: Rim, outer: Rim) -> bool:
    """Whether the inner rim lies within the outer one, and near to its height."""
    if np.isin(inner.vertices, outer.vertices).any():
        return False
    n = len(outer.points)
    some = inner.points[:: max(len(inner.points) // _SAMPLES, 1)]
    normal = newell(outer.points)
    area = float(np.linalg.norm(normal))
    normal /= area
    flat = flattened(outer.points, also=some)
    if not _inside(flat[n:], flat[:n]).all():
        return False
    away = some - outer.points[cKDTree(outer.points).query(some)[1]]
    above = away @ normal
    beside = np.sqrt(np.maximum((away**2).sum(axis=1) - above**2, 0.0))
    return bool((np.abs(above) <= beside + _STEP * np.sqrt(area / np.pi)).all())


def _inside(points: FloatArray, polygon: FloatArray) -> BoolArray:
    """(m,) whether points (m, 2) lie inside a polygon (n, 2): a ray from each crosses it an odd number of times."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    spans = (a[:, 1] > y) != (b[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        crosses = spans & (x < a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1]))
    inside: BoolArray = crosses.sum(axis=1) % 2 == 1
    return inside


def ring(rims: list[Rim]) -> Rim:
    """One rim for the ring between an outer rim, the first, and the others, within it.

    Its polygon goes to each inner rim and back along a bridge between corners that are nearest to each other.
    """
    first = np.cumsum([0] + [len(rim.points) for rim in rims])
    points = np.concatenate([rim.points for rim in rims])
    corners, beyond = rims[0].corners, rims[0].beyond
    waiting = list(range(1, len(rims)))
    while waiting:
        tree = cKDTree(points[corners])
        found = [tree.query(rims[i].points) for i in waiting]
        nearest = int(np.argmin([away.min() for away, _ in found]))
        away, at = found[nearest]
        i = waiting.pop(nearest)
        start = int(away.argmin())
        place = int(at[start])
        n = len(rims[i].points)
        around = first[i] + (start + np.arange(n + 1)) % n
        corners = np.concatenate([corners[: place + 1], around, corners[place:]])
        sides = np.concatenate([np.zeros((1, 3)), np.roll(rims[i].beyond, -start, axis=0), np.zeros((1, 3))])
        beyond = np.concatenate([beyond[:place], sides, beyond[place:]])
    vertices = np.concatenate([rim.vertices for rim in rims])
    around = np.unique(np.concatenate([rim.around for rim in rims]), axis=0)
    further = np.unique(np.concatenate([rim.further for rim in rims]), axis=0)
    own = np.concatenate([_pairs(np.arange(a, b), len(points)) for a, b in pairwise(first)])
    return replace(
        rims[0],
        owners=tuple(rim.owners[0] for rim in rims),
        vertices=vertices,
        points=points,
        corners=corners,
        beyond=beyond,
        size=np.concatenate([rim.size for rim in rims]),
        taken=np.setdiff1d(_joined(vertices, around), own),
        around=around,
        further=further,
    )


def _joined(vertices: IntArray, faces: IntArray) -> IntArray:
    """Pairs i p + j, i < j, of the vertices (p,) that an edge of the faces joins."""
    order = np.argsort(vertices)
    ordered = vertices[order]
    place = np.minimum(np.searchsorted(ordered, faces), len(vertices) - 1)
    number = np.where(ordered[place] == faces, order[place], -1)
    tail, head = number.ravel(), np.roll(number, -1, axis=1).ravel()
    both = (tail >= 0) & (head >= 0)
    return np.unique(np.minimum(tail, head)[both] * len(vertices) + np.maximum(tail, head)[both])


def _pairs(loop: IntArray, count: int) -> IntArray:
    """Pairs i p + j, i < j, of a closed loop's neighbours; p: count."""
    after = np.roll(loop, -1)
    return np.minimum(loop, after) * count + np.maximum(loop, after)
