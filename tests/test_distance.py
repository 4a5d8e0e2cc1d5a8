# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import cube, octahedron, random_rotation, real_mesh, subdivided_sphere, tetrahedron, uv_sphere
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.geometry.distance import Comparison, compare, distances_to_surface, nearest_on_surface
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import Mesh


def square(z: float = 0.0, size: float = 1.0) -> Mesh:
    return Mesh(np.array([[0, 0, z], [size, 0, z], [size, size, z], [0, size, z]]), [[0, 1, 2], [0, 2, 3]])


def box_distance(points: np.ndarray) -> np.ndarray:
    """(N,) unsigned distance to the surface of the box [0, 1]³."""
    q = np.abs(points - 0.5) - 0.5
    outside = np.linalg.norm(np.maximum(q, 0.0), axis=1)
    return outside + np.abs(np.minimum(q.max(axis=1), 0.0))


@pytest.mark.parametrize("mesh", [cube(), cube(1.0, 5)])
def test_distance_to_a_box_is_exact(mesh: Mesh) -> None:
    points = np.random.default_rng(0).uniform(-1.0, 2.0, (3000, 3))
    np.testing.assert_allclose(distances_to_surface(points, mesh), box_distance(points), atol=1e-14)


def test_distance_agrees_with_trimesh() -> None:
    mesh = uv_sphere(8)
    points = np.random.default_rng(1).standard_normal((300, 3))
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    nearest, distance, _ = trimesh.proximity.closest_point_naive(other, points)
    ours, triangle, foot = nearest_on_surface(points, mesh)
    np.testing.assert_allclose(ours, distance, atol=1e-12)
    np.testing.assert_allclose(foot, nearest, atol=1e-9)
    normal = np.cross(
        *(mesh.vertices[mesh.faces[triangle, k]] - mesh.vertices[mesh.faces[triangle, 0]] for k in (1, 2))
    )
    offset = np.einsum("ni,ni->n", foot - mesh.vertices[mesh.faces[triangle, 0]], normal)
    np.testing.assert_allclose(offset, 0.0, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(-6, 6), st.floats(-1e3, 1e3))
def test_distance_follows_rigid_motion_and_scale(seed: int, exponent: float, offset: float) -> None:
    scale = 10.0**exponent
    points = np.random.default_rng(seed).standard_normal((50, 3))
    turn = random_rotation(seed).T
    mesh = octahedron()
    moved = mesh.with_vertices(mesh.vertices @ turn * scale + offset * scale)
    expected = distances_to_surface(points, mesh) * scale
    np.testing.assert_allclose(
        distances_to_surface(points @ turn * scale + offset * scale, moved), expected, atol=1e-11 * scale
    )


def test_small_distances_keep_their_digits() -> None:
    mesh = cube()
    for height in (1e-6, 1e-9, 1e-12):
        assert distances_to_surface(np.array([[0.3, 0.4, 1.0 + height]]), mesh)[0] == pytest.approx(height, rel=1e-3)


def test_triangles_without_area_count_as_segments() -> None:
    mesh = Mesh([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]], [[0, 1, 2], [0, 1, 3]])
    assert distances_to_surface(np.array([[1.5, 0, 0.25]]), mesh)[0] == pytest.approx(0.25)
    assert distances_to_surface(np.zeros((0, 3)), mesh).shape == (0,)


def test_a_mesh_has_no_distance_from_itself() -> None:
    mesh = uv_sphere(10)
    for other in (mesh, midpoint_subdivide(mesh)):
        result = compare(mesh, other, 2000)
        assert result.hausdorff_rel < 1e-14 and result.normal_angle < 1e-3


def test_two_squares() -> None:
    result = compare(square(), square(0.25), 1000)
    for name in ("mean", "rms", "hausdorff"):
        for suffix in ("", "_forward", "_backward"):
            assert getattr(result, name + suffix) == pytest.approx(0.25)
            assert getattr(result, f"{name}{suffix}_rel") == pytest.approx(0.25 / np.sqrt(2))
    assert result.normal_angle == pytest.approx(0.0, abs=1e-6)
    assert (result.area_a, result.diagonal_a) == (pytest.approx(1.0), pytest.approx(np.sqrt(2)))


def test_concentric_spheres() -> None:
    inner = subdivided_sphere(6)
    result = compare(inner, inner.with_vertices(1.1 * inner.vertices), 20_000)
    for value in (
        result.mean_forward,
        result.mean_backward,
        result.rms,
        result.hausdorff,
        result.hausdorff_forward,
    ):
        assert value == pytest.approx(0.1, rel=1e-3)
    assert result.volume_b / result.volume_a == pytest.approx(1.1**3)
    assert result.area_b / result.area_a == pytest.approx(1.1**2)
    assert result.normal_angle < 0.5


def test_one_sided_distances_differ() -> None:
    small, large = square(), square(size=2.0)
    result = compare(small, large, 200_000)
    assert result.hausdorff_forward == pytest.approx(0.0, abs=1e-12)
    assert result.hausdorff_backward == pytest.approx(np.sqrt(2))
    assert result.hausdorff == result.hausdorff_backward
    # Over [0, 2]²: two rectangles with distance x on average 1/2, and the corner square with √(x² + y²).
    corner = (np.sqrt(2) + np.log(1 + np.sqrt(2))) / 3
    expected = (0 + 0.5 + 0.5 + corner) / 4
    assert result.mean_backward == pytest.approx(expected, rel=5e-3)
    assert result.mean == pytest.approx(expected / 2, rel=5e-3)
    assert result.rms_backward**2 == pytest.approx((1 / 3 + 1 / 3 + 2 / 3) / 4, rel=5e-3)
    assert result.rms == pytest.approx(result.rms_backward / np.sqrt(2))


def test_hausdorff_sees_a_spike_that_samples_miss() -> None:
    mesh = subdivided_sphere(3)
    vertices = mesh.vertices.copy()
    tip = int(vertices[:, 2].argmax())
    vertices[tip] *= 3.0
    result = compare(mesh, mesh.with_vertices(vertices), 10)
    assert result.hausdorff_backward == pytest.approx(2.0)


def test_a_loose_vertex_is_no_part_of_the_surface() -> None:
    mesh = tetrahedron()
    loose = Mesh(np.concatenate([mesh.vertices, [[0.5, 0.0, 0.0]]]), mesh.faces)
    assert compare(loose, mesh, 500).hausdorff_rel < 1e-14


@pytest.mark.parametrize(("scale", "offset"), [(1e-9, 0.0), (1.0, 1e6), (1e6, -1e9)])
def test_relative_distances_do_not_depend_on_scale_and_offset(scale: float, offset: float) -> None:
    a = subdivided_sphere(3)
    b = a.with_vertices(a.vertices * [1.0, 1.05, 1.0])
    plain = compare(a, b, 2000)
    moved = compare(*(m.with_vertices(m.vertices * scale + offset) for m in (a, b)), 2000)
    for name in ("mean_rel", "rms_rel", "hausdorff_rel"):
        assert getattr(moved, name) == pytest.approx(getattr(plain, name), rel=1e-4)
    assert moved.normal_angle == pytest.approx(plain.normal_angle, rel=2e-2)  # ties at edges


def test_normal_angle_is_signed() -> None:
    mesh = cube(1.0, 2)
    assert compare(mesh, Mesh(mesh.vertices, mesh.faces[:, ::-1]), 2000).normal_angle == pytest.approx(180.0)


def test_the_seed_decides() -> None:
    a, b = uv_sphere(6), cube()
    assert compare(a, b, 100, seed=3) == compare(a, b, 100, seed=3)
    assert compare(a, b, 100, seed=3) != compare(a, b, 100, seed=4)


def test_dictionary_is_json_ready_and_complete() -> None:
    data = json.loads(json.dumps(compare(cube(), uv_sphere(6), 100).to_dict()))
    assert set(data) == set(Comparison.__dataclass_fields__)
    assert all(isinstance(value, int | float) and np.isfinite(value) for value in data.values())


def test_progress_reaches_the_end() -> None:
    seen: list[float] = []
    compare(cube(), cube(), 100, progress=lambda fraction, phase: seen.append(fraction))
    assert seen == sorted(seen) and seen[0] == 0.0 and seen[-1] == 1.0


def test_bad_input() -> None:
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3), int))
    for pair in ((empty, cube()), (cube(), empty), (cube(), cube().with_vertices(np.full((8, 3), np.nan)))):
        with pytest.raises(InvalidMesh):
            compare(*pair, 100)
    with pytest.raises(InvalidParameter):
        compare(cube(), cube(), 0)


def test_real_meshes_against_trimesh() -> None:
    a = real_mesh("penguin")
    b = a.with_vertices(a.vertices * [1.0, 1.02, 1.0])
    other = trimesh.Trimesh(b.vertices, b.faces, process=False)
    points = a.vertices[:200]
    _, expected, _ = trimesh.proximity.closest_point_naive(other, points)
    np.testing.assert_allclose(distances_to_surface(points, b), expected, atol=1e-12)
