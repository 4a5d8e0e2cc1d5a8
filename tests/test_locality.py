# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the detail of each band lives: against analytic fields, Parseval, rotations, and a bump in one place."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import random_rotation
from spherical_cow.errors import InvalidParameter
from spherical_cow.harmonics.container import POSITION, Harmonics
from spherical_cow.harmonics.locality import locality, middle
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.harmonics.spectrum import power_spectrum
from spherical_cow.harmonics.transforms import analyse_grid, gauss_legendre_grid
from spherical_cow.sphere.icosphere import icosphere

SPHERE = icosphere(8).vertices


def sphere_shape(lmax: int) -> np.ndarray:
    """(3, lmax+1, lmax+1) the unit sphere: degree 1 only."""
    coefficients = np.zeros((3, lmax + 1, lmax + 1))
    coefficients[0, 0, 1] = coefficients[1, 1, 0] = coefficients[2, 1, 1] = 1.0 / np.sqrt(3.0)
    return coefficients


def random_shape(lmax: int, seed: int = 0) -> Harmonics:
    rng = np.random.default_rng(seed)
    index = np.arange(lmax + 1)
    degree = np.maximum(index[:, None], index[None, :])
    return Harmonics(rng.standard_normal((3, lmax + 1, lmax + 1)) / (1.0 + degree) ** 2, POSITION)


def test_a_sphere_is_all_degree_one():
    found = locality(Harmonics(sphere_shape(9), POSITION), SPHERE)
    assert found.bands == ((1, 1), (2, 3), (4, 7), (8, 9))
    assert np.allclose(found.share, [1.0, 0.0, 0.0, 0.0]) and np.allclose(found.degree, 1.0)


def test_the_energy_of_a_sphere_is_its_squared_radius():
    found = locality(Harmonics(2.0 * sphere_shape(3), POSITION), SPHERE, "displacement")
    assert np.allclose(found.energy[:, 0], 4.0)
    assert np.allclose(locality(Harmonics(2.0 * sphere_shape(3), POSITION), SPHERE, "slope").energy[:, 0], 8.0)


@pytest.mark.parametrize(("measure", "power"), [("displacement", 0), ("slope", 1), ("bending", 2)])
def test_the_mean_energy_is_the_power_of_the_band(measure, power):
    """Parseval; smoothing keeps the mean. The mean over the sphere is taken by quadrature."""
    shape = random_shape(12)
    colatitudes, n = gauss_legendre_grid(40)
    longitudes = 2.0 * np.pi * np.arange(n) / n
    t, p = (a.ravel() for a in np.meshgrid(colatitudes, longitudes, indexing="ij"))
    grid = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=1)
    found = locality(shape, grid, measure)
    degree = np.arange(13)
    spectrum = power_spectrum(shape).sum(axis=0) * (degree * (degree + 1.0)) ** power
    for number, (low, high) in enumerate(found.bands):
        mean = analyse_grid(found.energy[:, number].reshape(1, len(colatitudes), n), 0)[0, 0, 0]
        assert mean == pytest.approx(spectrum[low : high + 1].sum(), rel=1e-8)


def test_smoothing_is_the_gaussian_of_half_a_wavelength():
    """One harmonic Y of degree 8 and order 0 in z: Y² has even degrees, each damped by its own factor."""
    coefficients = np.zeros((3, 9, 9))
    coefficients[2, 8, 8] = 1.0
    found = locality(Harmonics(coefficients, POSITION), SPHERE, "displacement")
    nodes, weights = np.polynomial.legendre.leggauss(40)
    legendre = np.polynomial.legendre.Legendre.basis
    square = 17.0 * legendre(8)(nodes) ** 2
    time = (np.pi / middle(8, 8)) ** 2 / (4.0 * np.log(2.0))
    expected = np.zeros(len(SPHERE))
    for degree in range(0, 17, 2):
        amount = 0.5 * (2 * degree + 1) * (weights * square * legendre(degree)(nodes)).sum()
        expected += amount * np.exp(-degree * (degree + 1) * time) * legendre(degree)(SPHERE[:, 2])
    assert np.allclose(found.energy[:, 3], expected, atol=1e-5)


def test_it_turns_with_the_sphere_and_not_with_the_pose():
    shape, turn = random_shape(12), random_rotation(3)
    plain = locality(shape, SPHERE)
    assert np.allclose(locality(rotate(shape, turn), SPHERE @ turn.T).share, plain.share, atol=1e-6)
    posed = Harmonics(3.0 * np.einsum("kj,jab->kab", turn, shape.coefficients), POSITION)
    assert np.allclose(locality(posed, SPHERE).share, plain.share, atol=1e-9)
    moved = shape.coefficients.copy()
    moved[:, 0, 0] += 100.0
    assert np.allclose(locality(Harmonics(moved, POSITION), SPHERE).share, plain.share, atol=1e-9)


def test_fine_detail_in_one_place_is_found_there():
    lmax, pole = 24, np.array([0.0, 0.6, 0.8])
    t, n = gauss_legendre_grid(2 * lmax)
    p = 2.0 * np.pi * np.arange(n) / n
    x, y, z = np.sin(t)[:, None] * np.cos(p), np.sin(t)[:, None] * np.sin(p), np.cos(t)[:, None] + 0.0 * p
    near = np.exp(-((np.arccos(np.clip(x * pole[0] + y * pole[1] + z * pole[2], -1.0, 1.0)) / 0.35) ** 2))
    ripple = 1.0 + 0.05 * near * np.cos(18.0 * x)
    shape = Harmonics(analyse_grid(np.stack([x, y, z]) * ripple, lmax), POSITION)
    found = locality(shape, SPHERE)
    angle = np.arccos(np.clip(SPHERE @ pole, -1.0, 1.0))
    fine = found.share[:, found.bands.index((16, 24))]
    assert fine[angle < 0.2].min() > 5.0 * fine[angle > 1.2].max()
    assert found.degree[angle < 0.2].min() > 1.5 * found.degree[angle > 1.5].max()
    assert np.allclose(found.share.sum(axis=1), 1.0)


def test_what_cannot_be_located():
    with pytest.raises(InvalidParameter, match="no measure"):
        locality(random_shape(3), SPHERE, "weight")
    with pytest.raises(InvalidParameter, match="single point"):
        locality(Harmonics(np.ones((3, 1, 1)), POSITION), SPHERE)
    with pytest.raises(InvalidParameter, match="'x'"):
        locality(Harmonics(np.ones((1, 3, 3)), ("r",)), SPHERE)


def test_the_values_are_those_of_the_shape_not_of_the_mesh():
    """Elsewhere on the sphere, elsewhere in the list: a value belongs to its direction alone."""
    shape = random_shape(9)
    whole = locality(shape, SPHERE).degree
    assert np.allclose(locality(shape, SPHERE[::-7]).degree, whole[::-7], atol=1e-6)
