# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleaning: each step on constructed cases with known answers, and on whatever comes in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meshes import cube, joined, octahedron, subdivided_sphere, tetrahedron, torus
from spherical_cow.errors import InvalidMesh
from spherical_cow.geometry.measure import face_areas, signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.clean.degenerate import remove_degenerate
from spherical_cow.repairs.clean.duplicates import remove_duplicates
from spherical_cow.repairs.clean.merge import merge_vertices
from spherical_cow.repairs.clean.nonmanifold import split_non_manifold
from spherical_cow.repairs.clean.orient import orient
from spherical_cow.repairs.clean.parts import keep_parts
from spherical_cow.repairs.clean.stitch import stitch
from spherical_cow.repairs.clean.unusable import remove_unusable
from spherical_cow.repairs.traced import NEW, StepResult, Traced
from spherical_cow.topology import check

STEPS: tuple[Callable[..., StepResult], ...] = (
    remove_unusable,
    merge_vertices,
    remove_degenerate,
    remove_duplicates,
    stitch,
    split_non_manifold,
    orient,
    keep_parts,
)
VARIED = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def start(vertices: object, faces: object) -> Traced:
    return Traced.start(Mesh(np.asarray(vertices, float), np.asarray(faces)))


def cleaned(mesh: Mesh) -> Traced:
    traced = Traced.start(mesh)
    for step in STEPS:
        traced = step(traced).traced
    return traced


def assert_books_are_right(traced: Traced) -> None:
    """Sources name vertices and faces at exactly the same positions."""
    source, mesh = traced.source, traced.mesh
    known = traced.vertex_source != NEW
    np.testing.assert_array_equal(mesh.vertices[known], source.vertices[traced.vertex_source[known]])
    known = traced.face_source != NEW
    now = mesh.vertices[mesh.faces[known]]
    then = source.vertices[source.faces[traced.face_source[known]]]
    same = (now[:, :, None] == then[:, None]).all(axis=3)
    assert same.any(axis=2).all()
    assert same.any(axis=1).all()


def assert_manifold(mesh: Mesh) -> None:
    report = check(mesh, self_intersections=False)
    for name in ("manifold_edges", "manifold_vertices", "oriented"):
        assert report.row(name).ok, report.row(name).text


@st.composite
def soups(draw: st.DrawFn) -> Mesh:
    """A few random triangles on few vertices: in space, on a coarse grid, in a plane; some on themselves."""
    seed = draw(st.integers(0, 2**31))
    n, m = draw(st.integers(3, 11)), draw(st.integers(1, 40))
    generator = np.random.default_rng(seed)
    vertices = generator.standard_normal((n, 3))
    kind = draw(st.sampled_from(["space", "grid", "plane"]))
    if kind != "space":
        vertices = generator.integers(0, 3, (n, 3)).astype(float)
    if kind == "plane":
        vertices[:, 2] = 0.0
    faces = generator.integers(0, n, (m, 3))
    return Mesh(vertices, np.concatenate([faces, faces[:4], faces[:2, ::-1]]))


@given(soups())
@VARIED
def test_split_and_orient_make_any_soup_an_oriented_manifold(mesh: Mesh) -> None:
    try:
        traced = split_non_manifold(Traced.start(mesh)).traced
    except InvalidMesh:
        assert all(len(set(face)) < 3 for face in mesh.faces.tolist())
        return
    traced = orient(traced).traced
    assert_manifold(traced.mesh)
    assert_books_are_right(traced)
    other = trimesh.Trimesh(traced.mesh.vertices, traced.mesh.faces, process=False)
    assert other.is_winding_consistent
    proper = mesh.faces[(np.diff(np.sort(mesh.faces, axis=1), axis=1) > 0).all(axis=1)]
    kept = remove_duplicates(Traced.start(Mesh(mesh.vertices, proper))).traced.mesh
    assert face_areas(traced.mesh).sum() == pytest.approx(face_areas(kept).sum(), rel=1e-9, abs=1e-12)


@given(soups())
@VARIED
def test_all_steps_are_idempotent_and_deterministic(mesh: Mesh) -> None:
    traced = Traced.start(mesh)
    for step in STEPS:
        try:
            result = step(traced)
        except InvalidMesh:
            return
        again = step(traced)
        np.testing.assert_array_equal(result.traced.mesh.faces, again.traced.mesh.faces)
        np.testing.assert_array_equal(result.traced.mesh.vertices, again.traced.mesh.vertices)
        twice = step(result.traced)
        assert not twice.counts, step.__name__
        np.testing.assert_array_equal(twice.traced.mesh.faces, result.traced.mesh.faces)
        traced = result.traced
        assert_books_are_right(traced)
    assert_manifold(traced.mesh)


def test_a_sound_mesh_stays_as_it_is() -> None:
    mesh = torus()
    traced = Traced.start(mesh)
    for step in STEPS:
        result = step(traced)
        assert not result.counts
        traced = result.traced
    np.testing.assert_array_equal(traced.mesh.vertices, mesh.vertices)
    np.testing.assert_array_equal(traced.mesh.faces, mesh.faces)


def test_vertices_without_a_place_and_loose_ones_go() -> None:
    mesh = octahedron()
    vertices = np.concatenate([mesh.vertices, [[np.nan, 0, 0], [5, 5, 5], [np.inf, 1, 1]]])
    faces = np.concatenate([mesh.faces, [[0, 2, 6]]])
    result = remove_unusable(start(vertices, faces))
    assert result.counts == {"vertices_without_place": 2, "loose_vertices": 1}
    np.testing.assert_array_equal(result.traced.mesh.vertices, mesh.vertices)
    np.testing.assert_array_equal(result.traced.mesh.faces, mesh.faces)


@pytest.mark.parametrize(
    ("vertices", "faces"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3), int)),
        (np.full((3, 3), np.nan), [[0, 1, 2]]),
        (np.zeros((9, 3)), [[0, 1, 2]]),
    ],
)
def test_nothing_left_is_said_in_plain_words(vertices: object, faces: object) -> None:
    with pytest.raises(InvalidMesh):
        cleaned(start(vertices, faces).mesh)


def test_a_soup_is_welded_to_the_solid_it_was() -> None:
    solid = subdivided_sphere(3)
    soup = Mesh(solid.vertices[solid.faces].reshape(-1, 3), np.arange(3 * solid.n_faces).reshape(-1, 3))
    for distance in (0.0, 1e-7):
        result = merge_vertices(Traced.start(soup), distance_rel=distance)
        assert result.traced.mesh.n_vertices == solid.n_vertices
        assert result.counts["vertices_merged"] == soup.n_vertices - solid.n_vertices
        assert (result.traced.face_source != NEW).all()
        assert check(result.traced.mesh).is_genus_zero


def test_chains_of_near_vertices_do_not_collapse() -> None:
    x = np.arange(101) * 0.9
    vertices = np.stack([x, 0.0 * x, 0.0 * x], axis=1)
    faces = np.stack([np.arange(99), np.arange(1, 100), np.arange(2, 101)], axis=1)
    mesh = merge_vertices(start(vertices, faces), distance_rel=1.0 / 90.0).traced.mesh
    gaps = np.diff(np.sort(mesh.vertices[:, 0]))
    assert (gaps > 1.0).all()
    assert gaps.max() < 2.0


def test_merging_agrees_with_brute_force() -> None:
    points = np.random.default_rng(3).random((300, 3))
    faces = np.arange(300).reshape(-1, 3)
    traced = merge_vertices(start(points, faces), distance_rel=0.05).traced
    left = traced.mesh.vertices
    distance = 0.05 * start(points, faces).mesh.diagonal
    gaps = np.linalg.norm(left[:, None] - left[None], axis=2) + 10.0 * np.eye(len(left))
    assert gaps.min() > distance
    assert np.linalg.norm(points[:, None] - left[None], axis=2).min(axis=1).max() <= distance


def test_many_vertices_at_one_place_merge_at_once() -> None:
    generator = np.random.default_rng(0)
    vertices = np.concatenate([1e-9 * generator.random((30_000, 3)), np.eye(3)])
    faces = np.concatenate([[[30_000, 30_001, 30_002]], np.arange(30_000).reshape(-1, 3)])
    result = remove_degenerate(merge_vertices(start(vertices, faces)).traced)
    assert result.traced.mesh.n_faces == 1


def test_a_cap_goes_without_a_crack() -> None:
    mesh = tetrahedron()
    a, b, c = mesh.faces[0]
    middle = 0.5 * (mesh.vertices[a] + mesh.vertices[b])
    vertices = np.concatenate([mesh.vertices, [middle]])
    faces = np.concatenate([mesh.faces[1:], [[a, b, 4], [4, b, c], [a, 4, c]]])  # a, b, 4 has no area
    result = remove_degenerate(start(vertices, faces))
    assert result.counts["degenerate_faces"] >= 1
    report = check(result.traced.mesh)
    assert report.is_genus_zero
    assert report.row("degenerate_faces").ok


def test_a_needle_is_collapsed_without_a_crack() -> None:
    mesh = octahedron()
    vertices = np.concatenate([mesh.vertices, mesh.vertices[:1] + np.array([0.0, 1e-14, 0.0])])
    faces = mesh.faces.copy()
    faces[0] = np.where(faces[0] == 0, 6, faces[0])
    faces[3] = np.where(faces[3] == 0, 6, faces[3])
    shared = sorted((set(mesh.faces[0]) & set(mesh.faces[4])) - {0}) + sorted(
        (set(mesh.faces[3]) & set(mesh.faces[7])) - {0}
    )
    faces = np.concatenate([faces, [[0, 6, v] for v in shared]])
    result = remove_degenerate(start(vertices, faces))
    assert check(result.traced.mesh, self_intersections=False).row("closed").ok
    assert result.traced.mesh.n_faces == 8


def test_duplicates_go_whatever_their_order() -> None:
    mesh = octahedron()
    faces = np.concatenate([mesh.faces, mesh.faces[:3, [1, 2, 0]], mesh.faces[5:6, ::-1]])
    result = remove_duplicates(start(mesh.vertices, faces))
    assert result.counts == {"duplicate_faces": 4}
    np.testing.assert_array_equal(result.traced.mesh.faces, mesh.faces)


def touching_cubes(n: int = 2) -> Mesh:
    """Two cubes with one edge in common."""
    one = cube(1.0, n)
    other = one.with_vertices(one.vertices + np.array([1.0, 1.0, 0.0]))
    return merge_vertices(Traced.start(joined(one, other))).traced.mesh


@pytest.mark.parametrize("flips", [0.0, 0.3])
def test_solids_that_touch_at_an_edge_come_apart(flips: float) -> None:
    mesh = touching_cubes()
    turned = np.random.default_rng(1).random(mesh.n_faces) < flips
    traced = cleaned(Mesh(mesh.vertices, np.where(turned[:, None], mesh.faces[:, ::-1], mesh.faces)))
    report = check(traced.mesh)
    assert report.row("closed").ok
    assert report.components == 2
    assert report.genus == 0
    assert signed_volume(traced.mesh) == pytest.approx(2.0)
    assert (traced.face_source != NEW).all()


def test_solids_that_touch_at_a_vertex_come_apart() -> None:
    one = tetrahedron()
    other = one.with_vertices(one.vertices + one.vertices[0] - one.vertices[1])
    mesh = merge_vertices(Traced.start(joined(one, other))).traced.mesh
    assert mesh.n_vertices == 7
    result = split_non_manifold(Traced.start(mesh))
    assert result.counts == {"vertices_split": 1}
    assert check(result.traced.mesh, self_intersections=False).components == 2


@pytest.mark.parametrize("turned", [False, True])
def test_the_wall_between_two_boxes_comes_off(turned: bool) -> None:
    n = 2
    one = cube(1.0, n)
    other = one.with_vertices(one.vertices + np.array([1.0, 0.0, 0.0]))
    without_end = other.faces[~(other.vertices[other.faces][:, :, 0] == 1.0).all(axis=1)]
    merged = merge_vertices(Traced.start(joined(one, Mesh(other.vertices, without_end)))).traced.without_loose().mesh
    middle = merged.vertices[merged.faces].mean(axis=1)
    wall = np.abs(middle[:, 0] - 1.0) < 1e-9
    assert wall.sum() == 2 * n * n
    faces = np.where((wall & turned)[:, None], merged.faces[:, ::-1], merged.faces)
    traced = orient(split_non_manifold(Traced.start(Mesh(merged.vertices, faces))).traced).traced
    largest = keep_parts(traced, keep="largest").traced.mesh
    assert check(largest).is_genus_zero
    assert signed_volume(largest) == pytest.approx(2.0)


def test_a_fin_comes_off_the_solid() -> None:
    mesh = cube(1.0, 2)
    edge = np.flatnonzero((mesh.vertices[:, 1:] == 0.0).all(axis=1))
    vertices = np.concatenate([mesh.vertices, [[0.5, -1.0, -1.0]]])
    ends = edge[np.argsort(mesh.vertices[edge, 0])]
    faces = np.concatenate([mesh.faces, [[ends[0], ends[1], mesh.n_vertices], [ends[1], ends[2], mesh.n_vertices]]])
    traced = orient(split_non_manifold(start(vertices, faces)).traced).traced
    assert_manifold(traced.mesh)
    assert check(keep_parts(traced, keep="largest").traced.mesh).is_genus_zero


def test_few_turned_faces_are_turned_back() -> None:
    mesh = torus()
    turned = np.random.default_rng(0).random(mesh.n_faces) < 0.3
    result = orient(Traced.start(Mesh(mesh.vertices, np.where(turned[:, None], mesh.faces[:, [0, 2, 1]], mesh.faces))))
    assert result.counts == {"faces_turned": int(turned.sum())}
    np.testing.assert_array_equal(result.traced.mesh.faces, mesh.faces)


def test_every_part_looks_outward_far_from_the_origin_too() -> None:
    ball = subdivided_sphere(2)
    away = Mesh(ball.vertices + 1000.0, ball.faces[1:, ::-1])  # inside out, with a small hole
    traced = orient(Traced.start(joined(ball, away))).traced
    np.testing.assert_array_equal(traced.mesh.faces[: ball.n_faces], ball.faces)
    assert signed_volume(Mesh(away.vertices, traced.mesh.faces[ball.n_faces :] - ball.n_vertices)) > 0


@pytest.mark.parametrize("inside_out", [False, True])
def test_an_open_bowl_looks_outward(inside_out: bool) -> None:
    ball = subdivided_sphere(3)
    faces = ball.faces[ball.vertices[ball.faces][:, :, 2].mean(axis=1) < 0.1]
    result = orient(start(ball.vertices, faces[:, ::-1] if inside_out else faces))
    assert result.counts == ({"faces_turned": len(faces)} if inside_out else {})


def moebius(n: int = 40) -> Mesh:
    angle = 2.0 * np.pi * np.arange(n) / n
    rows = [
        np.stack(
            [
                (1 + w * np.cos(angle / 2)) * np.cos(angle),
                (1 + w * np.cos(angle / 2)) * np.sin(angle),
                w * np.sin(angle / 2),
            ],
            axis=1,
        )
        for w in (-0.3, 0.3)
    ]
    faces = []
    for i in range(n):
        a, b, c, d = i, (i + 1) % n, n + i, n + (i + 1) % n
        if i == n - 1:
            b, d = d, b
        faces += [[a, b, d], [a, d, c]]
    return Mesh(np.concatenate(rows), np.array(faces))


def test_a_moebius_strip_is_cut_across_once() -> None:
    mesh = moebius()
    result = orient(Traced.start(mesh))
    assert_manifold(result.traced.mesh)
    report = check(result.traced.mesh, self_intersections=False)
    assert report.components == 1
    assert report.euler == 1
    assert result.traced.mesh.n_vertices == mesh.n_vertices + 2
    assert not result.counts  # the seam was there


def test_cracks_with_other_vertices_on_either_side_are_stitched() -> None:
    """Two halves of a box, one of them with twice as many vertices along the seam."""
    halves = []
    for n, sign in ((2, -1.0), (4, 1.0)):
        box = cube(1.0, n)
        open_box = box.faces[~(box.vertices[box.faces][:, :, 0] == 0.0).all(axis=1)]
        vertices = box.vertices * [sign, 1.0, 1.0]
        halves.append(Mesh(vertices, open_box if sign > 0 else open_box[:, ::-1]))
    result = stitch(merge_vertices(Traced.start(joined(*halves))).traced)
    assert result.counts["cracks_stitched"] >= 8
    report = check(result.traced.mesh)
    assert report.is_genus_zero
    assert signed_volume(result.traced.mesh) == pytest.approx(2.0)


def test_only_the_largest_part_is_kept() -> None:
    small, large = tetrahedron(), subdivided_sphere(2)
    mesh = joined(small.with_vertices(0.1 * small.vertices + 5.0), large)
    assert not keep_parts(Traced.start(mesh)).counts
    assert keep_parts(Traced.start(mesh), min_area_rel=0.05).counts == {"parts_dropped": 1}
    result = keep_parts(Traced.start(mesh), keep="largest")
    assert result.counts == {"parts_dropped": 1}
    np.testing.assert_array_equal(result.traced.mesh.vertices, large.vertices)


def test_defects_cost_only_the_faces_they_are_at() -> None:
    mesh = torus(100, 50)
    generator = np.random.default_rng(0)
    k = generator.permutation(mesh.n_faces)
    loose = mesh.vertices[mesh.faces[k[:50]].ravel()]
    faces = mesh.faces.copy()
    faces[k[:50]] = mesh.n_vertices + np.arange(150).reshape(-1, 3)
    faces[k[50:100]] = faces[k[50:100]][:, ::-1]
    faces = np.concatenate([faces, mesh.faces[k[100:150]], mesh.faces[k[150:200]][:, [0, 1, 1]]])
    traced = cleaned(Mesh(np.concatenate([mesh.vertices, loose, [[np.nan] * 3]]), faces))
    np.testing.assert_array_equal(traced.mesh.vertices, mesh.vertices)
    np.testing.assert_array_equal(np.sort(traced.mesh.faces, axis=1), np.sort(mesh.faces, axis=1))
    report = check(traced.mesh)
    assert report.row("closed").ok
    assert report.genus == 1
    assert signed_volume(traced.mesh) > 0


def test_a_ball_full_of_small_holes_turns_outward_as_a_whole() -> None:
    ball = subdivided_sphere(4)
    apart: list[int] = []  # no two of these share a vertex
    used: set[int] = set()
    for face, corners in enumerate(ball.faces.tolist()):
        if used.isdisjoint(corners):
            apart.append(face)
            used.update(corners)
    holed = Mesh(ball.vertices, np.delete(ball.faces, apart, axis=0)[:, ::-1])
    assert check(holed, self_intersections=False).row("closed").count == 3 * len(apart) > 300
    result = orient(Traced.start(holed))
    assert result.counts == {"faces_turned": holed.n_faces}
    assert signed_volume(result.traced.mesh) > 0.0
