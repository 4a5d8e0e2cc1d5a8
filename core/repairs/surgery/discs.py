# SPDX-License-Identifier: GPL-3.0-or-later
"""Discs over loops of a surface: how large they are, and shapes that can be moved with the loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from ...geometry.laplacian import cotangents
from ...geometry.measure import directed_edges, face_cross
from ...mesh import FloatArray, IntArray, Mesh
from .patches import refine
from .polygons import triangulate

_COARSE = 40
_GROWTH = 0.3
_FLATTEST, _SHARPEST = 0.05, 20.0
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Disc:
    """Triangles over a polygon of n corners with k inner points, which lie between them like a soap film.

    triangles (t, 3): names corners 0 … n − 1, in the direction of the polygon, then inner points. No edge but the
    sides of the polygon joins two corners, so that the disc leaves the surface at once, and never has one of its edges.
    inner, border: the matrices (k, k), factored, and (k, n) of inner X = border P: each inner point is a mean of its
        neighbours. So the same disc over a polygon beside the first is beside it everywhere.
    """

    triangles: IntArray
    inner: SuperLU | None
    border: sparse.csr_matrix

    def points(self, corners: FloatArray) -> FloatArray:
        """(n + k, 3) the corners (n, 3) of the polygon and the inner points."""
        if self.inner is None:
            return corners
        return np.concatenate([corners, self.inner.solve(self.border @ corners)])

    def rim(self) -> tuple[IntArray, IntArray, IntArray]:
        """For each side of the polygon the third corner of its triangle, its begin and its end."""
        n = self.border.shape[1]
        begin, end = self.triangles, np.roll(self.triangles, -1, axis=1)
        on_rim = (begin < n) & (end == (begin + 1) % n)
        return np.roll(self.triangles, 1, axis=1)[on_rim], begin[on_rim], end[on_rim]


def disc_area(points: FloatArray) -> float:
    """Area of a small disc over the closed polygon (n, 3), by a part of its corners where it has many."""
    coarse = points[np.unique(np.linspace(0, len(points), min(_COARSE, len(points)), endpoint=False).astype(np.int64))]
    triangles = triangulate(coarse, np.zeros_like(coarse), _NONE, angles=False)
    return float(0.5 * np.linalg.norm(face_cross(coarse, triangles), axis=1).sum())


def disc_over(corners: FloatArray) -> Disc:
    """A disc over the closed polygon (n, 3), as fine as its sides near to them and coarser inside."""
    n = len(corners)
    triangles = triangulate(corners, np.zeros_like(corners), _NONE)
    side = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    points, triangles = refine(corners, triangles, 0.5 * (side + np.roll(side, -1)), n, _NONE, _GROWTH)
    points, triangles = _without_chords(points, triangles, n)
    inner, border = _film(points, triangles, n)
    if inner is not None:  # once more, as seen from where the points are now
        points = np.concatenate([corners, inner.solve(border @ corners)])
        inner, border = _film(points, triangles, n)
    return Disc(triangles, inner, border)


def _film(points: FloatArray, triangles: IntArray, n: int) -> tuple[SuperLU | None, sparse.csr_matrix]:
    """The equations of the inner points, with the weights of the cotangent Laplacian, kept positive."""
    if len(points) == n:
        return None, sparse.csr_matrix((0, n))
    # Every edge counts, those between right angles and those of triangles without area too: none is cut off.
    tail, head = directed_edges(triangles).T
    ends, name = np.unique(np.minimum(tail, head) * len(points) + np.maximum(tail, head), return_inverse=True)
    opposite = np.roll(cotangents(Mesh(points, triangles)), -2, axis=1).T.ravel()
    weight = np.bincount(name.ravel(), 0.5 * np.nan_to_num(opposite))
    weight = np.tile(np.clip(weight, _FLATTEST, _SHARPEST), 2)
    one, other = ends // len(points), ends % len(points)
    row, col = np.concatenate([one, other]), np.concatenate([other, one])
    joined = sparse.csr_matrix((weight, (row, col)), shape=(len(points), len(points)))
    degree = np.asarray(joined.sum(axis=1)).ravel()
    return splu(sparse.csc_matrix(sparse.diags(degree[n:]) - joined[n:, n:])), sparse.csr_matrix(joined[n:, :n])


def _without_chords(points: FloatArray, triangles: IntArray, n: int) -> tuple[FloatArray, IntArray]:
    """The disc with a new point in the middle of each edge that crosses it from corner to corner."""
    tail, head = triangles, np.roll(triangles, -1, axis=1)
    step = (head - tail) % n
    chord = (tail < n) & (head < n) & (step != 1) & (step != n - 1)
    if not chord.any():
        return points, triangles
    ends, name = np.unique(
        np.stack([np.minimum(tail[chord], head[chord]), np.maximum(tail[chord], head[chord])], axis=1),
        axis=0, return_inverse=True,
    )  # fmt: skip
    middle = np.full(triangles.shape, -1)
    middle[chord] = len(points) + name.ravel()
    whole = ~chord.any(axis=1)
    parts = [_split(t, m) for t, m in zip(triangles[~whole].tolist(), middle[~whole].tolist(), strict=True)]
    new = np.array([t for part in parts for t in part], dtype=np.int64)
    return np.concatenate([points, points[ends].mean(axis=1)]), np.concatenate([triangles[whole], new])


def _split(triangle: list[int], middle: list[int]) -> list[tuple[int, int, int]]:
    """A triangle cut at the middles of its sides, −1 where a side has none; at least one has."""
    count = sum(m >= 0 for m in middle)
    shift = middle.index(max(middle)) if count != 2 else (middle.index(-1) + 1) % 3
    a, b, c = triangle[shift:] + triangle[:shift]
    ab, bc, ca = middle[shift:] + middle[:shift]
    if count == 1:
        return [(a, ab, c), (ab, b, c)]
    if count == 2:
        return [(ab, b, bc), (a, ab, bc), (a, bc, c)]
    return [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
