# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import cube, joined, random_rotation, real_mesh, subdivided_sphere, tetrahedron, uv_sphere
from scipy.optimize import linprog
from spherical_cow.mesh import Mesh
from spherical_cow.topology import check
from spherical_cow.topology.checks import degenerate_faces
from spherical_cow.topology.intersections import intersecting_faces
from spherical_cow.topology.predicates import side, turn


def moved(mesh: Mesh, *offset: float) -> Mesh:
    return mesh.with_vertices(mesh.vertices + np.array(offset))


def brute_force(mesh: Mesh) -> set[int]:
    """Faces that meet another with which they share no vertex, by linear programming."""
    corners = mesh.vertices[mesh.faces]
    found = set()
    for f in range(mesh.n_faces):
        for g in range(f):
            if set(mesh.faces[f]) & set(mesh.faces[g]):
                continue
            equal = np.zeros((5, 6))
            equal[:3, :3], equal[:3, 3:], equal[3, :3], equal[4, 3:] = corners[f].T, -corners[g].T, 1, 1
            if linprog(np.zeros(6), A_eq=equal, b_eq=[0, 0, 0, 1, 1], bounds=[(0, None)] * 6).status == 0:
                found |= {f, g}
    return found


@pytest.mark.parametrize("seed", range(4))
def test_triangle_soup_against_linear_programming(seed: int) -> None:
    random = np.random.default_rng(seed)
    centre = random.random((30, 1, 3))
    soup = Mesh((centre + 0.2 * random.standard_normal((30, 3, 3))).reshape(-1, 3), np.arange(90).reshape(-1, 3))
    expected = brute_force(soup)
    assert 3 < len(expected) < 30
    assert set(intersecting_faces(soup)) == expected


@pytest.mark.parametrize("name", ["human_man", "cow", "suzanne", "p_cup_soup", "p_selfint_noise", "hand"])
def test_real_meshes_against_exact_arithmetic(name: str) -> None:
    cgal = pytest.importorskip("igl.copyleft.cgal")
    mesh = real_mesh(name)
    pairs = cgal.remesh_self_intersections(mesh.vertices, mesh.faces, detect_only=True)[2]
    np.testing.assert_array_equal(intersecting_faces(mesh), np.unique(pairs))


@pytest.mark.parametrize("seed", range(4))
def test_crumpled_spheres_against_exact_arithmetic(seed: int) -> None:
    cgal = pytest.importorskip("igl.copyleft.cgal")
    sphere = subdivided_sphere(3)
    noise = 0.15 * np.random.default_rng(seed).standard_normal(sphere.vertices.shape)
    # On a coarse grid of coordinates many triangles touch, lie in one plane or share places.
    vertices = np.round((sphere.vertices + noise) * 16) / 16 if seed % 2 else sphere.vertices + noise
    mesh = sphere.with_vertices(vertices)
    sound = np.ones(mesh.n_faces, dtype=bool)
    sound[degenerate_faces(mesh)] = False
    pairs = cgal.remesh_self_intersections(mesh.vertices, mesh.faces[sound], detect_only=True)[2]
    expected = np.flatnonzero(sound)[np.unique(pairs)]
    assert len(expected) > 50
    np.testing.assert_array_equal(intersecting_faces(mesh, sound), expected)


def test_two_tetrahedra_that_pass_through_each_other() -> None:
    pair = joined(tetrahedron(), moved(tetrahedron(), 0.3, 0.1, 0.05))
    assert set(intersecting_faces(pair)) == brute_force(pair) != set()
    apart = check(joined(tetrahedron(), moved(tetrahedron(), 3, 0, 0)))
    assert [row.name for row in apart.rows if not row.ok] == ["one_component"]
    assert not len(intersecting_faces(joined(tetrahedron(), tetrahedron().with_vertices(0.2 * tetrahedron().vertices))))


TRIANGLE = [[0.0, 0, 0], [4, 0, 0], [0, 4, 0]]


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        ([[1, 1, -1], [1, 1, 1], [2, 5, 1]], True),  # pierced
        ([[1, 1, 0], [1, 1, 1], [2, 2, 1]], True),  # a corner on the face
        ([[2, -1, -1], [2, -1, 1], [2, 0, 0]], True),  # a corner on an edge
        ([[1, 1, 0], [2, 1, 0], [1, 2, 0]], True),  # inside, in the same plane
        ([[-9, -9, 0], [30, -9, 0], [-9, 30, 0]], True),  # around it, in the same plane
        ([[3, 3, 0], [9, 3, 0], [3, 9, 0]], False),  # beside it, in the same plane
        ([[1, 1, 1], [3, 1, 1], [1, 3, 1]], False),  # above
        ([[5, 5, -1], [5, 5, 1], [6, 6, 0]], False),  # through its plane, outside
        ([[1, 1, 1e-300], [2, 1, 1], [1, 2, 1]], False),  # as near as you like
    ],
)
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_pairs_of_triangles(other: list[list[float]], meets: bool, axes: tuple[int, int, int]) -> None:
    mesh = Mesh(np.array(TRIANGLE + other)[:, axes], [[0, 1, 2], [3, 4, 5]])
    assert intersecting_faces(mesh).tolist() == ([0, 1] if meets else [])


@pytest.mark.parametrize(
    ("corners", "meets"),
    [
        ([[1, 1, 0], [1, 1, 1]], True),  # the opposite edge touches the face
        ([[2, 2, -1], [2, 2, 1]], True),  # the opposite edge crosses the edge
        ([[-1, 0, 0], [0, -1, 0]], False),  # only the vertex, in the same plane
        ([[9, 1, 0], [9, 2, 0]], True),  # overlap in the same plane
        ([[0, 0, 1], [1, 1, 1]], False),  # only the vertex
    ],
)
def test_triangles_that_share_a_vertex(corners: list[list[float]], meets: bool) -> None:
    mesh = Mesh(TRIANGLE + corners, [[0, 1, 2], [3, 0, 4]])
    assert intersecting_faces(mesh).tolist() == ([0, 1] if meets else [])


@pytest.mark.parametrize(
    ("corner", "meets"),
    [([4, 4, 0], False), ([1, 1, 0], True), ([-1, -1, 0], True), ([1, 1, 0.1], False), ([9, 9, -1], False)],
)
def test_triangles_that_share_an_edge_meet_when_folded(corner: list[float], meets: bool) -> None:
    mesh = Mesh([*TRIANGLE, corner], [[0, 1, 2], [2, 1, 3]])
    assert intersecting_faces(mesh).tolist() == ([0, 1] if meets else [])


def test_flat_and_seamed_surfaces_have_no_self_intersections() -> None:
    for seed in range(3):
        box = cube(1.0, 6)
        box = box.with_vertices(box.vertices @ random_rotation(seed).T + 7.0)
        assert not len(intersecting_faces(box))
        apart = Mesh(box.vertices[box.faces.ravel()], np.arange(3 * box.n_faces).reshape(-1, 3))
        assert not len(intersecting_faces(apart))


def test_a_dent_pushed_through_the_other_side() -> None:
    mesh = uv_sphere(16)
    vertices = mesh.vertices.copy()
    vertices[-2] = [0.05, 0.02, -1.5]  # the north pole, through the south
    found = intersecting_faces(Mesh(vertices, mesh.faces))
    ring = np.flatnonzero((mesh.faces == mesh.n_vertices - 2).any(axis=1))
    assert set(ring) <= set(found) and len(found) > len(ring)


def test_scale_and_offset_do_not_matter() -> None:
    pair = joined(subdivided_sphere(2), moved(subdivided_sphere(2), 0.5, 0.25, 0.125))
    expected = intersecting_faces(pair)
    assert len(expected)
    for scale, offset in ((2.0**-30, 0.0), (2.0**20, 0.0), (1.0, 2.0**20)):
        moved_pair = pair.with_vertices(pair.vertices * scale + offset)
        found = intersecting_faces(moved_pair)
        assert len(np.setxor1d(found, expected)) <= (0 if offset == 0 else 2)


def exact_sign(rows: list[list[Fraction]]) -> int:
    if len(rows) == 2:
        value = rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    else:
        a, b, c = rows
        value = sum(a[i] * (b[(i + 1) % 3] * c[(i + 2) % 3] - b[(i + 2) % 3] * c[(i + 1) % 3]) for i in range(3))  # type: ignore[assignment]
    return (value > 0) - (value < 0)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["plain", "grid", "far", "mixed"]))
def test_signs_are_exact(seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    p = random.standard_normal((4, 3))
    s, t = random.random(2)
    p[3] = p[0] + s * (p[1] - p[0]) + t * (p[2] - p[0])  # nearly in the plane
    if kind == "grid":
        p = np.round(p * 4) / 4 * 1.1
    elif kind == "far":
        p += 1000.0
    elif kind == "mixed":
        p *= 10.0 ** random.integers(-8, 8, (4, 1))
    exact = [[Fraction(float(x)) for x in row] for row in p]
    assert side(*p) == exact_sign([[x - y for x, y in zip(row, exact[3], strict=True)] for row in exact[:3]])
    a, b, c = exact[:3]
    assert turn(*p[:3], 0, 2) == exact_sign([[a[0] - c[0], a[2] - c[2]], [b[0] - c[0], b[2] - c[2]]])
    assert turn(p[0], p[1], (p[0] + p[1]) / 2, 0, 1) == exact_sign(
        [[x - Fraction(float(y)) for x, y in zip(row[:2], (p[0] + p[1])[:2] / 2, strict=True)] for row in (a, b)]
    )
