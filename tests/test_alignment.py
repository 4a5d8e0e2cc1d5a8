# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses found again after known motions."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import cube, ellipsoid, random_rotation, real_mesh, uv_sphere
from spherical_cow.alignment.harmonic import align, directional_functions
from spherical_cow.alignment.icp import iterate_closest_points
from spherical_cow.alignment.pose import normalisation, principal_axes, standard_pose, volume_centroid
from spherical_cow.alignment.similarity import Similarity, angle_between, axis_rotations, best_similarity
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.measure import area, signed_volume
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.cad.dissolve import dissolve_planar
from spherical_cow.repairs.traced import Traced
from spherical_cow.repairs.volume.simplify import simplify


def lumpy(n: int = 32) -> Mesh:
    """A closed shape without symmetry."""
    mesh = uv_sphere(n)
    x, y, z = mesh.vertices.T
    radius = 1.0 + 0.3 * x + 0.25 * x * y + 0.2 * z**3 + 0.2 * np.sin(3 * y + 1.0)
    return mesh.with_vertices(mesh.vertices * radius[:, None] * [1.5, 1.0, 0.7])


def motion(seed: int, scale: float = 1.0) -> Similarity:
    return Similarity(random_rotation(seed), scale, np.random.default_rng(seed).normal(size=3))


def test_similarities_compose_and_undo_each_other() -> None:
    first, second = motion(1, 2.0), motion(2, 0.3)
    points = np.random.default_rng(0).normal(size=(20, 3))
    np.testing.assert_allclose(second.after(first).apply(points), second.apply(first.apply(points)))
    np.testing.assert_allclose(first.inverse.apply(first.apply(points)), points)
    homogeneous = np.concatenate([points, np.ones((20, 1))], axis=1) @ first.matrix.T
    np.testing.assert_allclose(homogeneous[:, :3], first.apply(points))
    with pytest.raises(InvalidParameter):
        Similarity(np.eye(3), 0.0)


def test_pairs_of_points_give_their_similarity_and_never_a_reflection() -> None:
    known = motion(3, 1.7)
    points = np.random.default_rng(1).normal(size=(30, 3))
    found = best_similarity(points, known.apply(points), scaling=True)
    np.testing.assert_allclose(found.matrix, known.matrix, atol=1e-12)
    mirrored = best_similarity(points, points * [1.0, 1.0, -1.0])
    assert np.linalg.det(mirrored.rotation) == pytest.approx(1.0)


@pytest.mark.parametrize("size", ["diagonal", "box", "area", "volume"])
@pytest.mark.parametrize("centre", ["area", "volume", "bounds"])
def test_normalised_shapes_have_unit_size_and_their_centre_at_the_origin(centre: str, size: str) -> None:
    mesh = motion(4, 5.0).apply_to(lumpy())
    result = normalisation(mesh, centre, size).apply_to(mesh)
    measure = {
        "diagonal": result.diagonal,
        "box": np.ptp(result.vertices, axis=0).max(),
        "area": area(result),
        "volume": signed_volume(result),
    }
    assert measure[size] == pytest.approx(1.0)
    again = normalisation(result, centre, "none")
    np.testing.assert_allclose(again.translation, 0.0, atol=1e-9)


def test_a_box_has_its_centre_of_mass_in_the_middle_and_its_axes_by_length() -> None:
    box = cube(1.0, 2)
    box = box.with_vertices(box.vertices * [1.0, 3.0, 2.0] + [5.0, 6.0, 7.0])
    middle = 0.5 * (box.vertices.min(axis=0) + box.vertices.max(axis=0))
    np.testing.assert_allclose(volume_centroid(box), middle)
    np.testing.assert_allclose(np.abs(principal_axes(box)), [[0, 1, 0], [0, 0, 1], [1, 0, 0]], atol=1e-9)
    with pytest.raises(InvalidParameter):
        normalisation(Mesh(box.vertices, box.faces[:1]), "volume")
    with pytest.raises(InvalidParameter):
        normalisation(box, "somewhere")


@pytest.mark.parametrize("size", ["box", "volume"])
def test_the_standard_pose_does_not_depend_on_the_pose(size: str) -> None:
    mesh, known = lumpy(), motion(24, 3.0)
    pose = standard_pose(mesh, "volume", size, axes=True)
    result = pose.apply_to(mesh)
    again = standard_pose(known.apply_to(mesh), "volume", size, axes=True).after(known).apply_to(mesh)
    np.testing.assert_allclose(again.vertices, result.vertices, atol=1e-9)
    np.testing.assert_allclose(volume_centroid(result), 0.0, atol=1e-9)
    measure = np.ptp(result.vertices, axis=0).max() if size == "box" else signed_volume(result)
    assert measure == pytest.approx(1.0)
    with pytest.raises(InvalidParameter):
        standard_pose(mesh, size="huge")


def test_principal_axes_turn_with_the_shape() -> None:
    mesh, turn = lumpy(), random_rotation(5)
    turned = mesh.with_vertices(mesh.vertices @ turn.T)
    np.testing.assert_allclose(principal_axes(turned), principal_axes(mesh) @ turn.T, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(principal_axes(mesh)), 1.0)


def test_directional_functions_turn_with_the_object() -> None:
    mesh, turn = lumpy(), random_rotation(6)
    one = directional_functions(mesh)
    two = directional_functions(mesh.with_vertices(mesh.vertices @ turn.T))
    turned = rotate(Harmonics(one, tuple(map(str, range(len(one))))), turn).coefficients
    np.testing.assert_allclose(turned, two, atol=1e-9 * np.abs(two).max() + 1e-12)


@pytest.mark.parametrize("method", ["harmonic", "principal"])
@pytest.mark.parametrize("seed", range(2))
def test_a_known_motion_is_found_again(method: str, seed: int) -> None:
    mesh, known = lumpy(), motion(seed, 1.4)
    found = align(mesh, known.apply_to(mesh), method, scaling=True)
    assert angle_between(found.similarity.rotation, known.rotation) < 0.05
    assert found.similarity.scale == pytest.approx(1.4, rel=1e-3)
    assert found.error_rel < 1e-3


def test_it_is_found_with_noise_and_other_triangles() -> None:
    mesh, known = lumpy(), motion(7)
    coarse = dissolve_planar(Traced.start(mesh), angle=4.0).traced.mesh
    target = known.apply_to(coarse)
    noise = np.random.default_rng(0).normal(size=target.vertices.shape) * 0.01 * target.diagonal / np.sqrt(3)
    found = align(mesh, target.with_vertices(target.vertices + noise))
    assert angle_between(found.similarity.rotation, known.rotation) < 0.5


@pytest.mark.parametrize(("name", "seed"), [("spot_color", 8), ("homer", 9), ("boat", 11)])
def test_real_shapes_are_found_with_noise(name: str, seed: int) -> None:
    mesh, known = real_mesh(name), motion(seed)
    target = known.apply_to(mesh)
    noise = np.random.default_rng(seed).normal(size=target.vertices.shape) * 0.01 * target.diagonal / np.sqrt(3)
    found = align(mesh, target.with_vertices(target.vertices + noise))
    assert angle_between(found.similarity.rotation, known.rotation) < 0.5
    assert found.error_rel < 0.01


@pytest.mark.parametrize(("name", "seed"), [("spot_color", 12), ("scorpion_low", 13)])
def test_real_shapes_are_found_with_fewer_triangles(name: str, seed: int) -> None:
    mesh, known = real_mesh(name), motion(seed, 0.3)
    few = simplify(Mesh(mesh.vertices, mesh.faces), mesh.n_faces // 4)
    assert few.n_faces < 0.3 * mesh.n_faces
    for method in ("harmonic", "principal"):
        found = align(mesh, known.apply_to(few), method, scaling=True)
        assert angle_between(found.similarity.rotation, known.rotation) < 0.5
        assert found.similarity.scale == pytest.approx(0.3, rel=2e-3)


def test_size_does_not_shrink_to_nothing_when_it_may_change() -> None:
    """Pairs in one direction only favour small copies, which have a near point for everything."""
    mesh = lumpy()
    target = mesh.with_vertices(mesh.vertices * [1.0, 1.3, 0.8] + 0.02 * np.random.default_rng(0).normal(size=(1, 3)))
    found = align(mesh, target, scaling=True)
    assert 0.8 < found.similarity.scale < 1.25


def test_many_starts_and_a_given_start() -> None:
    mesh, known = lumpy(), motion(21)
    target = known.apply_to(mesh)
    assert align(mesh, target, "closest").error_rel > 0.005  # the nearest place is not the right one
    found = align(mesh, target, "closest", starts=16, seed=2)
    assert angle_between(found.similarity.rotation, known.rotation) < 0.05
    near = Similarity(known.rotation @ small_turn(0.2), 1.0, known.translation)
    found = align(mesh, target, "closest", start=near)
    assert angle_between(found.similarity.rotation, known.rotation) < 0.05
    with pytest.raises(InvalidParameter):
        align(mesh, target, starts=0)
    with pytest.raises(InvalidParameter):
        align(mesh, target, keep=0.0)


def test_a_cube_is_laid_onto_a_cube_in_one_of_its_24_ways() -> None:
    box, known = cube(1.0, 3), motion(22)
    for method, starts in (("harmonic", None), ("principal", 24)):
        found = align(box, known.apply_to(box), method, starts=starts)
        assert found.error_rel < 1e-3
        difference = known.rotation.T @ found.similarity.rotation
        assert min(np.abs(difference - turn).max() for turn in axis_rotations()) < 1e-2


def test_unrefined_is_the_best_candidate_as_it_is() -> None:
    mesh, known = lumpy(), motion(23)
    rough = align(mesh, known.apply_to(mesh), refine=False)
    fine = align(mesh, known.apply_to(mesh))
    assert angle_between(rough.similarity.rotation, known.rotation) < 3.0
    assert fine.error_rel < rough.error_rel


def small_turn(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def test_closest_points_need_a_near_start_and_then_are_exact() -> None:
    mesh = lumpy()
    small = Similarity(np.array([[np.cos(0.1), -np.sin(0.1), 0], [np.sin(0.1), np.cos(0.1), 0], [0, 0, 1.0]]), 1.0)
    found = iterate_closest_points(mesh, small.apply_to(mesh))
    np.testing.assert_allclose(found.similarity.matrix, small.matrix, atol=1e-6)


def test_half_a_shape_fits_the_whole_when_far_pairs_do_not_count() -> None:
    mesh = ellipsoid()
    half = Mesh(mesh.vertices, mesh.faces[mesh.vertices[mesh.faces].mean(axis=1)[:, 0] > 0.0])
    shifted = Similarity(np.eye(3), 1.0, np.array([0.05, 0.02, 0.0])).apply_to(mesh)
    found = iterate_closest_points(shifted, half, keep=0.4, iterations=200)
    np.testing.assert_allclose(found.similarity.translation, [-0.05, -0.02, 0.0], atol=0.02)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        align(lumpy(), lumpy(), "wishful")
