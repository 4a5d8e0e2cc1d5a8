# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reader of a mesh file gives, and how it becomes a `Mesh`: range checks and welding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from ..errors import MeshFileError
from ..geometry.edges import is_closed_manifold, is_open
from ..mesh import FloatArray, IntArray, Mesh


class Weld(Enum):
    """When vertices at exactly equal positions become one."""

    IF_IT_CLOSES = "the mesh is open, and is a closed manifold after welding"
    IF_OPEN = "the mesh is open"
    ALWAYS = "always: the format has no shared vertices"


@dataclass(frozen=True)
class Parts:
    """The content of a mesh file: vertices (V, 3), faces (F, 3), colours (V, 3) linear RGB or None."""

    vertices: FloatArray
    faces: IntArray
    color: FloatArray | None = None
    weld: Weld = Weld.IF_IT_CLOSES


def to_mesh(parts: Parts, file: Path) -> Mesh:
    """A `Mesh` of the parts, welded as they ask for. Raises `MeshFileError` where they do not fit."""
    if not len(parts.vertices) or not len(parts.faces):
        what = "no vertices" if not len(parts.vertices) else "points but no faces"
        raise MeshFileError(f"{file.name} holds {what}.", "Export the object again, with its faces.")
    if parts.faces.min() < 0 or parts.faces.max() >= len(parts.vertices):
        raise MeshFileError(
            f"{file.name} is damaged: a face names a vertex that is not there.",
            "Export it again from the program that made it.",
        )
    return _welded(parts)


def _welded(parts: Parts) -> Mesh:
    attributes = {} if parts.color is None else {"color": parts.color}
    as_stored = Mesh(parts.vertices, parts.faces, attributes)
    if parts.weld is not Weld.ALWAYS and not is_open(as_stored.faces):
        return as_stored
    welded = weld_equal_positions(as_stored)
    if parts.weld is Weld.IF_IT_CLOSES and not is_closed_manifold(welded.faces):
        return as_stored
    return welded


def weld_equal_positions(mesh: Mesh) -> Mesh:
    """The mesh with one vertex for each exact position, in order of first occurrence; attributes averaged."""
    keys = mesh.vertices + 0.0  # -0.0 and 0.0 are the same place
    order = np.lexsort(keys.T)
    new = np.concatenate([[True], (keys[order[1:]] != keys[order[:-1]]).any(axis=1)])
    first = order[new]  # lexsort is stable, so each group begins with its first occurrence
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    target = np.empty(len(keys), np.int64)
    target[order] = rank[np.cumsum(new) - 1]
    share = 1.0 / np.bincount(target)
    attributes = {
        name: _sum_rows(values, target, len(first)) * (share if values.ndim == 1 else share[:, None])
        for name, values in mesh.attributes.items()
    }
    return Mesh(mesh.vertices[np.sort(first)], target[mesh.faces], attributes)


def _sum_rows(values: FloatArray, target: IntArray, count: int) -> FloatArray:
    if values.ndim == 1:
        return np.asarray(np.bincount(target, values, count), dtype=np.float64)
    return np.stack([np.bincount(target, column, count) for column in values.T], axis=1)


def fan(flat: IntArray, sizes: IntArray) -> IntArray:
    """(F, 3) triangles of polygons, each as a fan around its first corner.

    The corners lie one after the other in `flat`, `sizes[i]` of them for polygon i; fewer than 3 give none.
    """
    start = np.cumsum(sizes) - sizes
    triangles = np.maximum(sizes - 2, 0)
    first = np.repeat(start, triangles)
    step = np.arange(triangles.sum()) - np.repeat(np.cumsum(triangles) - triangles, triangles)
    corners = np.stack([first, first + step + 1, first + step + 2], axis=1)
    return np.asarray(flat[corners], dtype=np.int64)
