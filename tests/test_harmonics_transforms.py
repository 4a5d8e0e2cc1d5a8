# SPDX-License-Identifier: GPL-3.0-or-later
"""Analysis and synthesis: exact on quadrature points, from scattered points, and on meshes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import ellipsoid, octahedron, random_rotation, subdivided_sphere, tetrahedron, uv_sphere
from spherical_cow.errors import InvalidParameter
from spherical_cow.harmonics.rasterize import closest, rasterize
from spherical_cow.harmonics.transforms import (
    analyse,
    analyse_grid,
    analyse_points,
    gauss_legendre_grid,
    grid_degree,
    synthesize,
    synthesize_grid,
)


def random_coefficients(lmax: int, channels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((channels, lmax + 1, lmax + 1))


def random_directions(count: int, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def grid_points(degree: int) -> np.ndarray:
    colatitudes, count = gauss_legendre_grid(degree)
    theta, phi = np.meshgrid(colatitudes, 2 * np.pi * np.arange(count) / count, indexing="ij")
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1).reshape(-1, 3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 64), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_quadrature_points_give_the_coefficients_back(lmax, extra, seed):
    coefficients = random_coefficients(lmax, seed=seed)
    maps = synthesize_grid(coefficients, lmax + extra)
    np.testing.assert_allclose(analyse_grid(maps, lmax), coefficients, atol=1e-11)


def test_grid_and_points_give_the_same_values():
    coefficients = random_coefficients(20)
    on_grid = synthesize_grid(coefficients, 25).reshape(2, -1).T
    np.testing.assert_allclose(synthesize(coefficients, grid_points(25)), on_grid, atol=1e-9)


@pytest.mark.parametrize("lmax", [0, 1, 8, 24])
def test_scattered_points_give_the_coefficients_back(lmax):
    coefficients = random_coefficients(lmax, seed=3)
    points = random_directions(4 * (lmax + 1) ** 2 + 20, seed=4)
    found = analyse_points(points, synthesize(coefficients, points), lmax)
    np.testing.assert_allclose(found, coefficients, atol=1e-8)


def test_too_few_points_and_too_coarse_grids_are_refused():
    points = random_directions(20)
    with pytest.raises(InvalidParameter, match="20 points cannot determine the 25"):
        analyse_points(points, points, 4)
    with pytest.raises(InvalidParameter, match="too coarse"):
        analyse_grid(np.zeros((1, 5, 10)), 5)
    mesh = octahedron()
    with pytest.raises(InvalidParameter, match="negative"):
        analyse(mesh.vertices, mesh.faces, mesh.vertices, -1)
    with pytest.raises(InvalidParameter, match="negative"):
        synthesize_grid(random_coefficients(2), -1)


def test_an_offset_far_from_the_origin_costs_no_digits():
    coefficients = random_coefficients(16)
    points = random_directions(100)
    near = synthesize(coefficients, points)
    far = coefficients.copy()
    far[:, 0, 0] += 1e6
    np.testing.assert_allclose(synthesize(far, points) - 1e6, near, atol=1e-9)


def test_poles_and_seam_are_evaluated():
    points = np.array(
        [[0, 0, 1.0], [0, 0, -1.0], [1, 0, 0], [1, -1e-18, 0], [1, -1e-300, 0], [-1, 0.0, 0], [-1, -0.0, 0]]
    )
    coefficients = np.zeros((1, 3, 3))
    coefficients[0, 0, 1] = 1.0  # √3 x
    np.testing.assert_allclose(synthesize(coefficients, points)[:, 0], np.sqrt(3.0) * points[:, 0], atol=1e-9)


def test_the_sphere_itself_is_pure_degree_one():
    mesh = subdivided_sphere(6)
    coefficients = analyse(mesh.vertices, mesh.faces, mesh.vertices, 8)
    expected = np.zeros_like(coefficients)
    expected[0, 0, 1] = expected[1, 1, 0] = expected[2, 1, 1] = 1 / np.sqrt(3.0)
    # chords lie inside the sphere by (edge / 2)² / 2 at most
    np.testing.assert_allclose(coefficients, expected, atol=2e-4)


def test_degree_one_of_an_ellipsoid_are_its_axes():
    axes = (1.3, 0.8, 0.5)
    mesh, sphere = ellipsoid(axes, level=5), subdivided_sphere(5)
    turn = random_rotation(5)
    coefficients = analyse(sphere.vertices, mesh.faces, mesh.vertices @ turn.T, 4)
    matrix = np.sqrt(3.0) * np.stack([coefficients[:, 0, 1], coefficients[:, 1, 0], coefficients[:, 1, 1]], axis=1)
    np.testing.assert_allclose(np.linalg.svd(matrix)[1], axes, rtol=2e-3)
    np.testing.assert_allclose(coefficients[:, 0, 0], 0.0, atol=1e-12)
    np.testing.assert_allclose(matrix, turn @ np.diag(axes), atol=2e-3)


def test_analysis_is_the_projection_of_the_piecewise_linear_function():
    """On a coarse mesh, against numerical integration on a much finer grid."""
    mesh = tetrahedron()
    sphere = mesh.vertices @ random_rotation(2).T
    values = np.random.default_rng(0).standard_normal((4, 2))
    fine = analyse(sphere, mesh.faces, values, 6, oversampling=60)
    np.testing.assert_allclose(analyse(sphere, mesh.faces, values, 6), fine, atol=3e-3)
    assert grid_degree(6) == 48


@pytest.mark.parametrize("mesh", [octahedron(), tetrahedron(), uv_sphere(40), subdivided_sphere(3)])
def test_every_grid_point_lies_in_its_triangle(mesh):
    """With vertices and edges exactly on grid lines and at the poles, and turned away from them."""
    for turn in (np.eye(3), random_rotation(1)):
        sphere = mesh.vertices @ turn.T
        triangle, barycentric = rasterize(sphere, mesh.faces, *gauss_legendre_grid(31))
        assert triangle.min() >= 0 and barycentric.min() >= -1e-11
        np.testing.assert_allclose(barycentric.sum(axis=1), 1.0, atol=1e-14)
        hit = np.einsum("nk,nkd->nd", barycentric, sphere[mesh.faces[triangle]])
        hit /= np.linalg.norm(hit, axis=1, keepdims=True)
        np.testing.assert_allclose(hit, grid_points(31), atol=1e-12)


def test_a_map_with_flips_still_gives_each_point_a_triangle():
    mesh = subdivided_sphere(2)
    sphere = mesh.vertices.copy()
    sphere[10:14] = -sphere[10:14]
    triangle, barycentric = rasterize(sphere, mesh.faces, *gauss_legendre_grid(31))
    assert triangle.min() >= 0 and np.isfinite(barycentric).all()
    np.testing.assert_allclose(barycentric.sum(axis=1), 1.0, atol=1e-12)


def test_the_fallback_finds_the_triangle_that_covers_a_point():
    mesh = subdivided_sphere(3)
    shares = np.random.default_rng(0).dirichlet(np.ones(3), len(mesh.faces))
    points = np.einsum("nk,nkd->nd", shares, mesh.vertices[mesh.faces])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    triangle, barycentric = closest(mesh.vertices, mesh.faces, points)
    assert (triangle == np.arange(len(mesh.faces))).all()
    np.testing.assert_allclose(barycentric, shares, atol=1e-10)


def test_progress_is_told_and_may_stop_the_work():
    mesh, told = subdivided_sphere(3), []
    analyse(mesh.vertices, mesh.faces, mesh.vertices, 8, progress=lambda fraction, phase: told.append(fraction))
    assert told == sorted(told) and told[0] >= 0.0 and told[-1] <= 1.0 and len(told) >= 4


def test_synthesis_does_not_load_numba_or_scipy():
    code = (
        "import sys, numpy as np; from spherical_cow.harmonics.transforms import synthesize;"
        "from spherical_cow.harmonics.filters import heat;"
        "synthesize(np.ones((1, 3, 3)), np.eye(3));"
        "print([name for name in ('numba', 'scipy', 'PIL') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert result.stdout.strip() == "[]"
