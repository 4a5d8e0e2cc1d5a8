# SPDX-License-Identifier: GPL-3.0-or-later
"""Turning the parameter sphere: the surface stays, and known rotations are found again."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import random_rotation, subdivided_sphere
from spherical_cow import encode, sample_cow
from spherical_cow.alignment.parameter import (
    align_parameters,
    canonical_parameters,
    surface_distance,
    transform_positions,
)
from spherical_cow.alignment.similarity import Similarity, angle_between
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.measure import area, vertex_areas
from spherical_cow.harmonics.container import POSITION, Harmonics
from spherical_cow.harmonics.generators import generators
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.harmonics.transforms import synthesize
from spherical_cow.shape import Shape
from spherical_cow.shape_alignment import align_shape, transform_shape, turn_parameters


def lumpy(lmax: int = 12, roughness: float = 0.3, seed: int = 0) -> Harmonics:
    """Coefficients of a closed surface without symmetry, far from the origin, and a colour channel."""
    degree = np.maximum.outer(np.arange(lmax + 1), np.arange(lmax + 1))
    random = np.random.default_rng(seed).normal(size=(4, lmax + 1, lmax + 1))
    coefficients = roughness * random * (1.0 + degree) ** -2.0
    coefficients[0, 0, 1], coefficients[1, 1, 0], coefficients[2, 1, 1] = 1.6, 1.0, 0.7
    coefficients[:3, 0, 0] = 5.0, -3.0, 2.0
    return Harmonics(coefficients, (*POSITION, "r"))


def directions(count: int = 200) -> np.ndarray:
    points = np.random.default_rng(1).normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def motion(seed: int) -> Similarity:
    return Similarity(random_rotation(seed), 1.7, np.array([4.0, -1.0, 9.0]))


@pytest.mark.parametrize("axis", range(3))
def test_generators_are_the_derivatives_of_rotations(axis: int) -> None:
    functions, step = lumpy(), 1e-5
    cosine, sine = np.cos(step), np.sin(step)
    turn = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turn[[i, j], [i, j]], turn[i, j], turn[j, i] = cosine, -sine, sine
    difference = rotate(functions, turn).coefficients - rotate(functions, turn.T).coefficients
    np.testing.assert_allclose(difference / (2.0 * step), generators(functions.coefficients)[axis], atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_a_turned_sphere_is_found_again_and_the_surface_stays(seed: int) -> None:
    reference, turn = lumpy(seed=seed), random_rotation(seed)
    found = align_parameters(rotate(reference, turn), reference)
    assert angle_between(found.rotation, turn.T) < 1e-4
    np.testing.assert_allclose(found.harmonics.coefficients, reference.coefficients, atol=1e-9)
    assert found.distance < 1e-9 and found.distance_rel < 1e-10
    there = synthesize(found.harmonics, directions() @ found.rotation.T)
    np.testing.assert_allclose(there, synthesize(rotate(reference, turn), directions()), atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_pose_size_and_sphere_are_found_together(seed: int) -> None:
    reference, turn, known = lumpy(seed=seed), random_rotation(seed), motion(seed + 10)
    moving = transform_positions(rotate(reference, turn), known)
    found = align_parameters(moving, reference, pose=True, scaling=True)
    assert angle_between(found.rotation, turn.T) < 1e-4
    np.testing.assert_allclose(found.similarity.matrix, known.inverse.matrix, atol=1e-8)
    np.testing.assert_allclose(found.harmonics.coefficients, reference.coefficients, atol=1e-8)
    rigid = align_parameters(moving, reference, pose=True)
    assert rigid.similarity.scale == 1.0 and angle_between(rigid.rotation, turn.T) < 1e-4


def test_noise_and_other_degrees_move_it_little() -> None:
    reference, turn = lumpy(16), random_rotation(4)
    noise = np.random.default_rng(2).normal(size=reference.coefficients.shape) * 0.01
    moving = rotate(Harmonics(reference.coefficients + noise, reference.channels), turn)
    for pose in (False, True):
        found = align_parameters(moving, reference.truncate(9), pose=pose)
        assert angle_between(found.rotation, turn.T) < 3.0
    assert found.distance == pytest.approx(surface_distance(found.harmonics, reference.truncate(9)))


def test_the_distance_is_that_between_points_with_the_same_direction() -> None:
    one, two = lumpy(seed=5), lumpy(seed=6)
    sphere = subdivided_sphere(5)
    points = [synthesize(shape.select(POSITION), sphere.vertices) for shape in (one, two)]
    mean = vertex_areas(sphere) / area(sphere) @ np.square(points[0] - points[1]).sum(axis=1)
    assert surface_distance(one, two) == pytest.approx(np.sqrt(mean), rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_canonical_parameters_depend_neither_on_the_sphere_nor_on_the_pose(seed: int) -> None:
    shape, known = lumpy(seed=seed), motion(seed)
    canonical = canonical_parameters(shape)
    other = canonical_parameters(transform_positions(rotate(shape, random_rotation(seed + 5)), known))
    back = transform_positions(other.harmonics, known.inverse)
    np.testing.assert_allclose(back.coefficients, canonical.harmonics.coefficients, atol=1e-9)
    first = canonical.harmonics.truncate(1).coefficients[:3]
    lengths = [np.linalg.norm(first[:, i, j]) for i, j in ((0, 1), (1, 0), (1, 1))]
    assert lengths == sorted(lengths, reverse=True)
    assert np.linalg.det(canonical.rotation) == pytest.approx(1.0)


def test_a_canonical_ellipsoid_has_its_longest_axis_at_x_and_its_shortest_at_the_pole() -> None:
    coefficients = np.zeros((3, 2, 2))
    coefficients[0, 1, 1], coefficients[1, 0, 1], coefficients[2, 1, 0] = 1.0, 3.0, 2.0  # x(z), y(x), z(y)
    found = canonical_parameters(Harmonics(coefficients, POSITION)).harmonics.coefficients
    expected = np.zeros((3, 2, 2))
    expected[1, 0, 1], expected[2, 1, 0], expected[0, 1, 1] = 3.0, 2.0, 1.0
    np.testing.assert_allclose(np.abs(found), expected, atol=1e-12)


def test_spheres_and_single_points() -> None:
    sphere = np.zeros((3, 3, 3))
    sphere[0, 0, 1] = sphere[1, 1, 0] = sphere[2, 1, 1] = 1.0
    ball = Harmonics(sphere, POSITION)
    turn = random_rotation(3)
    found = align_parameters(rotate(ball, turn), ball, pose=True)  # any rotation will do: the distance tells
    assert found.distance < 1e-9
    assert angle_between(align_parameters(rotate(ball, turn), ball).rotation, turn.T) < 1e-4
    with pytest.raises(InvalidParameter, match="single point"):
        align_parameters(Harmonics(np.zeros((3, 4, 4)), POSITION), ball)
    with pytest.raises(InvalidParameter, match="no channel"):
        align_parameters(Harmonics(sphere[:1], ("r",)), ball)
    flat = sphere.copy()
    flat[2] = 0.0
    with pytest.raises(InvalidParameter, match="flat"):
        canonical_parameters(Harmonics(flat, POSITION))


@pytest.fixture(scope="module")
def cow() -> Shape:
    return encode(sample_cow(), lmax=16)


def test_the_stored_sphere_turns_along(cow: Shape) -> None:
    turn = random_rotation(9)
    turned = turn_parameters(cow, turn)
    sphere, faces = turned.require_sphere()
    np.testing.assert_array_equal(faces, cow.faces)
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=1), 1.0, atol=1e-12)
    before = synthesize(cow.harmonics, cow.require_sphere()[0])
    np.testing.assert_allclose(synthesize(turned.harmonics, sphere), before, atol=1e-10)
    assert turned.certificate.flips == 0
    aligned, found = align_shape(turned, cow)
    assert angle_between(found.rotation, turn.T) < 1e-4
    np.testing.assert_allclose(aligned.require_sphere()[0], cow.require_sphere()[0], atol=1e-6)
    compact, _ = align_shape(turned.compact(), cow)
    assert compact.sphere is None
    np.testing.assert_allclose(compact.harmonics.coefficients, cow.harmonics.coefficients, atol=1e-8)


def test_a_moved_shape_takes_the_facts_of_its_source_along(cow: Shape) -> None:
    known = motion(3)
    moved = transform_shape(cow, known)
    assert moved.source.area == pytest.approx(cow.source.area * known.scale**2)
    assert moved.source.volume == pytest.approx(cow.source.volume * known.scale**3)
    np.testing.assert_allclose(moved.source.centre, known.apply(np.array([cow.source.centre]))[0])
    back, found = align_shape(turn_parameters(moved, random_rotation(2)), cow, pose=True, scaling=True)
    assert found.distance_rel < 1e-9
    assert back.source.diagonal == pytest.approx(cow.source.diagonal)
    assert back.source.area == pytest.approx(cow.source.area)


def test_the_same_surface_from_another_encoding_becomes_comparable(cow: Shape) -> None:
    """A mesh in another pose has a map of its own, which the alignment brings back to the first."""
    known = motion(6)
    other = encode(known.apply_to(sample_cow()), lmax=16)
    aligned, found = align_shape(other, cow, pose=True, scaling=True)
    assert angle_between(found.similarity.rotation, known.inverse.rotation) < 5.0
    assert found.distance_rel < 0.05
    _, by_surfaces = align_shape(other, cow, pose=True, scaling=True, method="harmonic")
    assert angle_between(by_surfaces.similarity.rotation, known.inverse.rotation) < 0.5
    assert found.distance_rel <= by_surfaces.distance_rel < 0.05
    assert surface_distance(aligned.harmonics, cow.harmonics) < 0.2 * surface_distance(other.harmonics, cow.harmonics)


@pytest.mark.parametrize("settings", [{"scaling": True}, {"method": "harmonic"}, {"pose": True}])
def test_settings_that_mean_nothing_are_refused(settings: dict) -> None:
    with pytest.raises(InvalidParameter, match="needs a reference"):
        align_shape(encode(subdivided_sphere(2), 4), **settings)
