# SPDX-License-Identifier: GPL-3.0-or-later
"""One common alignment of many shapes: each is fitted to the mean of all, not to another shape.

What is fixed this way is the gauge of the coefficients: how the parameter sphere is turned under each surface and, if
wanted, where the surface lies in space and how large it is. Generalised Procrustes analysis (Gower 1975), with the
rotation of the sphere as a second unknown; correspondence by pairs instead depends on the shape that all are
compared with (Goparaju et al. 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ..alignment.centred import Centred
from ..alignment.parameter import transform_positions
from ..alignment.similarity import Similarity, proper_rotation
from ..errors import InvalidParameter
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.generators import generators, generators_in_space
from ..harmonics.layout import cut
from ..harmonics.rotation import rotate
from ..mesh import FloatArray
from ..progress import Progress, part, silent
from .search import promising_turns

ALIGNMENTS = ("none", "parameters", "rigid", "similarity")
"""Nothing; the parameter spheres; also place and direction in space; also the size."""

_TRIAL_DEGREE, _TRIAL_STEPS, _TRIALS = 10, 4, 4
_FIT_DEGREE = 32
"""Degrees up to which a rotation is fitted to the mean: those above add next to nothing."""
_ROUNDS, _ROUGHLY, _NEARLY, _SETTLED = 40, 1e-3, 1e-5, 1e-8
"""Rounds at most, and the longest step in radians after which they end: at first, for a group, and for one shape. An
error of the group's rotations changes the variances by its square only."""
_MISFIT = 1.5
"""Shapes that are this many times farther from the mean than usual are searched for once more."""


@dataclass(frozen=True)
class Gauge:
    """How a shape was brought into the common alignment.

    turn: (3, 3) rotation of the parameter sphere (stored sphere positions go along: `sphere @ turn.T`).
    similarity: what moved the surface in space.
    """

    turn: FloatArray
    similarity: Similarity

    @staticmethod
    def identity() -> Gauge:
        """What leaves a shape as it is."""
        return Gauge(np.eye(3), Similarity.identity())

    def apply(self, harmonics: Harmonics) -> Harmonics:
        """The coefficients in the common alignment, all channels."""
        if np.array_equal(self.turn, np.eye(3)) and np.array_equal(self.similarity.matrix, np.eye(4)):
            return harmonics
        return transform_positions(rotate(harmonics, self.turn), self.similarity)

    def undo(self, harmonics: Harmonics) -> Harmonics:
        """Back from the common alignment to where the shape was."""
        return Gauge(self.turn.T, self.similarity.inverse).apply(harmonics)


def align_group(
    members: Sequence[Harmonics], alignment: str = "rigid", *, reference: int = 0, progress: Progress = silent
) -> list[Gauge]:
    """The gauge of each shape in which all are as near to their mean as they can be.

    alignment: one of `ALIGNMENTS`. reference: the shape that stays as it is; which one hardly matters otherwise. All
    rotations are searched once, against the reference, and again for shapes that then lie far from the mean.
    Raises `InvalidParameter` for another word, an index out of range, or shapes without positions or extent.
    """
    if alignment not in ALIGNMENTS:
        raise InvalidParameter(f"There is no alignment {alignment!r}.", f"Choose from {', '.join(ALIGNMENTS)}.")
    if not 0 <= reference < len(members):
        raise InvalidParameter(f"There is no shape number {reference}.", f"There are {len(members)}.")
    if alignment == "none":
        return [Gauge.identity() for _ in members]
    pose, scaling = alignment != "parameters", alignment == "similarity"
    clouds = [Centred.of(one) for one in members]
    positions = [_compared(cloud, scaling) for cloud in clouds]
    frames = []
    for number, own in enumerate(positions):
        progress(0.6 * number / len(clouds), "Turning the spheres")
        same = number == reference
        frames.append(_Frame.identity(cut(own, _TRIAL_DEGREE)) if same else _search(own, positions[reference], pose))
    frames = _to_the_mean(positions, frames, pose, progress)
    return _gauges(clouds, frames, reference, alignment)


def align_to(harmonics: Harmonics, target: Harmonics, alignment: str, size: float) -> Gauge:
    """The gauge that brings one shape to a target, such as the mean of a group.

    size: the root mean square radius that "similarity" gives it: that of the group, whose mean is smaller than its
    members. Raises as `align_group` does.
    """
    if alignment == "none":
        return Gauge.identity()
    pose, scaling = alignment != "parameters", alignment == "similarity"
    cloud, aim = Centred.of(harmonics), Centred.of(target)
    moving, goal = _compared(cloud, scaling), _compared(aim, scaling)
    start, own = _search(moving, goal, pose), cut(moving, _FIT_DEGREE)
    frame = _settle(own, cut(goal, _FIT_DEGREE), _Frame.of(own, start.turn, start.space), pose)
    if not pose:
        return Gauge(frame.turn, Similarity.identity())
    return Gauge(frame.turn, _similarity(cloud, frame.space, aim.middle, size if scaling else cloud.size))


def _compared(cloud: Centred, scaling: bool) -> FloatArray:
    """The positions (3, L+1, L+1) that are laid on each other: with equal sizes where these do not count."""
    return cloud.unit if scaling else cloud.positions


@dataclass(frozen=True)
class _Frame:
    """Rotations (3, 3) of the parameter sphere and in space, and the positions (3, L+1, L+1) that they give."""

    turn: FloatArray
    space: FloatArray
    placed: FloatArray

    @staticmethod
    def of(positions: FloatArray, turn: FloatArray, space: FloatArray) -> _Frame:
        turned = rotate(Harmonics(positions, POSITION), proper_rotation(turn)).coefficients
        return _Frame(turn, space, np.einsum("kj,jab->kab", space, turned))

    @staticmethod
    def identity(positions: FloatArray) -> _Frame:
        return _Frame(np.eye(3), np.eye(3), positions)

    def error(self, target: FloatArray) -> float:
        return float(np.square(target - self.placed).sum())


def _search(moving: FloatArray, target: FloatArray, pose: bool) -> _Frame:
    """The best of the most promising rotations, each followed a few steps downhill at low degree."""
    few, goal = cut(moving, _TRIAL_DEGREE), cut(target, _TRIAL_DEGREE)
    trials = []
    for turn in promising_turns(few, goal, pose=pose, count=_TRIALS):
        frame = _Frame.of(few, turn, np.eye(3))
        if pose:
            frame = _Frame.of(few, turn, proper_rotation(np.einsum("kab,jab->kj", goal, frame.placed)))
        trials.append(_settle(few, goal, frame, pose, _TRIAL_STEPS))
    return min(trials, key=lambda trial: trial.error(goal))


def _settle(moving: FloatArray, target: FloatArray, frame: _Frame, pose: bool, steps: int = _ROUNDS) -> _Frame:
    for _ in range(steps):
        frame, length = _step(moving, target, frame, pose)
        if length < _SETTLED:
            break
    return frame


def _step(moving: FloatArray, target: FloatArray, frame: _Frame, pose: bool) -> tuple[_Frame, float]:
    """One Gauss–Newton step, shortened until it helps, and its length in radians (0 where none helps)."""
    columns = generators(frame.placed)
    if pose:
        columns = np.concatenate([columns, generators_in_space(frame.placed)])
    columns = columns.reshape(len(columns), -1)
    slope = columns @ (target - frame.placed).ravel()
    # Least norm: on a round sphere turning the parameters and turning the object are the same.
    step = np.linalg.lstsq(columns @ columns.T, slope, rcond=1e-12)[0]
    error = frame.error(target)
    for share in (1.0, 0.3, 0.1):
        space = Rotation.from_rotvec(share * step[3:]).as_matrix() @ frame.space if pose else frame.space
        new = _Frame.of(moving, Rotation.from_rotvec(share * step[:3]).as_matrix() @ frame.turn, space)
        if new.error(target) <= error * (1.0 + 1e-14):
            return new, share * float(np.abs(step).max())
    return frame, 0.0


def _to_the_mean(members: list[FloatArray], frames: list[_Frame], pose: bool, progress: Progress) -> list[_Frame]:
    """Fit all to their mean, and the mean to all, until neither moves: first roughly and at low degree."""
    rough = part(progress, 0.6, 0.8)
    frames, mean = _iterate([cut(own, _TRIAL_DEGREE) for own in members], frames, pose, _ROUGHLY, rough)
    frames = _search_misfits(members, frames, mean, pose)
    return _iterate([cut(own, _FIT_DEGREE) for own in members], frames, pose, _NEARLY, part(progress, 0.8, 1.0))[0]


def _iterate(
    members: list[FloatArray], frames: list[_Frame], pose: bool, settled: float, progress: Progress
) -> tuple[list[_Frame], FloatArray]:
    frames = [_Frame.of(own, frame.turn, frame.space) for own, frame in zip(members, frames, strict=True)]
    for number in range(_ROUNDS):
        progress(number / _ROUNDS, "Fitting all to their mean")
        mean = np.mean([frame.placed for frame in frames], axis=0)
        steps = [_step(own, mean, frame, pose) for own, frame in zip(members, frames, strict=True)]
        frames = [frame for frame, _ in steps]
        if max(length for _, length in steps) < settled:
            break
    return frames, mean


def _search_misfits(members: list[FloatArray], frames: list[_Frame], mean: FloatArray, pose: bool) -> list[_Frame]:
    errors = np.array([frame.error(mean) for frame in frames])
    result = list(frames)
    for number in np.flatnonzero(errors > _MISFIT**2 * np.median(errors)):
        new = _search(members[number], mean, pose)
        if new.error(mean) < errors[number]:
            result[number] = new
    return result


def _gauges(clouds: list[Centred], frames: list[_Frame], reference: int, alignment: str) -> list[Gauge]:
    """Frames as gauges, all turned back by what the reference was turned, so that it stays as it is."""
    fixed, size = frames[reference], clouds[reference].size
    gauges = []
    for number, (cloud, frame) in enumerate(zip(clouds, frames, strict=True)):
        turn, space = (proper_rotation(a.T @ b) for a, b in ((fixed.turn, frame.turn), (fixed.space, frame.space)))
        similarity = Similarity.identity()
        if alignment != "parameters":
            wanted = size if alignment == "similarity" else cloud.size
            similarity = _similarity(cloud, space, clouds[reference].middle, wanted)
        gauges.append(Gauge.identity() if number == reference else Gauge(turn, similarity))
    return gauges


def _similarity(cloud: Centred, space: FloatArray, middle: FloatArray, size: float) -> Similarity:
    scale = size / cloud.size
    return Similarity(space, scale, middle - scale * space @ cloud.middle)
