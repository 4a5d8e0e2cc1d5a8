# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import cube, octahedron, random_rotation, real_mesh, uv_sphere
from spherical_cow.geometry.distance import distances_to_surface, nearest_on_surface
from spherical_cow.mesh import Mesh


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


def test_real_meshes_against_trimesh() -> None:
    a = real_mesh("penguin")
    b = a.with_vertices(a.vertices * [1.0, 1.02, 1.0])
    other = trimesh.Trimesh(b.vertices, b.faces, process=False)
    points = a.vertices[:200]
    _, expected, _ = trimesh.proximity.closest_point_naive(other, points)
    np.testing.assert_allclose(distances_to_surface(points, b), expected, atol=1e-12)
