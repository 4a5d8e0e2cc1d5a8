# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether new faces would touch or pass through a surface, by exact tests."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...geometry.boxes import box_tree, face_box, leaf_faces, leaves_near
from ...geometry.curve import along_curve
from ...mesh import FloatArray, IntArray
from ...topology.intersections import equal_positions
from ...topology.triangles import meet


class Obstacles:
    """A surface prepared for many queries."""

    def __init__(self, vertices: FloatArray, faces: IntArray) -> None:
        self._vertices, self._place = vertices, _places(vertices)
        self._order = along_curve(vertices[faces].mean(axis=1))
        self._faces = np.ascontiguousarray(faces[self._order])
        self._boxes = box_tree(vertices, self._faces)

    def hit(self, faces: IntArray) -> NDArray[np.bool_]:
        """(n,) which of other faces (n, 3) on the same vertices meet the surface beside shared corners and edges.

        Faces of the surface that have the same corners are not counted.
        """
        return _hit(self._vertices, self._faces, self._place, self._boxes, faces)

    def hits(self, rim: IntArray, inner: FloatArray, triangles: IntArray) -> int:
        """How many triangles (n, 3) over the vertices `rim` and the points `inner` meet the surface or each other."""
        count = len(self._vertices)
        faces = np.concatenate([rim, np.arange(count, count + len(inner))])[triangles]
        vertices = self._vertices if not len(inner) else np.concatenate([self._vertices, inner])
        new_places = len(self._vertices) + np.arange(len(inner))
        place = self._place if not len(inner) else np.concatenate([self._place, new_places])
        hit = _hit(vertices, self._faces, place, self._boxes, faces)
        return int((hit | _tangled(vertices, faces, place)).sum())


def _places(vertices: FloatArray) -> IntArray:
    """(V,) a number for each position, as `equal_positions`, but fast where no two are equal."""
    mixed = np.sort(vertices @ np.array([1.0, np.sqrt(2.0), np.sqrt(3.0)]))
    return equal_positions(vertices) if (mixed[1:] == mixed[:-1]).any() else np.arange(len(vertices))


@njit(cache=True)
def _hit(
    vertices: FloatArray, surface: IntArray, place: IntArray, boxes: FloatArray, faces: IntArray
) -> NDArray[np.bool_]:
    result = np.zeros(len(faces), np.bool_)
    low, high, near = np.empty(3), np.empty(3), np.empty(64, np.int64)
    pair, places = np.empty((2, 3), np.int64), np.empty((2, 3), np.int64)
    for f in range(len(faces)):
        pair[0] = faces[f]
        for k in range(3):
            places[0, k] = place[pair[0, k]]
        face_box(vertices, pair[0], low, high)
        count, near = leaves_near(boxes, low, high, near)
        for leaf in near[:count]:
            for g in leaf_faces(leaf, len(surface)):
                pair[1] = surface[g]
                for k in range(3):
                    places[1, k] = place[pair[1, k]]
                if meet(vertices, pair, places, 0, 1):
                    result[f] = True
                    break
            if result[f]:
                break
    return result


@njit(cache=True)
def _tangled(vertices: FloatArray, faces: IntArray, place: IntArray) -> NDArray[np.bool_]:
    """(n,) which faces meet others of the same few."""
    result = np.zeros(len(faces), np.bool_)
    places = np.empty_like(faces)
    low, high = np.empty((len(faces), 3)), np.empty((len(faces), 3))
    for f in range(len(faces)):
        for k in range(3):
            places[f, k] = place[faces[f, k]]
            low[f, k] = min(vertices[faces[f, 0], k], vertices[faces[f, 1], k], vertices[faces[f, 2], k])
            high[f, k] = max(vertices[faces[f, 0], k], vertices[faces[f, 1], k], vertices[faces[f, 2], k])
    for f in range(len(faces)):
        for g in range(f):
            apart = False
            for i in range(3):
                apart |= low[f, i] > high[g, i] or low[g, i] > high[f, i]
            if not apart and not (result[f] and result[g]) and meet(vertices, faces, places, f, g):
                result[f] = result[g] = True
    return result
