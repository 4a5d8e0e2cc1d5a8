# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import igl
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import (
    cube,
    ellipsoid,
    octahedron,
    random_rotation,
    real_mesh,
    subdivided_sphere,
    tetrahedron,
    torus,
    uv_sphere,
)
from scipy.special import ellipeinc, ellipkinc
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.geometry import curvature, laplacian, measure, sampling, shape_measures, subdivide
from spherical_cow.mesh import FloatArray, Mesh
from spherical_cow.sphere.distortion import area_distortion
from spherical_cow.topology import check

AXES = (1.0, 0.7, 0.5)


def noisy(seed: int = 0, level: int = 3) -> Mesh:
    mesh = subdivided_sphere(level)
    return mesh.with_vertices(mesh.vertices + 0.03 * np.random.default_rng(seed).standard_normal(mesh.vertices.shape))


def ellipsoid_area(a: float, b: float, c: float) -> float:
    phi = np.arccos(c / a)
    k = (a**2 * (b**2 - c**2)) / (b**2 * (a**2 - c**2))
    angles = ellipeinc(phi, k) * np.sin(phi) ** 2 + ellipkinc(phi, k) * np.cos(phi) ** 2
    return float(2 * np.pi * c**2 + 2 * np.pi * a * b / np.sin(phi) * angles)


def ellipsoid_curvatures(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(mean, Gaussian) curvature of the ellipsoid x²/a² + y²/b² + z²/c² = 1."""
    squares = np.square(AXES)
    volume2 = np.prod(squares)
    slope = np.square(points / squares).sum(axis=1)
    gaussian = 1.0 / (volume2 * slope**2)
    mean = np.abs(np.square(points).sum(axis=1) - squares.sum()) / (2.0 * volume2 * slope**1.5)
    return mean, gaussian


# Areas, volumes, normals, angles


def test_cube_measures() -> None:
    mesh = cube(2.0, 3)
    assert measure.area(mesh) == pytest.approx(24.0)
    assert measure.signed_volume(mesh) == pytest.approx(8.0)
    np.testing.assert_allclose(measure.area_centroid(mesh), [1, 1, 1])
    assert measure.vertex_areas(mesh).sum() == pytest.approx(24.0)
    assert len(measure.unique_edges(mesh.faces)) == 3 * mesh.n_faces // 2
    outward = np.einsum("fi,fi->f", measure.face_normals(mesh), mesh.vertices[mesh.faces].mean(axis=1) - 1.0)
    np.testing.assert_allclose(outward, 1.0)


def test_ellipsoid_area_and_volume_converge_to_the_analytic_ones() -> None:
    mesh = ellipsoid(AXES, 6)
    assert measure.area(mesh) == pytest.approx(ellipsoid_area(*AXES), rel=1e-3)
    assert measure.signed_volume(mesh) == pytest.approx(4 / 3 * np.pi * np.prod(AXES), rel=2e-3)


def test_torus_area_and_volume() -> None:
    mesh = torus(200, 100)
    assert measure.area(mesh) == pytest.approx(4 * np.pi**2 * 0.4, rel=1e-3)
    assert measure.signed_volume(mesh) == pytest.approx(2 * np.pi**2 * 0.4**2, rel=2e-3)


def test_measures_agree_with_trimesh() -> None:
    mesh = noisy()
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    np.testing.assert_allclose(measure.face_areas(mesh), other.area_faces)
    np.testing.assert_allclose(measure.face_normals(mesh), other.face_normals, atol=1e-12)
    np.testing.assert_allclose(measure.corner_angles(mesh), other.face_angles)
    assert measure.signed_volume(mesh) == pytest.approx(other.volume)


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e9])
def test_volume_keeps_its_digits_far_from_the_origin(offset: float) -> None:
    mesh = cube()
    assert measure.signed_volume(mesh.with_vertices(mesh.vertices + offset)) == pytest.approx(1.0, rel=1e-6)


def test_oriented_outward_turns_only_inward_faces() -> None:
    mesh = uv_sphere(6)
    assert measure.oriented_outward(mesh) is mesh
    inward = Mesh(mesh.vertices, mesh.faces[:, ::-1])
    assert measure.signed_volume(measure.oriented_outward(inward)) > 0


def test_a_face_without_area_has_no_normal_and_no_cotangents() -> None:
    mesh = Mesh([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]], [[0, 1, 2], [0, 1, 3]])
    assert (measure.face_normals(mesh)[0] == 0).all()
    assert np.isfinite(laplacian.cotangent_laplacian(mesh).toarray()).all()
    assert np.isfinite(curvature.mean_curvature(mesh)).all()


# Laplacian and mass


@pytest.mark.parametrize("mesh", [noisy(), uv_sphere(10), cube(1.0, 3), torus(20, 10)])
def test_cotangent_laplacian_agrees_with_libigl(mesh: Mesh) -> None:
    ours = laplacian.cotangent_laplacian(mesh)
    assert abs(ours + igl.cotmatrix(mesh.vertices, mesh.faces)).max() < 1e-12 * abs(ours).max()
    lumped = igl.massmatrix(mesh.vertices, mesh.faces, igl.MASSMATRIX_TYPE_BARYCENTRIC)
    assert abs(laplacian.mass_matrix(mesh) - lumped).max() < 1e-14
    exact = igl.massmatrix(mesh.vertices, mesh.faces, igl.MASSMATRIX_TYPE_FULL)
    assert abs(laplacian.mass_matrix(mesh, lumped=False) - exact).max() < 1e-14


def test_laplacian_is_symmetric_positive_and_kills_constants() -> None:
    matrix = laplacian.cotangent_laplacian(noisy()).toarray()
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    np.testing.assert_allclose(matrix @ np.ones(len(matrix)), 0.0, atol=1e-11)
    assert np.linalg.eigvalsh(matrix).min() > -1e-10


def test_dirichlet_energy_of_a_linear_function_on_the_cube() -> None:
    mesh = cube(2.0, 4)
    x = mesh.vertices[:, 0]
    assert x @ laplacian.cotangent_laplacian(mesh) @ x == pytest.approx(16.0)  # |∇x|² = 1 on four sides of area 4


def test_mass_integrates_quadratics_of_linear_functions() -> None:
    mesh = cube(1.0, 2)
    x = mesh.vertices[:, 0]
    assert x @ laplacian.mass_matrix(mesh, lumped=False) @ x == pytest.approx(4 / 3 + 1.0)


def test_first_eigenvalue_of_the_sphere_is_two() -> None:
    mesh = subdivided_sphere(4)
    z = mesh.vertices[:, 2]
    energy, mass = (
        z @ laplacian.cotangent_laplacian(mesh) @ z,
        z @ laplacian.mass_matrix(mesh, lumped=False) @ z,
    )
    assert energy / mass == pytest.approx(2.0, rel=1e-2)


# Curvature


@pytest.mark.parametrize("radius", [1.0, 1e-9, 250.0])
@pytest.mark.parametrize("mesh", [subdivided_sphere(4), uv_sphere(40)], ids=["subdivided", "uv"])
def test_curvature_of_a_sphere(mesh: Mesh, radius: float) -> None:
    sphere = mesh.with_vertices(mesh.vertices * radius)
    np.testing.assert_allclose(curvature.mean_curvature(sphere) * radius, 1.0, rtol=2e-2)
    gaussian = curvature.gaussian_curvature(sphere) * radius**2
    weight = measure.vertex_areas(sphere) / measure.area(sphere)
    assert weight @ np.abs(gaussian - 1.0) < 2e-2


def test_curvature_is_negative_with_inward_faces_and_in_a_hollow() -> None:
    mesh = subdivided_sphere(3)
    assert (curvature.mean_curvature(Mesh(mesh.vertices, mesh.faces[:, ::-1])) < 0).all()
    ring = torus(80, 60)
    inner = np.linalg.norm(ring.vertices[:, :2], axis=1) < 0.65
    assert (curvature.gaussian_curvature(ring)[inner] < 0).all()


def test_curvature_of_an_ellipsoid() -> None:
    mesh = ellipsoid(AXES, 5)
    mean, gaussian = ellipsoid_curvatures(mesh.vertices)
    error = np.abs(curvature.mean_curvature(mesh) / mean - 1.0)
    assert np.median(error) < 2e-3 and error.mean() < 5e-3
    error = np.abs(curvature.gaussian_curvature(mesh) / gaussian - 1.0)
    assert np.median(error) < 4e-3 and error.mean() < 1e-2


def test_curvature_far_from_the_origin() -> None:
    mesh = subdivided_sphere(3)
    near, far = (curvature.mean_curvature(mesh.with_vertices(mesh.vertices + o)) for o in (0.0, 1e6))
    np.testing.assert_allclose(far, near, atol=1e-5)


@pytest.mark.parametrize(
    ("mesh", "euler"), [(noisy(), 2), (cube(), 2), (tetrahedron(), 2), (torus(), 0), (uv_sphere(12), 2)]
)
def test_gauss_bonnet(mesh: Mesh, euler: int) -> None:
    assert curvature.angle_defect(mesh).sum() == pytest.approx(2 * np.pi * euler, abs=1e-9)
    total = curvature.gaussian_curvature(mesh) @ curvature.mixed_areas(mesh)
    assert total == pytest.approx(2 * np.pi * euler, abs=1e-9)
    assert curvature.mixed_areas(mesh).sum() == pytest.approx(measure.area(mesh))
    assert (curvature.mixed_areas(mesh) > 0).all()


def test_mixed_areas_agree_with_libigl() -> None:
    mesh = noisy()
    voronoi = igl.massmatrix(mesh.vertices, mesh.faces, igl.MASSMATRIX_TYPE_VORONOI).diagonal()
    np.testing.assert_allclose(curvature.mixed_areas(mesh), voronoi)


def test_total_mean_curvature_of_the_sphere() -> None:
    mesh = ellipsoid((1.0, 1.0, 1.0), 5)
    assert curvature.integrated_mean_curvature(mesh).sum() == pytest.approx(4 * np.pi, rel=1e-3)


@pytest.mark.parametrize("radius", [1.0, 1e-6, 30.0])
def test_curvature_density_of_a_sphere_is_one_at_any_size(radius: float) -> None:
    mesh = subdivided_sphere(4)
    density = curvature.curvature_density(mesh.with_vertices(radius * mesh.vertices + radius), mesh.vertices)
    assert np.median(np.abs(density - 1.0)) < 2e-2
    areas = measure.vertex_areas(mesh)
    assert areas @ density / areas.sum() == pytest.approx(1.0, rel=1e-2)


def test_curvature_density_gives_the_integrated_curvature_back() -> None:
    mesh = ellipsoid(AXES, 4)
    sphere = subdivided_sphere(4).vertices
    density = curvature.curvature_density(mesh, sphere)
    surface = measure.vertex_areas(mesh)
    stretch = area_distortion(mesh, sphere) * measure.area(mesh) / (4 * np.pi)  # dA surface / dA sphere
    np.testing.assert_allclose(density * surface / np.sqrt(stretch), curvature.integrated_mean_curvature(mesh))


# Subdivision


@pytest.mark.parametrize("mesh", [cube(1.0, 2), torus(8, 6), Mesh(cube().vertices, cube().faces[:-3])])
def test_midpoint_subdivision_is_the_same_surface(mesh: Mesh) -> None:
    mesh = mesh.with_attributes(x=mesh.vertices[:, 0], xyz=mesh.vertices)
    fine = subdivide.midpoint_subdivide(mesh)
    edges = measure.unique_edges(mesh.faces)
    assert (fine.n_vertices, fine.n_faces) == (mesh.n_vertices + len(edges), 4 * mesh.n_faces)
    np.testing.assert_array_equal(fine.vertices[: mesh.n_vertices], mesh.vertices)
    np.testing.assert_array_equal(fine.vertices[mesh.n_vertices :], mesh.vertices[edges].mean(axis=1))
    np.testing.assert_allclose(fine.attributes["x"], fine.vertices[:, 0])
    np.testing.assert_allclose(fine.attributes["xyz"], fine.vertices)
    assert measure.area(fine) == pytest.approx(measure.area(mesh))
    before, after = check(mesh, False), check(fine, False)
    if before.row("closed").ok:
        assert measure.signed_volume(fine) == pytest.approx(measure.signed_volume(mesh))
    assert (before.genus, before.row("closed").ok, before.euler) == (
        after.genus,
        after.row("closed").ok,
        after.euler,
    )
    np.testing.assert_allclose(measure.face_normals(fine), np.tile(measure.face_normals(mesh), (4, 1)), atol=1e-12)


def test_subdivision_keeps_loose_vertices() -> None:
    mesh = Mesh(np.concatenate([tetrahedron().vertices, [[9, 9, 9]]]), tetrahedron().faces)
    assert subdivide.midpoint_subdivide(mesh).n_vertices == 5 + 6


def test_midpoint_sphere_has_the_same_order_and_unit_vectors() -> None:
    mesh = octahedron()
    sphere, faces = subdivide.midpoint_sphere(mesh.vertices, mesh.faces)
    flat = subdivide.midpoint_subdivide(mesh)
    np.testing.assert_array_equal(faces, flat.faces)
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=1), 1.0)
    np.testing.assert_allclose(sphere, flat.vertices / np.linalg.norm(flat.vertices, axis=1, keepdims=True))


# Sampling


def test_samples_lie_on_their_triangles() -> None:
    mesh = noisy()
    points, face, weights = sampling.sample_surface(mesh, 500, seed=3)
    assert points.shape == (500, 3) and face.shape == (500,) and weights.shape == (500, 3)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(points, (weights[:, :, None] * mesh.vertices[mesh.faces[face]]).sum(axis=1))


def test_samples_follow_the_area_and_the_seed() -> None:
    mesh = ellipsoid(AXES, 2)
    points, face, _ = sampling.sample_surface(mesh, 200_000, seed=1)
    expected = measure.face_areas(mesh) / measure.area(mesh) * len(face)
    chi2 = (np.square(np.bincount(face, minlength=mesh.n_faces) - expected) / expected).sum() / (mesh.n_faces - 1)
    assert 0.6 < chi2 < 1.4
    np.testing.assert_allclose(points.mean(axis=0), measure.area_centroid(mesh), atol=5e-3)
    np.testing.assert_array_equal(points, sampling.sample_surface(mesh, 200_000, seed=1)[0])
    assert (points[:10] != sampling.sample_surface(mesh, 10, seed=2)[0]).any()


def test_samples_are_uniform_within_a_triangle() -> None:
    _, _, weights = sampling.sample_surface(Mesh([[0, 0, 0], [1, 0, 0], [0, 3, 0]], [[0, 1, 2]]), 100_000)
    np.testing.assert_allclose(weights.mean(axis=0), 1 / 3, atol=3e-3)
    np.testing.assert_allclose(np.square(weights).mean(axis=0), 1 / 6, atol=3e-3)


def test_faces_without_area_are_never_sampled() -> None:
    mesh = Mesh([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]], [[0, 1, 2], [0, 1, 3], [0, 2, 1]])
    assert set(sampling.sample_surface(mesh, 1000)[1]) == {1}
    with pytest.raises(InvalidMesh):
        sampling.sample_surface(Mesh(mesh.vertices, mesh.faces[[0]]), 10)
    with pytest.raises(InvalidParameter):
        sampling.sample_surface(mesh, -1)
    assert sampling.sample_surface(mesh, 0)[0].shape == (0, 3)


# Shape measures


def test_sphericity() -> None:
    assert shape_measures.sphericity(subdivided_sphere(5)) == pytest.approx(1.0, abs=1e-3)
    assert shape_measures.sphericity(cube(3.0, 2)) == pytest.approx((np.pi / 6) ** (1 / 3))
    assert shape_measures.sphericity(tetrahedron()) == pytest.approx((np.pi / (6 * np.sqrt(3))) ** (1 / 3))
    inward = Mesh(cube().vertices, cube().faces[:, ::-1])
    assert shape_measures.sphericity(inward) == pytest.approx((np.pi / 6) ** (1 / 3))
    expected = (36 * np.pi * (4 / 3 * np.pi * np.prod(AXES)) ** 2) ** (1 / 3) / ellipsoid_area(*AXES)
    assert shape_measures.sphericity(ellipsoid(AXES, 6)) == pytest.approx(expected, rel=1e-3)


def test_radial_deviation() -> None:
    assert shape_measures.radial_deviation(subdivided_sphere(3)) == pytest.approx(0.0, abs=1e-12)
    # On a spheroid of half-axes 1, 1, c the distance from the centre at height c t is √(1 − (1 − c²) t²), and
    # the area element is proportional to √(c² + (1 − c²) t²).
    c = 0.5
    t = (np.arange(20_000) + 0.5) / 20_000
    weight = np.sqrt(c**2 + (1 - c**2) * t**2)
    radius = np.sqrt(1 - (1 - c**2) * t**2)
    mean = np.average(radius, weights=weight)
    expected = np.sqrt(np.average(np.square(radius - mean), weights=weight)) / mean
    assert shape_measures.radial_deviation(ellipsoid((1, 1, c), 5)) == pytest.approx(expected, rel=1e-2)


def test_length_cross_ratio_of_one_edge() -> None:
    # Edge from (0,0) to (2,0); left of it (0,1), right of it (0,-3).
    mesh = Mesh([[0, 0, 0], [2, 0, 0], [0, 1, 0], [0, -3, 0]], [[0, 1, 2], [1, 0, 3]])
    expected = 3.0 * np.sqrt(5.0) / (np.sqrt(13.0) * 1.0)
    assert shape_measures.length_cross_ratios(mesh).tolist() == pytest.approx([expected])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_length_cross_ratios_are_kept_by_moebius_maps(seed: int) -> None:
    random = np.random.default_rng(seed)
    mesh = noisy(seed, 2)
    centre = 3.0 * random.standard_normal(3) + 4.0
    ray = mesh.vertices - centre
    inverted = (ray / np.square(ray).sum(axis=1, keepdims=True)) @ random_rotation(seed).T * 7.0 + 1.0
    assert shape_measures.length_cross_ratio_distortion(mesh, inverted) < 1e-9
    assert shape_measures.length_cross_ratio_distortion(mesh, mesh.vertices * [1, 1, 2]) > 0.05


def test_length_cross_ratios_need_oriented_faces() -> None:
    faces = cube().faces.copy()
    faces[0] = faces[0, ::-1]
    mesh = Mesh(cube().vertices, faces)
    assert len(shape_measures.length_cross_ratios(cube())) == 18
    assert len(shape_measures.length_cross_ratios(mesh)) == 15  # the edges of a turned face have no left and right


def test_deformation_scale() -> None:
    mesh = noisy()
    assert shape_measures.deformation_scale(mesh, mesh.vertices) == 0.0
    assert shape_measures.deformation_scale(mesh, 2.0 * mesh.vertices) == pytest.approx(0.5)
    # A shift by d of the unit sphere: |d| / √(1 + |d|²), as the cross term integrates to 0.
    sphere = subdivided_sphere(4)
    expected = 0.5 / np.sqrt(1.25)
    assert shape_measures.deformation_scale(sphere, sphere.vertices + np.array([0.5, 0, 0])) == pytest.approx(
        expected, rel=1e-2
    )


# On a real mesh


def test_gauss_bonnet_and_libigl_on_a_real_mesh() -> None:
    mesh = real_mesh("penguin")
    assert curvature.angle_defect(mesh).sum() == pytest.approx(4 * np.pi, abs=1e-7)
    ours = laplacian.cotangent_laplacian(mesh)
    assert abs(ours + igl.cotmatrix(mesh.vertices, mesh.faces)).max() < 1e-10 * abs(ours).max()
    assert 0.0 < shape_measures.sphericity(mesh) < 1.0


def test_the_laplacian_of_a_line():
    found = laplacian.graph_laplacian(np.array([[0, 1], [1, 2]]), 3).toarray()
    np.testing.assert_array_equal(found, [[1, -1, 0], [-1, 2, -1], [0, -1, 1]])
