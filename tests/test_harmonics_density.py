# SPDX-License-Identifier: GPL-3.0-or-later
"""The vertex density against SciPy's von Mises–Fisher distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ive
from scipy.stats import vonmises_fisher
from spherical_cow.errors import InvalidParameter
from spherical_cow.harmonics.density import kernel_factors, rule_of_thumb, vertex_density
from spherical_cow.harmonics.transforms import synthesize

MIXTURE = (([0, 0, 1], 20.0, 0.5), ([1, 0, 0], 8.0, 0.3), ([0, -0.6, -0.8], 40.0, 0.2))


def mixture_density(points: np.ndarray) -> np.ndarray:
    """Relative to the uniform density."""
    return 4 * np.pi * sum(w * vonmises_fisher(mu, kappa).pdf(points) for mu, kappa, w in MIXTURE)


def mixture_sample(count: int) -> np.ndarray:
    parts = [vonmises_fisher(mu, kappa, seed=5 + k).rvs(int(w * count)) for k, (mu, kappa, w) in enumerate(MIXTURE)]
    return np.concatenate(parts)


def evenly(count: int) -> np.ndarray:
    """Fibonacci points."""
    z = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    phi = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)
    return np.stack([np.sqrt(1 - z * z) * np.cos(phi), np.sqrt(1 - z * z) * np.sin(phi), z], axis=1)


@pytest.mark.parametrize("kappa", [1e-3, 0.7, 14.0, 300.0, 2e4])
def test_kernel_factors_are_the_ratios_of_bessel_functions(kappa):
    factors = kernel_factors(120, kappa)
    expected = ive(np.arange(121) + 0.5, kappa) / ive(0.5, kappa)
    np.testing.assert_allclose(factors, expected, rtol=1e-11, atol=1e-280)


@pytest.mark.parametrize("kappa", [1e-9, 1e10, 1e15])
def test_kernel_factors_at_both_ends(kappa):
    factors = kernel_factors(10, kappa)
    degree = np.arange(11)
    expected = np.exp(-degree * (degree + 1) / (2 * kappa))
    np.testing.assert_allclose(factors, expected, atol=1e-8)


def test_the_estimate_is_the_sum_of_kernels():
    """Not close to it: equal."""
    points, where, bandwidth = mixture_sample(150), evenly(80), 0.35
    expected = 4 * np.pi * np.mean([vonmises_fisher(p, 1 / bandwidth**2).pdf(where) for p in points], axis=0)
    found = synthesize(vertex_density(points, 60, bandwidth)[None], where)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_mixture_is_found_again():
    points, where = mixture_sample(40_000), evenly(4_000)
    true = mixture_density(where)
    found = synthesize(vertex_density(points, 64)[None], where)[:, 0]
    # one bandwidth for all, chosen for the whole, rounds the peak of the sharpest component
    assert np.corrcoef(found, true)[0, 1] > 0.97
    assert np.abs(found - true).mean() < 0.25  # of a mean of 1
    assert found.mean() == pytest.approx(1.0, abs=0.01)


def test_more_points_give_a_better_estimate():
    where = evenly(2_000)
    true = mixture_density(where)
    errors = []
    for count in (300, 3_000, 30_000):
        found = synthesize(vertex_density(mixture_sample(count), 48)[None], where)[:, 0]
        errors.append(np.sqrt(np.mean((found - true) ** 2)))
    assert errors[0] > 1.3 * errors[1] > 1.3**2 * errors[2]


def test_the_rule_of_thumb_is_near_the_best_for_one_component():
    kappa, where = 10.0, evenly(3_000)
    points = vonmises_fisher([0.6, 0, 0.8], kappa, seed=2).rvs(2_000)
    true = 4 * np.pi * vonmises_fisher([0.6, 0, 0.8], kappa).pdf(where)

    def error(bandwidth: float) -> float:
        found = synthesize(vertex_density(points, 64, bandwidth)[None], where)[:, 0]
        return float(np.mean((found - true) ** 2))

    best = min(error(bandwidth) for bandwidth in np.geomspace(0.05, 0.8, 25))
    assert error(rule_of_thumb(points)) < 1.3 * best


def test_even_points_give_an_even_density():
    density = vertex_density(evenly(5_000), 32)
    assert density[0, 0] == pytest.approx(1.0, abs=1e-12)
    assert np.abs(density.ravel()[1:]).max() < 1e-3


def test_single_points_and_clusters_stay_finite():
    for points in (np.array([[0, 0, 1.0]]), np.tile([[0, 1.0, 0]], (50, 1))):
        assert np.isfinite(vertex_density(points, 16)).all()


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, np.nan, np.inf])
def test_a_bandwidth_that_is_no_angle_is_refused(bandwidth):
    with pytest.raises(InvalidParameter):
        vertex_density(evenly(10), 4, bandwidth)
    with pytest.raises(InvalidParameter):
        vertex_density(np.zeros((0, 3)), 4)
