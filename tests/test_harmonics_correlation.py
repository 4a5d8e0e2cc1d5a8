# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations found by correlation, against rotations that are known."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import random_rotation
from spherical_cow.errors import InvalidParameter
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.correlation import best_rotations, rotation_matrix
from spherical_cow.harmonics.rotation import rotate


def random_functions(lmax: int, seed: int) -> Harmonics:
    decay = (1.0 + np.maximum.outer(np.arange(lmax + 1), np.arange(lmax + 1))) ** -1.5
    return Harmonics(decay * np.random.default_rng(seed).normal(size=(2, lmax + 1, lmax + 1)), ("a", "b"))


@pytest.mark.parametrize("seed", range(4))
def test_a_known_rotation_is_found_exactly(seed: int) -> None:
    functions, rotation = random_functions(12, seed), random_rotation(seed)
    found, score = best_rotations(rotate(functions, rotation).coefficients, functions.coefficients, lmax=12)
    np.testing.assert_allclose(found[0], rotation, atol=1e-6)
    assert score[0] == pytest.approx(1.0, abs=1e-9)


def test_noise_moves_it_little_and_the_mean_does_not_matter() -> None:
    functions, rotation = random_functions(16, 7), random_rotation(8)
    rotated = rotate(functions, rotation).coefficients
    noisy = rotated + 0.01 * np.random.default_rng(9).normal(size=rotated.shape)
    noisy[:, 0, 0] += 100.0
    found, score = best_rotations(noisy, functions.coefficients)
    angle = np.degrees(np.arccos(np.clip(0.5 * (np.trace(found[0] @ rotation.T) - 1.0), -1.0, 1.0)))
    assert angle < 1.0 and 0.9 < score[0] < 1.0


def test_a_symmetric_function_has_as_many_best_rotations_as_its_group() -> None:
    square = np.zeros((1, 5, 5))
    square[0, 0, 4] = 1.0  # degree 4, order 4: fourfold about z, and two-fold about axes across
    found, score = best_rotations(square, square, count=8, lmax=4)
    assert len(found) == 8
    np.testing.assert_allclose(score, 1.0, atol=1e-9)
    quarter = rotation_matrix(np.pi / 2, 0.0, 0.0)
    assert min(np.abs(rotation - quarter).max() for rotation in found) < 1e-6


def test_what_has_no_direction_is_refused() -> None:
    constant = np.zeros((1, 4, 4))
    constant[0, 0, 0] = 1.0
    with pytest.raises(InvalidParameter):
        best_rotations(constant, constant)
    with pytest.raises(InvalidParameter):
        best_rotations(np.zeros((1, 4, 4)), np.zeros((2, 4, 4)))
