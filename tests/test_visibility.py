# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a surface can be seen from outside."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import cube, joined, uv_sphere
from spherical_cow.errors import InvalidMesh
from spherical_cow.geometry.measure import face_normals
from spherical_cow.geometry.sampling import sample_surface
from spherical_cow.geometry.visibility import even_directions, openness, sample_visible, visible_from_outside
from spherical_cow.mesh import Mesh


def middles(mesh: Mesh) -> np.ndarray:  # type: ignore[type-arg]
    return mesh.vertices[mesh.faces].mean(axis=1)


def without_lid(mesh: Mesh) -> Mesh:
    return Mesh(
        mesh.vertices, mesh.faces[~(mesh.vertices[mesh.faces][:, :, 2] == mesh.vertices[:, 2].max()).all(axis=1)]
    )


def test_a_ball_in_a_shell_is_not_seen() -> None:
    ball, shell = uv_sphere(16).with_vertices(0.5 * uv_sphere(16).vertices), uv_sphere(32)
    mesh = joined(ball, shell)
    seen = visible_from_outside(middles(mesh), face_normals(mesh), mesh)
    assert not seen[: ball.n_faces].any() and seen[ball.n_faces :].all()
    radius = np.linalg.norm(sample_visible(mesh, 500), axis=1)
    assert radius.min() > 0.9


@pytest.mark.parametrize("turned", [False, True])
def test_all_of_an_open_box_is_seen_whichever_way_its_faces_look(turned: bool) -> None:
    outer = without_lid(cube(1.0, 4))
    inner = outer.with_vertices(0.9 * (outer.vertices - [0.5, 0.5, 1.0]) + [0.5, 0.5, 1.0])
    mesh = joined(outer, Mesh(inner.vertices, inner.faces[:, ::-1]))
    mesh = Mesh(mesh.vertices, mesh.faces[:, ::-1]) if turned else mesh
    assert visible_from_outside(middles(mesh), face_normals(mesh), mesh).all()


def test_nothing_inside_a_closed_box_is_seen_through_its_edges() -> None:
    """A wall that shares edges and vertices with the box around it, and one that stands free."""
    box = cube(1.0, 3)
    wall = Mesh(
        np.array([[1 / 3, 0, 0], [1 / 3, 1, 0], [1 / 3, 1, 1], [1 / 3, 0, 1.0]]), np.array([[0, 1, 2], [0, 2, 3]])
    )
    free = Mesh(np.array([[0.5, 0.5, 0.1], [0.6, 0.5, 0.1], [0.5, 0.9, 0.8]]), np.array([[0, 1, 2]]))
    mesh = joined(box, wall, free)
    points, face, _ = sample_surface(mesh, 3000, 0)
    seen = visible_from_outside(points, face_normals(mesh)[face], mesh)
    assert seen[face < box.n_faces].all() and not seen[face >= box.n_faces].any()


def test_openness_of_a_point_is_the_share_of_the_sky() -> None:
    """A disc of radius 1 at height 1 hides 1 − 1/√2 of the half space; nothing hides anything of a convex body."""
    angle = np.linspace(0.0, 2.0 * np.pi, 64, endpoint=False)
    rim = np.stack([np.cos(angle), np.sin(angle), np.ones(64)], axis=1)
    fan = np.stack([np.full(64, 64), np.arange(64), np.roll(np.arange(64), -1)], axis=1)
    disc = Mesh(np.concatenate([rim, [[0.0, 0.0, 1.0]]]), fan)
    up = np.array([[0.0, 0.0, 1.0]])
    below = np.array([[0.0, 0.0, 0.0]])
    assert openness(below, up, disc, 4096)[0] == pytest.approx(1.0 / np.sqrt(2.0), abs=0.005)
    assert openness(below, up, disc)[0] == pytest.approx(1.0 / np.sqrt(2.0), abs=0.03)
    assert openness(below, -up, disc)[0] == 1.0
    ball = uv_sphere(16)
    assert (openness(middles(ball), face_normals(ball), ball) == 1.0).all()
    assert (openness(middles(ball), -face_normals(ball), ball) == 0.0).all()


def test_the_same_question_has_the_same_answer_anywhere_in_any_order() -> None:
    rng = np.random.default_rng(3)
    mesh = Mesh(rng.normal(size=(300, 3)), rng.integers(0, 300, (400, 3)))
    mesh = Mesh(mesh.vertices, mesh.faces[(mesh.faces != np.roll(mesh.faces, 1, axis=1)).all(axis=1)])
    points, face, _ = sample_surface(mesh, 500, 0)
    normals = face_normals(mesh)[face]
    once = openness(points, normals, mesh)
    assert 0.0 < once.mean() < 1.0
    np.testing.assert_array_equal(once, openness(points, normals, mesh))
    np.testing.assert_array_equal(sample_visible(mesh, 300), sample_visible(mesh, 300))
    shuffled = rng.permutation(500)
    np.testing.assert_array_equal(once[shuffled], openness(points[shuffled], normals[shuffled], mesh))
    other = Mesh(1000.0 * mesh.vertices + 64.0, rng.permutation(mesh.faces))
    np.testing.assert_allclose(openness(1000.0 * points + 64.0, normals, other), once, atol=1e-2)


def test_directions_are_even_and_the_first_few_too() -> None:
    directions = even_directions(256)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    assert (np.abs(directions) > 1e-6).all()
    assert np.linalg.norm(directions.mean(axis=0)) < 1e-2
    assert np.linalg.norm(directions[:16].mean(axis=0)) < 0.15


def test_what_encloses_nothing_is_refused_and_no_points_are_fine() -> None:
    ball = uv_sphere(8)
    assert len(openness(np.zeros((0, 3)), np.zeros((0, 3)), ball)) == 0
    with pytest.raises(InvalidMesh):
        sample_visible(ball.with_vertices(np.zeros_like(ball.vertices)), 10)
