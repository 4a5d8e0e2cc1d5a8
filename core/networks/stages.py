# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes that become finer stage by stage, all on the vertices of the last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh


def carried(stages: Sequence[Mesh]) -> list[FloatArray]:
    """The vertices (V, 3) of each stage on the faces of the last, V being those of the last.

    Each stage begins with the vertices of the one before; what it adds was put in the middle of an edge, and stays
    there where the earlier stage is concerned, so that its surface is the same as before. The last is given back as
    it is. Raises `InvalidParameter` for stages that do not follow one another so.
    """
    found: list[FloatArray] = []
    for number, mesh in enumerate(stages):
        vertices = mesh.vertices
        for finer in stages[number + 1 :]:
            vertices = _with_middles(vertices, finer)
        found.append(vertices)
    return found


def _with_middles(vertices: FloatArray, finer: Mesh) -> FloatArray:
    ends = parents(finer.faces, len(vertices), finer.n_vertices)
    return np.concatenate([vertices, 0.5 * (vertices[ends[:, 0]] + vertices[ends[:, 1]])])


def parents(faces: IntArray, old: int, count: int) -> IntArray:
    """(count − old, 2) the old vertices on either side of each new one, of faces (F, 3) that were cut into four.

    old: how many vertices there were; count: how many there are. Raises `InvalidParameter` where a new vertex has
    other than two old neighbours.
    """
    if old > count:
        raise InvalidParameter(f"A stage of {count} vertices follows one of {old}.", "Stages become finer.")
    sides = faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    pairs = np.concatenate([sides, sides[:, ::-1]])
    pairs = np.unique(pairs[(pairs[:, 0] >= old) & (pairs[:, 1] < old)], axis=0)
    if not np.array_equal(pairs[:, 0], np.repeat(np.arange(old, count), 2)):
        raise InvalidParameter(
            "A stage does not add vertices in the middles of the edges of the one before.", "Show the stages apart."
        )
    return np.ascontiguousarray(pairs[:, 1].reshape(-1, 2))
