# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with meshes: each function takes a mesh and gives a damaged one. Random ones take a seed."""

from __future__ import annotations

import numpy as np
from spherical_cow.geometry.edges import edge_table
from spherical_cow.mesh import FloatArray, IntArray, Mesh


def joined(*meshes: Mesh) -> Mesh:
    """Several meshes as one that share no vertex."""
    offsets = np.cumsum([0] + [mesh.n_vertices for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)]),
    )


def welded(mesh: Mesh) -> Mesh:
    """Vertices at exactly the same place become one; nothing else changes."""
    places, first, number = np.unique(mesh.vertices, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(places), dtype=np.int64)
    rank[order] = np.arange(len(places))
    return Mesh(places[order], rank[number.ravel()][mesh.faces])


def soup(mesh: Mesh) -> Mesh:
    """Each face with vertices of its own."""
    return Mesh(mesh.vertices[mesh.faces].reshape(-1, 3), np.arange(3 * mesh.n_faces).reshape(-1, 3))


def jittered(mesh: Mesh, amplitude: float, seed: int = 0) -> Mesh:
    """Each vertex moved at random; amplitude relative to the diagonal."""
    noise = np.random.default_rng(seed).standard_normal(mesh.vertices.shape)
    return mesh.with_vertices(mesh.vertices + amplitude * mesh.diagonal * noise)


def noisy(mesh: Mesh, amplitude: float, seed: int = 0) -> Mesh:
    """Each vertex moved at random; amplitude relative to the mean length of the edges."""
    edges = mesh.vertices[mesh.faces] - mesh.vertices[np.roll(mesh.faces, -1, axis=1)]
    return jittered(mesh, amplitude * float(np.linalg.norm(edges, axis=2).mean()) / mesh.diagonal, seed)


def flipped(mesh: Mesh, part: float, seed: int = 0) -> Mesh:
    """A part of the faces turned round, chosen at random; 1 turns all."""
    chosen = np.random.default_rng(seed).permutation(mesh.n_faces)[: round(part * mesh.n_faces)]
    faces = mesh.faces.copy()
    faces[chosen] = faces[chosen][:, ::-1]
    return Mesh(mesh.vertices, faces)


def half_flipped(mesh: Mesh) -> Mesh:
    """All faces turned whose middle has x > 0."""
    faces = mesh.faces.copy()
    there = mesh.vertices[faces].mean(axis=1)[:, 0] > 0.0
    faces[there] = faces[there][:, ::-1]
    return Mesh(mesh.vertices, faces)


def without(mesh: Mesh, faces: IntArray) -> Mesh:
    """Without these faces, and without the vertices that nothing uses then."""
    return compact(Mesh(mesh.vertices, np.delete(mesh.faces, faces, axis=0)))


def compact(mesh: Mesh) -> Mesh:
    """Without vertices that no face uses."""
    used, faces = np.unique(mesh.faces, return_inverse=True)
    return Mesh(mesh.vertices[used], faces.reshape(-1, 3))


def apart(points: FloatArray, count: int, distance: float, seed: int) -> IntArray:
    """Up to `count` of the points, chosen at random, no two nearer than `distance`."""
    chosen: list[int] = []
    for index in np.random.default_rng(seed).permutation(len(points)):
        if len(chosen) == count:
            break
        if not chosen or np.linalg.norm(points[chosen] - points[index], axis=1).min() > distance:
            chosen.append(int(index))
    return np.array(chosen)


def punched(mesh: Mesh, count: int, radius: float, seed: int = 0) -> Mesh:
    """Round holes around random vertices, apart from each other; radius relative to the diagonal."""
    radius = radius * mesh.diagonal
    centres = mesh.vertices[apart(mesh.vertices, count, 3.2 * radius, seed)]
    near = np.min([np.linalg.norm(mesh.vertices - centre, axis=1) for centre in centres], axis=0) < radius
    return without(mesh, np.flatnonzero(near[mesh.faces].any(axis=1)))


def picked(mesh: Mesh, count: int, seed: int = 0) -> Mesh:
    """Single faces removed at random: holes of three edges, some of which touch."""
    return without(mesh, np.random.default_rng(seed).permutation(mesh.n_faces)[:count])


def cut_above(mesh: Mesh, axis: int, height: float) -> Mesh:
    """Without the faces whose middle is above a height: a big, jagged rim."""
    return without(mesh, np.flatnonzero(mesh.vertices[mesh.faces].mean(axis=1)[:, axis] > height))


def ringed(mesh: Mesh, count: int, outer: float, inner: float, seed: int = 0) -> Mesh:
    """Ring-shaped holes, in each of which an island is left; radii relative to the diagonal."""
    outer, inner = outer * mesh.diagonal, inner * mesh.diagonal
    centres = mesh.vertices[apart(mesh.vertices, count, 3.0 * outer, seed)]
    middle = mesh.vertices[mesh.faces].mean(axis=1)
    distance = np.min([np.linalg.norm(middle - centre, axis=1) for centre in centres], axis=0)
    return without(mesh, np.flatnonzero((distance < outer) & (distance > inner)))


def slit(mesh: Mesh, axis: int = 2, height: float = 0.0, width: float = 1e-4) -> Mesh:
    """Cut in two along a plane; the halves end a hair's breadth (relative to the diagonal) from each other."""
    above = mesh.vertices[mesh.faces].mean(axis=1)[:, axis] > height
    parts = [compact(Mesh(mesh.vertices, mesh.faces[side])) for side in (above, ~above)]
    step = np.zeros(3)
    step[axis] = width * mesh.diagonal
    return joined(parts[0].with_vertices(parts[0].vertices + step), parts[1])


def t_junctions(mesh: Mesh, count: int, seed: int = 0) -> Mesh:
    """Edges that have a vertex in their middle on one side only: cracks without width."""
    vertices, faces = mesh.vertices, mesh.faces
    chosen = np.random.default_rng(seed).permutation(len(faces))[:count]
    a, b, c = faces[chosen].T
    middle = np.arange(len(chosen)) + len(vertices)
    split = [np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)]
    return Mesh(
        np.concatenate([vertices, 0.5 * (vertices[a] + vertices[b])]),
        np.concatenate([np.delete(faces, chosen, axis=0), *split]),
    )


def duplicated(mesh: Mesh, count: int, seed: int = 0) -> Mesh:
    """Faces that are there twice: every other copy on the same side, the rest turned."""
    again = mesh.faces[np.random.default_rng(seed).permutation(mesh.n_faces)[:count]]
    again[::2] = again[::2][:, ::-1]
    return Mesh(mesh.vertices, np.concatenate([mesh.faces, again]))


def degenerated(mesh: Mesh, count: int, seed: int = 0) -> Mesh:
    """Faces without area: flat ones between an edge and a vertex on it, and faces that name a vertex twice."""
    generator = np.random.default_rng(seed)
    table = edge_table(mesh.faces)
    edges = table.vertices[generator.permutation(len(table.vertices))[: count // 2]]
    opened = t_junctions(mesh, count - len(edges), seed)
    new = np.arange(len(opened.vertices) - (count - len(edges)), len(opened.vertices))
    a, b = mesh.faces[np.random.default_rng(seed).permutation(mesh.n_faces)[: len(new)], :2].T  # as t_junctions chose
    flat = np.stack([a, b, new], axis=1)
    double = np.stack([edges[:, 0], edges[:, 1], edges[:, 1]], axis=1)
    return Mesh(opened.vertices, np.concatenate([opened.faces, flat, double]))


def spoiled(mesh: Mesh, count: int, value: float = np.nan, seed: int = 0) -> Mesh:
    """Vertices whose coordinates are not numbers."""
    vertices = mesh.vertices.copy()
    vertices[np.random.default_rng(seed).permutation(len(vertices))[:count]] = value
    return mesh.with_vertices(vertices)


def with_loose(mesh: Mesh, count: int, seed: int = 0) -> Mesh:
    """Vertices that no face uses, around the mesh and far from it."""
    loose = np.random.default_rng(seed).standard_normal((count, 3)) * mesh.diagonal
    return Mesh(np.concatenate([mesh.vertices, loose]), mesh.faces)


def needled(mesh: Mesh, count: int, height: float = 1e-6, seed: int = 0) -> Mesh:
    """Faces split next to one of their edges: needles of this height relative to the face."""
    chosen = np.random.default_rng(seed).permutation(mesh.n_faces)[:count]
    a, b, c = mesh.faces[chosen].T
    corner = mesh.vertices[mesh.faces[chosen]]
    place = (0.5 * (1.0 - height)) * (corner[:, 0] + corner[:, 1]) + height * corner[:, 2]
    new = np.arange(count) + mesh.n_vertices
    split = [np.stack(each, axis=1) for each in ((a, b, new), (b, c, new), (c, a, new))]
    return Mesh(np.concatenate([mesh.vertices, place]), np.concatenate([np.delete(mesh.faces, chosen, axis=0), *split]))


def tunnelled(mesh: Mesh, count: int, span: float, seed: int = 0) -> Mesh:
    """Three-sided tunnels straight through the inside of a convex mesh between faces about `span` apart: + genus."""
    middle = mesh.vertices[mesh.faces].mean(axis=1)
    starts = apart(middle, count, 2.4 * span, seed)
    faces, gone = [mesh.faces], []
    for start in starts:
        away = np.abs(np.linalg.norm(middle - middle[start], axis=1) - span)
        end = int(away.argmin())
        gone += [int(start), end]
        a, b = mesh.faces[start], mesh.faces[end][::-1]
        turns = [np.roll(b, k) for k in range(3)]
        b = turns[int(np.argmin([np.linalg.norm(mesh.vertices[a] - mesh.vertices[t], axis=1).sum() for t in turns]))]
        for k in range(3):
            after = (k + 1) % 3
            faces.append(np.array([[a[k], a[after], b[after]], [a[k], b[after], b[k]]]))
    kept = np.delete(faces[0], gone, axis=0)
    return Mesh(mesh.vertices, np.concatenate([kept, *faces[1:]]))


def shuffled(mesh: Mesh, seed: int = 0) -> Mesh:
    """The same surface: vertices renumbered, faces in another order, each beginning at another corner."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(mesh.n_vertices)
    number = np.argsort(order)
    faces = number[mesh.faces[generator.permutation(mesh.n_faces)]]
    turn = (np.arange(3) + generator.integers(0, 3, len(faces))[:, None]) % 3
    attributes = {name: values[order] for name, values in mesh.attributes.items()}
    return Mesh(mesh.vertices[order], np.take_along_axis(faces, turn, axis=1), attributes)
