# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface between the nodes inside and outside of a lattice: marching tetrahedra.

Every cube of the lattice is cut into the six tetrahedra of Kuhn (Freudenthal), one for each order of the axes, so that
neighbouring cubes agree on the diagonals of their common side. The surface crosses each edge between an inside and an
outside node once. As the lattice is a triangulation of space, the surface is always a closed manifold without
self-intersections, and it bounds exactly the digital object: a ball of nodes gives a sphere.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ...mesh import IntArray, Mesh
from .grid import Field

MARGIN = 0.05
"""A crossing stays this part of its lattice edge away from the nodes: no triangle is without area."""
_ODD = {(0, 2, 1), (1, 0, 2), (2, 1, 0)}


def extract(field: Field, inside: NDArray[np.bool_]) -> Mesh:
    """The surface around the nodes `inside` (nx, ny, nz), none of them on the border of the grid.

    Where the signs of the distance agree with the labels, the surface crosses a lattice edge where the distance
    is zero by linear interpolation; elsewhere, where labels were changed, in the middle. The vertices of the second
    kind are 1 in the attribute `free` (V,), the others 0. Faces are outward; memory is in proportion to the surface.
    """
    shape = inside.shape
    pairs = _crossed_edges(inside)
    size = np.int64(inside.size)
    low, high = pairs.min(axis=2), pairs.max(axis=2)
    key = (low * size + high).ravel()
    order = np.argsort(key, kind="stable")
    new = np.concatenate([[True], key[order[1:]] != key[order[:-1]]]) if len(key) else np.zeros(0, bool)
    number = np.empty(len(key), np.int64)
    number[order] = np.cumsum(new) - 1
    ends = pairs.reshape(-1, 2)[order[new]]
    distance = field.distance.ravel()
    within, beyond = distance[ends[:, 0]].astype(np.float64), distance[ends[:, 1]].astype(np.float64)
    agree = (within <= 0.0) & (beyond >= 0.0) & (beyond > within)
    share = np.divide(within, within - beyond, out=np.full(len(ends), 0.5), where=agree)
    share = np.clip(share, MARGIN, 1.0 - MARGIN)[:, None]
    a, b = (np.stack(np.unravel_index(ends[:, k], shape), axis=1).astype(np.float64) for k in (0, 1))
    vertices = np.asarray(field.origin) + field.spacing * (a + (b - a) * share)
    return Mesh(vertices, number.reshape(-1, 3), {"free": (~agree).astype(np.float64)})


def _crossed_edges(inside: NDArray[np.bool_]) -> IntArray:
    """(F, 3, 2) for each corner of each triangle, the flat numbers of its inside and outside node."""
    flat = inside.ravel()
    base = _mixed_cubes(inside)
    step = np.array([inside.shape[1] * inside.shape[2], inside.shape[2], 1])
    triangles = []
    for axes in permutations(range(3)):
        corners = np.empty((len(base), 4), np.int64)
        corners[:, 0] = base
        for k in range(3):
            corners[:, k + 1] = corners[:, k] + step[axes[k]]
        code = flat[corners] @ np.array([1, 2, 4, 8])
        order = np.argsort(code.astype(np.int8), kind="stable")
        begin = np.searchsorted(code[order], np.arange(17))
        for case in range(1, 15):
            tets = corners[order[begin[case] : begin[case + 1]]]
            triangles += [tets[:, pattern] for pattern in _patterns(case, axes in _ODD)]
    return np.concatenate(triangles)


def _mixed_cubes(inside: NDArray[np.bool_]) -> IntArray:
    """Flat numbers of the lowest nodes of the cubes that have nodes on both sides."""
    any_in, all_in = inside, inside
    for axis in range(3):
        first, last = (tuple(s if k == axis else slice(None) for k in range(3)) for s in (slice(0, -1), slice(1, None)))
        any_in, all_in = any_in[first] | any_in[last], all_in[first] & all_in[last]
    mixed = np.zeros(inside.shape, bool)
    mixed[:-1, :-1, :-1] = any_in & ~all_in
    return np.flatnonzero(mixed)


def _patterns(case: int, odd: bool) -> list[IntArray]:
    """Triangles (3, 2) of (inside, outside) corners of a tetrahedron whose inside corners are the bits of `case`.

    odd: whether the tetrahedron is negatively oriented.
    """
    within = [k for k in range(4) if case >> k & 1]
    beyond = [k for k in range(4) if not case >> k & 1]
    if len(within) == 1:
        found, order = [[(within[0], k) for k in beyond]], within + beyond
    elif len(within) == 3:
        found, order = [[(within[k], beyond[0]) for k in (0, 2, 1)]], beyond + within
    else:
        (a, b), (c, d) = within, beyond
        found, order = [[(a, c), (a, d), (b, d)], [(a, c), (b, d), (b, c)]], within + beyond
    swaps = sum(order[i] > order[j] for i in range(4) for j in range(i + 1, 4))
    turned = (swaps % 2 == 1) != odd
    return [np.array(t[::-1] if turned else t) for t in found]
