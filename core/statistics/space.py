# SPDX-License-Identifier: GPL-3.0-or-later
"""`ShapeSpace`: the mean of a collection of shapes, the principal ways in which they differ, and new shapes of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from ..alignment.similarity import Similarity
from ..errors import InvalidParameter
from ..harmonics.container import COLOR, POSITION, Harmonics
from ..mesh import FloatArray
from ..progress import Progress, part, silent
from ..shape import Shape
from .groupwise import Gauge, align_group, align_to

FEWEST = 2


@dataclass(frozen=True)
class Projection:
    """What a shape is in a space.

    scores: (P,) of its components, in standard deviations. mahalanobis: their norm. residual: root mean square
    distance, over the sphere, to the nearest shape of the space, in units of the source; residual_rel: over the size of
    the space. aligned: the coefficients in the common alignment. gauge: how they came there.
    """

    scores: FloatArray
    mahalanobis: float
    residual: float
    residual_rel: float
    aligned: Harmonics
    gauge: Gauge


@dataclass(frozen=True)
class ShapeSpace:
    """Mean and principal components of N aligned shapes with K channels up to degree L.

    mean: their mean. components: (P, K, L+1, L+1), orthonormal when each channel is multiplied by its weight; the
    norm is that of L2 on the sphere, since the coefficients are 4π-normalised. variances: (P,) along the components,
    largest first (divisor N − 1). scores: (N, P) of the members, in standard deviations. names: of the members.
    weights: (K,) of the channels. gram: (N, N) inner products of the members about the mean, all variance included,
    also that of components which are not kept. size: mean root mean square radius of the members. alignment: one of
    `groupwise.ALIGNMENTS`. turns (N, 3, 3), poses (N, 4, 4): how each member was aligned (`gauge`).
    """

    mean: Harmonics
    components: FloatArray
    variances: FloatArray
    scores: FloatArray
    names: tuple[str, ...]
    weights: FloatArray
    gram: FloatArray
    size: float
    alignment: str
    turns: FloatArray
    poses: FloatArray

    @property
    def n_members(self) -> int:
        """How many shapes it was made of."""
        return len(self.names)

    @property
    def n_components(self) -> int:
        """How many components are kept."""
        return len(self.variances)

    @property
    def total_variance(self) -> float:
        """The variance of all members, in squared units of the source where only positions count."""
        return float(np.trace(self.gram)) / (self.n_members - 1)

    @property
    def explained(self) -> FloatArray:
        """(P,) the share of the variance that each component explains."""
        total = self.total_variance
        return np.asarray(self.variances / total) if total > 0.0 else np.zeros_like(self.variances)

    def harmonics_at(self, scores: Sequence[float] | FloatArray) -> Harmonics:
        """The coefficients of the shape with these scores, in standard deviations; missing ones are 0.

        Raises `InvalidParameter` for more scores than components, or such that are not finite.
        """
        given = np.asarray(scores, dtype=np.float64)
        if given.ndim != 1 or len(given) > self.n_components or not np.isfinite(given).all():
            raise InvalidParameter(
                f"These are {given.shape} scores, not up to {self.n_components} numbers.",
                "Give one number for each component, in standard deviations.",
            )
        amounts = given * np.sqrt(self.variances[: len(given)])
        offset = np.tensordot(amounts, self.components[: len(given)], axes=1)
        return Harmonics(self.mean.coefficients + offset, self.mean.channels)

    def at(self, scores: Sequence[float] | FloatArray = ()) -> Shape:
        """The shape with these scores, in standard deviations; missing ones are 0, so `at()` is the mean."""
        from ..interchange import shape_of  # measures the surface: not for those who only move sliders

        return shape_of(self.harmonics_at(scores))

    def member(self, name: str) -> int:
        """The number of a member. Raises `InvalidParameter` for an unknown name."""
        if name not in self.names:
            raise InvalidParameter(f"There is no member {name!r}.", f"There are {', '.join(self.names[:12])}.")
        return self.names.index(name)

    def gauge(self, number: int) -> Gauge:
        """How a member was brought into the common alignment."""
        pose = self.poses[number]
        scale = float(np.cbrt(np.linalg.det(pose[:3, :3])))
        return Gauge(self.turns[number], Similarity(pose[:3, :3] / scale, scale, pose[:3, 3]))

    def project(self, shape: Shape | Harmonics) -> Projection:
        """Align a shape to the mean, and read its scores.

        Raises `InvalidParameter` for a shape without the channels of the space.
        """
        harmonics = _fitted(shape, self.mean)
        gauge = align_to(harmonics, self.mean, self.alignment, self.size)
        aligned = gauge.apply(harmonics)
        difference = self._weighted(aligned.coefficients - self.mean.coefficients)
        flat = self._weighted(self.components).reshape(self.n_components, difference.size)
        amounts = flat @ difference.ravel()
        left = float(np.linalg.norm(difference.ravel() - amounts @ flat))
        deviations = np.sqrt(self.variances)
        scores = np.divide(amounts, deviations, out=np.zeros_like(amounts), where=deviations > 0.0)
        return Projection(scores, float(np.linalg.norm(scores)), left, left / self.size, aligned, gauge)

    def sample_scores(self, count: int, seed: int = 0, limit: float | None = 3.0) -> FloatArray:
        """(count, P) scores of random members: independent normal numbers, within ± `limit` where there is one.

        Raises `InvalidParameter` for a negative count or a limit that is not positive.
        """
        if count < 0 or (limit is not None and not limit > 0.0):
            raise InvalidParameter(f"Cannot draw {count} members within ±{limit} σ.", "Give positive numbers.")
        uniform = np.random.default_rng(seed).random((count, self.n_components))
        low = 0.0 if limit is None else float(ndtr(-limit))
        return np.asarray(ndtri(low + (1.0 - 2.0 * low) * np.clip(uniform, 1e-16, 1.0 - 1e-16)))

    def sample(self, count: int, seed: int = 0, limit: float | None = 3.0) -> list[Shape]:
        """Random new members: see `sample_scores`."""
        return [self.at(scores) for scores in self.sample_scores(count, seed, limit)]

    def exaggerate(self, shape: Shape, factor: float = 1.5, low: int = 1, high: int | None = None) -> Shape:
        """A caricature: mean + factor · (shape − mean) in the degrees from `low` to `high`, the shape itself in others.

        The shape stays where it is in space, and so do its own vertices: only what sets it apart from the mean grows.
        Channels that the space does not have are kept. A factor of 0 gives the mean, of 1 the shape, below 0 its
        opposite. Raises `InvalidParameter` for a factor that is not finite or an empty band.
        """
        highest = self.mean.lmax if high is None else high
        if not np.isfinite(factor) or not 0 <= low <= highest:
            raise InvalidParameter(
                f"Cannot exaggerate degrees {low} to {highest} by {factor:g}.",
                "Give a number and a band such as 2, 16.",
            )
        found = self.project(shape)
        degrees = found.aligned.degrees()
        amount = np.where((degrees >= low) & (degrees <= highest), factor - 1.0, 0.0)
        change = amount * (found.aligned.coefficients - self.mean.coefficients)
        moved = Harmonics(found.aligned.coefficients + change, found.aligned.channels)
        difference = found.gauge.undo(moved).coefficients - _fitted(shape, self.mean).coefficients
        return shape.with_harmonics(_added(shape.harmonics, difference, self.mean.channels))

    def truncated(self, count: int) -> ShapeSpace:
        """Only the first components. Raises `InvalidParameter` for fewer than 1."""
        if count < 1:
            raise InvalidParameter(f"Cannot keep {count} components.", "Give 1 or more.")
        return replace(
            self,
            components=self.components[:count],
            variances=self.variances[:count],
            scores=self.scores[:, :count],
        )

    def save(self, path: str | Path) -> None:
        """Write `*.space.npz` (see `spacefile.save_space`)."""
        from .spacefile import save_space

        save_space(self, path)

    def _weighted(self, coefficients: FloatArray) -> FloatArray:
        return np.asarray(coefficients * self.weights[:, None, None])


def build_space(
    shapes: Sequence[Shape | Harmonics],
    names: Sequence[str] | None = None,
    *,
    alignment: str = "rigid",
    color: bool = False,
    lmax: int | None = None,
    components: int | None = None,
    reference: int = 0,
    progress: Progress = silent,
) -> ShapeSpace:
    """Align a collection, and find its mean and its principal components.

    names: of the members. alignment: "none", "parameters", "rigid" or "similarity" (see `groupwise`). color: whether
    the colours vary with the shape; they then count as much as the positions, each divided by its total variation.
    lmax: highest degree, by default the lowest highest degree of all. components: how many are kept, by default all.
    reference: the member whose place and parameter sphere the others are brought to.

    Raises `InvalidParameter` for fewer than two shapes, shapes without positions (or colours), repeated names.
    """
    if len(shapes) < FEWEST:
        raise InvalidParameter(f"{len(shapes)} shapes have no ways to differ.", f"Choose at least {FEWEST}.")
    channels = (*POSITION, *COLOR) if color else POSITION
    members = _common([_harmonics(shape) for shape in shapes], channels, lmax)
    titles = _titles(names, len(members))
    gauges = align_group(members, alignment, reference=reference, progress=part(progress, 0.0, 0.95))
    progress(0.95, "Finding the components")
    aligned = np.stack([gauge.apply(one).coefficients for gauge, one in zip(gauges, members, strict=True)])
    space = _principal(aligned, channels)
    turns, poses = np.stack([g.turn for g in gauges]), np.stack([g.similarity.matrix for g in gauges])
    space = replace(space, names=titles, alignment=alignment, turns=turns, poses=poses)
    progress(1.0, "Built")
    return space if components is None else space.truncated(components)


def _principal(aligned: FloatArray, channels: tuple[str, ...]) -> ShapeSpace:
    """Mean and components of (N, K, L+1, L+1), by the (N, N) matrix of inner products: N is small, K (L+1)² is not."""
    mean = aligned.mean(axis=0)
    count = len(aligned)
    centred = aligned - mean
    weights = _weights(centred, channels)
    flat = (centred * weights[:, None, None]).reshape(count, -1)
    gram = flat @ flat.T
    values, vectors = np.linalg.eigh(gram)
    order = np.argsort(-values)[: count - 1]
    order = order[values[order] > _rounding(aligned * weights[:, None, None], values)]
    basis = _orthonormal(vectors[:, order].T @ flat)
    amounts = flat @ basis.T
    variances = np.square(amounts).sum(axis=0) / (count - 1)
    scores = amounts / np.sqrt(variances)
    components = basis.reshape(len(basis), *mean.shape) / weights[:, None, None]
    radii = np.square(aligned[:, :3]).sum(axis=(1, 2, 3)) - np.square(aligned[:, :3, 0, 0]).sum(axis=1)
    size = float(np.sqrt(np.maximum(radii, 0.0)).mean())
    turns, poses = (np.tile(np.eye(n), (count, 1, 1)) for n in (3, 4))
    harmonics = Harmonics(mean, channels)
    return ShapeSpace(harmonics, components, variances, scores, (), weights, gram, size, "none", turns, poses)


def _rounding(aligned: FloatArray, values: FloatArray) -> float:
    """Below this an eigenvalue of the matrix of inner products is a rounding error: of itself, or of the mean."""
    epsilon, count = np.finfo(float).eps, len(aligned)
    return float(count * max(epsilon * values.max(), 100.0 * epsilon**2 * np.square(aligned).sum() / count))


def _orthonormal(rows: FloatArray) -> FloatArray:
    """The rows, made orthonormal in their order, each with its largest entry positive."""
    if not len(rows):
        return rows
    q, _ = np.linalg.qr((rows / np.linalg.norm(rows, axis=1, keepdims=True)).T)
    largest = np.take_along_axis(q, np.abs(q).argmax(axis=0)[None], axis=0)[0]
    return np.ascontiguousarray((q * np.where(largest < 0.0, -1.0, 1.0)).T)


def _weights(centred: FloatArray, channels: tuple[str, ...]) -> FloatArray:
    weights = np.ones(len(channels))
    if set(COLOR) <= set(channels):
        rows = {group: [channels.index(name) for name in group] for group in (POSITION, COLOR)}
        spread = {group: np.sqrt(np.square(centred[:, index]).sum()) for group, index in rows.items()}
        if min(spread.values()) > 0.0:
            weights[rows[COLOR]] = spread[POSITION] / spread[COLOR]
    return weights


def _common(members: Sequence[Harmonics], channels: Sequence[str], lmax: int | None) -> list[Harmonics]:
    """The channels of all, up to the same degree."""
    highest = min(one.lmax for one in members)
    if lmax is not None and not 1 <= lmax <= highest:
        raise InvalidParameter(f"Degree {lmax} is out of range.", f"All shapes have degrees up to {highest}.")
    return [one.select(channels).truncate(highest if lmax is None else lmax) for one in members]


def _titles(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    titles = tuple(f"shape {number + 1}" for number in range(count)) if names is None else tuple(map(str, names))
    if len(titles) != count or len(set(titles)) != count:
        raise InvalidParameter(f"{count} shapes have {len(set(titles))} names.", "Give each a name of its own.")
    return titles


def _harmonics(shape: Shape | Harmonics) -> Harmonics:
    return shape if isinstance(shape, Harmonics) else shape.harmonics


def _fitted(shape: Shape | Harmonics, mean: Harmonics) -> Harmonics:
    """The channels of a mean, cut or filled up with zeros to its degree."""
    return _harmonics(shape).select(mean.channels).truncate(mean.lmax).padded(mean.lmax)


def _added(harmonics: Harmonics, difference: FloatArray, channels: Sequence[str]) -> Harmonics:
    """Harmonics plus a difference (K, M+1, M+1) of some channels, whose degrees may be fewer or more."""
    size = difference.shape[-1]
    coefficients = harmonics.padded(size - 1).coefficients.copy()
    for name, change in zip(channels, difference, strict=True):
        coefficients[harmonics.channels.index(name), :size, :size] += change
    return Harmonics(coefficients, harmonics.channels)
