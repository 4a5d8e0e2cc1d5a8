# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of a mesh are sheets, which enclose nothing, and which are solids that lack a piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...geometry.edges import EdgeTable, edge_table
from ...geometry.measure import face_areas
from ...geometry.visibility import openness
from ...mesh import FloatArray, IntArray, Mesh
from ...topology.components import component_labels

OPEN_SHARE = 0.25
"""An open part is a sheet when the lid of one of its openings would be more than this share of what it closes.

A flat sheet has 1/2, half a sphere 1/3, a box without its lid 1/6, a scanned bust without its base about 1/8. Many
small holes make no sheet. The share of a lid counts as far as the opening is seen from outside: eyeballs that are
open inside their sockets, and the pot under its lid, are solids.
"""

FLAT_SHARE, FLAT_VOLUME = 0.02, 1e-3
"""It is a sheet, too, when all lids are more than the first share and the closed surface encloses less than the second
times area^1.5 (a sphere: 0.094; a plate of 1 × 1 × 0.003: 0.001)."""

NO_VOLUME = 1e-7
"""A closed part that encloses less than this times area^1.5 is two sides of a sheet that lie on each other."""

_RAYS, _LOOKS = 24, 24
"""How many directions are tried, on either side of about how many places in a lid."""


def find_sheets(mesh: Mesh, part: IntArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(parts,) twice: whether a part is an open sheet, and whether it is a closed one, folded flat.

    part: (F,) of each face. One-sided surfaces with a boundary are sheets.
    """
    table = edge_table(mesh.faces)
    area = np.asarray(np.bincount(part, face_areas(mesh)), dtype=np.float64)
    n = len(area)
    edge_part = part[table.order[table.start[:-1]] % mesh.n_faces]
    is_open = np.bincount(edge_part[table.count != 2], minlength=n) > 0
    lids = _lids(mesh, table, part)
    lid_area = np.bincount(lids.part, lids.area, minlength=n)
    whole = area + lid_area
    share = np.divide(lid_area, whole, out=np.zeros(n), where=whole > 0)
    volume = _volume(mesh, part) + lids.volume
    bulk = np.divide(np.abs(volume), whole**1.5, out=np.zeros(n), where=whole > 0)
    flat = (share > FLAT_SHARE) & (bulk < FLAT_VOLUME)
    sheets = is_open & (_wide_open(mesh, lids, area) | flat | _one_sided(mesh, table, part, n))
    return sheets & (area > 0), ~is_open & (bulk < NO_VOLUME) & (area > 0)


@dataclass(frozen=True)
class _Lids:
    """Fans over the boundary loops.

    points, normals: (n, 3) the middle and twice the area along the normal of each triangle; loop: (n,) its loop.
    area, part: (loops,) of each fan; volume: (parts,) what the fans of a part add to its volume.
    """

    points: FloatArray
    normals: FloatArray
    loop: IntArray
    area: FloatArray
    part: IntArray
    volume: FloatArray


def _lids(mesh: Mesh, table: EdgeTable, part: IntArray) -> _Lids:
    halves = table.order[np.repeat(table.count != 2, table.count)]
    face, corner = halves % mesh.n_faces, halves // mesh.n_faces
    tail, head = mesh.faces[face, corner], mesh.faces[face, (corner + 1) % 3]
    loop = np.unique(component_labels(mesh.n_vertices, tail, head)[tail], return_inverse=True)[1]
    count = np.bincount(loop)
    loop_part = np.zeros(len(count), np.int64)
    loop_part[loop] = part[face]
    origin = _origins(mesh, part)[part[face]]
    a, b = mesh.vertices[tail] - origin, mesh.vertices[head] - origin
    centre = np.stack([np.bincount(loop, a[:, i] + b[:, i]) / (2.0 * count) for i in range(3)], axis=1)[loop]
    normals = np.cross(b - centre, a - centre)
    size = 0.5 * np.linalg.norm(normals, axis=1)
    piece = np.einsum("ei,ei->e", b, np.cross(a, centre)) / 6.0
    volume = np.asarray(np.bincount(part[face], piece, minlength=part.max() + 1), dtype=np.float64)
    return _Lids(
        (a + b + centre) / 3.0 + origin, normals, loop, np.bincount(loop, size).astype(float), loop_part, volume
    )


def _origins(mesh: Mesh, part: IntArray) -> FloatArray:
    """(parts, 3) a vertex of each part: volumes are taken about it, so that an offset costs no digits."""
    return mesh.vertices[mesh.faces[np.unique(part, return_index=True)[1], 0]]


def _volume(mesh: Mesh, part: IntArray) -> FloatArray:
    """(parts,) the volume between each part and its first vertex."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] - _origins(mesh, part)[part] for k in range(3))
    return np.asarray(np.bincount(part, np.einsum("fi,fi->f", a, np.cross(b, c)) / 6.0), dtype=np.float64)


def _wide_open(mesh: Mesh, lids: _Lids, area: FloatArray) -> NDArray[np.bool_]:
    """(parts,) whether a part has an opening that is large (see `OPEN_SHARE`) and seen from outside."""
    whole = area[lids.part] + lids.area
    share = np.divide(lids.area, whole, out=np.zeros(len(whole)), where=whole > 0)
    wide = np.flatnonzero(share > OPEN_SHARE)
    result = np.zeros(len(area), dtype=bool)
    if not len(wide):
        return result
    looked_at = [_some(np.flatnonzero(lids.loop == loop)) for loop in wide]
    chosen, loop = np.concatenate(looked_at), np.repeat(wide, [len(members) for members in looked_at])
    area_there = np.linalg.norm(lids.normals[chosen], axis=1)
    normals = lids.normals[chosen] / np.maximum(area_there, np.finfo(float).tiny)[:, None]
    points = lids.points[chosen]
    seen = np.maximum(openness(points, normals, mesh, _RAYS), openness(points, -normals, mesh, _RAYS))
    weight = np.maximum(np.bincount(loop, area_there, minlength=len(whole)), np.finfo(float).tiny)
    exposed = np.bincount(loop, seen * area_there, minlength=len(whole)) / weight
    result[lids.part[wide[share[wide] * exposed[wide] > OPEN_SHARE]]] = True
    return result


def _some(members: IntArray) -> IntArray:
    """About `_LOOKS` of (n,) members."""
    return members[:: max(1, len(members) // _LOOKS)]


def _one_sided(mesh: Mesh, table: EdgeTable, part: IntArray, n: int) -> NDArray[np.bool_]:
    """(parts,) whether the two sides of each part are one."""
    side = side_labels(mesh.n_faces, table)
    same = side[: mesh.n_faces] == side[mesh.n_faces :]
    return np.bincount(part[same], minlength=n) > 0


def joined_sides(table: EdgeTable) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """The half-edges (n,), (n,) of the edges with two faces, and whether front meets front there."""
    start = table.start[:-1][table.count == 2]
    return table.order[start], table.order[start + 1], (table.forward == 1)[table.count == 2]


def side_labels(n_faces: int, table: EdgeTable) -> IntArray:
    """(2F,) a label for each side of each face, front then back: the same where one can walk between them."""
    first, second, straight = joined_sides(table)
    f, g = first % n_faces, second % n_faces
    other = np.where(straight, 0, n_faces)
    return component_labels(
        2 * n_faces, np.concatenate([f, f + n_faces]), np.concatenate([g + other, g + n_faces - other])
    )
