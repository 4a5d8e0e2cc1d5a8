# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of faces that hang together over plain edges, and from which side they are seen."""

from __future__ import annotations

import igl.embree
import numpy as np
from numba import njit

from ...geometry.edges import EdgeTable
from ...geometry.measure import face_areas, face_normals
from ...mesh import FloatArray, IntArray, Mesh
from ..traced import BoolArray

SMALL = 1e-4
"""Patches with less than this part of the whole area are not looked at: no one could tell their sides."""

_DIRECTIONS = 48
_MOST_FACES = 12
_MOST_RAYS = 150_000
_OFFSET = 1e-4


def patches(mesh: Mesh, table: EdgeTable) -> tuple[IntArray, BoolArray, BoolArray]:
    """Patch (F,), whether each face must turn to agree with its patch (F,), and torn edges (E,), across which faces of
    one patch cannot agree. As few faces as possible turn.
    """
    two = np.flatnonzero(table.count == 2)
    first = table.order[table.start[two]] % mesh.n_faces
    second = table.order[table.start[two] + 1] % mesh.n_faces
    agree = table.forward[two] == 1
    patch, turned, torn = _walk(mesh.n_faces, first, second, agree, False)
    if torn.any():  # one-sided: perhaps there is a shorter seam where its faces do not agree as they are
        other = _walk(mesh.n_faces, first, second, agree, True)
        if other[2].sum() <= torn.sum():
            patch, turned, torn = other
    majority = np.bincount(patch, weights=np.where(turned, 1.0, -1.0)) > 0.0
    at_edge = np.zeros(len(table.vertices), dtype=bool)
    at_edge[two[torn]] = True
    return patch, turned ^ majority[patch], at_edge


@njit(cache=True)
def _walk(
    count: int, first: IntArray, second: IntArray, agree: BoolArray, patient: bool
) -> tuple[IntArray, BoolArray, BoolArray]:
    """Breadth first over the faces; `agree` says where neighbours first[i] and second[i] are oriented alike.

    patient: cross the edges where they are not only when there are no others.
    """
    start = np.zeros(count + 1, np.int64)
    for i in range(len(first)):
        start[first[i] + 1] += 1
        start[second[i] + 1] += 1
    start = np.cumsum(start)
    fill = start[:-1].copy()
    link = np.empty(2 * len(first), np.int64)
    for i in range(len(first)):
        link[fill[first[i]]] = i
        fill[first[i]] += 1
        link[fill[second[i]]] = i
        fill[second[i]] += 1
    patch = np.full(count, -1, np.int64)
    turned = np.zeros(count, dtype=np.bool_)
    torn = np.zeros(len(first), dtype=np.bool_)
    queue = np.empty(count, np.int64)
    later = np.empty(2 * len(first) if patient else 0, np.int64)
    found = 0
    for seed in range(count):
        if patch[seed] >= 0:
            continue
        patch[seed] = found
        queue[0] = seed
        head, tail, waiting, put_off = 0, 1, 0, 0
        while head < tail or waiting < put_off:
            if head == tail:  # cross one edge that was put off
                i = later[waiting]
                waiting += 1
                a, b = first[i], second[i]
                if patch[a] >= 0 and patch[b] >= 0:
                    torn[i] = turned[a] == turned[b]
                    continue
                known, other = (a, b) if patch[a] >= 0 else (b, a)
                patch[other] = found
                turned[other] = not turned[known]
                queue[tail] = other
                tail += 1
            face = queue[head]
            head += 1
            for k in range(start[face], start[face + 1]):
                i = link[k]
                if patient and not agree[i]:
                    later[put_off] = i
                    put_off += 1
                    continue
                other = second[i] if first[i] == face else first[i]
                want = turned[face] if agree[i] else not turned[face]
                if patch[other] < 0:
                    patch[other] = found
                    turned[other] = want
                    queue[tail] = other
                    tail += 1
                elif turned[other] != want:
                    torn[i] = True
        found += 1
    return patch, turned, torn


def seen_sides(mesh: Mesh, patch: IntArray, wanted: BoolArray) -> FloatArray:
    """(n_patches, 2) the share of directions in which one sees past the mesh from the front and the back of a patch.

    wanted: (n_patches,) the patches to look at; the others have zeros. Rays start from their largest faces, in the same
    directions every time.
    """
    seen = np.zeros((len(wanted), 2))
    areas = face_areas(mesh)
    candidates = np.flatnonzero(wanted[patch] & (areas > 0.0))
    if not len(candidates):
        return seen
    order = candidates[np.lexsort((candidates, -areas[candidates], patch[candidates]))]
    sizes = np.bincount(patch[order], minlength=len(wanted))
    rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[patch[order]]
    most = int(np.clip(_MOST_RAYS // (_DIRECTIONS * np.count_nonzero(sizes)), 1, _MOST_FACES))
    chosen = order[rank < most]
    open_front, open_back = _open_directions(mesh, chosen)
    weight = areas[chosen]
    whole = np.maximum(np.bincount(patch[chosen], weights=weight, minlength=len(wanted)), np.finfo(float).tiny)
    for side, share in enumerate((open_front, open_back)):
        seen[:, side] = np.bincount(patch[chosen], weights=weight * share, minlength=len(wanted)) / whole
    return seen


def _open_directions(mesh: Mesh, chosen: IntArray) -> tuple[FloatArray, FloatArray]:
    """For each chosen face, the share of directions that are open on its front and on its back."""
    centre, scale = mesh.vertices.mean(axis=0), mesh.diagonal
    points = (mesh.vertices - centre) / scale
    caster = igl.embree.EmbreeIntersector()
    caster.init(np.ascontiguousarray(points), np.ascontiguousarray(mesh.faces))
    normals = face_normals(mesh)[chosen]
    middles = points[mesh.faces[chosen]].mean(axis=1)
    directions = _sphere_directions(_DIRECTIONS)
    single = directions.astype(np.float32)
    shares = np.zeros((2, len(chosen)))
    for number, (middle, normal) in enumerate(zip(middles, normals, strict=True)):
        along = directions @ normal
        for side, sign in enumerate((1.0, -1.0)):
            start = (middle + sign * _OFFSET * normal).astype(np.float32)
            ahead = np.flatnonzero(sign * along > 0.05)
            free = sum(caster.intersectRay_first(start, single[k])[0] < 0 for k in ahead)
            shares[side, number] = free / max(len(ahead), 1)
    return shares[0], shares[1]


def _sphere_directions(count: int) -> FloatArray:
    """(count, 3) unit vectors spread evenly: a Fibonacci lattice."""
    z = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    angle = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)
