# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of faces that hang together over plain edges, and from which side they are seen."""

from __future__ import annotations

import numpy as np
from numba import njit

from ...geometry.edges import EdgeTable
from ...geometry.measure import face_areas, face_normals
from ...geometry.visibility import openness
from ...mesh import FloatArray, IntArray, Mesh
from ..traced import BoolArray

SMALL = 1e-4
"""Patches with less than this part of the whole area are not looked at: no one could tell their sides."""

UNSEEN = 0.02
"""A side from which one sees past the mesh in no more than this share of directions is not seen from outside."""

_RAYS = 24
_MOST_FACES = 12
_MOST_RAYS = 150_000


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

    wanted: (n_patches,) the patches to look at; the others have zeros. Rays start from their largest faces.
    """
    seen = np.zeros((len(wanted), 2))
    areas = face_areas(mesh)
    candidates = np.flatnonzero(wanted[patch] & (areas > 0.0))
    if not len(candidates):
        return seen
    order = candidates[np.lexsort((candidates, -areas[candidates], patch[candidates]))]
    sizes = np.bincount(patch[order], minlength=len(wanted))
    rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[patch[order]]
    most = int(np.clip(_MOST_RAYS // (2 * _RAYS * np.count_nonzero(sizes)), 1, _MOST_FACES))
    chosen = order[rank < most]
    middles, normals = mesh.vertices[mesh.faces[chosen]].mean(axis=1), face_normals(mesh)[chosen]
    both = openness(np.concatenate([middles, middles]), np.concatenate([normals, -normals]), mesh, _RAYS)
    weight = areas[chosen]
    whole = np.maximum(np.bincount(patch[chosen], weights=weight, minlength=len(wanted)), np.finfo(float).tiny)
    for side, share in enumerate(np.split(both, 2)):
        seen[:, side] = np.bincount(patch[chosen], weights=weight * share, minlength=len(wanted)) / whole
    return seen
