# SPDX-License-Identifier: GPL-3.0-or-later
"""Sheets that enclose nothing become thin solids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import InvalidParameter, RepairFailed
from ...geometry.edges import EdgeTable, edge_table
from ...geometry.measure import face_areas, vertex_normals
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ...progress import part as part_of
from ...topology.components import component_labels
from ...topology.intersections import equal_positions
from ..traced import NEW, BoolArray, StepResult, Traced
from .caps import cap_loops
from .holes import boundary_loops
from .nesting import FaceTree, face_parts, meeting_pairs
from .offset import Sides, fitting_depth, outward_directions
from .sheets import find_sheets, joined_sides, side_labels

_LARGEST = 0.2
"""Thickness is at most this part of the square root of a sheet's area, so that crumbs stay crumbs."""

_SMALL_HOLE = 0.1
"""Holes in a sheet with a rim of at most this times the square root of its area, about twice as wide as the sheet gets
thick, are filled: each would become a handle. Windows of a car body have 0.2 and more."""

_CRUMB, _CRUMBS = 1e-3, 1e-2
"""Sheets with less than the first share of the area are dropped, when all of them have less than the second: scraps
that are left in a hole, which the surface that fills it replaces. A soup of small triangles is kept."""

_SOUP = 200
"""More sheets than this are no sheets but a soup, whose pieces mean a surface together."""


def thicken_sheets(traced: Traced, *, thickness_rel: float = 0.005, progress: Progress = silent) -> StepResult:
    """Make thin closed solids of the parts that enclose no volume; all others stay as they are.

    thickness_rel: as a part of the diagonal, in (0, 1]; less for small sheets, and where a sheet would pass through
    itself. Which parts are sheets is decided by `sheets.OPEN_SHARE` and what follows it there: a shallow bowl is
    one, a deep one is left to hole filling; single triangles and one-sided surfaces are. The front of a sheet stays
    in its place, its back is a copy that is moved to behind it along the vertex normals, and a rim joins them; the
    two sides of a one-sided surface (Möbius strip) are moved by half the thickness each. Tiny holes are filled first
    (see `_SMALL_HOLE`). Edges at which not exactly two faces meet count as boundary. A few scraps (see `_CRUMB`) are
    dropped instead. Raises `InvalidParameter`, and `RepairFailed` for more than `_SOUP` sheets.
    """
    if not 0.0 < thickness_rel <= 1.0:
        raise InvalidParameter(f"A thickness of {thickness_rel} does not fit.", "Give a part of the size, as 0.005.")
    mesh = traced.mesh
    if not mesh.n_faces:
        return StepResult(traced)
    progress(0.0, "Looking for sheets")
    part = face_parts(mesh)
    area = np.asarray(np.bincount(part, face_areas(mesh)), dtype=np.float64)
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
    if number > _SOUP:
        raise RepairFailed(
            f"The mesh is a soup of {number:,} loose pieces that enclose nothing by themselves.",
            "Make Genus 0 rebuilds such a mesh from its volume; or merge its vertices by a larger distance first.",
        )
    traced, part, n_filled = _without_small_holes(traced, part, sheets, area)
    mesh = traced.mesh
    progress(0.2, "Thickening sheets")
    thickness = np.minimum(thickness_rel * mesh.diagonal, _LARGEST * np.sqrt(area))
    thinner = False
    result = traced
    if folded.any():
        result = _inflate(traced, np.where(folded, thickness, 0.0)[part])
    if sheets.any():
        solid = _two_sides(result.mesh, sheets[part], thickness[part])
        depth = fitting_depth(solid.sides, _may_meet(result.mesh, part, solid.birth), part_of(progress, 0.3, 0.9))
        result = _assemble(result, solid, depth)
        thinner = bool((depth < solid.sides.depth).any())
    text = _warning(number, float(thickness[sheets | folded].max()), thinner)
    counts = {"sheets_thickened": number, "holes_filled": n_filled}
    return StepResult(result, {name: count for name, count in counts.items() if count}, (text,))


def _without_small_holes(
    traced: Traced, part: IntArray, sheets: BoolArray, area: FloatArray
) -> tuple[Traced, IntArray, int]:
    """The mesh with the small holes (see `_SMALL_HOLE`) of sheets filled, the part (F,) of each face, how many holes.

    The longest rim of a sheet stays open, and so do holes whose cap would touch something.
    """
    mesh = traced.mesh
    owner = np.empty(mesh.n_vertices, np.int64)
    owner[mesh.faces] = part[:, None]
    loops = [loop for loop in boundary_loops(mesh.faces) if sheets[owner[loop[0]]]]
    if len(loops) < 2:
        return traced, part, 0
    corners = [mesh.vertices[loop] for loop in loops]
    length = np.array([np.linalg.norm(p - np.roll(p, 1, axis=0), axis=1).sum() for p in corners])
    of = owner[[loop[0] for loop in loops]]
    longest = np.zeros(len(area))
    np.maximum.at(longest, of, length)
    small = np.flatnonzero((length <= _SMALL_HOLE * np.sqrt(area[of])) & (length < longest[of]))
    if not len(small):
        return traced, part, 0
    caps = cap_loops(mesh, [loops[k] for k in small])
    good = ~caps.touching[caps.owner]
    filled = traced.added(caps.vertices, caps.faces[good]).without_loose()
    label = np.concatenate([part, of[small[caps.owner[good]]]])
    return filled, label, len(np.unique(caps.owner[good]))


@dataclass(frozen=True)
class _Solid:
    """A mesh in which chosen faces have two sides.

    sides: the faces that were not chosen, then the fronts, the backs, and the walls between them; the vertices of the
    mesh, then those of the sides. origin: (n,) the vertex of the mesh at the place of each. birth: (m,) the face of
    the mesh that each belongs to. n_kept, n_fronts: how many faces are not chosen, and chosen.
    """

    sides: Sides
    origin: IntArray
    birth: IntArray
    n_kept: int
    n_fronts: int


def _two_sides(mesh: Mesh, chosen: BoolArray, thickness: FloatArray) -> _Solid:
    """Fronts and backs of the faces `chosen` (F,), as thick as (F,) says, joined by walls at boundary edges."""
    kept, members = np.flatnonzero(~chosen), np.flatnonzero(chosen)
    n, faces, thickness = len(members), mesh.faces[members], thickness[members]
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
    direction = outward_directions(Mesh(mesh.vertices[origin], two))
    still = np.zeros(mesh.n_vertices)
    partner = np.arange(len(origin))
    partner[a1], partner[b1] = a0, b0
    sides = Sides(
        np.concatenate([mesh.vertices, mesh.vertices[origin]]),
        np.concatenate([np.zeros((mesh.n_vertices, 3)), direction]),
        np.concatenate([still, depth]),
        np.concatenate([mesh.faces[kept], np.concatenate([two, walls]) + mesh.n_vertices]),
        slice(len(kept), len(kept) + 2 * n),
        np.concatenate([np.arange(mesh.n_vertices), partner + mesh.n_vertices]),
    )
    birth = np.concatenate([kept, members, members, members[f], members[f]])
    return _Solid(sides, np.concatenate([np.arange(mesh.n_vertices), origin]), birth, len(kept), n)


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
    first, second, straight = joined_sides(table)
    first_end, second_end = (first + n) % (3 * n), (second + n) % (3 * n)
    beside_first, beside_end = np.where(straight, second_end, second), np.where(straight, second, second_end)
    turn = np.where(straight, 0, 3 * n)
    one = np.concatenate([first, first_end, first + 3 * n, first_end + 3 * n])
    other = np.concatenate(
        [beside_first + turn, beside_end + turn, beside_first + 3 * n - turn, beside_end + 3 * n - turn]
    )
    label, corner = np.unique(component_labels(6 * n, one, other), return_inverse=True)
    return corner.reshape(2, 3, n), np.tile(faces.T.ravel(), 2)[label]


def _may_meet(mesh: Mesh, part: IntArray, birth: IntArray) -> Callable[[IntArray], BoolArray]:
    """Of pairs of faces (k, 2) those (k,) that belong to different parts (F,) which meet already.

    birth: (m,) the face of the mesh that each face belongs to.
    """
    n = int(part.max()) + 1
    if n == 1:
        return lambda pairs: np.zeros(len(pairs), dtype=bool)
    known = part[meeting_pairs(mesh, FaceTree.of(mesh), part, same=False)]
    place = equal_positions(mesh.vertices)[mesh.faces].ravel()
    order = np.lexsort([np.repeat(part, 3), place])
    place, owner = place[order], np.repeat(part, 3)[order]
    beside = (place[1:] == place[:-1]) & (owner[1:] != owner[:-1])
    known = np.concatenate([known, np.stack([owner[:-1], owner[1:]], axis=1)[beside]])
    keys = np.unique(known.min(axis=1) * n + known.max(axis=1))

    def ignored(pairs: IntArray) -> BoolArray:
        parts = part[birth[pairs]]
        return np.isin(parts.min(axis=1) * n + parts.max(axis=1), keys)

    return ignored


def _assemble(traced: Traced, solid: _Solid, depth: FloatArray) -> Traced:
    """The mesh with the chosen faces as a solid, whose vertices are moved so far (n,)."""
    still, old = depth == 0.0, solid.n_kept + solid.n_fronts
    mesh, there = solid.sides.at(depth)
    unmoved = (there < old) & still[mesh.faces].all(axis=1)
    source = np.where(unmoved, traced.face_source[solid.birth[there]], NEW)
    vertex_source = np.where(still, traced.vertex_source[solid.origin], NEW)
    used = np.zeros(mesh.n_vertices, dtype=bool)
    used[: traced.mesh.n_vertices] = True
    used[np.setdiff1d(solid.origin[traced.mesh.n_vertices :], solid.sides.faces[: solid.n_kept])] = False
    used[mesh.faces.ravel()] = True
    number = np.cumsum(used) - 1
    return Traced(traced.source, Mesh(mesh.vertices[used], number[mesh.faces]), vertex_source[used], source)


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
