# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectrum, filters and rotation: identities that hold for every function on the sphere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import random_rotation
from scipy.stats import vonmises_fisher
from spherical_cow.errors import InvalidParameter
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.filters import apply_gains, band_gains, gaussian, heat
from spherical_cow.harmonics.layout import to_cilm
from spherical_cow.harmonics.rotation import euler_angles, rotate
from spherical_cow.harmonics.spectrum import bands, power_spectrum
from spherical_cow.harmonics.transforms import synthesize, synthesize_grid


def random_harmonics(lmax: int, seed: int = 0, channels: tuple[str, ...] = ("x", "y", "z")) -> Harmonics:
    rng = np.random.default_rng(seed)
    return Harmonics(rng.standard_normal((len(channels), lmax + 1, lmax + 1)), channels)


def about(axis: int, angle: float) -> np.ndarray:
    matrix = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[i, i] = matrix[j, j] = np.cos(angle)
    matrix[j, i], matrix[i, j] = np.sin(angle), -np.sin(angle)
    return matrix


ROTATIONS = {
    "any": random_rotation(0),
    "another": random_rotation(7),
    "identity": np.eye(3),
    "about z": about(2, 0.8),
    "nearly about z": about(2, 0.8) @ about(0, 1e-9),
    "upside down": about(0, np.pi),
    "upside down, turned": about(2, 0.5) @ about(1, np.pi),
    "quarter": about(0, np.pi / 2),
}


def test_spectrum_agrees_with_pyshtools():
    pyshtools = pytest.importorskip("pyshtools")
    harmonics = random_harmonics(30)
    for row, coefficients in zip(power_spectrum(harmonics), harmonics.coefficients, strict=True):
        expected = pyshtools.SHCoeffs.from_array(to_cilm(coefficients)).spectrum()
        np.testing.assert_allclose(row, expected, rtol=1e-13)


def test_power_adds_up_to_the_mean_square():
    harmonics = random_harmonics(12)
    values = synthesize_grid(harmonics, 24)
    weights = np.polynomial.legendre.leggauss(25)[1] / 2.0
    mean_square = np.einsum("ktp,t->k", values**2, weights) / values.shape[2]
    np.testing.assert_allclose(power_spectrum(harmonics).sum(axis=1), mean_square, rtol=1e-12)


@given(st.integers(0, 300))
def test_bands_are_octaves_that_cover_each_degree_once(lmax):
    covered = [degree for low, high in bands(lmax) for degree in range(low, high + 1)]
    assert covered == list(range(lmax + 1))
    assert bands(lmax)[:4] == [(0, 0), (1, 1), (2, 3), (4, 7)] or lmax < 7
    assert all(high <= 2 * low - 1 for low, high in bands(lmax)[1:])


def test_gains_multiply_their_degrees_and_leave_the_centre():
    harmonics = random_harmonics(9)
    per_degree = np.arange(10.0) + 5.0
    power, before = power_spectrum(apply_gains(harmonics, per_degree)), power_spectrum(harmonics)
    np.testing.assert_allclose(power[:, 1:], before[:, 1:] * per_degree[1:] ** 2)
    np.testing.assert_array_equal(power[:, 0], before[:, 0])
    without = apply_gains(harmonics, np.zeros(10), keep_constant=False)
    assert not without.coefficients.any()


def test_bands_of_a_shape_sum_to_the_shape():
    harmonics = random_harmonics(20)
    degrees = np.arange(21)
    parts = [
        apply_gains(harmonics, ((degrees >= low) & (degrees <= high)).astype(float), keep_constant=False)
        for low, high in bands(20)
    ]
    total = sum(part.coefficients for part in parts)
    np.testing.assert_array_equal(total, harmonics.coefficients)


def test_band_gains():
    assert band_gains(6, [9.0, 1.0, 2.0, 3.0]).tolist() == [9, 1, 2, 2, 3, 3, 3]
    assert band_gains(6, []).tolist() == [1] * 7
    assert band_gains(1, [1.0, 2.0, 3.0, 4.0]).tolist() == [1, 2]


def test_heat_is_a_semigroup_and_gaussian_has_its_half_width():
    np.testing.assert_allclose(heat(40, 0.01) * heat(40, 0.02), heat(40, 0.03), rtol=1e-13)
    np.testing.assert_array_equal(gaussian(10, 0.0), np.ones(11))
    width, lmax = 0.1, 200
    kernel = np.zeros((1, lmax + 1, lmax + 1))
    degree = np.arange(lmax + 1)
    kernel[0, degree, degree] = gaussian(lmax, width) * np.sqrt(2 * degree + 1.0)
    ends = np.array([[0, 0, 1.0], [np.sin(width), 0, np.cos(width)]])
    top, half = synthesize(kernel, ends)[:, 0]
    assert half / top == pytest.approx(0.5, abs=2e-3)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_smoothing_backwards_is_refused(bad):
    for make in (heat, gaussian):
        with pytest.raises(InvalidParameter):
            make(4, bad)


@pytest.mark.parametrize("bad", [np.ones(4), np.ones((5, 1)), np.array([1, 1, np.nan, 1, 1])])
def test_gains_that_do_not_fit_are_refused(bad):
    with pytest.raises(InvalidParameter):
        apply_gains(random_harmonics(4), bad)
    with pytest.raises(InvalidParameter):
        bands(-1)


@pytest.mark.parametrize("name", ROTATIONS)
def test_a_rotation_moves_the_function_with_the_directions(name):
    matrix, harmonics = ROTATIONS[name], random_harmonics(12)
    points = vonmises_fisher([0, 0, 1], 0.1, seed=1).rvs(60)
    before, after = synthesize(harmonics, points), synthesize(rotate(harmonics, matrix), points @ matrix.T)
    np.testing.assert_allclose(after, before, atol=2e-8 if name == "nearly about z" else 1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 40))
def test_a_rotation_keeps_the_power_and_can_be_undone(seed, lmax):
    harmonics, matrix = random_harmonics(lmax, seed), random_rotation(seed)
    turned = rotate(harmonics, matrix)
    np.testing.assert_allclose(power_spectrum(turned), power_spectrum(harmonics), rtol=1e-13)
    np.testing.assert_allclose(rotate(turned, matrix.T).coefficients, harmonics.coefficients, atol=1e-12)


def test_a_rotation_at_degree_256_keeps_the_power():
    harmonics = random_harmonics(256)
    turned = rotate(harmonics, random_rotation(3))
    np.testing.assert_allclose(power_spectrum(turned), power_spectrum(harmonics), rtol=1e-13)


def test_rotations_follow_each_other():
    harmonics, a, b = random_harmonics(10), random_rotation(1), random_rotation(2)
    both = rotate(rotate(harmonics, a), b).coefficients
    np.testing.assert_allclose(both, rotate(harmonics, b @ a).coefficients, atol=1e-12)


@pytest.mark.parametrize("name", ROTATIONS)
def test_euler_angles_give_the_matrix_back(name):
    psi, theta, phi = euler_angles(ROTATIONS[name])
    again = about(2, phi) @ about(1, theta) @ about(2, psi)
    np.testing.assert_allclose(again, ROTATIONS[name], atol=1e-12)


@pytest.mark.parametrize(
    "bad", [-np.eye(3), 2 * np.eye(3), np.diag([1.0, 1.0, -1.0]), np.eye(4), np.full((3, 3), np.nan), np.zeros((3, 3))]
)
def test_a_matrix_that_is_no_rotation_is_refused(bad):
    with pytest.raises(InvalidParameter):
        rotate(random_harmonics(2), bad)
