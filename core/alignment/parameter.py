# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the parameter sphere of encoded shapes, so that equal coefficients mean equal places on the surface.

Turning the sphere does not move the surface: it changes from which direction each point of it is reached.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ..errors import InvalidParameter
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.correlation import best_rotations
from ..harmonics.generators import generators, generators_in_space
from ..harmonics.layout import cut, resized
from ..harmonics.rotation import rotate
from ..harmonics.transforms import analyse_grid, synthesize_grid
from ..mesh import FloatArray
from ..progress import Progress, part, silent
from .centred import Centred, surface_diagonal
from .similarity import Similarity, axis_rotations, proper_rotation

_COARSE, _FINE, _GRID = 8, 128, 32
"""Degrees with which candidates are tried and the best are refined, and of the grid for moments and extents."""
_CANDIDATES, _FINALISTS = 8, 2
_COARSE_ROUNDS, _FINE_ROUNDS = 12, 40
_SETTLED = 1e-10
"""A fit ends when a step is shorter than this, in radians."""


@dataclass(frozen=True)
class ParameterAlignment:
    """Coefficients after an alignment, and how they came about.

    harmonics: the aligned coefficients, all channels. rotation: (3, 3) R of the parameter sphere: what lay in
    direction d of the sphere now lies in direction R d (turn stored sphere positions along: `sphere @ R.T`).
    similarity: what moved the surface in space; the identity unless the pose was aligned too.
    distance: root mean square over the sphere of the distance between the points of the two surfaces that share a
    direction, in units of the reference (Parseval: the norm of the difference of the coefficients); distance_rel: as a
    part of the reference's bounding-box diagonal. Both are NaN without a reference.
    """

    harmonics: Harmonics
    rotation: FloatArray
    similarity: Similarity
    distance: float = float("nan")
    distance_rel: float = float("nan")


def align_parameters(
    harmonics: Harmonics,
    reference: Harmonics,
    *,
    pose: bool = False,
    scaling: bool = False,
    progress: Progress = silent,
) -> ParameterAlignment:
    """Turn the parameter sphere of one shape so that it agrees with that of a reference of the same kind.

    The two shapes should already lie on each other in space. With `pose` they may lie anywhere: the rigid motion is
    found together with the rotation of the sphere, with `scaling` also the size (equal root mean square radii about
    the mean, as centroid sizes are in Procrustes analysis).

    Candidates are all ways to lay the axes of one degree-1 ellipsoid on those of the other (Brechbühler, Gerig and
    Kübler 1995), and the highest correlations over all rotations: of the positions, or, where the pose is unknown, of
    the distance from the centre, which does not depend on it. Each is refined by least squares over both
    rotations (Levenberg and Marquardt, with exact derivatives); the nearest result is kept.

    Raises `InvalidParameter` for shapes without positions or without any extent.
    """
    moving, target = Centred.of(harmonics), Centred.of(reference)
    size = target.size / moving.size if pose and scaling else 1.0
    there, here = target.unit, moving.unit * (moving.size * size / target.size)
    progress(0.0, "Looking at all rotations of the sphere")
    few, goal = _both(here, there, _COARSE)
    candidates = sorted(_candidates(few, goal, pose), key=lambda trial: trial.error)[:_CANDIDATES]
    trying = part(progress, 0.1, 0.7)
    trials = []
    for number, start in enumerate(candidates):
        trying(number / len(candidates), "Trying rotations of the sphere")
        trials.append(_fit(few, goal, start, pose, _COARSE_ROUNDS, 1e-3))
    trials.sort(key=lambda trial: trial.error)
    progress(0.7, "Refining the best")
    many, goal = _both(here, there, _FINE)
    # By so much, at most, can the degrees that were left out change which is nearer.
    detail = 4.0 * np.sqrt(_power(many, _COARSE) * _power(goal, _COARSE))
    finals = [_fit(many, goal, trial, pose, _FINE_ROUNDS, _SETTLED) for trial in _distinct(trials, detail)]
    best = min(finals, key=lambda trial: trial.error)
    turn = best.space if pose else np.eye(3)
    shift = target.middle - size * turn @ moving.middle if pose else np.zeros(3)
    similarity = Similarity(turn, size, shift)
    result = transform_positions(rotate(harmonics, best.sphere), similarity)
    distance = surface_distance(result, reference)
    return ParameterAlignment(result, best.sphere, similarity, distance, distance / surface_diagonal(reference))


def canonical_parameters(harmonics: Harmonics) -> ParameterAlignment:
    """Turn the parameter sphere to where the shape's own degree-1 ellipsoid says, without any reference.

    The longest axis of the ellipsoid comes to lie at x of the sphere, the middle one at y and the shortest at the
    pole z (Brechbühler, Gerig and Kübler 1995). That leaves four choices; of each axis that end is taken to which the
    surface reaches farther (a positive third moment), the axis with the weakest sense following from the other two.
    The result depends neither on the pose of the shape nor on how the sphere lay before; for shapes whose ellipsoid has
    equal axes, or without such a sense, the choice means nothing.

    Raises `InvalidParameter` for shapes without positions, or whose ellipsoid is flat.
    """
    centred = Centred.of(harmonics)
    left, spread, right = _ellipsoid(centred.unit)
    if not spread[2] > 1e-9 * spread[0]:
        raise InvalidParameter(
            "The degree-1 ellipsoid of the shape is flat, so that it gives the sphere no orientation.",
            "Align the sphere with a reference instead.",
        )
    skewness = _third_moments(np.einsum("ki,kab->iab", left, centred.unit))
    axes = (right * np.where(skewness < 0.0, -1.0, 1.0)[:, None]).copy()
    weakest = int(np.argmin(np.abs(skewness)))
    axes[weakest] = np.cross(axes[(weakest + 1) % 3], axes[(weakest + 2) % 3])
    return ParameterAlignment(rotate(harmonics, axes), axes, Similarity.identity())


def transform_positions(harmonics: Harmonics, similarity: Similarity) -> Harmonics:
    """The coefficients of the surface moved in space: the positions are turned, scaled and shifted, nothing else."""
    return move_positions(harmonics, similarity.scale * similarity.rotation, similarity.translation)


def move_positions(harmonics: Harmonics, linear: FloatArray, shift: FloatArray) -> Harmonics:
    """The same for any affine map: x ↦ linear (3, 3) x + shift (3,). Raises `InvalidParameter` without positions."""
    rows = [harmonics.channels.index(name) for name in harmonics.select(POSITION).channels]
    coefficients = harmonics.coefficients.copy()
    moved = np.einsum("kj,jab->kab", linear, coefficients[rows])
    moved[:, 0, 0] += shift
    coefficients[rows] = moved
    return Harmonics(coefficients, harmonics.channels)


def surface_distance(a: Harmonics, b: Harmonics) -> float:
    """Root mean square over the sphere of the distance between the points with the same direction, by Parseval.

    Degrees that only one of them has count in full. Raises `InvalidParameter` without positions.
    """
    one, two = a.select(POSITION).padded(b.lmax), b.select(POSITION).padded(a.lmax)
    return float(np.linalg.norm(one.coefficients - two.coefficients))


@dataclass(frozen=True)
class _Trial:
    """Rotations (3, 3) of the parameter sphere and in space, and the squared distance with them."""

    sphere: FloatArray
    space: FloatArray
    error: float = float("nan")


def _candidates(moving: FloatArray, target: FloatArray, pose: bool) -> list[_Trial]:
    spheres = [*_ellipsoid_rotations(moving, target), *_correlated_rotations(moving, target, pose)]
    trials = []
    for sphere in spheres:
        turned = _turned(moving, sphere)
        space = _best_space(turned, target) if pose else np.eye(3)
        rest = target - np.einsum("kj,jab->kab", space, turned)
        trials.append(_Trial(sphere, space, float(np.square(rest).sum())))
    return trials


def _ellipsoid_rotations(moving: FloatArray, target: FloatArray) -> list[FloatArray]:
    """The 24 rotations that lay the axes of one degree-1 ellipsoid on those of the other, on the sphere."""
    own, goal = (proper_rotation(_ellipsoid(c)[2]) for c in (moving, target))
    return [goal.T @ swap @ own for swap in axis_rotations()]


def _correlated_rotations(moving: FloatArray, target: FloatArray, pose: bool) -> list[FloatArray]:
    pair = [target, moving]
    if pose:
        pair = [_radii(c) for c in pair]
        if min(np.square(c).sum() - np.square(c[:, 0, 0]).sum() for c in pair) < 1e-20:
            return []  # round: every rotation of the sphere goes with one in space
    return list(best_rotations(*pair, count=_CANDIDATES, lmax=_COARSE, refine=False)[0])


def _radii(positions: FloatArray) -> FloatArray:
    """(2, n, n) the distance from the centre and its square, as functions on the sphere; no motion in space changes
    them.
    """
    values = synthesize_grid(cut(positions, _GRID // 2), _GRID)
    square = np.square(values).sum(axis=0)
    return analyse_grid(np.stack([np.sqrt(square), square]), _GRID // 2)


def _fit(moving: FloatArray, target: FloatArray, start: _Trial, pose: bool, rounds: int, settled: float) -> _Trial:
    """The nearest minimum of the squared distance over the rotation of the sphere and, with `pose`, that in space."""
    sphere, space, damping = start.sphere, start.space, 1e-6
    current = _placed(moving, sphere, space)
    error = float(np.square(target - current).sum())
    for _ in range(rounds):
        columns = generators(current)
        if pose:
            columns = np.concatenate([columns, generators_in_space(current)])
        columns = columns.reshape(len(columns), -1)
        normal, slope = columns @ columns.T, columns @ (target - current).ravel()
        step = np.linalg.solve(normal + damping * np.trace(normal) * np.eye(len(normal)), slope)
        new_sphere = Rotation.from_rotvec(step[:3]).as_matrix() @ sphere
        new_space = Rotation.from_rotvec(step[3:]).as_matrix() @ space if pose else space
        trial = _placed(moving, new_sphere, new_space)
        new_error = float(np.square(target - trial).sum())
        if new_error <= error:
            sphere, space, current, error = new_sphere, new_space, trial, new_error
            damping = max(0.1 * damping, 1e-12)
        else:
            damping = max(10.0 * damping, 1e-6)
        if np.abs(step).max() < settled:
            break
    return _Trial(proper_rotation(sphere), proper_rotation(space), error)


def _distinct(trials: list[_Trial], reach: float) -> list[_Trial]:
    """The first few trials, best first, of those that ended in the same place only one, within `reach` of the best."""
    chosen: list[_Trial] = []
    for trial in trials:
        if trial.error <= trials[0].error + reach and all(
            np.abs(trial.sphere - other.sphere).max() > 1e-3 for other in chosen
        ):
            chosen.append(trial)
    return chosen[:_FINALISTS]


def _placed(moving: FloatArray, sphere: FloatArray, space: FloatArray) -> FloatArray:
    return np.einsum("kj,jab->kab", space, _turned(moving, sphere))


def _turned(positions: FloatArray, sphere: FloatArray) -> FloatArray:
    return rotate(Harmonics(positions, POSITION), sphere).coefficients


def _best_space(moving: FloatArray, target: FloatArray) -> FloatArray:
    """The rotation in space that brings one set of coefficients nearest to another (Kabsch 1976)."""
    return proper_rotation(np.einsum("kab,jab->kj", target, moving))


def _ellipsoid(positions: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(U, S, Vᵀ) of the matrix by which degree 1 maps the unit sphere to the best-fitting ellipsoid."""
    if positions.shape[-1] < 2:
        raise InvalidParameter("The shape has no degree 1.", "Encode it with a higher degree.")
    # √3 x, √3 y and √3 z are the three harmonics of degree 1.
    matrix = np.sqrt(3.0) * np.stack([positions[:, 0, 1], positions[:, 1, 0], positions[:, 1, 1]], axis=1)
    left, spread, right = np.linalg.svd(matrix)
    return left, spread, right


def _third_moments(functions: FloatArray) -> FloatArray:
    """(K,) mean over the sphere of the cube of functions (K, L+1, L+1), over the cube of their root mean square."""
    few = cut(functions, _GRID // 2)
    values = synthesize_grid(few, _GRID)
    weights = np.polynomial.legendre.leggauss(_GRID + 1)[1]  # type: ignore[no-untyped-call]
    cubes = 0.5 * np.einsum("t,ktp->k", weights, values**3) / values.shape[2]
    return np.asarray(cubes / np.square(few).sum(axis=(1, 2)) ** 1.5)


def _both(a: FloatArray, b: FloatArray, lmax: int) -> tuple[FloatArray, FloatArray]:
    """Two sets of coefficients with the same degrees, at most `lmax`; missing ones are 0."""
    highest = min(max(a.shape[-1], b.shape[-1]) - 1, lmax)
    return resized(a, highest), resized(b, highest)


def _power(coefficients: FloatArray, above: int) -> float:
    """The sum of the squares of all coefficients of higher degrees than `above`."""
    total, low = np.square(coefficients).sum(), np.square(coefficients[:, : above + 1, : above + 1]).sum()
    return float(max(total - low, 0.0))
