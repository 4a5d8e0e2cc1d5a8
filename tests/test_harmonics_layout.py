# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact layout is bijective, and is the basis that pyshtools and SciPy have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import sph_harm_y
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.layout import degrees_and_orders, from_alm, from_cilm, to_alm, to_cilm
from spherical_cow.harmonics.transforms import synthesize, to_angles

RNG = np.random.default_rng(20)


def random_directions(count: int) -> np.ndarray:
    points = RNG.standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_round_trips_keep_every_coefficient(lmax, channels, seed):
    coefficients = np.random.default_rng(seed).standard_normal((channels, lmax + 1, lmax + 1))
    alm = to_alm(coefficients)
    assert alm.shape == (channels, (lmax + 1) * (lmax + 2) // 2)
    np.testing.assert_allclose(from_alm(alm, lmax), coefficients, rtol=1e-15, atol=0)
    for one in coefficients:
        cilm = to_cilm(one)
        np.testing.assert_array_equal(from_cilm(cilm), one)
        # as many places as numbers, and none of them where pyshtools has nothing
        assert np.count_nonzero(cilm) == (lmax + 1) ** 2


def test_order_of_the_complex_layout():
    degree, order = degrees_and_orders(3)
    assert degree.tolist() == [0, 1, 2, 3, 1, 2, 3, 2, 3, 3]
    assert order.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]


def test_zonal_terms_lie_on_the_diagonal_and_sines_below():
    cilm = to_cilm(np.arange(16.0).reshape(4, 4))
    assert cilm[0, 2, 0] == 10.0  # (i, j) = (2, 2)
    assert cilm[0, 3, 2] == 7.0  # row 1, column 3: degree 3, order +2
    assert cilm[1, 3, 2] == 13.0  # row 3, column 1: degree 3, order -2


def test_values_agree_with_scipy():
    """Each basis function alone: real parts of SciPy's harmonics, without their phase, 4π-normalised."""
    lmax, points = 5, random_directions(40)
    theta, phi = to_angles(points).T
    for i in range(lmax + 1):
        for j in range(lmax + 1):
            coefficients = np.zeros((1, lmax + 1, lmax + 1))
            coefficients[0, i, j] = 1.0
            degree, order = max(i, j), j - i
            complex_value = (-1.0) ** abs(order) * sph_harm_y(degree, abs(order), theta, phi) * np.sqrt(4 * np.pi)
            expected = complex_value.real if order >= 0 else complex_value.imag
            if order:
                expected = expected * np.sqrt(2.0)
            np.testing.assert_allclose(synthesize(coefficients, points)[:, 0], expected, atol=1e-9)


def test_values_agree_with_pyshtools():
    pyshtools = pytest.importorskip("pyshtools")
    lmax, points = 24, random_directions(200)
    coefficients = RNG.standard_normal((lmax + 1, lmax + 1))
    theta, phi = np.degrees(to_angles(points).T)
    expected = pyshtools.SHCoeffs.from_array(to_cilm(coefficients)).expand(lat=90.0 - theta, lon=phi)
    np.testing.assert_allclose(synthesize(coefficients[None], points)[:, 0], expected, atol=1e-8)


def test_degree_one_is_the_direction():
    """x, y, z of the unit sphere are single coefficients of degree 1, 1/√3 each."""
    coefficients = np.zeros((3, 2, 2))
    coefficients[0, 0, 1] = coefficients[1, 1, 0] = coefficients[2, 1, 1] = 1.0 / np.sqrt(3.0)
    points = random_directions(50)
    np.testing.assert_allclose(synthesize(Harmonics(coefficients, ("x", "y", "z")), points), points, atol=1e-10)
