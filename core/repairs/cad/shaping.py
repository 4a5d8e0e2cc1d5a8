# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that change the shape on purpose: solidify, smooth, decimate, voxels, cubes, outer surface."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ...geometry.edges import edge_table
from ...geometry.measure import face_areas, face_normals, unique_edges, vertex_normals
from ...geometry.sampling import sample_surface
from ...geometry.visibility import visible_from_outside
from ...mesh import IntArray, Mesh
from ...progress import Progress, part, silent
from ...topology.components import face_components
from ..clean.nonmanifold import split_non_manifold
from ..traced import BoolArray, StepResult, Traced
from ..volume.inside import inside_field
from ..volume.simplify import simplify
from ..volume.surface import extract

_LOOKS = 50
"""So many places of a part are looked at before it counts as not seen, and as many random points."""


def solidify(traced: Traced, *, thickness_rel: float = 0.006, progress: Progress = silent) -> StepResult:
    """A second, turned copy of the surface, moved inward along the vertex normals, and a rim between open borders.

    thickness_rel: part of the diagonal. As Blender's Solidify with its offset of −1, without evening the thickness
    at corners. The faces that were there stay.
    """
    mesh = traced.mesh
    inward = mesh.vertices - thickness_rel * mesh.diagonal * vertex_normals(mesh)
    table = edge_table(mesh.faces)
    border = table.order[table.start[:-1][table.count == 1]]
    tail = mesh.faces.T.ravel()[border]
    head = np.roll(mesh.faces, -1, axis=1).T.ravel()[border]
    shift = mesh.n_vertices
    rim = np.concatenate(
        [np.stack([head, tail, tail + shift], axis=1), np.stack([head, tail + shift, head + shift], axis=1)]
    )
    solid = traced.added(inward, np.concatenate([mesh.faces[:, ::-1] + shift, rim]))
    return StepResult(solid, {"surfaces_solidified": 1})


def smooth(traced: Traced, *, factor: float = 0.5, iterations: int = 1, progress: Progress = silent) -> StepResult:
    """Move each vertex by `factor` of the way to the mean of its neighbours, `iterations` times.

    The umbrella operator (Taubin 1995), as Blender's Smooth Vertices.
    """
    mesh = traced.mesh
    edges = unique_edges(mesh.faces)
    ones = np.ones(2 * len(edges))
    rows, columns = np.concatenate([edges, edges[:, ::-1]]).T
    neighbours = sparse.csr_matrix((ones, (rows, columns)), shape=(mesh.n_vertices, mesh.n_vertices))
    valence = np.asarray(neighbours.sum(axis=1)).ravel()
    used = valence > 0
    vertices = mesh.vertices.copy()
    for number in range(iterations):
        progress(number / iterations, "Smoothing")
        mean = (neighbours @ vertices)[used] / valence[used, None]
        vertices[used] += factor * (mean - vertices[used])
    moved = int((vertices != mesh.vertices).any(axis=1).sum())
    return StepResult(traced.moved(vertices), {"vertices_moved": moved} if moved else {})


def decimate(traced: Traced, *, ratio: float = 0.1, min_faces: int = 1500, progress: Progress = silent) -> StepResult:
    """Collapse edges where that changes least, down to `ratio` of the faces, but not below `min_faces`.

    Quadric error metrics (Garland and Heckbert 1997); closed surfaces stay closed, and keep their handles.
    """
    count = traced.mesh.n_faces
    goal = max(round(ratio * count), min_faces)
    if goal >= count:
        return StepResult(traced)
    whole = split_non_manifold(traced).traced
    mesh = simplify(whole.mesh, goal, progress=progress)
    return StepResult(Traced.remade(traced.source, mesh), {"faces_removed": count - mesh.n_faces})


def voxel_remesh(traced: Traced, *, resolution: int = 111, progress: Progress = silent) -> StepResult:
    """The surface around all voxels that are inside; always closed and manifold, with as many parts and handles
    as the voxels have.

    resolution: voxels along the longest side. Marching tetrahedra on the same inside test as `remesh_volume`.
    Blender's Voxel Remesh gives quadrilaterals, and keeps inner walls, which here are filled.
    """
    field = inside_field(traced.mesh, resolution, progress=part(progress, 0.0, 0.8))
    progress(0.8, "Extracting the surface")
    return StepResult(Traced.remade(traced.source, extract(field, field.inside)), {"surfaces_rebuilt": 1})


def cubify(traced: Traced, *, resolution: int = 64, progress: Progress = silent) -> StepResult:
    """The faces between the cubes that are inside and those that are not; two triangles a side.

    resolution: cubes along the longest side. As Blender's Remesh in Blocks mode; cubes that touch along an edge only
    come apart there.
    """
    field = inside_field(traced.mesh, resolution, progress=progress)
    mesh = _cubes(field.inside)
    placed = mesh.with_vertices(field.origin + field.spacing * (mesh.vertices - 0.5))
    whole = split_non_manifold(Traced.remade(traced.source, placed)).traced
    return StepResult(whole, {"surfaces_rebuilt": 1})


def outer_surface(traced: Traced, *, progress: Progress = silent) -> StepResult:
    """Keep the parts of which something can be seen from outside: no walls inside solids, nor what is shut in."""
    mesh = traced.mesh
    if not mesh.n_faces:
        return StepResult(traced)
    part = face_components(mesh.faces, mesh.n_vertices)
    if not part.any():
        return StepResult(traced)
    seen = _seen_parts(mesh, part)
    dropped = int((~seen).sum())
    if not dropped or not seen.any():
        return StepResult(traced)
    return StepResult(traced.keep_faces(seen[part]).without_loose(), {"cavities_dropped": dropped})


def _seen_parts(mesh: Mesh, part: IntArray) -> BoolArray:
    """(parts,) whether something of a part (F,) is seen: its largest face, else others, else random points."""
    areas, normals = face_areas(mesh), face_normals(mesh)
    largest = np.lexsort((-areas, part))
    rank = np.arange(len(part)) - np.concatenate([[0], np.cumsum(np.bincount(part))])[part[largest]]
    seen = np.zeros(int(part.max()) + 1, dtype=bool)
    for most in (1, _LOOKS):
        face = largest[(rank < most) & ~seen[part[largest]] & (areas[largest] > 0.0)]
        if len(face):
            looks = visible_from_outside(mesh.vertices[mesh.faces[face]].mean(axis=1), normals[face], mesh)
            seen[part[face[looks]]] = True
    left = np.flatnonzero(~seen[part])
    if areas[left].any():
        points, face, _ = sample_surface(Mesh(mesh.vertices, mesh.faces[left]), _LOOKS * int((~seen).sum()), 0)
        looks = visible_from_outside(points, normals[left[face]], mesh)
        seen[part[left[face[looks]]]] = True
    return seen


def _cubes(inside: np.ndarray) -> Mesh:  # type: ignore[type-arg]
    """The boundary of cubes of side 1 whose cell (i, j, k) spans from that corner to (i+1, j+1, k+1)."""
    shape = np.array(inside.shape) + 1
    quads = []
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        change = np.diff(np.pad(inside, 1).astype(np.int8), axis=axis)
        cut = [slice(1, -1)] * 3
        cut[axis] = slice(None)
        change = change[tuple(cut)]
        for sign in (1, -1):
            corner = np.argwhere(change == sign)
            step_a, step_b = np.eye(3, dtype=np.int64)[[a, b]]
            ring = [corner, corner + step_a, corner + step_a + step_b, corner + step_b]
            quads.append(np.stack(ring if sign == -1 else ring[::-1], axis=1))
    nodes = np.concatenate(quads)
    flat = np.ravel_multi_index(tuple(np.moveaxis(nodes, -1, 0)), tuple(shape))
    used, index = np.unique(flat, return_inverse=True)
    index = index.reshape(-1, 4)
    faces = np.concatenate([index[:, [0, 1, 2]], index[:, [0, 2, 3]]])
    return Mesh(np.stack(np.unravel_index(used, tuple(shape)), axis=1).astype(np.float64), faces)
