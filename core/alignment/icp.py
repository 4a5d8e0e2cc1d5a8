# SPDX-License-Identifier: GPL-3.0-or-later
"""Iterated closest points: the rigid motion or similarity that brings one surface onto another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry.distance import SurfaceTree
from ..geometry.measure import face_normals
from ..geometry.sampling import sample_surface
from ..mesh import FloatArray, Mesh, require_usable
from ..progress import Progress, silent
from .similarity import Similarity, best_similarity

_ENOUGH = 1e-8
"""The search ends when the squared error falls by less than this share."""


@dataclass(frozen=True)
class Alignment:
    """How a mesh is brought onto another. error_rel: root mean square distance of the moved surface to the other, as a
    part of the other's diagonal. score: the correlation in [−1, 1] where harmonics were compared, else NaN.
    """

    similarity: Similarity
    error_rel: float
    score: float = float("nan")


def iterate_closest_points(
    moving: Mesh,
    target: Mesh,
    start: Similarity | None = None,
    *,
    scaling: bool = False,
    samples: int = 10_000,
    iterations: int = 60,
    keep: float = 1.0,
    seed: int = 0,
    progress: Progress = silent,
) -> Alignment:
    """Move `moving` from `start` until its points lie as near as they can to the surface of `target`.

    Each round pairs random points of the moving surface with their nearest points, and takes the small motion that
    brings them nearest to the planes there (Chen and Medioni 1992); where that does not lower the distance, the best
    motion for the pairs themselves (Besl and McKay 1992). keep: share of the pairs, nearest first, that count: less
    than 1 where the shapes overlap only in part. scaling: also let the size change.
    """
    require_usable(moving)
    tree, normals, scale = SurfaceTree(target), face_normals(target), target.diagonal
    points = sample_surface(moving, samples, seed)[0]
    best = Similarity.identity() if start is None else start
    pairs = _pairs(best, points, tree, keep)
    for number in range(iterations):
        progress(number / iterations, "Bringing the surfaces together")
        planes = _toward_planes(pairs, normals, scaling).after(best)
        trial = _pairs(planes, points, tree, keep)
        if trial.error > pairs.error:
            planes = best_similarity(points[pairs.chosen], pairs.goal, scaling=scaling)
            trial = _pairs(planes, points, tree, keep)
        if trial.error >= pairs.error * (1.0 - _ENOUGH):
            break
        best, pairs = planes, trial
    return Alignment(best, float(np.sqrt(pairs.error)) / scale)


@dataclass(frozen=True)
class _Pairs:
    chosen: np.ndarray  # type: ignore[type-arg]
    place: FloatArray
    goal: FloatArray
    triangle: np.ndarray  # type: ignore[type-arg]
    error: float


def _pairs(similarity: Similarity, points: FloatArray, tree: SurfaceTree, keep: float) -> _Pairs:
    place = similarity.apply(points)
    distance, triangle, goal = tree.nearest(place)
    chosen = np.argsort(distance, kind="stable")[: max(int(keep * len(points)), 6)]
    error = float(np.square(distance[chosen]).mean())
    return _Pairs(chosen, place[chosen], goal[chosen], triangle[chosen], error)


def _toward_planes(pairs: _Pairs, normals: FloatArray, scaling: bool) -> Similarity:
    """The small motion that lowers the distances to the planes at the nearest points most (linear least squares)."""
    middle = pairs.place.mean(axis=0)
    arm, normal = pairs.place - middle, normals[pairs.triangle]
    gap = np.einsum("ni,ni->n", normal, pairs.goal - pairs.place)
    columns = [np.cross(arm, normal), normal]
    if scaling:
        columns.append(np.einsum("ni,ni->n", normal, arm)[:, None])
    matrix = np.concatenate(columns, axis=1)
    size = np.sqrt(np.square(arm).sum(axis=1).mean()) or 1.0
    unit = np.array([size] * 3 + [1.0] * 3 + [size] * scaling)
    # A little damping, for surfaces that slide along themselves (spheres, cylinders).
    scaled = matrix / unit
    normal_matrix = scaled.T @ scaled
    normal_matrix += 1e-9 * np.trace(normal_matrix) * np.eye(len(normal_matrix))
    step = np.linalg.solve(normal_matrix, scaled.T @ gap) / unit
    grown = float(np.clip(1.0 + step[6], 0.5, 2.0)) if scaling else 1.0
    rotation = _rotation(step[:3])
    return Similarity(rotation, grown, middle + step[3:6] - grown * rotation @ middle)


def _rotation(vector: FloatArray) -> FloatArray:
    """(3, 3) about the axis `vector` (3,) by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-300:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)
