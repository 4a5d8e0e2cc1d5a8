# SPDX-License-Identifier: GPL-3.0-or-later
"""Iterated closest points: the rigid motion or similarity that brings one surface onto another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..errors import InvalidParameter
from ..geometry.distance import SurfaceTree
from ..geometry.measure import face_normals
from ..geometry.sampling import sample_surface
from ..mesh import FloatArray, Mesh, require_usable
from ..progress import Progress, silent
from .similarity import Similarity, best_similarity

SAMPLES, ITERATIONS, SETTLED = 5_000, 100, 1e-4


@dataclass(frozen=True)
class Alignment:
    """How a mesh is brought onto another. error_rel: root mean square distance between the moved surface and the other,
    as a part of the other's diagonal. score: the correlation in [−1, 1] where harmonics were compared, else NaN.
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
    samples: int = SAMPLES,
    iterations: int = ITERATIONS,
    keep: float = 1.0,
    both_ways: bool = True,
    seed: int = 0,
    progress: Progress = silent,
) -> Alignment:
    """Move `moving` from `start` until it lies as near as it can to `target`.

    Each round pairs random points of each surface with their nearest points on the other, and takes the small motion
    that brings them nearest to the planes there (Chen and Medioni 1992); where that does not lower the distance, the
    best motion for the pairs themselves (Besl and McKay 1992). It ends when a round gains less than 0.01 %.

    scaling: also let the size change. samples: points on each surface. keep: share of the pairs, nearest first, that
    count: less than 1 where the shapes overlap only in part. both_ways: false pairs only the points of `moving`, for a
    part that is to find its place on a whole.
    Raises `InvalidMesh` for unusable meshes, and `InvalidParameter` for a share outside (0, 1].
    """
    pair = SurfacePair(moving, target, samples, keep, both_ways, seed)
    return pair.approach(start, scaling=scaling, iterations=iterations, progress=progress)


class SurfacePair:
    """Two surfaces prepared for searches from many starts: trees, normals and random points, made once."""

    def __init__(
        self,
        moving: Mesh,
        target: Mesh,
        samples: int = SAMPLES,
        keep: float = 1.0,
        both_ways: bool = True,
        seed: int = 0,
    ) -> None:
        """The parameters are those of `iterate_closest_points`."""
        if not 0.0 < keep <= 1.0:
            raise InvalidParameter(f"A share of {keep:g} of the pairs is out of range.", "Give more than 0, at most 1.")
        require_usable(moving)
        require_usable(target)
        self.keep, self.both_ways, self.scale = keep, both_ways, target.diagonal
        self._moving, self._target = _Side(moving, samples, seed), _Side(target, samples, seed + 1)

    def approach(
        self,
        start: Similarity | None = None,
        *,
        scaling: bool = False,
        iterations: int = ITERATIONS,
        samples: int = SAMPLES,
        settled: float = SETTLED,
        progress: Progress = silent,
    ) -> Alignment:
        """The alignment that is reached from `start`, with at most so many of the random points.

        It ends when a round lowers the error by less than the share `settled`.
        """
        best = Similarity.identity() if start is None else start
        pairs = self._pairs(best, samples)
        for number in range(iterations):
            progress(number / iterations, "Bringing the surfaces together")
            trial = _toward_planes(pairs, scaling).after(best)
            found = self._pairs(trial, samples)
            if found.error > pairs.error:
                trial = best_similarity(pairs.place, pairs.goal, scaling=scaling).after(best)
                found = self._pairs(trial, samples)
            gained = pairs.error - found.error
            if gained > 0.0:
                best, pairs = trial, found
            if gained <= settled * pairs.error:
                break
        return Alignment(best, pairs.error / self.scale)

    def error_rel(self, similarity: Similarity) -> float:
        """The error with this similarity, as a part of the target's diagonal."""
        return self._pairs(similarity, SAMPLES).error / self.scale

    def _pairs(self, similarity: Similarity, samples: int) -> _Pairs:
        place = similarity.apply(self._moving.points[:samples])
        distance, triangle, goal = self._target.tree.nearest(place)
        found = _Pairs.nearest(place, goal, self._target.normals[triangle], distance, self.keep)
        if not self.both_ways:
            return found
        goal = self._target.points[:samples]
        distance, triangle, nearest = self._moving.tree.nearest(similarity.inverse.apply(goal))
        normals = self._moving.normals[triangle] @ similarity.rotation.T
        distance = similarity.scale * distance
        return found.joined(_Pairs.nearest(similarity.apply(nearest), goal, normals, distance, self.keep))


class _Side:
    def __init__(self, mesh: Mesh, samples: int, seed: int) -> None:
        self._mesh = mesh
        self.points = sample_surface(mesh, samples, seed)[0]

    @cached_property
    def tree(self) -> SurfaceTree:
        return SurfaceTree(self._mesh)

    @cached_property
    def normals(self) -> FloatArray:
        return face_normals(self._mesh)


@dataclass(frozen=True)
class _Pairs:
    """Points (N, 3) of the moved surface, where they should go, and the unit normals there.

    error: their root mean square distance.
    """

    place: FloatArray
    goal: FloatArray
    normal: FloatArray
    error: float

    @staticmethod
    def nearest(
        place: FloatArray, goal: FloatArray, normal: FloatArray, distance: NDArray[np.float64], keep: float
    ) -> _Pairs:
        """The share `keep` of the pairs with the smallest distances (N,)."""
        if keep < 1.0:
            chosen = np.argsort(distance, kind="stable")[: max(int(keep * len(distance)), 6)]
            place, goal, normal, distance = place[chosen], goal[chosen], normal[chosen], distance[chosen]
        return _Pairs(place, goal, normal, float(np.sqrt(np.square(distance).mean())))

    def joined(self, other: _Pairs) -> _Pairs:
        mine, others = len(self.place), len(other.place)
        mean = (mine * self.error**2 + others * other.error**2) / (mine + others)
        return _Pairs(
            np.concatenate([self.place, other.place]),
            np.concatenate([self.goal, other.goal]),
            np.concatenate([self.normal, other.normal]),
            float(np.sqrt(mean)),
        )


def _toward_planes(pairs: _Pairs, scaling: bool) -> Similarity:
    """The small motion that lowers the distances to the planes at the nearest points most (linear least squares)."""
    middle = pairs.place.mean(axis=0)
    arm, normal = pairs.place - middle, pairs.normal
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
    rotation = Rotation.from_rotvec(step[:3]).as_matrix()
    return Similarity(rotation, grown, middle + step[3:6] - grown * rotation @ middle)
