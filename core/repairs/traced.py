# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh under repair that remembers where each of its vertices and faces comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..mesh import FloatArray, IntArray, Mesh

BoolArray = NDArray[np.bool_]
NEW = -1
"""The source of a vertex or face that the input does not have."""


@dataclass(frozen=True)
class Traced:
    """What has become of a mesh so far. Steps of a repair take one and give one.

    source: the input, with its attributes; never changed.
    mesh: the mesh now, without attributes (they are transferred once, at the end).
    vertex_source: (V,) the input vertex that is at exactly this position, or `NEW`.
    face_source: (F,) the input face that this one is: the same three positions, whatever the order of its
        corners or the numbers of its vertices; or `NEW`.
    """

    source: Mesh
    mesh: Mesh
    vertex_source: IntArray
    face_source: IntArray

    def __post_init__(self) -> None:
        assert len(self.vertex_source) == self.mesh.n_vertices and len(self.face_source) == self.mesh.n_faces

    @staticmethod
    def start(mesh: Mesh) -> Traced:
        """The mesh before the first step."""
        bare = Mesh(mesh.vertices, mesh.faces)
        return Traced(mesh, bare, np.arange(mesh.n_vertices), np.arange(mesh.n_faces))

    @staticmethod
    def remade(source: Mesh, mesh: Mesh) -> Traced:
        """A mesh of which nothing is taken over from the input as it was."""
        bare = Mesh(mesh.vertices, mesh.faces)
        return Traced(source, bare, np.full(mesh.n_vertices, NEW), np.full(mesh.n_faces, NEW))

    @property
    def new_faces(self) -> BoolArray:
        """(F,) whether a face is not one of the input's."""
        return self.face_source == NEW

    def keep_faces(self, keep: BoolArray | IntArray) -> Traced:
        """Only these faces, a mask (F,) or indices; vertices stay, loose ones too."""
        faces, source = self.mesh.faces[keep], self.face_source[keep]
        return replace(self, mesh=Mesh(self.mesh.vertices, faces), face_source=source)

    def without_loose(self) -> Traced:
        """Without the vertices that no face uses; the rest in the same order."""
        used = np.zeros(self.mesh.n_vertices, dtype=bool)
        used[self.mesh.faces.ravel()] = True
        if used.all():
            return self
        number = np.cumsum(used) - 1
        mesh = Mesh(self.mesh.vertices[used], number[self.mesh.faces])
        return replace(self, mesh=mesh, vertex_source=self.vertex_source[used])

    def with_faces(self, faces: IntArray) -> Traced:
        """The same faces with their corners renumbered or reversed: (F, 3), at the same positions as before."""
        return replace(self, mesh=Mesh(self.mesh.vertices, faces))

    def merged(self, target: IntArray) -> Traced:
        """Each vertex replaced by `target` (V,), another vertex. Faces whose corners move become new."""
        mesh = self.mesh
        faces = target[mesh.faces]
        still = (mesh.vertices[faces] == mesh.vertices[mesh.faces]).all(axis=(1, 2))
        return replace(self, mesh=Mesh(mesh.vertices, faces), face_source=np.where(still, self.face_source, NEW))

    def duplicated(self, faces: IntArray, origin: IntArray) -> Traced:
        """The same faces (F, 3) on V + n vertices, of which the last n are copies of the vertices `origin` (n,)."""
        vertices = np.concatenate([self.mesh.vertices, self.mesh.vertices[origin]])
        source = np.concatenate([self.vertex_source, self.vertex_source[origin]])
        return replace(self, mesh=Mesh(vertices, faces), vertex_source=source)

    def added(self, vertices: FloatArray, faces: IntArray) -> Traced:
        """With new vertices (n, 3), numbered from V on, and new faces (m, 3) on old and new vertices."""
        mesh = Mesh(
            np.concatenate([self.mesh.vertices, np.reshape(vertices, (-1, 3))]),
            np.concatenate([self.mesh.faces, np.reshape(faces, (-1, 3))]),
        )
        vertex_source = np.concatenate([self.vertex_source, np.full(len(vertices), NEW)])
        face_source = np.concatenate([self.face_source, np.full(len(faces), NEW)])
        return Traced(self.source, mesh, vertex_source, face_source)

    def moved(self, vertices: FloatArray) -> Traced:
        """On other positions (V, 3). Vertices that move, and the faces at them, become new."""
        still = (vertices == self.mesh.vertices).all(axis=1)
        return Traced(
            self.source,
            self.mesh.with_vertices(vertices),
            np.where(still, self.vertex_source, NEW),
            np.where(still[self.mesh.faces].all(axis=1), self.face_source, NEW),
        )


@dataclass(frozen=True)
class StepResult:
    """What a step gives: the mesh after it, how much was done, and what the user should know.

    counts: how many of each kind of thing (the names are the keys of `words.PHRASES`); nothing done, nothing named.
    warnings: sentences in plain words.
    """

    traced: Traced
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
