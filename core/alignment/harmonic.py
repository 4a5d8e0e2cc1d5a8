# SPDX-License-Identifier: GPL-3.0-or-later
"""Alignment by harmonics: correlate how two surfaces are spread over directions, over all rotations at once."""

from __future__ import annotations

import ducc0
import numpy as np
from scipy.spatial.transform import Rotation

from ..errors import InvalidParameter
from ..geometry.measure import area_centroid
from ..geometry.sampling import sample_surface
from ..harmonics.correlation import best_rotations
from ..harmonics.layout import from_alm
from ..harmonics.transforms import ACCURACY, threads, to_angles
from ..mesh import FloatArray, Mesh
from ..progress import Progress, part, silent
from .icp import Alignment, SurfacePair
from .pose import normalisation, principal_axes
from .similarity import Similarity, axis_rotations

METHODS = ("harmonic", "principal", "closest")
_STARTS = {"harmonic": 4, "principal": 4, "closest": 1}
_FEW_SAMPLES, _FEW_ROUNDS, _ROUGHLY = 500, 15, 1e-2
"""With these a candidate is tried before the best one is refined."""

_SHELLS = 8
_REACH = 2.5
"""The farthest shell, in units of the root mean square radius."""


def align(
    moving: Mesh,
    target: Mesh,
    method: str = "harmonic",
    *,
    start: Similarity | None = None,
    scaling: bool = False,
    refine: bool = True,
    starts: int | None = None,
    keep: float = 1.0,
    both_ways: bool = True,
    seed: int = 0,
    progress: Progress = silent,
) -> Alignment:
    """The similarity that brings `moving` onto `target`: a rigid motion, with the size as well where `scaling`.

    method: "harmonic" (the best of all rotations, by correlation), "principal" (principal axes, in their four
    proper senses; with more than four starts also in other orders) or "closest" (from `start`, or from where the mesh
    is; with more starts also from random rotations about its centre). The best `starts` candidates (None: 4, and 1 for
    "closest") are refined by iterated closest points, and the nearest result is taken. Without `refine` the best
    candidate is returned as it is.
    keep, both_ways: as for `iterate_closest_points`.
    Raises `InvalidParameter` for an unknown method, and `InvalidMesh` for unusable meshes.
    """
    if method not in METHODS:
        raise InvalidParameter(f"There is no alignment {method!r}.", f"Choose from {', '.join(METHODS)}.")
    starts = _STARTS[method] if starts is None else starts
    if starts < 1:
        raise InvalidParameter(f"There are {starts} starts.", "Give 1 or more.")
    pair = SurfacePair(moving, target, keep=keep, both_ways=both_ways, seed=seed)
    progress(0.0, "Looking at all rotations")
    candidates = _candidates(moving, target, method, start, scaling, starts, seed)
    rough = part(progress, 0.2, 0.6)
    trials = []
    for number, (candidate, score) in enumerate(candidates):
        rough(number / len(candidates), "Trying rotations")
        if refine:
            few = 0 if len(candidates) == 1 else _FEW_ROUNDS
            found = pair.approach(candidate, scaling=scaling, iterations=few, samples=_FEW_SAMPLES, settled=_ROUGHLY)
        else:
            found = Alignment(candidate, pair.error_rel(candidate))
        trials.append(Alignment(found.similarity, found.error_rel, score))
    best = min(trials, key=lambda trial: trial.error_rel)
    if not refine:
        return best
    fine = part(progress, 0.6, 1.0)
    found = pair.approach(best.similarity, scaling=scaling, progress=fine)
    return Alignment(found.similarity, found.error_rel, best.score)


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


def _candidates(
    moving: Mesh, target: Mesh, method: str, start: Similarity | None, scaling: bool, starts: int, seed: int
) -> list[tuple[Similarity, float]]:
    first = Similarity.identity() if start is None else start
    if method == "closest":
        centre = area_centroid(moving)
        here, there = Similarity(np.eye(3), 1.0, -centre), Similarity(np.eye(3), 1.0, centre)
        turns = Rotation.random(max(starts - 1, 1), random_state=seed).as_matrix()[: starts - 1]
        around = [first.after(there).after(Similarity(turn)).after(here) for turn in turns]
        return [(similarity, float("nan")) for similarity in (first, *around)]
    size = "area" if scaling else "none"
    here, there = normalisation(moving, "area", size), normalisation(target, "area", size).inverse
    if method == "principal":
        own, goal = principal_axes(moving), principal_axes(target)
        turns = np.stack([goal.T @ swap @ own for swap in axis_rotations()[: 24 if starts > 4 else 4]])
        scores = np.full(len(turns), np.nan)
    else:
        turns, scores = best_rotations(directional_functions(target), directional_functions(moving), count=starts)
    return [
        (there.after(Similarity(turn)).after(here), float(score)) for turn, score in zip(turns, scores, strict=True)
    ]
