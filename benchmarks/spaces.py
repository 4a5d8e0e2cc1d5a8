# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape spaces: the time for the mean and the components of many shapes, and whether what was put in comes out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import subspace_angles
from scipy.spatial.transform import Rotation
from spherical_cow.alignment.parameter import transform_positions
from spherical_cow.alignment.similarity import Similarity
from spherical_cow.harmonics.container import POSITION, Harmonics
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.statistics.evaluation import evaluate, outliers
from spherical_cow.statistics.space import ShapeSpace, build_space

from .report import Quantity, Row
from .setup import Setup
from .timing import best_of

MEMBERS, LMAX, SECONDS = 100, 64, 5.0
MODES = np.array([0.15, 0.1, 0.05])
"""Standard deviations of the ways in which the shapes differ, over the size of the body."""


def run(setup: Setup) -> Iterator[Row]:
    """Shapes that differ in three ways: as they are, then each on another parameter sphere and in another pose."""
    members, modes = _collection(MEMBERS // 5 if setup.quick else MEMBERS)
    bound = None if setup.quick else SECONDS
    setup.log(f"{len(members)} shapes, aligned before")
    space, timing = best_of(lambda: build_space(members, alignment="none"), setup.repeats)
    angle = np.degrees(subspace_angles(_flat(space)[: len(MODES)].T, modes.T).max())
    yield Row(
        f"mean and components of {len(members)} shapes at degree {LMAX}, aligned before",
        (*timing.quantities(bound), Quantity("modes off by", float(angle), "°", most=1e-6)),
    )
    turned = [_moved(member, number) for number, member in enumerate(members)]
    for alignment in ("parameters", "rigid"):
        setup.log(f"{len(members)} shapes, to be aligned: {alignment}")
        straight = build_space(members, alignment=alignment)
        given = [rotate(one, _turn(k)) for k, one in enumerate(members)] if alignment == "parameters" else turned
        space, timing = best_of(partial(build_space, given, alignment=alignment), setup.repeats)
        worst = np.abs(space.variances[:3] / straight.variances[:3] - 1.0).max()
        yield Row(
            f"the same, turned anyhow: {alignment}",
            (*timing.quantities(bound), Quantity("variances off by", float(worst), "%", most=1e-3)),
        )
    setup.log("leave one out")
    _, timing = best_of(lambda: (evaluate(space), outliers(space)), setup.repeats)
    yield Row(f"leave-one-out error, specificity and outliers of {len(members)} shapes", timing.quantities())


def _collection(count: int) -> tuple[list[Harmonics], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    body = 0.3 * _smooth(rng)
    body[0, 0, 1] += 1.0
    body[1, 1, 0] += 0.8
    body[2, 1, 1] += 0.6
    modes = np.linalg.qr(np.stack([_smooth(rng).ravel() for _ in MODES], axis=1))[0].T
    flat = body.ravel() + (rng.standard_normal((count, len(MODES))) * MODES) @ modes
    return [Harmonics(row.reshape(body.shape), POSITION) for row in flat], modes


def _smooth(rng: np.random.Generator) -> NDArray[np.float64]:
    degree = np.maximum.outer(np.arange(LMAX + 1), np.arange(LMAX + 1))
    coefficients: NDArray[np.float64] = rng.standard_normal((3, LMAX + 1, LMAX + 1)) * (1.0 + degree) ** -2.5
    coefficients[:, 0, 0] = 0.0
    return coefficients


def _turn(seed: int) -> NDArray[np.float64]:
    return np.asarray(Rotation.random(random_state=seed).as_matrix())


def _moved(shape: Harmonics, number: int) -> Harmonics:
    pose = Similarity(_turn(1000 + number), 1.0, np.full(3, float(number)))
    return transform_positions(rotate(shape, _turn(number)), pose)


def _flat(space: ShapeSpace) -> NDArray[np.float64]:
    return space.components.reshape(space.n_components, -1)
