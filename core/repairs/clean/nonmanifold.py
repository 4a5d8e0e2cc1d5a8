# SPDX-License-Identifier: GPL-3.0-or-later
"""Take apart edges and vertices at which more than one surface meets."""

from __future__ import annotations

import numpy as np

from ...errors import InvalidMesh
from ...geometry.edges import EdgeTable, edge_table
from ...geometry.measure import face_areas
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ...topology.components import umbrellas
from ..traced import BoolArray, StepResult, Traced
from .corners import take_apart
from .degenerate import without_repeats
from .duplicates import remove_duplicates
from .patches import SMALL, UNSEEN, patches, seen_sides

_SKIN, _FIN, _WALL = 0, 1, 2


def split_non_manifold(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Every edge with at most two faces, every vertex with one fan of faces; faces stay where they are.

    Around an edge with more than two faces, those that bound the same solid are joined, so that solids that touch
    there come apart. Walls that cannot be seen from outside, and fins, are left over and get a border. Faces that name
    a vertex twice and duplicates are dropped. Raises `InvalidMesh` when no face is left.
    """
    whole = traced.mesh.n_faces
    traced = without_repeats(traced)
    counts = {"degenerate_faces": whole - traced.mesh.n_faces}
    single = remove_duplicates(traced)  # two faces on the same three vertices cannot both be part of a manifold
    traced, mesh = single.traced, single.traced.mesh
    counts |= single.counts
    if not mesh.n_faces:
        raise InvalidMesh("All faces are collapsed to lines or points.", "Check the scale of the object.")
    progress(0.0, "Splitting non-manifold edges and vertices")
    table = edge_table(mesh.faces)
    crowded = np.flatnonzero(table.count > 2)
    at = umbrellas(mesh.faces, table, mesh.n_vertices) > 1
    at[table.vertices[crowded]] = True
    if at.any():
        two = np.flatnonzero(table.count == 2)
        extra = _joints(mesh, table, crowded)
        first = np.concatenate([table.order[table.start[two]], extra[:, 0]])
        second = np.concatenate([table.order[table.start[two] + 1], extra[:, 1]])
        progress(0.7, "Splitting non-manifold edges and vertices")
        traced, added = take_apart(traced, first, second, at)
        counts |= {"edges_split": len(crowded), "vertices_split": added}
    return StepResult(traced, {name: count for name, count in counts.items() if count})


def _joints(mesh: Mesh, table: EdgeTable, crowded: IntArray) -> IntArray:
    """(n, 2) pairs of half-edges to join at the edges with more than two faces."""
    if not len(crowded):
        return np.zeros((0, 2), np.int64)
    patch, turned, _ = patches(mesh, table)
    kind, over = _kinds(mesh, table, crowded, patch, turned)
    turned = turned ^ over[patch]
    tail = mesh.faces.T.ravel()
    pairs: list[tuple[int, int]] = []
    for edge in crowded.tolist():
        low, high = (int(v) for v in table.vertices[edge])
        halves = table.order[table.start[edge] : table.start[edge + 1]]
        halves = halves[np.argsort(_angles(mesh, halves, low, high), kind="stable")]
        face = halves % mesh.n_faces
        forward = (tail[halves] == low) ^ turned[face]
        pairs += _pairs(halves.tolist(), forward.tolist(), kind[patch[face]].tolist())
    return np.array(pairs, np.int64).reshape(-1, 2)


def _kinds(
    mesh: Mesh, table: EdgeTable, crowded: IntArray, patch: IntArray, turned: BoolArray
) -> tuple[IntArray, BoolArray]:
    """(n_patches,) the kind of each patch: skin, fin or wall; and whether it looks inward as `turned`.

    Rays decide only where more than two large patches meet; small ones are fins there.
    """
    area = np.bincount(patch, weights=face_areas(mesh))
    kind = np.where(area >= SMALL * area.sum(), _SKIN, _FIN)
    over = np.zeros(len(kind), dtype=bool)
    chosen = np.zeros(len(table.vertices), dtype=bool)
    chosen[crowded] = True
    at = patch[table.order[np.repeat(chosen, table.count)] % mesh.n_faces]
    size = table.count[crowded]
    large = np.add.reduceat((kind[at] == _SKIN).astype(np.int64), np.cumsum(size) - size)
    wanted = np.zeros(len(kind), dtype=bool)
    wanted[at[np.repeat(large > 2, size)]] = True
    wanted &= kind == _SKIN
    if wanted.any():
        faces = np.where(turned[:, None], mesh.faces[:, [0, 2, 1]], mesh.faces)
        front, back = seen_sides(Mesh(mesh.vertices, faces), patch, wanted).T
        over = wanted & (back > front)
        kind[wanted & (np.minimum(front, back) > UNSEEN)] = _FIN
        kind[wanted & (np.maximum(front, back) <= UNSEEN)] = _WALL
    return kind, over


def _pairs(halves: list[int], forward: list[bool], kind: list[int]) -> list[tuple[int, int]]:
    """Pairs of half-edges around an edge, given in the order of their angle.

    A half-edge that runs forward has its solid before it in that order; it takes the backward one next to it there,
    skin before fins. Pairs nest like brackets, so that no two surfaces cross. Walls are joined to walls only. What is
    left, directions that do not fit, is joined to the next.
    """
    pairs: list[tuple[int, int]] = []
    left = list(range(len(halves)))
    for kinds, fitting in (((_SKIN,), True), ((_SKIN, _FIN), True), ((_WALL,), True), ((_SKIN, _FIN), False)):
        ring = [i for i in left if kind[i] in kinds]
        k = 0
        while len(ring) > 1 and k < len(ring):
            i, before = ring[k], ring[k - 1]
            if not fitting or (forward[i] and not forward[before]):
                pairs.append((halves[i], halves[before]))
                ring = [j for j in ring if j not in (i, before)]
                left = [j for j in left if j not in (i, before)]
                k = 0
            else:
                k += 1
    return pairs


def _angles(mesh: Mesh, halves: IntArray, low: int, high: int) -> FloatArray:
    """(n,) the angle of each face about the edge, from the first face on."""
    n_faces = mesh.n_faces
    apex = mesh.vertices[mesh.faces[halves % n_faces, (halves // n_faces + 2) % 3]] - mesh.vertices[low]
    axis = mesh.vertices[high] - mesh.vertices[low]
    axis = axis / (np.linalg.norm(axis) or 1.0)
    across = apex - (apex @ axis)[:, None] * axis
    reference = across[0] / (np.linalg.norm(across[0]) or 1.0)
    return np.asarray(np.arctan2(across @ np.cross(axis, reference), across @ reference))
