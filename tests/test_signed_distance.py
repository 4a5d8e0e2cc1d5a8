# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact signed distances: analytic solids, broken meshes, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import cube, octahedron, uv_sphere
from spherical_cow.errors import InvalidMesh
from spherical_cow.geometry.signed_distance import SignedDistance, signed_distance
from spherical_cow.mesh import FloatArray, Mesh


def points_around(count: int = 4000, size: float = 2.0) -> FloatArray:
    return np.random.default_rng(0).uniform(-size, size, (count, 3))


def box_distance(points: FloatArray) -> FloatArray:
    """Exact, of the box [0, 1]³."""
    q = np.abs(points - 0.5) - 0.5
    return np.linalg.norm(np.maximum(q, 0.0), axis=1) + np.minimum(q.max(axis=1), 0.0)


def test_a_box_has_its_exact_distance() -> None:
    points = points_around()
    assert np.abs(signed_distance(points, cube(1.0, 3)) - box_distance(points)).max() < 1e-12


@pytest.mark.parametrize("turned", [False, True])
def test_inside_is_negative_whichever_way_the_faces_look(turned: bool) -> None:
    mesh = octahedron()
    mesh = Mesh(mesh.vertices, mesh.faces[:, ::-1]) if turned else mesh
    points = points_around()
    inside = np.abs(points).sum(axis=1) < 1.0
    assert np.array_equal(signed_distance(points, mesh) < 0.0, inside)


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e6, 1e7), (1.0, 1e5)])
def test_moving_and_scaling_move_and_scale_distances(scale: float, shift: float) -> None:
    mesh, points = cube(1.0, 2), points_around()
    found = signed_distance(points * scale + shift, mesh.with_vertices(mesh.vertices * scale + shift))
    assert np.abs(found / scale - box_distance(points)).max() < 1e-9


def test_a_cavity_is_outside() -> None:
    outer, inner = uv_sphere(24, 1.0), uv_sphere(24, 0.5)
    faces = np.concatenate([outer.faces, inner.faces[:, ::-1] + outer.n_vertices])
    distance = SignedDistance(Mesh(np.concatenate([outer.vertices, inner.vertices]), faces))
    found = distance(np.array([[0.0, 0.0, 0.0], [0.75, 0.0, 0.0], [1.5, 0.0, 0.0]]))
    assert np.allclose(found, [0.5, -0.25, 0.5], atol=0.01)


def test_a_sphere_with_a_hole_keeps_its_inside_and_its_distances() -> None:
    whole = uv_sphere(32)
    open_one = Mesh(whole.vertices, whole.faces[whole.vertices[whole.faces][..., 2].max(axis=1) < 0.95])
    points = points_around(size=1.2)
    points = points[points[:, 2] < 0.0]
    assert np.abs(signed_distance(points, open_one) - signed_distance(points, whole)).max() < 1e-12


def test_solids_that_overlap_count_as_their_union() -> None:
    one, other = cube(1.0, 2), cube(1.0, 2)
    both = Mesh(
        np.concatenate([one.vertices, other.vertices + np.array([0.5, 0.0, 0.0])]),
        np.concatenate([one.faces, other.faces + one.n_vertices]),
    )
    points = points_around()
    inside = np.minimum(box_distance(points), box_distance(points - [0.5, 0.0, 0.0])) < 0.0
    assert np.array_equal(signed_distance(points, both) < 0.0, inside)


def test_a_flat_sheet_has_no_inside() -> None:
    sheet = Mesh(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]]), np.array([[0, 1, 2], [0, 2, 3]]))
    with pytest.raises(InvalidMesh, match=r"no inside: it is open \(4 boundary edges\)"):
        signed_distance(np.zeros((1, 3)), sheet)


def test_surfaces_that_cancel_have_no_inside() -> None:
    mesh = cube()
    double = Mesh(mesh.vertices, np.concatenate([mesh.faces, mesh.faces[:, ::-1]]))
    with pytest.raises(InvalidMesh, match="no inside"):
        SignedDistance(double)


def test_meshes_that_are_none_are_refused() -> None:
    mesh = cube()
    broken = mesh.vertices.copy()
    broken[0, 0] = np.nan
    with pytest.raises(InvalidMesh, match="not numbers"):
        SignedDistance(mesh.with_vertices(broken))
    with pytest.raises(InvalidMesh, match="empty"):
        SignedDistance(Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)))


def test_no_points_have_no_distances() -> None:
    assert signed_distance(np.zeros((0, 3)), cube()).shape == (0,)
