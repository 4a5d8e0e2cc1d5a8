# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a shape space is, and which of its members stand out.

All of it follows from the inner products of the members and their scores: nothing is aligned again when a member is
left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from ..progress import Progress, silent
from .space import ShapeSpace

_MAJOR_SHARE = 0.9
"""The share of the variance that the components explain within which a member is measured; the rest is residual."""
_EXACT = 1e-6
"""Distances below this, in deviations or sizes, are rounding errors."""
_FEWEST = 3
"""From so many others on their variances tell something."""
_BLOCK = 64


@dataclass(frozen=True)
class Evaluation:
    """Figures of a space of N members for each number M of components, 0 … N − 2 or N − 1.

    compactness: share of the variance that the first M components explain. generalisation: root mean square distance
    (over the sphere, and over the members) between a member and its best reconstruction from M components of the
    others, that is, with it left out. specificity: mean distance of random members, made of M components, to the
    nearest real one, with its standard error (Davies et al. 2002; Styner et al. 2003). Lengths are in units of the
    source; `size` is the root mean square radius to compare them with.
    """

    compactness: FloatArray
    generalisation: FloatArray
    specificity: FloatArray
    specificity_error: FloatArray
    size: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        lists = {name: value.tolist() for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        return {**lists, "size": self.size}


@dataclass(frozen=True)
class Outlier:
    """How far a member is from the others.

    mahalanobis: within their main components (90 % of the variance), in standard deviations. residual: root mean square
    distance outside these; below four members there are no main components. outlyingness: the root mean square of both,
    each over its median: 1 is usual.
    """

    name: str
    outlyingness: float
    mahalanobis: float
    residual: float


def evaluate(space: ShapeSpace, *, samples: int = 500, seed: int = 0, progress: Progress = silent) -> Evaluation:
    """Compactness, generalisation (leave one out) and specificity. samples: random members for the last.

    It takes the fourth power of the number of members. Raises `InvalidParameter` for less than one random member.
    """
    if samples < 1:
        raise InvalidParameter(f"Specificity cannot be measured with {samples} members.", "Draw at least 1.")
    progress(0.0, "Leaving out each member")
    left_out = [_without(space.gram, number) for number in range(space.n_members)]
    fewest = min(len(one.scores) for one in left_out)
    squares = np.array([one.square - np.cumsum([0.0, *np.square(one.scores[:fewest])]) for one in left_out])
    generalisation = np.sqrt(np.maximum(squares, 0.0).mean(axis=0))
    progress(0.5, "Drawing random members")
    mean, error = _specificity(space, samples, seed)
    compactness = np.concatenate([[0.0], np.cumsum(space.explained)])
    return Evaluation(compactness, generalisation, mean, error, space.size)


def outliers(space: ShapeSpace) -> list[Outlier]:
    """All members, the one that stands out most first.

    Each is compared with the space of the others, by the distance within its main components and that to them (T² and Q
    of Jackson and Mudholkar 1979).
    """
    enough = space.n_members - 1 >= _FEWEST
    found = np.array([_distances(_without(space.gram, number), enough) for number in range(space.n_members)])
    # Members of which most have no residual at all, but for rounding, still stand out by one.
    usual = np.maximum(np.median(found, axis=0), [_EXACT, _EXACT * (space.size or 1.0)])
    total = np.sqrt(np.square(found / usual).mean(axis=1))
    order = np.argsort(-total, kind="stable")
    return [Outlier(space.names[k], float(total[k]), *found[k].tolist()) for k in order]


@dataclass(frozen=True)
class _LeftOut:
    """A member seen from the others: squared distance to their mean, components along theirs, and their variances."""

    square: float
    scores: FloatArray
    variances: FloatArray


def _without(gram: FloatArray, number: int) -> _LeftOut:
    """Principal components of all but one, from the inner products alone."""
    others = np.delete(np.arange(len(gram)), number)
    count = len(others)
    inner = gram[np.ix_(others, others)]
    middle = inner.mean(axis=1)
    own = gram[others, number] - gram[others, number].mean() - middle + inner.mean()
    square = gram[number, number] - 2.0 * gram[others, number].mean() + inner.mean()
    values, vectors = np.linalg.eigh(inner - middle[:, None] - middle[None, :] + inner.mean())
    order = np.argsort(-values)[: count - 1]
    order = order[values[order] > count * np.finfo(float).eps * max(float(values.max()), 1e-300)]
    kept = values[order]
    return _LeftOut(float(max(square, 0.0)), (own @ vectors[:, order]) / np.sqrt(kept), kept / max(count - 1, 1))


def _distances(one: _LeftOut, enough: bool) -> tuple[float, float]:
    """(Mahalanobis distance in the main components of the others, distance to them), if these are enough for the first,
    else (0, distance to their mean).
    """
    major = 0
    if enough:
        major = int(np.searchsorted(np.cumsum(one.variances), _MAJOR_SHARE * one.variances.sum())) + 1
    squares = np.square(one.scores[:major])
    return float(np.sqrt((squares / one.variances[:major]).sum())), float(np.sqrt(max(one.square - squares.sum(), 0.0)))


def _specificity(space: ShapeSpace, samples: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """(P+1,) mean distance of random members to the nearest real one for 0 … P components, and its standard error."""
    deviations = np.sqrt(space.variances)
    own = space.scores * deviations
    outside = np.maximum(np.diag(space.gram) - np.square(own).sum(axis=1), 0.0)
    # Σ over the components used of (z − y)², plus Σ over the others of y²
    start = np.square(own).sum(axis=1) + outside
    nearest = []
    for first in range(0, samples, _BLOCK):
        drawn = space.sample_scores(min(_BLOCK, samples - first), seed + first, None) * deviations
        change = drawn[:, None, :] ** 2 - 2.0 * drawn[:, None, :] * own[None]
        squares = start[None, :, None] + np.concatenate(
            [np.zeros((*change.shape[:2], 1)), np.cumsum(change, axis=2)], axis=2
        )
        nearest.append(np.sqrt(np.maximum(squares, 0.0).min(axis=1)))
    distances = np.concatenate(nearest)
    return distances.mean(axis=0), distances.std(axis=0) / np.sqrt(samples)
