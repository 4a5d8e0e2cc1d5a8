# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from meshes import ellipsoid, random_rotation, real_mesh
from spherical_cow.errors import Cancelled, InvalidParameter
from spherical_cow.geometry.curvature import curvature_density
from spherical_cow.geometry.measure import area, signed_volume, vertex_areas
from spherical_cow.intrinsic import surface_from_curvature
from spherical_cow.intrinsic.features import Features, make_features
from spherical_cow.intrinsic.residuals import Residuals
from spherical_cow.intrinsic.spin import spin
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import compare
from spherical_cow.sphere.distortion import area_distortion
from spherical_cow.sphere.icosphere import icosphere
from spherical_cow.sphere.parametrize import parametrize


def features_of(mesh: Mesh, sphere: np.ndarray) -> Features:
    return make_features(sphere, mesh.faces, np.log(area_distortion(mesh, sphere)), curvature_density(mesh, sphere))


def rebuilt(mesh: Mesh, sphere: np.ndarray) -> Mesh:
    """The mesh from nothing but its features, put where the mesh is."""
    vertices = surface_from_curvature(
        sphere,
        mesh.faces,
        np.log(area_distortion(mesh, sphere)),
        curvature_density(mesh, sphere),
        area(mesh),
    )
    return aligned(mesh.with_vertices(vertices), mesh)


def aligned(moving: Mesh, fixed: Mesh) -> Mesh:
    """The best rigid motion, without mirror or scale (Kabsch 1976)."""
    weights = vertex_areas(fixed) / area(fixed)
    here, there = moving.vertices - weights @ moving.vertices, fixed.vertices - weights @ fixed.vertices
    u, _, vt = np.linalg.svd((here * weights[:, None]).T @ there)
    turn = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    return moving.with_vertices(here @ turn + weights @ fixed.vertices)


def bumpy(frequency: int = 12) -> Mesh:
    """A sphere with a smooth dent, two bumps and no symmetry."""
    sphere = icosphere(frequency)
    x, y, z = sphere.vertices.T
    radius = 1.0 + 0.35 * np.exp(-4 * ((x - 1) ** 2 + y**2 + z**2)) - 0.2 * np.exp(-5 * ((z - 1) ** 2 + x**2))
    radius += 0.15 * np.exp(-6 * ((y + 0.8) ** 2 + (z + 0.6) ** 2))
    return sphere.with_vertices(sphere.vertices * radius[:, None])


def test_a_round_sphere_comes_back() -> None:
    sphere = icosphere(6)
    back = aligned(
        sphere.with_vertices(
            surface_from_curvature(
                sphere.vertices,
                sphere.faces,
                np.log(area_distortion(sphere, sphere.vertices)),
                curvature_density(sphere, sphere.vertices),
                area(sphere),
            )
        ),
        sphere,
    )
    np.testing.assert_allclose(back.vertices, sphere.vertices, atol=1e-4)


@pytest.mark.parametrize("mesh", [ellipsoid((1.0, 0.6, 0.4), 4), bumpy(8)], ids=["ellipsoid", "bumpy"])
def test_smooth_surfaces_come_back(mesh: Mesh) -> None:
    back = rebuilt(mesh, parametrize(mesh, "conformal"))
    result = compare(mesh, back, samples=10_000)
    assert result.mean_rel < 1e-4
    assert result.hausdorff_rel < 5e-4
    assert signed_volume(back) > 0.0
    assert area(back) == pytest.approx(area(mesh), rel=1e-3)


def test_spot_comes_back_without_starting_from_it() -> None:
    mesh = real_mesh("spot_color")
    back = rebuilt(mesh, parametrize(mesh, "conformal"))
    result = compare(mesh, back)
    assert result.mean_rel < 1e-4
    assert result.hausdorff_rel < 5e-4


def test_size_and_place_do_not_matter() -> None:
    mesh = bumpy(8)
    sphere = parametrize(mesh, "conformal")
    log_area, density = np.log(area_distortion(mesh, sphere)), curvature_density(mesh, sphere)
    small = surface_from_curvature(sphere, mesh.faces, log_area, density, 1.0)
    large = surface_from_curvature(sphere, mesh.faces, log_area + 3.0, density, 1e6)
    np.testing.assert_allclose(large, 1e3 * small, atol=1e-6)
    turn = random_rotation(4)
    turned = surface_from_curvature(sphere @ turn.T, mesh.faces, log_area, density, 1.0)
    one, other = mesh.with_vertices(small), mesh.with_vertices(turned)
    np.testing.assert_allclose(aligned(other, one).vertices, small, atol=1e-4)


def test_derivatives_agree_with_differences() -> None:
    mesh = bumpy(4)
    sphere = parametrize(mesh, "conformal")
    residuals = Residuals(features_of(mesh, sphere))
    rng = np.random.default_rng(0)
    vertices = mesh.vertices / np.sqrt(area(mesh)) + 1e-3 * rng.standard_normal(mesh.vertices.shape)
    direction = rng.standard_normal(vertices.shape)
    step = 1e-6
    difference = (residuals.values(vertices + step * direction) - residuals.values(vertices - step * direction)) / (
        2.0 * step
    )
    derivative = residuals.jacobian(vertices) @ direction.ravel()
    np.testing.assert_allclose(derivative, difference, rtol=1e-5, atol=1e-6 * np.abs(difference).max())


def test_the_true_surface_fulfils_its_features() -> None:
    mesh = bumpy(8)
    sphere = parametrize(mesh, "conformal")
    scaled = mesh.with_vertices(mesh.vertices / np.sqrt(area(mesh)))
    features = features_of(mesh, sphere)
    np.testing.assert_allclose(features.mismatch(scaled), 0.0, atol=1e-9)
    count = mesh.n_vertices
    values = Residuals(features).values(scaled.vertices)
    assert np.abs(values[: 2 * count]).max() < 1e-9
    # discretely harmonic, not only nearly conformal
    assert np.sqrt(np.square(values[2 * count : 4 * count]).sum()) < 5e-3


def test_no_change_of_curvature_turns_nothing() -> None:
    sphere = icosphere(5)
    quaternions = spin(sphere, np.zeros(sphere.n_vertices))
    np.testing.assert_allclose(quaternions[:, 1:], 0.0, atol=1e-10)
    np.testing.assert_allclose(quaternions[:, 0], quaternions[0, 0], rtol=1e-9)


def test_a_spin_transformation_stretches_an_ellipsoid_as_its_map_says() -> None:
    mesh = ellipsoid((1.0, 0.8, 0.7), 4)
    sphere = parametrize(mesh, "conformal")
    quaternions = spin(Mesh(sphere, mesh.faces), curvature_density(mesh, sphere) - 1.0)
    stretch = 0.5 * np.log(area_distortion(mesh, sphere))
    assert np.corrcoef(np.log(np.square(quaternions).sum(axis=1)), stretch)[0, 1] > 0.999


def test_features_of_no_surface_give_the_nearest() -> None:
    mesh = bumpy(8)
    sphere = parametrize(mesh, "conformal")
    rng = np.random.default_rng(2)
    log_area = np.log(area_distortion(mesh, sphere)) + 0.02 * rng.standard_normal(mesh.n_vertices)
    vertices = surface_from_curvature(sphere, mesh.faces, log_area, curvature_density(mesh, sphere), area(mesh))
    result = compare(mesh, aligned(mesh.with_vertices(vertices), mesh), samples=10_000)
    assert result.mean_rel < 0.01


def test_bad_input_is_refused() -> None:
    sphere = icosphere(3)
    ones = np.ones(sphere.n_vertices)
    good = (sphere.vertices, sphere.faces, 0.0 * ones, ones)
    surface_from_curvature(*good, 4.0 * np.pi)
    cases = [
        ((sphere.vertices, sphere.faces, ones[1:], ones, 1.0), "log_area_distortion has shape"),
        ((sphere.vertices, sphere.faces, ones, ones * np.nan, 1.0), "curvature_density has values"),
        ((sphere.vertices, sphere.faces[:, ::-1], ones, ones, 1.0), "flipped"),
        ((*good, 0.0), "area of 0"),
        ((sphere.vertices, sphere.faces, ones, 0.0 * ones, 1.0), "curvature is 0"),
    ]
    for arguments, text in cases:
        with pytest.raises(InvalidParameter, match=text):
            surface_from_curvature(*arguments)


def test_progress_rises_and_may_cancel() -> None:
    mesh = bumpy(4)
    sphere = parametrize(mesh, "conformal")
    features = (np.log(area_distortion(mesh, sphere)), curvature_density(mesh, sphere), area(mesh))
    seen: list[float] = []
    surface_from_curvature(sphere, mesh.faces, *features, progress=lambda fraction, phase: seen.append(fraction))
    assert seen == sorted(seen) and seen[-1] == 1.0

    def stop(fraction: float, phase: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        surface_from_curvature(sphere, mesh.faces, *features, progress=stop)
