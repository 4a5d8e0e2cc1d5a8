# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetric templates: icospheres with mirror tables, and how few numbers describe a symmetric shape on them.

The scheme of a template says how the numbers that a network or an optimiser gives become vertices:

- `free`: three numbers for each vertex.
- `plane`: the right half and the mirror; the left half is its reflection (the *reflection* scheme). 50 %.
- `two_planes`: a quarter; the rest by two reflections. 25 %.
- `rotational`: a profile of radii and heights, turned about the axis. About 10 %.
- `refinement`: as `plane`, on the template subdivided once; the outputs of the left half, which reflection leaves
  free, move new vertices of the right half. As many numbers as `free` on the coarse template, twice the vertices
  that can move by themselves as `plane`.

Each is a `Gather`: index and weight arrays, which PyTorch takes as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ..errors import InvalidParameter
from ..geometry.edges import edge_table
from ..mesh import FloatArray, IntArray, Mesh
from .gather import Gather
from .icospheres import mirror_icosphere
from .tables import MirrorTables, mirror_tables

SCHEMES = ("free", "plane", "two_planes", "rotational")
SHARES: Mapping[str, float] = {"free": 1.0, "plane": 0.5, "two_planes": 0.25, "rotational": 0.1}
"""Scheme → the part of the numbers that it needs, roughly."""


@dataclass(frozen=True)
class Template:
    """A sphere that is symmetric under x → −x (also y and z), with its index tables.

    mesh: see `mirror_icosphere`. tables: see `mirror_tables`. level, subdivisions: what it was made with.
    """

    mesh: Mesh
    tables: MirrorTables
    level: int
    subdivisions: int

    def scheme(self, name: str) -> Gather:
        """How numbers become vertices: one of `SCHEMES`. Raises `InvalidParameter` for another name."""
        if name == "free":
            return reflections(self.mesh.vertices, ())
        if name == "plane":
            return reflections(self.mesh.vertices, (0,))
        if name == "two_planes":
            return reflections(self.mesh.vertices, (0, 2))
        if name == "rotational":
            return revolution(self.mesh.vertices, axis=1)
        raise InvalidParameter(f"There is no scheme {name!r}.", f"Choose from {', '.join(SCHEMES)}.")


@lru_cache(maxsize=16)
def template(level: int = 4, subdivisions: int = 0, *, slices: int = 2, as_published: bool = False) -> Template:
    """The template of a level (edges of the icosahedron in so many parts) and a number of subdivisions.

    slices, as_published: see `mirror_tables`. Levels 2, 3 and 4, with 0 or 1 subdivision and 2 slices, are those that
    symmetric MCMR has; `as_published` matters for checkpoints of level 3.
    """
    mesh = mirror_icosphere(level, subdivisions)
    tables = mirror_tables(mesh.vertices, slices=slices, as_published=as_published, subdivided=subdivisions > 0)
    return Template(mesh, tables, level, subdivisions)


def reflections(vertices: FloatArray, axes: tuple[int, ...]) -> Gather:
    """Rows for the vertices (V, 3) on the positive side of the planes across `axes`; the others mirror them.

    Rows are in the order of those vertices. A vertex in a plane stays in it, whatever its row says.
    """
    mirrored, sign = vertices.copy(), np.ones_like(vertices)
    for axis in axes:
        tables = mirror_tables(np.roll(vertices, -axis, axis=1))
        sign[tables.left, axis], sign[tables.middle, axis] = -1.0, 0.0
        mirrored[:, axis] = np.abs(mirrored[:, axis])
        mirrored[tables.middle, axis] = 0.0
    own = np.flatnonzero((sign >= 0.0).all(axis=1))
    nearest = cdist(mirrored, mirrored[own]).argmin(axis=1) if len(own) < len(vertices) else np.arange(len(vertices))
    return Gather(nearest[:, None].astype(np.int64), sign[:, None], len(own))


def revolution(vertices: FloatArray, axis: int = 1, points: int | None = None) -> Gather:
    """Rows (radius, height) of a profile, from one pole of the axis to the other, turned about the axis.

    points: rows of the profile, evenly spaced by the angle from the pole; None for a tenth of the numbers of the
    vertices (V, 3). A vertex takes its place on the profile by its own angle, between two rows in proportion.
    """
    count = max(points if points is not None else round(0.15 * len(vertices)), 2)
    unit = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    place = np.arccos(np.clip(unit[:, axis], -1.0, 1.0)) * (count - 1) / np.pi
    low = np.minimum(place.astype(np.int64), count - 2)
    share = place - low
    across = np.delete(unit, axis, axis=1)
    length = np.linalg.norm(across, axis=1, keepdims=True)
    direction = np.divide(across, length, out=np.zeros_like(across), where=length > 1e-9)
    turned = np.insert(direction, axis, 1.0, axis=1)
    weight = np.stack([1.0 - share, share], axis=1)[:, :, None] * turned[:, None]
    column = [0, 0, 0]
    column[axis] = 1
    return Gather(np.stack([low, low + 1], axis=1), weight, count, (column[0], column[1], column[2]), 2)


@dataclass(frozen=True)
class Refinement:
    """The refinement scheme of a coarse template.

    gather: from an output (V, 3) for each coarse vertex to the vertices of the fine template.
    fine: the template subdivided once more. driven: (L,) the new vertex of the right half that the output of each
        left vertex (in the order of `coarse.tables.left`) moves, away from the middle of its edge.
    points: (V, 3) where on the template each output acts, for networks that take it as an input.
    """

    gather: Gather
    fine: Template
    driven: IntArray
    points: FloatArray


@lru_cache(maxsize=8)
def refinement(level: int = 4, subdivisions: int = 0) -> Refinement:
    """The refinement scheme of `template(level, subdivisions)`.

    Right and middle outputs place their own vertices. New vertices start in the middles of their edges; as many as
    there are left outputs, spread evenly over the right half, are moved by those. The left half is the reflection.
    """
    coarse, fine = template(level, subdivisions), template(level, subdivisions + 1)
    count, tables = coarse.mesh.n_vertices, fine.tables
    ends = edge_table(coarse.mesh.faces).vertices
    index = np.zeros((fine.mesh.n_vertices, 3), dtype=np.int64)
    weight = np.zeros((fine.mesh.n_vertices, 3, 3))
    index[:count, 0], weight[:count, 0] = np.arange(count), 1.0
    index[count:, :2], weight[count:, :2] = ends, 0.5
    driven = _spread(fine, tables.right[tables.right >= count], coarse)
    index[driven, 2], weight[driven, 2] = coarse.tables.left, 1.0
    weight[np.isin(index, coarse.tables.middle), 0] = 0.0
    weight[tables.middle, :, 0] = 0.0
    _use_right(index, weight, coarse.tables, tables)
    points = coarse.mesh.vertices.copy()
    points[coarse.tables.left] = fine.mesh.vertices[driven]
    return Refinement(Gather(index, weight, count), fine, driven, points)


def _use_right(index: IntArray, weight: FloatArray, coarse: MirrorTables, fine: MirrorTables) -> None:
    """Make the left half of the map the mirror image of the right one; nothing may take part of a left vertex."""
    is_left = np.zeros(len(coarse.opposite), dtype=bool)
    is_left[coarse.left] = True
    crossing = fine.middle[is_left[index[fine.middle, :2]].any(axis=1)]  # edges between a vertex and its partner
    pair = index[crossing, :2]
    index[crossing, :2] = np.where(is_left[pair[:, 0]], pair[:, 1], pair[:, 0])[:, None]
    index[fine.left] = index[fine.opposite[fine.left]]
    weight[fine.left] = weight[fine.opposite[fine.left]] * np.array([-1.0, 1.0, 1.0])


def _spread(fine: Template, candidates: IntArray, coarse: Template) -> IntArray:
    """(L,) of the candidates, one for each left vertex: far from each other, near that vertex's mirror image."""
    points = fine.mesh.vertices[candidates]
    wanted = coarse.mesh.vertices[coarse.tables.opposite[coarse.tables.left]]
    if len(wanted) >= len(candidates):
        raise InvalidParameter("The template is too small to be refined.", "Give a level of 2 or more.")
    chosen = np.empty(len(wanted), dtype=np.int64)
    gap = np.full(len(points), np.inf)
    for k in range(len(wanted)):
        chosen[k] = int(np.argmax(np.round(gap, 9))) if k else 0
        gap = np.minimum(gap, np.linalg.norm(points - points[chosen[k]], axis=1))
    rows, columns = linear_sum_assignment(cdist(wanted, points[chosen], "sqeuclidean"))
    driven = np.empty(len(wanted), dtype=np.int64)
    driven[rows] = candidates[chosen[columns]]
    return driven
