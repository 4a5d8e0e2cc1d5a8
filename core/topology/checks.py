# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a mesh: closed, manifold, oriented, one part, without handles, and sound faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import NotGenusZero
from ..geometry.edges import EdgeTable, edge_table
from ..geometry.measure import signed_volume
from ..mesh import IntArray, Mesh, require_usable
from ..progress import Progress, part, silent
from .components import component_labels, umbrellas, vertex_components
from .handles import handle_loops
from .intersections import intersecting_faces
from .report import Element, Row, TopologyReport

FLAT = 1e-12
"""A face is degenerate when its height over its longest edge is at most this part of that edge, or is lost in
the rounding of the coordinates."""


def check(mesh: Mesh, self_intersections: bool = True, progress: Progress = silent) -> TopologyReport:
    """Look at everything that decides whether the mesh can be mapped onto the sphere.

    self_intersections: whether to test for them too (the slowest part); without, the report has no such row.
    Works on any mesh, an empty one too. Where coordinates are not numbers there is one row more, "finite", and
    their faces count as degenerate.
    """
    progress(0.0, "Checking the edges")
    table = edge_table(mesh.faces)
    used = np.zeros(mesh.n_vertices, dtype=bool)
    used[mesh.faces.ravel()] = True
    collapsed = table.vertices[:, 0] == table.vertices[:, 1]
    bad_edges = (table.count > 2) | collapsed
    boundary = (table.count == 1) & ~collapsed
    turned = (table.count == 2) & (table.forward != 1) & ~collapsed
    progress(0.1, "Checking the vertices")
    bad_vertices = np.flatnonzero(umbrellas(mesh.faces, table, mesh.n_vertices) > 1)
    label = vertex_components(mesh.faces, mesh.n_vertices)
    components = len(np.unique(label[used]))
    euler = int(used.sum()) - len(table.vertices) + mesh.n_faces
    manifold = not bad_edges.any() and not len(bad_vertices)
    genus = _genus(table, boundary, components, euler, mesh.n_vertices) if manifold and mesh.n_faces else None
    flat = degenerate_faces(mesh)
    progress(0.2, "Checking the faces")
    rows = [
        *_finite(mesh),
        _closed(mesh, table, boundary),
        _manifold_edges(table, bad_edges),
        _manifold_vertices(bad_vertices),
        _oriented(table, turned),
        _outward(mesh, sealed=manifold and not boundary.any() and not turned.any()),
        _one_component(mesh, label, components),
        _genus_row(mesh, genus, whole=not boundary.any()),
        _degenerate(flat),
        _duplicates(mesh),
        _isolated(used),
    ]
    if self_intersections:
        sound = np.ones(mesh.n_faces, dtype=bool)
        sound[flat] = False
        rows.append(_intersections(mesh, sound, part(progress, 0.25, 1.0)))
    progress(1.0, "Checked")
    return TopologyReport(tuple(rows), mesh.n_vertices, len(table.vertices), mesh.n_faces, components, euler, genus)


def require_genus_zero(mesh: Mesh) -> None:
    """Raise `NotGenusZero`, naming every reason and the repair, unless the mesh is closed with genus 0.

    Raises `InvalidMesh` first for an empty mesh, no area, or coordinates that are not numbers.
    """
    require_usable(mesh)
    report = check(mesh, self_intersections=False)
    if not report.is_genus_zero:
        raise NotGenusZero(list(report.reasons), report.remedy)


def degenerate_faces(mesh: Mesh) -> IntArray:
    """(n,) faces that name a vertex twice or have no area (see `FLAT`)."""
    if not mesh.n_faces:
        return np.zeros(0, np.int64)
    with np.errstate(invalid="ignore", over="ignore"):
        corner = [mesh.vertices[mesh.faces[:, k]] for k in range(3)]
        ab, bc, ca = (corner[(k + 1) % 3] - corner[k] for k in range(3))
        longest = np.sqrt(np.max([np.einsum("fi,fi->f", edge, edge) for edge in (ab, bc, ca)], axis=0))
        double_area = np.linalg.norm(np.cross(ab, ca), axis=1)
        size = np.abs(mesh.vertices).max(initial=0.0, where=np.isfinite(mesh.vertices))
        rounding = 4.0 * np.finfo(float).eps * size
        return np.flatnonzero(~(double_area > longest * (FLAT * longest + rounding)))


def duplicate_faces(mesh: Mesh) -> IntArray:
    """(n,) faces that have the same three vertices as an earlier face, in any order."""
    corners = np.sort(mesh.faces, axis=1)
    # Sort by a mixture of the three numbers first: equal faces fall together, and few others do.
    key = (corners.astype(np.uint64) * np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)).sum(axis=1)
    order = np.argsort(key, kind="stable")
    near = np.zeros(len(key), dtype=bool)
    near[1:] = key[order[1:]] == key[order[:-1]]
    near[:-1] |= near[1:]
    suspects = np.sort(order[near])
    _, first, inverse = np.unique(corners[suspects], axis=0, return_index=True, return_inverse=True)
    return np.asarray(suspects[first[inverse.ravel()] != np.arange(len(suspects))])


def _genus(table: EdgeTable, boundary: NDArray[np.bool_], components: int, euler: int, n_vertices: int) -> int | None:
    """Handles of a manifold by V − E + F = 2 C − 2 g − (boundary loops); None for a one-sided surface."""
    twice = 2 * components - euler - _loops(table, boundary, n_vertices)
    return twice // 2 if twice % 2 == 0 else None


def _loops(table: EdgeTable, boundary: NDArray[np.bool_], n_vertices: int) -> int:
    edges = table.vertices[boundary]
    if not len(edges):
        return 0
    label = component_labels(n_vertices, edges[:, 0], edges[:, 1])
    return len(np.unique(label[edges.ravel()]))


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _row(name: str, good: str, bad: str, element: Element, indices: IntArray, reason: str = "") -> Row:
    """A row that is right when there are no `indices`."""
    count = len(indices)
    return Row(name, not count, count, bad if count else good, element, np.asarray(indices, np.int64), reason)


def _finite(mesh: Mesh) -> list[Row]:
    bad = np.flatnonzero(~np.isfinite(mesh.vertices).all(axis=1))
    what = f"{_many(len(bad), 'vertex', 'vertices')} with coordinates that are not numbers"
    return [_row("finite", "", f"{what}.", "vertex", bad, what)] if len(bad) else []


def _closed(mesh: Mesh, table: EdgeTable, boundary: NDArray[np.bool_]) -> Row:
    edges = table.vertices[boundary]
    if not mesh.n_faces:
        return Row("closed", False, 0, "Not closed: there are no faces.", "edge", edges, "it has no faces")
    loops = _many(_loops(table, boundary, mesh.n_vertices), "hole")
    bad = f"Open: {_many(len(edges), 'boundary edge')} around {loops}."
    return _row(
        "closed", "Closed: no boundary edges.", bad, "edge", edges,
        f"it is open ({_many(len(edges), 'boundary edge')} around {loops})",
    )  # fmt: skip


def _manifold_edges(table: EdgeTable, bad: NDArray[np.bool_]) -> Row:
    edges = table.vertices[bad]
    text = f"{_many(len(edges), 'edge')} with more than two faces, or collapsed to a point."
    reason = f"{_many(len(edges), 'edge')} not manifold (more than two faces meet, or both ends are one vertex)"
    return _row("manifold_edges", "Manifold edges: at most two faces at each.", text, "edge", edges, reason)


def _manifold_vertices(vertices: IntArray) -> Row:
    text = f"{_many(len(vertices), 'vertex', 'vertices')} where separate sheets touch at a point."
    reason = f"{_many(len(vertices), 'vertex', 'vertices')} not manifold (separate sheets touch at a point)"
    good = "Manifold vertices: one fan of faces around each."
    return _row("manifold_vertices", good, text, "vertex", vertices, reason)


def _oriented(table: EdgeTable, turned: NDArray[np.bool_]) -> Row:
    edges = table.vertices[turned]
    text = f"{_many(len(edges), 'edge')} between faces that look to opposite sides."
    reason = f"the faces do not all look to the same side ({_many(len(edges), 'edge')} between opposite faces)"
    return _row("oriented", "Oriented: neighbouring faces agree.", text, "edge", edges, reason)


def _outward(mesh: Mesh, *, sealed: bool) -> Row:
    with np.errstate(invalid="ignore", over="ignore"):
        volume = signed_volume(mesh) if sealed else np.nan
    if not np.isfinite(volume):
        text = "Inside and outside cannot be told before the surface is closed, manifold and oriented."
        return _row("outward", text, "", "face", np.zeros(0, np.int64))
    inward = np.arange(mesh.n_faces) if volume < 0 else np.zeros(0, np.int64)
    bad = f"All {mesh.n_faces:,} faces look inward; they are turned while encoding."
    return _row("outward", "Outward: the faces look outward.", bad, "face", inward)


def _one_component(mesh: Mesh, label: IntArray, components: int) -> Row:
    face_label = label[mesh.faces[:, 0]]
    sizes = np.bincount(face_label, minlength=1)
    small = np.flatnonzero(face_label != sizes.argmax()) if components > 1 else np.zeros(0, np.int64)
    text = f"{components:,} separate parts ({_many(len(small), 'face')} beside the largest)."
    good = "One part." if components else "No parts."
    ok = components <= 1
    return Row(
        "one_component", ok, 0 if ok else components, good if ok else text, "face", small,
        f"it has {components:,} separate parts",
    )  # fmt: skip


def _genus_row(mesh: Mesh, genus: int | None, *, whole: bool) -> Row:
    none = np.zeros((0, 2), np.int64)
    if genus is None:
        text = "Genus unknown: it can be told when edges, vertices and orientation are right."
        return Row("genus", False, 0, text, "edge", none)
    if genus == 0:
        return Row("genus", True, 0, "Genus 0: no handles.", "edge", none)
    loops = handle_loops(mesh.faces) if whole else none
    text = f"Genus {genus:,}: {_many(genus, 'handle')}, like the hole of a ring."
    return Row("genus", False, genus, text, "edge", loops, f"its genus is {genus:,} ({_many(genus, 'handle')})")


def _degenerate(faces: IntArray) -> Row:
    text = f"{_many(len(faces), 'face')} without area."
    return _row("degenerate_faces", "No degenerate faces.", text, "face", faces)


def _duplicates(mesh: Mesh) -> Row:
    faces = duplicate_faces(mesh)
    text = f"{_many(len(faces), 'face')} on the same vertices as another."
    reason = f"{_many(len(faces), 'duplicate face')}"
    return _row("duplicate_faces", "No duplicate faces.", text, "face", faces, reason)


def _isolated(used: NDArray[np.bool_]) -> Row:
    loose = np.flatnonzero(~used)
    text = f"{_many(len(loose), 'vertex', 'vertices')} without a face."
    reason = f"{_many(len(loose), 'loose vertex', 'loose vertices')} without a face"
    return _row("isolated_vertices", "No loose vertices.", text, "vertex", loose, reason)


def _intersections(mesh: Mesh, sound: NDArray[np.bool_], progress: Progress) -> Row:
    faces = intersecting_faces(mesh, sound, progress)
    text = f"{_many(len(faces), 'face')} that touch or pass through others."
    if len(faces) == 1:
        text = "1 face touches or passes through others."
    return _row("self_intersections", "No self-intersections.", text, "face", faces)
