# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn faces so that neighbours agree and all look outward."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...geometry.edges import EdgeTable, edge_table
from ...geometry.measure import face_areas, face_normals
from ...geometry.visibility import openness
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ..traced import StepResult, Traced
from .corners import halve_shared_edges, keep_joined

_SMALL_RIM = 0.3
"""A part whose rims, squared, are below this share of its area is closed enough for its volume to have a sign."""


def orient(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Make the faces of each part agree, turning as few as possible, then turn the part outward.

    A closed part looks outward when its signed volume is positive; an open one when more of the outside is seen from
    its front than from its back. A one-sided part (Möbius strip) is cut along edges where its faces cannot agree.
    Wants a mesh whose edges have at most two faces.
    """
    mesh = traced.mesh
    progress(0.0, "Turning faces")
    table = edge_table(mesh.faces)
    part, turned, torn = _flood(mesh, table)
    areas = face_areas(mesh)
    n_parts = int(part.max(initial=-1)) + 1
    minority = np.bincount(part, weights=np.where(turned, areas, -areas), minlength=n_parts) > 0.0
    turned ^= minority[part]
    faces = np.where(turned[:, None], mesh.faces[:, [0, 2, 1]], mesh.faces)
    inward = _inward(Mesh(mesh.vertices, faces), table, part, n_parts)
    turned ^= inward[part]
    faces = np.where(turned[:, None], mesh.faces[:, [0, 2, 1]], mesh.faces)
    result = traced.with_faces(faces)
    if torn.any():
        result = _cut(result)
    count = int(turned.sum())
    return StepResult(result, {"faces_turned": count} if count else {})


def _flood(mesh: Mesh, table: EdgeTable) -> tuple[IntArray, NDArray[np.bool_], NDArray[np.bool_]]:
    """Part (F,), whether each face must be turned to agree with the first of its part (F,), and torn edges (E,)."""
    two = np.flatnonzero(table.count == 2)
    first = table.order[table.start[two]] % mesh.n_faces
    second = table.order[table.start[two] + 1] % mesh.n_faces
    agree = table.forward[two] == 1
    part, turned, torn = _walk(mesh.n_faces, first, second, agree)
    at_edge = np.zeros(len(table.vertices), dtype=bool)
    at_edge[two[torn]] = True
    return part, turned, at_edge


@njit(cache=True)
def _walk(
    count: int, first: IntArray, second: IntArray, agree: NDArray[np.bool_]
) -> tuple[IntArray, NDArray[np.bool_], NDArray[np.bool_]]:
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
    part = np.full(count, -1, np.int64)
    turned = np.zeros(count, dtype=np.bool_)
    torn = np.zeros(len(first), dtype=np.bool_)
    queue = np.empty(count, np.int64)
    parts = 0
    for seed in range(count):
        if part[seed] >= 0:
            continue
        part[seed] = parts
        queue[0] = seed
        head, tail = 0, 1
        while head < tail:
            face = queue[head]
            head += 1
            for k in range(start[face], start[face + 1]):
                i = link[k]
                other = second[i] if first[i] == face else first[i]
                want = turned[face] if agree[i] else not turned[face]
                if part[other] < 0:
                    part[other] = parts
                    turned[other] = want
                    queue[tail] = other
                    tail += 1
                elif turned[other] != want:
                    torn[i] = True
        parts += 1
    return part, turned, torn


def _inward(mesh: Mesh, table: EdgeTable, part: IntArray, n_parts: int) -> NDArray[np.bool_]:
    """(n_parts,) whether the part looks inward."""
    middle = 0.5 * (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0))
    corner = (mesh.vertices - middle)[mesh.faces]
    six = np.einsum("fi,fi->f", corner[:, 0], np.cross(corner[:, 1], corner[:, 2]))
    volume = np.bincount(part, weights=six, minlength=n_parts)
    doubtful = _rim_length(mesh, table, part, n_parts) ** 2 > _SMALL_RIM * np.bincount(
        part, weights=face_areas(mesh), minlength=n_parts
    )
    inward = volume < 0.0
    if doubtful.any():
        inward[doubtful] = _seen_from_behind(mesh, part, n_parts)[doubtful]
    return inward


def _rim_length(mesh: Mesh, table: EdgeTable, part: IntArray, n_parts: int) -> FloatArray:
    """(n_parts,) the length of each part's borders together."""
    border = table.count == 1
    ends = mesh.vertices[table.vertices[border]]
    face = table.order[table.start[:-1][border]] % mesh.n_faces
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    return np.asarray(np.bincount(part[face], weights=length, minlength=n_parts), np.float64)


def _seen_from_behind(mesh: Mesh, part: IntArray, n_parts: int) -> NDArray[np.bool_]:
    """(n_parts,) whether more of the outside is seen from the back of a part's largest faces than from the front."""
    chosen = _largest_of_each(mesh, part, 40)
    normal = face_normals(mesh)[chosen]
    middle = mesh.vertices[mesh.faces[chosen]].mean(axis=1)
    both = openness(np.concatenate([middle, middle]), np.concatenate([normal, -normal]), mesh)
    gain = (both[len(chosen) :] - both[: len(chosen)]) * face_areas(mesh)[chosen]
    return np.asarray(np.bincount(part[chosen], weights=gain, minlength=n_parts) > 1e-12)


def _largest_of_each(mesh: Mesh, part: IntArray, most: int) -> IntArray:
    order = np.lexsort((-face_areas(mesh), part))
    rank = np.arange(len(part)) - np.concatenate([[0], np.cumsum(np.bincount(part))])[part[order]]
    return order[rank < most]


def _cut(traced: Traced) -> Traced:
    """Part the surface along the edges whose two faces run the same way."""
    table = edge_table(traced.mesh.faces)
    two = np.flatnonzero((table.count == 2) & (table.forward == 1))
    first, second = table.order[table.start[two]], table.order[table.start[two] + 1]
    partner = np.full(3 * traced.mesh.n_faces, -1)
    partner[first], partner[second] = second, first
    return halve_shared_edges(keep_joined(traced, first, second), partner)
