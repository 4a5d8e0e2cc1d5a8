# SPDX-License-Identifier: GPL-3.0-or-later
"""The outer surface of parts that overlap, and of a part that passes through itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...errors import InvalidMesh, RepairFailed
from ...geometry.edges import edge_table
from ...geometry.measure import face_areas, unique_edges, vertex_normals
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, part, silent
from ...topology.components import component_labels, umbrellas
from ..clean.degenerate import remove_degenerate
from ..traced import NEW, StepResult, Traced
from .arrangement import arrange, outer_faces
from .bridges import bridge_parts
from .nesting import FaceTree, face_parts, meeting_pairs, visible_parts
from .pinches import separate_sheets

MOST_PAIRS = 15_000
"""More pairs of faces that meet are refused: cutting them takes about a millisecond each."""

SLACK = 1e-5
"""Gaps between parts smaller than this part of the diagonal are closed where exact computing finds no solid."""

_CRUMB = 1e-3
"""Pieces that come off with a smaller share of the area are dropped."""


def outer_boundary(
    traced: Traced, pairs: IntArray, progress: Progress = silent, positions: FloatArray | None = None
) -> Traced:
    """The boundary of what the surface encloses: where it winds around a point at least once.

    pairs: (n, 2) all pairs of faces that meet (see `nesting.meeting_pairs`). Faces that meet others are cut along the
    intersections, exactly but for rounding the new vertices; all others keep their source and their corners. Walls
    between parts that touch vanish, sheets that still touch each other get vertices of their own.
    positions: (V, 3) where the vertices are taken to be while cutting, a little off their places (see `inflated`);
    those that stay return to their places.
    Raises `RepairFailed` for more than `MOST_PAIRS`, and where rounding hides what is inside.
    """
    if len(pairs) > MOST_PAIRS:
        raise RepairFailed(
            f"The surface meets itself at too many places ({len(pairs):,} pairs of faces) to be cut there.",
            "Rebuild it from its volume.",
        )
    progress(0.0, "Cutting along the intersections")
    mesh = traced.mesh if positions is None else traced.mesh.with_vertices(positions)
    pieces = arrange(mesh, np.unique(pairs))
    progress(0.7, "Looking for the outer surface")
    kept = outer_faces(pieces)
    if not len(kept):
        raise RepairFailed("The surface encloses nothing.", "Rebuild it from its volume.")
    vertices, faces, origin, birth = separate_sheets(pieces.vertices, pieces.faces[kept])
    old = (origin >= 0) & (origin < mesh.n_vertices)
    vertices[old] = traced.mesh.vertices[origin[old]]
    vertex_source = np.append(traced.vertex_source, np.full(len(pieces.vertices) - mesh.n_vertices + 1, NEW))[origin]
    old = np.where(pieces.whole[kept], traced.face_source[pieces.birth[kept]], NEW)
    return _tidy(Traced(traced.source, Mesh(vertices, faces), vertex_source, np.append(old, NEW)[birth]))


def inflated(mesh: Mesh, label: IntArray) -> FloatArray:
    """(V, 3) the vertices moved outward by one to two `SLACK`, each part (F,) by another amount.

    Walls that touch but for rounding then overlap, and faces in one plane but for rounding lie apart.
    """
    depth = np.zeros(mesh.n_vertices)
    depth[mesh.faces] = (1.0 + (label * 0.618034) % 1.0)[:, None]
    return mesh.vertices + (SLACK * mesh.diagonal) * depth[:, None] * vertex_normals(mesh)


def _tidy(traced: Traced) -> Traced:
    """With the short edges of new vertices collapsed and without degenerate faces, where the surface stays one."""
    for mended in (_without_short_edges, lambda t: remove_degenerate(t).traced):
        try:
            tidy = mended(traced)
        except InvalidMesh:
            continue
        if shape(tidy.mesh) == shape(traced.mesh):
            traced = tidy
    return traced


def _without_short_edges(traced: Traced) -> Traced:
    """Vertices that came with the cuts merged into others nearer than three times `SLACK`."""
    mesh = traced.mesh
    edges = unique_edges(mesh.faces)
    length = np.linalg.norm(mesh.vertices[edges[:, 0]] - mesh.vertices[edges[:, 1]], axis=1)
    new = traced.vertex_source == NEW
    near = edges[(length < 3.0 * SLACK * mesh.diagonal) & new[edges].any(axis=1)]
    if not len(near):
        return traced
    label = component_labels(mesh.n_vertices, near[:, 0], near[:, 1])
    old = np.flatnonzero(~new)
    several = np.bincount(label[old], minlength=mesh.n_vertices) > 1
    target = np.where(several[label], np.arange(mesh.n_vertices), label)
    alone = old[~several[label[old]]]
    stays = np.arange(mesh.n_vertices)
    stays[label[alone]] = alone
    merged = traced.merged(np.where(several[label], target, stays[label]))
    faces = merged.mesh.faces
    return merged.keep_faces((faces != np.roll(faces, 1, axis=1)).all(axis=1)).without_loose()


class Shape(NamedTuple):
    """Whether a mesh is a closed, oriented manifold, its Euler number, and its number of parts."""

    sound: bool
    euler: int
    parts: int


def shape(mesh: Mesh) -> Shape:
    """The shape of a mesh; vertices without faces do not count."""
    used = np.zeros(mesh.n_vertices, dtype=bool)
    used[mesh.faces.ravel()] = True
    table = edge_table(mesh.faces)
    sound = bool((table.count == 2).all() and (table.forward == 1).all())
    sound &= bool((umbrellas(mesh.faces, table, mesh.n_vertices)[used] == 1).all())
    euler = int(used.sum()) - len(table.count) + mesh.n_faces
    return Shape(sound, euler, int(face_parts(mesh).max(initial=-1)) + 1)


def resolve_self_intersections(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Cut closed parts free where they pass through themselves or each other, and keep their outer surface.

    Faces that meet no other stay as they are. Pieces that come off are joined by bridges again, or dropped where they
    are inside or tiny. A surface without intersections stays as it is. Raises `RepairFailed` as `outer_boundary`, and
    where most of the surface would be lost.
    """
    mesh = traced.mesh
    if mesh.n_faces < 2:
        return StepResult(traced)
    progress(0.0, "Looking for self-intersections")
    pairs = meeting_pairs(mesh, FaceTree.of(mesh), np.zeros(mesh.n_faces, np.int64), same=True)
    if not len(pairs):
        return StepResult(traced)
    before = face_parts(mesh).max() + 1
    result = outer_boundary(traced, pairs, part(progress, 0.1, 0.8))
    result, _ = visible_parts(result)
    if face_areas(result.mesh).sum() < 0.5 * face_areas(mesh).sum():
        raise RepairFailed(
            "Most of the surface is inside itself or turned inside out.", "Rebuild the surface from its volume."
        )
    label = face_parts(result.mesh)
    if label.max() + 1 > before:
        share = np.bincount(label, face_areas(result.mesh)) / face_areas(result.mesh).sum()
        result = result.keep_faces(share[label] >= _CRUMB).without_loose()
        label = face_parts(result.mesh)
    if label.max() + 1 > before:
        result = bridge_parts(result, label, part(progress, 0.8, 1.0))
    return StepResult(result, {"faces_resolved": len(np.unique(pairs))})
