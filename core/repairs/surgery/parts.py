# SPDX-License-Identifier: GPL-3.0-or-later
"""From many closed parts to one: drop what is enclosed, unite what meets, join or drop what lies apart."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...errors import InvalidParameter, RepairFailed
from ...geometry.measure import face_areas
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, part, silent
from ...topology.components import component_labels
from ..traced import BoolArray, StepResult, Traced
from .bridges import bridge_parts
from .nesting import FaceTree, enclosed_parts, face_parts, meeting_pairs, part_volumes, visible_parts
from .union import inflated, outer_boundary, shape


def resolve_parts(
    traced: Traced, *, parts: str = "join", unite: bool = True, progress: Progress = silent
) -> StepResult:
    """Make one closed part of several closed, oriented, manifold parts; its handles stay.

    In this order: parts wholly inside others are dropped, because nothing of them is visible (`cavities_dropped`);
    with `unite`, those that touch or pass through each other become one surface, their outer one (`parts_united`,
    see `union.outer_boundary`); parts that are apart are then joined by bridges (`parts_joined`, see
    `bridges.bridge_parts`), or with `parts="largest"` all but the one with the largest area are dropped
    (`parts_dropped`). Parts that look inward are turned first. A mesh of one part stays as it is.
    Raises `InvalidParameter`, and `RepairFailed` where parts cannot be united or joined.
    """
    if parts not in ("join", "largest"):
        raise InvalidParameter(f"Parts cannot be treated as {parts!r}.", 'Choose "join" or "largest".')
    label = face_parts(traced.mesh)
    if not len(label) or label.max() == 0:
        return StepResult(traced)
    traced = _outward(traced, label)
    first: StepResult | None = None
    try:
        first = _resolved(traced, label, traced.mesh.vertices, parts == "join", unite, progress)
        if _settled(first, traced.mesh, label, unite):
            return first
    except RepairFailed:
        if not unite:
            raise
    # Walls that ought to touch are often apart, or pass through each other, by a rounding error: that leaves slits,
    # which are handles.
    try:
        second = _resolved(traced, label, inflated(traced.mesh, label), parts == "join", unite, progress)
    except RepairFailed:
        if first is None:
            raise
        return first
    return second if first is None else max(first, second, key=_quality)


def _settled(result: StepResult, mesh: Mesh, label: IntArray, unite: bool) -> bool:
    """Whether nothing of `result`, made of the parts (F,) of `mesh`, looks like the work of a rounding error."""
    if not unite:
        return True
    if "parts_united" in result.counts and shape(result.traced.mesh).euler != 2:
        return False
    near = mesh.with_vertices(inflated(mesh, label)) if "parts_joined" in result.counts else mesh
    return near is mesh or _groups(near, label) == _groups(mesh, label)


def _quality(result: StepResult) -> tuple[int, int]:
    """Larger for fewer handles; for as many, with fewer bridges."""
    return shape(result.traced.mesh).euler, -result.counts.get("parts_joined", 0)


def _groups(mesh: Mesh, label: IntArray) -> int:
    """How many groups there are of parts (F,) that meet."""
    pairs = label[meeting_pairs(mesh, FaceTree.of(mesh), label, same=False)]
    return len(np.unique(component_labels(int(label.max()) + 1, pairs[:, 0], pairs[:, 1])))


def _resolved(
    traced: Traced, label: IntArray, positions: FloatArray, join: bool, unite: bool, progress: Progress
) -> StepResult:
    """As `resolve_parts`, for parts (F,) that meet when the vertices are at `positions` (V, 3)."""
    counts: Counter[str] = Counter()
    progress(0.0, "Looking for parts that meet")
    mesh = traced.mesh.with_vertices(positions)
    tree = FaceTree.of(mesh)
    meeting = np.unique(label[meeting_pairs(mesh, tree, label, same=False)])
    alone = np.setdiff1d(label, meeting)
    progress(0.1, "Looking for enclosed parts")
    hidden = alone[enclosed_parts(mesh, tree, label, alone)]
    counts["cavities_dropped"] = len(hidden)
    visible = ~np.isin(label, hidden)
    traced, label = traced.keep_faces(visible), label[visible]
    if unite and len(meeting):
        traced = _united(traced, np.isin(label, meeting), positions, part(progress, 0.15, 0.6))
        traced, cavities = visible_parts(traced)
        counts["parts_united"], counts["cavities_dropped"] = len(meeting), len(hidden) + cavities
    traced = traced.without_loose()
    label = face_parts(traced.mesh)
    n = int(label.max()) + 1
    if n > 1 and not join:
        largest = np.bincount(label, face_areas(traced.mesh)).argmax()
        traced = traced.keep_faces(label == largest).without_loose()
        counts["parts_dropped"] = n - 1
    elif n > 1:
        traced = bridge_parts(traced, label, part(progress, 0.6, 1.0))
        counts["parts_joined"] = n - 1
    progress(1.0, "One part")
    return StepResult(traced, {name: count for name, count in counts.items() if count})


def _outward(traced: Traced, label: IntArray) -> Traced:
    """The mesh with parts that look inward turned."""
    inward = part_volumes(traced.mesh, label) < 0.0
    if not inward.any():
        return traced
    faces = traced.mesh.faces.copy()
    turn = inward[label]
    faces[turn] = faces[turn][:, ::-1]
    return traced.with_faces(faces)


def _united(traced: Traced, chosen: BoolArray, positions: FloatArray, progress: Progress) -> Traced:
    """The faces that are not `chosen` (F,) as they are, and the outer surface of those that are."""
    others, meeting = traced.keep_faces(~chosen).without_loose(), traced.keep_faces(chosen)
    mesh = meeting.mesh.with_vertices(positions)
    pairs = meeting_pairs(mesh, FaceTree.of(mesh), np.zeros(mesh.n_faces, np.int64), same=True)
    outer = outer_boundary(meeting, pairs, progress, positions)
    return Traced(
        traced.source,
        Mesh(
            np.concatenate([others.mesh.vertices, outer.mesh.vertices]),
            np.concatenate([others.mesh.faces, outer.mesh.faces + others.mesh.n_vertices]),
        ),
        np.concatenate([others.vertex_source, outer.vertex_source]),
        np.concatenate([others.face_source, outer.face_source]),
    )
