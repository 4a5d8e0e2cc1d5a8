# SPDX-License-Identifier: GPL-3.0-or-later
"""Alignment by harmonics: correlate how two surfaces are spread over directions, over all rotations at once."""

from __future__ import annotations

import ducc0
import numpy as np

from ..errors import InvalidParameter
from ..geometry.distance import SurfaceTree
from ..geometry.sampling import sample_surface
from ..harmonics.correlation import best_rotations
from ..harmonics.layout import from_alm
from ..harmonics.transforms import ACCURACY, threads, to_angles
from ..mesh import FloatArray, Mesh, require_usable
from ..progress import Progress, part, silent
from .icp import Alignment, iterate_closest_points
from .pose import normalisation, principal_axes
from .similarity import Similarity

METHODS = ("harmonic", "principal", "closest")
_FEW_SAMPLES, _FEW_ROUNDS = 1_000, 15
"""With these a candidate is tried before the best one is refined."""

_SHELLS = 8
_REACH = 2.5
"""The farthest shell, in units of the root mean square radius."""


def align(
    moving: Mesh,
    target: Mesh,
    method: str = "harmonic",
    *,
    scaling: bool = False,
    refine: bool = True,
    starts: int = 4,
    seed: int = 0,
    progress: Progress = silent,
) -> Alignment:
    """The similarity that brings `moving` onto `target`: a rigid motion, with the size as well where `scaling`.

    method: "harmonic" (the best of all rotations, by correlation), "principal" (principal axes, in their four
    proper senses) or "closest" (from where the mesh is). The best `starts` candidates are refined by iterated closest
    points, and the nearest result is taken. Without `refine` the first candidate is returned as it is.
    Raises `InvalidParameter` for an unknown method, and `InvalidMesh` for unusable meshes.
    """
    if method not in METHODS:
        raise InvalidParameter(f"There is no alignment {method!r}.", f"Choose from {', '.join(METHODS)}.")
    require_usable(moving)
    require_usable(target)
    progress(0.0, "Looking at all rotations")
    candidates = _candidates(moving, target, method, scaling, starts)
    if not refine:
        similarity, score = candidates[0]
        return Alignment(similarity, _error(similarity, moving, target, seed), score)
    rough = part(progress, 0.1, 0.5)
    trials = []
    for number, (start, score) in enumerate(candidates):
        rough(number / len(candidates), "Trying rotations")
        found = iterate_closest_points(
            moving, target, start, scaling=scaling, samples=_FEW_SAMPLES, iterations=_FEW_ROUNDS, seed=seed
        )
        trials.append((found, score))
    best, score = min(trials, key=lambda trial: trial[0].error_rel)
    fine = part(progress, 0.5, 1.0)
    found = iterate_closest_points(moving, target, best.similarity, scaling=scaling, seed=seed, progress=fine)
    return Alignment(found.similarity, found.error_rel, score)


def directional_functions(mesh: Mesh, lmax: int = 16, samples: int = 40_000, seed: int = 0) -> FloatArray:
    """(K, lmax+1, lmax+1) coefficients of the surface's share in each direction from its centroid, in K shells.

    They turn as the object turns, and depend neither on the triangles nor on any map: spherical harmonic shape
    functions (Kazhdan, Funkhouser and Rusinkiewicz 2003).
    """
    points = sample_surface(normalisation(mesh, "area", "none").apply_to(mesh), samples, seed)[0]
    radius = np.linalg.norm(points, axis=1)
    reach = _REACH * np.sqrt(np.square(radius).mean())
    place = np.minimum(radius / reach, 1.0) * (_SHELLS - 1)
    hats = np.clip(1.0 - np.abs(place[None, :] - np.arange(_SHELLS)[:, None]), 0.0, None)
    direction = points / np.maximum(radius, 1e-300)[:, None]
    angles = to_angles(direction)
    alm = [
        ducc0.sht.adjoint_synthesis_general(
            map=np.ascontiguousarray(hat[None] / samples),
            spin=0,
            lmax=lmax,
            loc=angles,
            epsilon=ACCURACY,
            nthreads=threads(),
        )[0]
        for hat in hats
    ]
    degree = np.arange(lmax + 1)
    damping = np.exp(-0.5 * (np.maximum.outer(degree, degree) / (0.6 * lmax)) ** 2)
    return np.asarray(from_alm(np.stack(alm), lmax) * damping)


def _candidates(moving: Mesh, target: Mesh, method: str, scaling: bool, starts: int) -> list[tuple[Similarity, float]]:
    size = "area" if scaling else "none"
    here, there = normalisation(moving, "area", size), normalisation(target, "area", size).inverse
    if method == "closest":
        return [(Similarity.identity(), float("nan"))]
    if method == "principal":
        flips = [np.diag(signs) for signs in ([1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1])]
        axes, goal = principal_axes(moving), principal_axes(target)
        turns, scores = np.stack([goal.T @ flip @ axes for flip in flips]), np.full(4, np.nan)
    else:
        turns, scores = best_rotations(directional_functions(target), directional_functions(moving), count=starts)
    return [
        (there.after(Similarity(turn)).after(here), float(score)) for turn, score in zip(turns, scores, strict=True)
    ]


def _error(similarity: Similarity, moving: Mesh, target: Mesh, seed: int) -> float:
    points = similarity.apply(sample_surface(moving, 5_000, seed)[0])
    distance = SurfaceTree(target).nearest(points)[0]
    return float(np.sqrt(np.square(distance).mean())) / target.diagonal
