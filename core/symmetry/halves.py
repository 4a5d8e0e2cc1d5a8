# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a mesh at a plane, and put the mirror image of one half in the place of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh
from .elements import Plane

NEW = -1
SNAP = 1e-6
"""Vertices this near to the plane, as a part of the diagonal, are moved onto it."""


@dataclass(frozen=True)
class Mirrored:
    """A mesh of two halves that mirror each other, welded where they meet.

    mesh: the whole. First the kept half, then the images of its vertices and faces.
    vertex_source: (V,) the old vertex that is at exactly this position, or -1.
    face_source: (F,) the old face that this one is, or -1: cut at the plane, moved, or mirrored.
    opposite: (V,) the partner of each vertex, itself in the plane.
    first_image: the faces from this one on are the images.
    """

    mesh: Mesh
    vertex_source: IntArray
    face_source: IntArray
    opposite: IntArray
    first_image: int


def mirror_half(mesh: Mesh, plane: Plane, side: str = "positive") -> Mirrored:
    """Keep the half on one side of the plane, and replace the other by its mirror image.

    side: "positive", where the normal points, or "negative". Faces across the plane are cut, faces in it go; a closed
    mesh stays closed. Attributes of vertices come along, those of cut edges in proportion.

    Raises `InvalidParameter` where nothing lies on that side, or for another name of a side.
    """
    sign = {"positive": 1.0, "negative": -1.0}.get(side)
    if sign is None:
        raise InvalidParameter(f"There is no side {side!r}.", "Choose from positive, negative.")
    height = sign * plane.distance(mesh.vertices)
    height[np.abs(height) <= SNAP * mesh.diagonal] = 0.0
    if not (height[mesh.faces] > 0.0).any():
        raise InvalidParameter(
            "Nothing lies on the half that is to be kept.", "Keep the other half, or move the plane."
        )
    cut = _Cut(mesh, height)
    faces, face_source = cut.faces, cut.face_source
    points = cut.mixed(mesh.vertices)
    in_plane = np.concatenate([height == 0.0, np.ones(len(cut.low), dtype=bool)])
    flat = in_plane[faces].all(axis=1)  # a face in the plane would lie on its own mirror image
    faces, face_source = faces[~flat], face_source[~flat]
    points[in_plane] -= plane.distance(points[in_plane])[:, None] * plane.normal
    still = np.zeros(len(points), dtype=bool)
    still[: mesh.n_vertices] = (points[: mesh.n_vertices] == mesh.vertices).all(axis=1)
    source = np.where(still, np.arange(len(points)), NEW)
    face_source = np.where(still[faces].all(axis=1), face_source, NEW)
    return _joined(mesh, cut, points, faces, in_plane, plane, source, face_source)


def _joined(
    mesh: Mesh,
    cut: _Cut,
    points: FloatArray,
    faces: IntArray,
    in_plane: IntArray,
    plane: Plane,
    source: IntArray,
    face_source: IntArray,
) -> Mirrored:
    """Both halves, without the vertices that no face uses."""
    used = np.zeros(len(points), dtype=bool)
    used[faces.ravel()] = True
    kept = np.flatnonzero(used)
    number = np.cumsum(used) - 1
    doubled = np.flatnonzero(~in_plane[kept])
    twin = np.arange(len(kept))
    twin[doubled] = len(kept) + np.arange(len(doubled))
    opposite = np.concatenate([twin, doubled])
    faces = number[faces]
    vertices = np.concatenate([points[kept], plane.reflect(points[kept][doubled])])
    origin = np.concatenate([kept, kept[doubled]])
    attributes = {name: cut.mixed(values)[origin] for name, values in mesh.attributes.items()}
    whole = Mesh(vertices, np.concatenate([faces, twin[faces][:, ::-1]]), attributes)
    vertex_source = np.concatenate([source[kept], np.full(len(doubled), NEW)])
    return Mirrored(whole, vertex_source, np.concatenate([face_source, np.full(len(faces), NEW)]), opposite, len(faces))


class _Cut:
    """The faces of a mesh with no corner below height 0, those that cross it cut there.

    faces (F, 3) on the old vertices and new ones after them; face_source (F,), -1 for cut ones. New vertex V + k is on
    the edge from low[k] to high[k] (E,), `share[k]` of the way. The same edge of two faces gets the same vertex.
    """

    def __init__(self, mesh: Mesh, height: FloatArray) -> None:
        self.n_old = mesh.n_vertices
        up, down = height > 0.0, height < 0.0
        any_up, any_down = up[mesh.faces].any(axis=1), down[mesh.faces].any(axis=1)
        crossing = np.flatnonzero(any_down & any_up)
        faces = mesh.faces[crossing]
        # Turn each face so that its first corner is the one that is alone on its side of the plane.
        lone_up = up[faces].sum(axis=1) == 1
        alone = np.where(lone_up[:, None], up[faces], down[faces])
        first = np.argmax(alone & (alone.sum(axis=1, keepdims=True) == 1), axis=1)
        a, b, c = (np.take_along_axis(faces, ((first + k) % 3)[:, None], axis=1)[:, 0] for k in range(3))
        cut_ab, cut_ac = self._cuts(height, a, b, c)
        # a up: the triangle at a. a down, b and c up (or one on the plane): the rest beyond the cut.
        tops = np.stack([a, cut_ab, cut_ac], axis=1)[up[a]]
        lower = ~up[a]
        rest = [np.stack([cut_ab, b, c], axis=1)[lower], np.stack([cut_ab, c, cut_ac], axis=1)[lower]]
        new = np.concatenate([tops, *rest])
        new = new[(new[:, 0] != new[:, 1]) & (new[:, 1] != new[:, 2]) & (new[:, 2] != new[:, 0])]
        whole = np.flatnonzero(any_up & ~any_down)
        self.faces = np.concatenate([mesh.faces[whole], new])
        self.face_source = np.concatenate([whole, np.full(len(new), NEW)])

    def _cuts(self, height: FloatArray, a: IntArray, b: IntArray, c: IntArray) -> tuple[IntArray, IntArray]:
        """The vertices where the edges a–b and a–c meet the plane; b or c itself where that lies on it."""
        edges = np.concatenate([np.stack([a, b], axis=1), np.stack([a, c], axis=1)])
        ends = np.sort(edges, axis=1)
        real = height[edges[:, 1]] != 0.0
        unique, inverse = np.unique(ends[real], axis=0, return_inverse=True)
        self.low, self.high = unique[:, 0], unique[:, 1]
        self.share = height[self.low] / (height[self.low] - height[self.high])
        cut = edges[:, 1].copy()
        cut[real] = self.n_old + inverse.ravel()
        return cut[: len(a)], cut[len(a) :]

    def mixed(self, values: FloatArray) -> FloatArray:
        """Values of old and new vertices (V + E, …) from those of the old ones (V, …)."""
        share = self.share.reshape(-1, *([1] * (values.ndim - 1)))
        return np.concatenate([values, values[self.low] + share * (values[self.high] - values[self.low])])
