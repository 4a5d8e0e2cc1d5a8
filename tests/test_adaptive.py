# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from spherical_cow.errors import Cancelled, InvalidParameter
from spherical_cow.geometry.curvature import mixed_areas
from spherical_cow.geometry.measure import directed_edges, face_areas, unique_edges
from spherical_cow.geometry.spherical import orientation, spherical_areas
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.transforms import synthesize
from spherical_cow.mesh import Mesh
from spherical_cow.sphere.adaptive import adaptive_sphere
from spherical_cow.sphere.delaunay import delaunay, flip_to_delaunay, neighbours
from spherical_cow.sphere.distortion import flips


def density_channel(coefficients: np.ndarray) -> Harmonics:
    return Harmonics(coefficients[None], ("vertex_density",))


def smooth_density(lmax: int = 6, seed: int = 3) -> Harmonics:
    """Mean 1, positive: between 0.2 and 1.8."""
    rng = np.random.default_rng(seed)
    coefficients = rng.standard_normal((lmax + 1, lmax + 1))
    coefficients[0, 0] = 0.0
    directions = rng.standard_normal((5000, 3))
    coefficients *= 0.75 / np.abs(synthesize(coefficients[None], directions)).max()
    coefficients[0, 0] = 1.0
    return density_channel(coefficients)


def uniform_density() -> Harmonics:
    return density_channel(np.ones((1, 1)))


def quality(mesh: Mesh) -> np.ndarray:
    """(F,) 4√3 area / Σ edge²: 1 for a regular triangle."""
    points = mesh.vertices[mesh.faces]
    squared = np.square(np.roll(points, -1, axis=1) - points).sum(axis=(1, 2))
    return 4.0 * np.sqrt(3.0) * face_areas(mesh) / squared


def density_of(mesh: Mesh) -> np.ndarray:
    """(V,) vertices for a unit of area, from the Voronoi areas of each vertex and its neighbours.

    The area of a single cell also depends on its number of neighbours, 5 to 7.
    """
    areas = mixed_areas(mesh)
    i, j = directed_edges(mesh.faces).T
    count = 1.0 + np.bincount(i, minlength=mesh.n_vertices)
    return count / (areas + np.bincount(i, areas[j], mesh.n_vertices))


def assert_sphere(mesh: Mesh, count: int) -> None:
    assert mesh.n_vertices == count
    assert mesh.n_faces == 2 * count - 4
    assert len(unique_edges(mesh.faces)) == 3 * count - 6
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), 1.0, rtol=1e-12)
    assert np.bincount(mesh.faces.ravel(), minlength=count).min() >= 3
    if count > 4:
        assert flips(mesh.vertices, mesh.faces) == 0
    assert abs(spherical_areas(mesh.vertices, mesh.faces).sum() - 4.0 * np.pi) < 1e-9


@pytest.mark.parametrize("count", [4, 5, 6, 7, 12, 50, 127, 128, 129, 1000])
def test_any_count_gives_a_closed_outward_sphere(count: int) -> None:
    assert_sphere(adaptive_sphere(smooth_density(), count), count)


def test_four_vertices_are_a_tetrahedron() -> None:
    mesh = adaptive_sphere(uniform_density(), 4)
    products = mesh.vertices @ mesh.vertices.T
    np.testing.assert_allclose(products[~np.eye(4, dtype=bool)], -1.0 / 3.0, atol=0.15)


def test_triangles_are_good_and_follow_the_density() -> None:
    density = smooth_density()
    mesh = adaptive_sphere(density, 20_000)
    assert_sphere(mesh, 20_000)
    assert quality(mesh).mean() > 0.945
    assert np.percentile(quality(mesh), 1) > 0.75
    wanted = synthesize(density, mesh.vertices)[:, 0]
    assert np.corrcoef(density_of(mesh), wanted)[0, 1] > 0.97
    # not only in shape: the number of vertices for a unit of area is the density itself
    ratio = density_of(mesh) * 4.0 * np.pi / mesh.n_vertices / wanted
    assert np.percentile(ratio, 5) > 0.9 and np.percentile(ratio, 95) < 1.15


def test_a_steep_density_is_followed() -> None:
    lmax = 24
    coefficients = np.zeros((lmax + 1, lmax + 1))
    degree = np.arange(lmax + 1)
    # a vertical bump exp(-l(l+1)/200), which rings below zero away from the pole
    coefficients[degree, degree] = np.sqrt(2 * degree + 1) * np.exp(-degree * (degree + 1) / 200.0)
    density = density_channel(coefficients)
    mesh = adaptive_sphere(density, 4000)
    assert_sphere(mesh, 4000)
    assert quality(mesh).mean() > 0.93
    near = mesh.vertices[:, 2] > 0.8
    assert 0.6 < near.mean() < 0.95


def test_the_triangulation_is_delaunay() -> None:
    mesh = adaptive_sphere(smooth_density(), 3000)
    hull = {tuple(sorted(face)) for face in ConvexHull(mesh.vertices).simplices.tolist()}
    ours = {tuple(sorted(face)) for face in mesh.faces.tolist()}
    assert len(hull ^ ours) <= 4


def test_the_seed_decides() -> None:
    density = smooth_density()
    one, again, other = (adaptive_sphere(density, 800, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.vertices, again.vertices)
    np.testing.assert_array_equal(one.faces, again.faces)
    assert not np.allclose(one.vertices, other.vertices)


def test_scale_of_the_density_does_not_matter() -> None:
    density = smooth_density()
    large = density_channel(1024.0 * density.coefficients[0])
    np.testing.assert_allclose(adaptive_sphere(density, 500).vertices, adaptive_sphere(large, 500).vertices, atol=1e-9)


def test_a_density_that_is_negative_in_places_is_clamped() -> None:
    coefficients = np.zeros((9, 9))
    coefficients[0, 0], coefficients[8, 8] = 1.0, 3.0
    mesh = adaptive_sphere(density_channel(coefficients), 2000)
    assert_sphere(mesh, 2000)
    assert quality(mesh).mean() > 0.9


@given(count=st.integers(4, 300), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_closed_for_random_counts_and_densities(count: int, seed: int) -> None:
    assert_sphere(adaptive_sphere(smooth_density(4, seed % 1000), count, seed=seed), count)


@pytest.mark.parametrize("count", [3, 0, -5, 5_000_001])
def test_a_count_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(InvalidParameter, match="out of range"):
        adaptive_sphere(uniform_density(), count)


def test_several_channels_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="one channel"):
        adaptive_sphere(Harmonics(np.ones((2, 1, 1)), ("x", "y")), 10)


def test_a_density_without_mass_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="not positive"):
        adaptive_sphere(density_channel(np.zeros((3, 3))), 10)


def test_progress_may_cancel() -> None:
    def stop(fraction: float, phase: str) -> None:
        if fraction > 0.5:
            raise Cancelled()

    with pytest.raises(Cancelled):
        adaptive_sphere(smooth_density(), 300, progress=stop)


def test_flips_restore_delaunay_after_a_disturbance() -> None:
    rng = np.random.default_rng(1)
    points = rng.standard_normal((2000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    triangles = delaunay(points)
    across = neighbours(triangles)
    for k in range(3):
        shared = triangles[across[:, k]]
        assert (shared == triangles[:, [(k + 1) % 3]]).any(axis=1).all()
    moved = points + 0.004 * rng.standard_normal(points.shape)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    kept = orientation(moved, triangles) > 0
    moved[triangles[~kept].ravel()] = points[triangles[~kept].ravel()]
    while not (orientation(moved, triangles) > 0).all():
        moved = 0.5 * (moved + points)
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    assert flip_to_delaunay(moved, triangles, across) > 0
    hull = {tuple(sorted(face)) for face in ConvexHull(moved).simplices.tolist()}
    ours = {tuple(sorted(face)) for face in triangles.tolist()}
    assert len(hull ^ ours) <= 4
    np.testing.assert_array_equal(np.sort(neighbours(triangles), axis=1), np.sort(across, axis=1))
