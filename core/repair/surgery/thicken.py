# SPDX-License-Identifier: GPL-3.0-or-later
"""Sheets that enclose nothing become thin solids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InvalidParameter
from ...geometry.edges import EdgeTable, edge_table
from ...geometry.measure import face_areas, unique_edges, vertex_normals
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ...topology.components import component_labels
from ...topology.intersections import equal_positions
from ..traced import NEW, BoolArray, StepResult, Traced
from .nesting import FaceTree, face_parts, meeting_pairs
from .sheets import find_sheets, joined_sides, side_labels

_LARGEST = 0.2
"""Thickness is at most this part of the square root of a sheet's area, so that crumbs stay crumbs."""

_ROUNDS = 10

_CRUMB, _CRUMBS = 1e-3, 1e-2
"""Sheets with less than the first share of the area are dropped, when all of them have less than the second: scraps
that are left in a hole, which the surface that fills it replaces. A soup of small triangles is kept."""


def thicken_sheets(traced: Traced, *, thickness_rel: float = 0.01, progress: Progress = silent) -> StepResult:
    """Make thin closed solids of the parts that enclose no volume; all others stay as they are.

    thickness_rel: as a part of the diagonal, in (0, 1]; less for small sheets, and where a sheet would pass through
    itself. Which parts are sheets is decided by `sheets.OPEN_SHARE` and what follows it there: a shallow bowl is
    one, a deep one is left to hole filling; single triangles and one-sided surfaces are. The front of a sheet stays
    in its place, its back is a copy that is moved to behind it along the vertex normals, and a rim joins them; the
    two sides of a one-sided surface (Möbius strip) are moved by half the thickness each. Edges at which not exactly
    two faces meet count as boundary. A few scraps (see `_CRUMB`) are dropped instead. Raises `InvalidParameter`.
    """
    if not 0.0 < thickness_rel <= 1.0:
        raise InvalidParameter(f"A thickness of {thickness_rel} does not fit.", "Give a part of the size, as 0.01.")
    mesh = traced.mesh
    if not mesh.n_faces:
        return StepResult(traced)
    progress(0.0, "Looking for sheets")
    part = face_parts(mesh)
    area = np.bincount(part, face_areas(mesh))
    sheets, folded = find_sheets(mesh, part)
    if folded.any():
        folded &= ~_touching(mesh, part)  # double walls between solids vanish when these are united
    crumbs = sheets & (area < _CRUMB * area.sum())
    crumbs &= bool(area[crumbs].sum() < _CRUMBS * area.sum())
    if crumbs.any():
        return _without_crumbs(traced, crumbs[part], thickness_rel, progress)
    number = int(np.count_nonzero(sheets | folded))
    if not number:
        return StepResult(traced)
    progress(0.2, "Thickening sheets")
    thickness = np.minimum(thickness_rel * mesh.diagonal, _LARGEST * np.sqrt(area))
    thinner = False
    result = traced
    if folded.any():
        result = _inflate(traced, np.where(folded, thickness, 0.0)[part])
    if sheets.any():
        chosen = np.flatnonzero(sheets[part])
        solid = _two_sides(mesh, chosen, thickness[part[chosen]])
        depth = _fitting_depth(solid, progress)
        result = _assemble(result, ~sheets[part], chosen, solid, depth)
        thinner = bool((depth < solid.depth).any())
    text = _warning(number, float(thickness[sheets | folded].max()), thinner)
    return StepResult(result, {"sheets_thickened": number}, (text,))


@dataclass(frozen=True)
class _Solid:
    """Sheets with two sides.

    vertices: (n, 3); origin: (n,) the vertices of the mesh that they lie on; direction: (n, 3) unit vectors along
    which they move outward, or zero; depth: (n,) how far at most. faces: (m, 3), the chosen faces, then new ones.
    """

    vertices: FloatArray
    origin: IntArray
    direction: FloatArray
    depth: FloatArray
    faces: IntArray

    def at(self, depth: FloatArray) -> Mesh:
        """The solid with its vertices moved so far (n,)."""
        return Mesh(self.vertices + depth[:, None] * self.direction, self.faces)


def _two_sides(mesh: Mesh, chosen: IntArray, thickness: FloatArray) -> _Solid:
    """Fronts and backs of the faces `chosen` (n,), whose thickness is (n,), joined by walls at boundary edges."""
    n, faces = len(chosen), mesh.faces[chosen]
    table = edge_table(faces)
    corner, origin = _side_corners(faces, table)
    two = np.concatenate([corner[0].T, corner[1][::-1].T])
    rim = table.order[np.repeat(table.count != 2, table.count)]
    f, k = rim % n, rim // n
    a0, b0, a1, b1 = (corner[side, (k + step) % 3, f] for side in (0, 1) for step in (0, 1))
    walls = np.concatenate([np.stack([b0, a0, a1], axis=1), np.stack([b0, a1, b1], axis=1)])
    side = side_labels(n, table)
    one_sided = side[:n] == side[n:]
    depth = np.zeros(len(origin))
    for index, whole in ((0, 0.0), (1, 1.0)):
        share = np.where(one_sided, 0.5, whole) * thickness
        np.maximum.at(depth, corner[index].T, np.broadcast_to(share[:, None], (n, 3)))
    direction = vertex_normals(Mesh(mesh.vertices[origin], two))
    return _Solid(mesh.vertices[origin], origin, direction, depth, np.concatenate([two, walls]))


def _touching(mesh: Mesh, part: IntArray) -> BoolArray:
    """(parts,) whether a part has a vertex at the position of one of another part."""
    place = equal_positions(mesh.vertices)[mesh.faces].ravel()
    owner = np.repeat(part, 3)
    lowest, highest = np.full(mesh.n_vertices, len(part)), np.full(mesh.n_vertices, -1)
    np.minimum.at(lowest, place, owner)
    np.maximum.at(highest, place, owner)
    return np.bincount(owner[(lowest < highest)[place]], minlength=int(part.max()) + 1) > 0


def _without_crumbs(traced: Traced, crumbs: BoolArray, thickness_rel: float, progress: Progress) -> StepResult:
    """The result without the faces of crumbs (F,)."""
    number = len(np.unique(face_parts(traced.mesh)[crumbs]))
    rest = thicken_sheets(traced.keep_faces(~crumbs).without_loose(), thickness_rel=thickness_rel, progress=progress)
    return StepResult(rest.traced, {"parts_dropped": number, **rest.counts}, rest.warnings)


def _side_corners(faces: IntArray, table: EdgeTable) -> tuple[IntArray, IntArray]:
    """(2, 3, F) the vertex of each corner of the fronts and the backs, and (n,) the old vertex of each of them."""
    n = len(faces)
    # Corner k of the front of face f is f + n k, of its back 3 n more; a half-edge has the number of its first corner.
    first, second, straight = joined_sides(n, table)
    first_end, second_end = (first + n) % (3 * n), (second + n) % (3 * n)
    beside_first, beside_end = np.where(straight, second_end, second), np.where(straight, second, second_end)
    turn = np.where(straight, 0, 3 * n)
    one = np.concatenate([first, first_end, first + 3 * n, first_end + 3 * n])
    other = np.concatenate(
        [beside_first + turn, beside_end + turn, beside_first + 3 * n - turn, beside_end + 3 * n - turn]
    )
    label, corner = np.unique(component_labels(6 * n, one, other), return_inverse=True)
    return corner.reshape(2, 3, n), np.tile(faces.T.ravel(), 2)[label]


def _fitting_depth(solid: _Solid, progress: Progress) -> FloatArray:
    """(n,) how far each vertex moves so that no sheet passes through itself, where that can be reached."""
    depth = solid.depth.copy()
    part = face_parts(solid.at(depth))
    around = unique_edges(solid.faces)
    active = np.ones(len(solid.faces), dtype=bool)
    for attempt in range(_ROUNDS):
        progress(0.3 + 0.6 * attempt / _ROUNDS, "Thickening sheets")
        mesh = solid.at(depth)
        pairs = meeting_pairs(mesh, FaceTree.of(mesh), part, same=True, active=active)
        near = np.zeros(len(depth), dtype=bool)
        near[solid.faces[pairs.ravel()].ravel()] = True
        if not depth[near].any():  # nothing meets, or what does cannot be moved
            break
        near[around[near[around].any(axis=1)].ravel()] = True
        depth[near] *= 0.5
        active = near[solid.faces].any(axis=1)
    return depth


def _assemble(traced: Traced, keep: BoolArray, chosen: IntArray, solid: _Solid, depth: FloatArray) -> Traced:
    """The faces `keep` as they are, and the solid made of the faces `chosen`."""
    mesh = solid.at(depth)
    still = depth == 0.0
    faces = np.concatenate([traced.mesh.faces[keep], mesh.faces + traced.mesh.n_vertices])
    fronts = np.where(still[mesh.faces[: len(chosen)]].all(axis=1), traced.face_source[chosen], NEW)
    face_source = np.concatenate([traced.face_source[keep], fronts, np.full(len(mesh.faces) - len(chosen), NEW)])
    vertices = np.concatenate([traced.mesh.vertices, mesh.vertices])
    vertex_source = np.concatenate([traced.vertex_source, np.where(still, traced.vertex_source[solid.origin], NEW)])
    used = np.zeros(len(vertices), dtype=bool)
    used[: traced.mesh.n_vertices] = ~np.isin(np.arange(traced.mesh.n_vertices), traced.mesh.faces[chosen])
    used[faces.ravel()] = True
    number = np.cumsum(used) - 1
    return Traced(traced.source, Mesh(vertices[used], number[faces]), vertex_source[used], face_source)


def _inflate(traced: Traced, thickness: FloatArray) -> Traced:
    """The two sides of closed sheets moved apart by the thickness (F,) at their faces; 0: not moved."""
    mesh = traced.mesh
    depth = np.zeros(mesh.n_vertices)
    np.maximum.at(depth, mesh.faces, np.broadcast_to(0.5 * thickness[:, None], (mesh.n_faces, 3)))
    return traced.moved(mesh.vertices + depth[:, None] * vertex_normals(mesh))


def _warning(number: int, thickness: float, thinner: bool) -> str:
    found = (
        "1 open sheet encloses nothing and was" if number == 1 else f"{number:,} open sheets enclose nothing and were"
    )
    place = ", less where it would pass through itself" if thinner else ""
    return f"{found} given a thickness of up to {thickness:.3g}{place}."
