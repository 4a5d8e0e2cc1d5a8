# SPDX-License-Identifier: GPL-3.0-or-later
"""From many closed parts to one: drop what is enclosed, unite what meets, join or drop what lies apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidParameter
from ...geometry.measure import face_areas
from ...mesh import IntArray, Mesh
from ...progress import Progress, part, silent
from ..traced import StepResult, Traced
from .bridges import bridge_parts
from .nesting import FaceTree, enclosed_parts, face_parts, meeting_pairs, part_volumes, visible_parts
from .union import outer_surface


def resolve_parts(
    traced: Traced, *, parts: str = "join", unite: bool = True, progress: Progress = silent
) -> StepResult:
    """Make one closed part of several closed, oriented, manifold parts; its handles stay.

    In this order: parts wholly inside others are dropped, because nothing of them is visible (`cavities_dropped`);
    with `unite`, those that touch or pass through each other become one surface, their outer one (`parts_united`,
    see `union.outer_surface`); parts that are apart are then joined by bridges (`parts_joined`, see
    `bridges.bridge_parts`), or with `parts="largest"` all but the one with the largest area are dropped
    (`parts_dropped`). Parts that look inward are turned first. A mesh of one part stays as it is.
    Raises `InvalidParameter`, and `RepairFailed` where parts cannot be united or joined.
    """
    if parts not in ("join", "largest"):
        raise InvalidParameter(f"Parts cannot be treated as {parts!r}.", 'Choose "join" or "largest".')
    counts: Counter[str] = Counter()
    label = face_parts(traced.mesh)
    if not len(label) or label.max() == 0:
        return StepResult(traced)
    progress(0.0, "Looking for parts that meet")
    traced = _outward(traced, label)
    tree = FaceTree.of(traced.mesh)
    n = int(label.max()) + 1
    meeting = np.unique(np.sort(label[meeting_pairs(traced.mesh, tree, label, same=False)], axis=1), axis=0)
    alone = np.setdiff1d(np.arange(n), meeting)
    progress(0.1, "Looking for enclosed parts")
    hidden = alone[enclosed_parts(traced.mesh, tree, label, alone)]
    counts["cavities_dropped"] = len(hidden)
    traced = traced.keep_faces(~np.isin(label, hidden))
    label = label[~np.isin(label, hidden)]
    if unite and len(meeting):
        traced = _united(traced, np.isin(label, meeting), part(progress, 0.15, 0.6))
        traced, cavities = visible_parts(traced)
        counts["parts_united"], counts["cavities_dropped"] = len(np.unique(meeting)), len(hidden) + cavities
    traced = traced.without_loose()
    label = face_parts(traced.mesh)
    n = int(label.max()) + 1
    if n > 1 and parts == "largest":
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


def _united(traced: Traced, chosen: NDArray[np.bool_], progress: Progress) -> Traced:
    """The faces that are not `chosen` (F,) as they are, and the outer surface of those that are."""
    others, meeting = traced.keep_faces(~chosen).without_loose(), traced.keep_faces(chosen).without_loose()
    mesh = meeting.mesh
    pairs = meeting_pairs(mesh, FaceTree.of(mesh), np.zeros(mesh.n_faces, np.int64), same=True)
    outer = outer_surface(meeting, pairs, progress)
    return Traced(
        traced.source,
        Mesh(
            np.concatenate([others.mesh.vertices, outer.mesh.vertices]),
            np.concatenate([others.mesh.faces, outer.mesh.faces + others.mesh.n_vertices]),
        ),
        np.concatenate([others.vertex_source, outer.vertex_source]),
        np.concatenate([others.face_source, outer.face_source]),
    )
