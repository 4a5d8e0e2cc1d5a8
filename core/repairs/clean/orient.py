# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn faces so that neighbours agree and all look outward."""

from __future__ import annotations

import numpy as np

from ...geometry.edges import EdgeTable, edge_table
from ...geometry.measure import face_areas
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, part, silent
from ...topology.components import component_labels
from ..traced import BoolArray, StepResult, Traced
from .corners import take_apart
from .patches import SMALL, patches, seen_sides

_SMALL_RIM = 0.3
"""A part is closed enough for its volume to have a sign when the squared lengths of its rims sum to less than this
share of its area, however many small ones there are."""
_CLEARLY = 0.1
"""An open part turns over when this much more of all directions is seen from its back than from its front."""


def orient(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Make the faces of each part agree, turning as few as possible, then turn the part outward.

    A closed part looks outward when its signed volume is positive; an open one when more of the outside is seen from
    its front than from its back. A one-sided part (Möbius strip) is cut along edges where its faces cannot agree.
    Wants a mesh whose edges have at most two faces.
    """
    mesh = traced.mesh
    if not mesh.n_faces:
        return StepResult(traced)
    progress(0.0, "Turning faces")
    table = edge_table(mesh.faces)
    patch, turned, torn = patches(mesh, table)
    if torn.any():
        agreed = orient(_cut(traced.with_faces(_turn(mesh.faces, turned))), progress=part(progress, 0.5, 1.0))
        count = int(turned.sum()) + agreed.counts.get("faces_turned", 0)
        return StepResult(agreed.traced, {"faces_turned": count} if count else {})
    inward = _inward(Mesh(mesh.vertices, _turn(mesh.faces, turned)), table, patch)
    turned ^= inward[patch]
    count = int(turned.sum())
    if not count:
        return StepResult(traced)
    return StepResult(traced.with_faces(_turn(mesh.faces, turned)), {"faces_turned": count})


def _turn(faces: IntArray, turned: BoolArray) -> IntArray:
    return np.where(turned[:, None], faces[:, [0, 2, 1]], faces)


def _inward(mesh: Mesh, table: EdgeTable, patch: IntArray) -> BoolArray:
    """(n_patches,) whether the patch looks inward."""
    count = int(patch.max()) + 1
    border = np.flatnonzero(table.count == 1)
    halves = table.order[table.start[border]]
    face, side = halves % mesh.n_faces, halves // mesh.n_faces
    tail, head = mesh.faces[face, side], mesh.faces[face, (side + 1) % 3]
    loop = np.unique(component_labels(mesh.n_vertices, tail, head)[tail], return_inverse=True)[1]
    length = np.bincount(loop, np.linalg.norm(mesh.vertices[head] - mesh.vertices[tail], axis=1))
    patch_of_loop = np.zeros(len(length), np.int64)
    patch_of_loop[loop] = patch[face]
    rims = np.bincount(patch_of_loop, weights=length**2, minlength=count)
    areas = np.bincount(patch, weights=face_areas(mesh), minlength=count)
    doubtful = rims > _SMALL_RIM * areas
    inward = _volumes(mesh, patch, count, np.stack([tail, head, loop]), patch[face]) < 0.0
    inward[doubtful] = False
    looked_at = doubtful & (areas >= SMALL * areas.sum())
    if looked_at.any():
        seen = seen_sides(mesh, patch, looked_at)
        inward |= looked_at & (seen[:, 1] > seen[:, 0] + _CLEARLY)
    return inward


def _volumes(mesh: Mesh, patch: IntArray, count: int, border: IntArray, patch_there: IntArray) -> FloatArray:
    """(count,) six times the signed volume of each patch, its holes closed by fans: the same about any point.

    border: (3, n) tail, head and loop of the half-edges without a partner; patch_there: (n,) their patches.
    """
    corner = mesh.faces[:, 0]
    middle = np.stack([np.bincount(patch, weights=mesh.vertices[corner, k], minlength=count) for k in range(3)], axis=1)
    middle = middle / np.bincount(patch, minlength=count)[:, None]
    a, b, c = (mesh.vertices[mesh.faces[:, k]] - middle[patch] for k in range(3))
    total = np.bincount(patch, weights=np.einsum("fi,fi->f", a, np.cross(b, c)), minlength=count)
    tail, head, loop = border
    if len(tail):
        size = np.bincount(loop)[:, None]
        hub = np.stack([np.bincount(loop, weights=mesh.vertices[tail, k]) for k in range(3)], axis=1) / size
        own = middle[patch_there]
        a, b, c = mesh.vertices[head] - own, mesh.vertices[tail] - own, hub[loop] - own
        total += np.bincount(patch_there, weights=np.einsum("fi,fi->f", a, np.cross(b, c)), minlength=count)
    return np.asarray(total)


def _cut(traced: Traced) -> Traced:
    """Part the surface along the edges whose two faces run the same way."""
    table = edge_table(traced.mesh.faces)
    pairs = table.count == 2
    agree = np.flatnonzero(pairs & (table.forward == 1))
    at = np.zeros(traced.mesh.n_vertices, dtype=bool)
    at[table.vertices[pairs & (table.forward != 1)]] = True
    return take_apart(traced, table.order[table.start[agree]], table.order[table.start[agree] + 1], at)[0]
