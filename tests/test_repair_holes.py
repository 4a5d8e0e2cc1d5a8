# SPDX-License-Identifier: GPL-3.0-or-later
"""Holes: caps that continue the surface, touch nothing, and leave the rest as it is."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import cube, joined, random_rotation, real_mesh, subdivided_sphere, tetrahedron, torus, uv_sphere
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.surgery.caps import cap_loops
from spherical_cow.repairs.surgery.clearance import touching
from spherical_cow.repairs.surgery.holes import boundary_loops, fill_holes
from spherical_cow.repairs.traced import NEW, StepResult, Traced
from spherical_cow.topology import check
from spherical_cow.topology.checks import degenerate_faces
from spherical_cow.topology.intersections import equal_positions, meet


def without(mesh: Mesh, faces: np.ndarray) -> Mesh:
    """The mesh without these faces, a mask, and without loose vertices."""
    return Traced.start(mesh).keep_faces(~faces).without_loose().mesh


def without_cap(mesh: Mesh, degrees: float, axis: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> Mesh:
    centres = mesh.vertices[mesh.faces].mean(axis=1)
    return without(mesh, centres @ np.array(axis) > np.cos(np.radians(degrees)) * np.linalg.norm(centres, axis=1))


def tube(n: int = 32, rows: int = 6, top: float = 1.0) -> Mesh:
    """A cylinder of radius 1 and height 2 without lids, or a cone cut off where its radius is `top`."""
    angle = 2 * np.pi * np.arange(n) / n
    height = np.linspace(0.0, 2.0, rows + 1)
    radius = np.linspace(1.0, top, rows + 1)
    vertices = np.stack(
        [np.outer(radius, np.cos(angle)), np.outer(radius, np.sin(angle)), np.repeat(height[:, None], n, axis=1)], -1
    ).reshape(-1, 3)
    i = np.arange(n)
    j = (i + 1) % n
    faces = []
    for k in range(rows):
        a, b, c, d = k * n + i, k * n + j, (k + 1) * n + j, (k + 1) * n + i
        faces += [np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]
    return Mesh(vertices, np.concatenate(faces))


def assert_sound(mesh: Mesh) -> None:
    report = check(mesh)
    for name in ("closed", "manifold_edges", "manifold_vertices", "oriented", "degenerate_faces", "self_intersections"):
        assert report.row(name).ok, report.row(name).text
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert other.is_watertight and other.is_winding_consistent


def filled(mesh: Mesh, **options: object) -> StepResult:
    """The result, after checking that the old faces are all there as they were."""
    result = fill_holes(Traced.start(mesh), **options)  # type: ignore[arg-type]
    traced = result.traced
    kept = traced.face_source != NEW
    assert np.array_equal(np.sort(traced.face_source[kept]), np.arange(mesh.n_faces))
    assert np.array_equal(
        traced.mesh.vertices[traced.mesh.faces[kept]], mesh.vertices[mesh.faces[traced.face_source[kept]]]
    )
    return result


@pytest.mark.parametrize("whole", [subdivided_sphere(4), subdivided_sphere(5), uv_sphere(32), uv_sphere(64)])
def test_a_sphere_gets_its_polar_cap_back(whole: Mesh) -> None:
    result = filled(without_cap(whole, 30.0))
    assert result.counts == {"holes_filled": 1} and not result.warnings
    mesh = result.traced.mesh
    assert_sound(mesh)
    assert abs(signed_volume(mesh) / signed_volume(whole) - 1) < 0.005
    new = mesh.vertices[result.traced.vertex_source == NEW]
    assert len(new) and np.abs(np.linalg.norm(new, axis=1) - 1).max() < 0.02


def test_even_a_large_part_of_a_sphere_is_rounded() -> None:
    whole = subdivided_sphere(4)
    mesh = filled(without_cap(whole, 60.0)).traced.mesh
    assert_sound(mesh)
    assert abs(signed_volume(mesh) / signed_volume(whole) - 1) < 0.05


@pytest.mark.parametrize("top", [1.0, 0.4])
def test_lids_of_cylinders_and_cones_come_back_flat(top: float) -> None:
    whole = tube(top=top)
    turn = random_rotation(3)
    result = filled(whole.with_vertices(whole.vertices @ turn.T))
    mesh = result.traced.mesh
    assert_sound(mesh)
    assert result.counts["holes_filled"] == 2
    heights = (mesh.vertices @ turn)[:, 2]
    new = result.traced.vertex_source == NEW
    assert np.minimum(np.abs(heights[new]), np.abs(heights[new] - 2.0)).max() < 1e-9


def test_the_side_of_a_cube_comes_back_exactly() -> None:
    whole = cube(1.0, 4)
    for axis in range(3):
        for end in (0.0, 1.0):
            side = (whole.vertices[whole.faces][:, :, axis] == end).all(axis=1)
            mesh = filled(without(whole, side)).traced.mesh
            assert_sound(mesh)
            assert abs(signed_volume(mesh) - 1.0) < 1e-12


def test_an_l_shaped_hole_is_filled_inside_its_bend() -> None:
    whole = cube(1.0, 8)
    middle = whole.vertices[whole.faces].mean(axis=1)
    top = (whole.vertices[whole.faces][:, :, 2] == 1.0).all(axis=1)
    bend = top & (middle[:, :2] > 0.13).all(axis=1) & (middle[:, :2] < 0.87).all(axis=1)
    bend &= (middle[:, 0] < 0.38) | (middle[:, 1] < 0.38)
    mesh = filled(without(whole, bend)).traced.mesh
    assert_sound(mesh)
    assert abs(signed_volume(mesh) - 1.0) < 1e-9


def test_smooth_off_adds_no_vertices() -> None:
    result = filled(without_cap(subdivided_sphere(4), 30.0), smooth=False)
    assert_sound(result.traced.mesh)
    assert (result.traced.vertex_source != NEW).all()


def test_only_holes_that_are_small_enough() -> None:
    mesh = without_cap(without_cap(subdivided_sphere(4), 40.0), 12.0, (0.0, 0.0, -1.0))
    small, large = sorted(len(loop) for loop in boundary_loops(mesh.faces))
    assert filled(mesh, max_edges=small).counts == {"holes_filled": 1}
    assert filled(mesh, max_edges=small - 1).counts == {}
    assert filled(mesh, max_edges=large).counts == {"holes_filled": 2}


def test_a_closed_mesh_stays_the_same_object() -> None:
    traced = Traced.start(torus())
    assert fill_holes(traced).traced is traced


def test_a_lone_triangle_and_an_empty_mesh_stay() -> None:
    triangle = Mesh(tetrahedron().vertices[:3], np.array([[0, 1, 2]]))
    for mesh in (triangle, Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))):
        assert fill_holes(Traced.start(mesh)).traced.mesh.n_faces == mesh.n_faces


def test_a_missing_triangle_comes_back() -> None:
    whole = subdivided_sphere(3)
    mesh = filled(without(whole, np.arange(whole.n_faces) == 17)).traced.mesh
    assert_sound(mesh)
    assert signed_volume(mesh) == pytest.approx(signed_volume(whole), rel=1e-12)


def test_edges_that_exist_are_not_used_twice() -> None:
    # The triangle at one corner of the square hole makes one of the two diagonals an edge of the surface.
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, -1.0], [0.5, 0.5, 0.5]])
    faces = np.array([[0, 4, 1], [1, 4, 2], [2, 4, 3], [3, 4, 0]])[:, ::-1]
    corner = np.array([[0, 2, 1]])
    mesh = Mesh(vertices, np.concatenate([faces, corner]))
    loops = boundary_loops(Mesh(vertices, faces).faces)
    caps = cap_loops(mesh, loops)
    used = {tuple(sorted(pair)) for face in caps.faces.tolist() for pair in zip(face, face[1:] + face[:1], strict=True)}
    assert (0, 2) not in used


def test_a_crack_closes_without_faces() -> None:
    whole = subdivided_sphere(3)
    # A path of edges along the equator, cut open: its inner vertices exist twice.
    on = np.flatnonzero((np.abs(whole.vertices[:, 2]) < 1e-12) & (whole.vertices[:, 0] > 0.3))
    path = on[np.argsort(np.arctan2(whole.vertices[on, 1], whole.vertices[on, 0]))][1:-1]
    copy = np.arange(whole.n_vertices)
    copy[path] = whole.n_vertices + np.arange(len(path))
    upper = whole.vertices[whole.faces].mean(axis=1)[:, 2] > 0
    faces = np.where(upper[:, None], copy[whole.faces], whole.faces)
    cracked = Mesh(np.concatenate([whole.vertices, whole.vertices[path]]), faces)
    assert not check(cracked).row("closed").ok
    result = filled(cracked)
    assert_sound(result.traced.mesh)
    assert result.counts == {"holes_filled": 1, "vertices_merged": len(path)}
    assert result.traced.mesh.n_faces == whole.n_faces


def test_a_loop_may_run_either_way() -> None:
    mesh = without_cap(subdivided_sphere(4), 25.0)
    (loop,) = boundary_loops(mesh.faces)
    for given_loop in (loop, loop[::-1], np.roll(loop, 5)):
        caps = cap_loops(mesh, [given_loop])
        assert_sound(Traced.start(mesh).added(caps.vertices, caps.faces).mesh)
        assert not caps.touching.any() and not caps.owner.any()


def test_a_cap_makes_room_for_what_is_in_the_hole() -> None:
    # A needle stands just under the flat cap, and pierces the flat one if it is bent the wrong way.
    bowl = without_cap(subdivided_sphere(4), 30.0)
    rim = bowl.vertices[:, 2].max()
    needle = tetrahedron()
    for height in (rim + 0.04, rim - 0.02):
        inside = needle.with_vertices(needle.vertices * [0.02, 0.02, 0.01] + [0.0, 0.0, height])
        result = filled(joined(bowl, inside))
        assert not result.warnings
        assert check(result.traced.mesh).row("self_intersections").ok


def test_where_there_is_no_room_a_warning_says_so() -> None:
    bowl = without_cap(subdivided_sphere(3), 30.0)
    pole = tetrahedron().with_vertices(tetrahedron().vertices * [0.05, 0.05, 3.0])
    result = filled(joined(bowl, pole))
    assert len(result.warnings) == 1 and check(result.traced.mesh).row("closed").ok


@pytest.mark.parametrize("n", [300, 900])
def test_the_rim_of_an_open_scan(n: int) -> None:
    rng = np.random.default_rng(n)
    mesh = tube(n, 2)
    radius = 1.0 + 0.15 * np.sin(5 * np.arctan2(mesh.vertices[:, 1], mesh.vertices[:, 0]))
    wavy = mesh.vertices * np.stack([radius, radius, np.full(len(radius), 2.0 / n)], axis=1)
    wavy += rng.uniform(-0.3, 0.3, wavy.shape) / n
    wavy[:, 2] += 0.1 * mesh.vertices[:, 0] ** 2
    mesh = Mesh(wavy, mesh.faces)
    loop = next(loop for loop in boundary_loops(mesh.faces) if loop.min() < n)
    caps = cap_loops(mesh, [loop])
    assert not caps.touching.any()
    closed = check(Traced.start(mesh).added(caps.vertices, caps.faces).mesh, self_intersections=False)
    assert closed.row("manifold_edges").ok and closed.row("oriented").ok and closed.row("closed").count == n


def wall(n: int, radius: float, *, inward: bool = False) -> Mesh:
    """The side of a cylinder of height 2, seen from outside or from inside."""
    outside = tube(n)
    faces = outside.faces[:, ::-1] if inward else outside.faces
    return Mesh(outside.vertices * [radius, radius, 1.0], faces)


@pytest.mark.parametrize(("outer", "inner", "radius"), [(32, 32, 0.5), (64, 40, 0.98), (48, 5, 0.2), (300, 200, 0.7)])
@pytest.mark.parametrize("smooth", [True, False])
def test_the_ends_of_a_pipe_are_closed_by_flat_rings(outer: int, inner: int, radius: float, smooth: bool) -> None:
    pipe = joined(wall(outer, 1.0), wall(inner, radius, inward=True))
    turn = random_rotation(5)
    result = filled(pipe.with_vertices(pipe.vertices @ turn.T), smooth=smooth)
    assert result.counts == {"holes_filled": 4} and not result.warnings
    mesh = result.traced.mesh
    assert_sound(mesh)
    assert check(mesh).genus == 1 and check(mesh).row("one_component").ok
    areas = [n * np.sin(2 * np.pi / n) * r**2 for n, r in ((outer, 1.0), (inner, radius))]
    assert signed_volume(mesh) == pytest.approx(areas[0] - areas[1], rel=1e-9)


def test_a_washer_gets_its_top_back() -> None:
    pipe = filled(joined(wall(48, 1.0), wall(24, 0.4, inward=True))).traced.mesh
    top = (np.abs(pipe.vertices[pipe.faces][:, :, 2] - 2.0) < 1e-9).all(axis=1)
    washer = without(pipe, top)
    mesh = filled(washer).traced.mesh
    assert_sound(mesh)
    assert check(mesh).genus == 1
    assert signed_volume(mesh) == pytest.approx(signed_volume(pipe), rel=1e-9)


@pytest.mark.parametrize(("island", "hole"), [(10, 30), (20, 40), (15, 60)])
def test_an_island_in_a_hole_is_joined_to_its_shore(island: float, hole: float) -> None:
    whole = subdivided_sphere(4)
    centres = whole.vertices[whole.faces].mean(axis=1)
    angle = np.degrees(np.arccos(centres[:, 2] / np.linalg.norm(centres, axis=1)))
    result = filled(without(whole, (angle > island) & (angle < hole)))
    mesh = result.traced.mesh
    assert_sound(mesh)
    assert not result.warnings and check(mesh).is_genus_zero
    assert abs(signed_volume(mesh) / signed_volume(whole) - 1) < 0.01


def test_lids_that_face_the_same_way_stay_apart() -> None:
    result = filled(joined(wall(48, 1.0), wall(24, 0.4).with_vertices(wall(24, 0.4).vertices * [1, 1, 0.5])))
    mesh = result.traced.mesh
    assert check(mesh).row("one_component").count == 2 and check(mesh).row("closed").ok


def test_contact_is_found_wherever_triangles_meet() -> None:
    rng = np.random.default_rng(7)
    for flat in (False, True):
        vertices = rng.integers(0, 6, (60, 3)).astype(float)
        vertices[:, 2] *= not flat
        faces = np.array([rng.choice(60, 3, replace=False) for _ in range(20)])
        faces = np.delete(faces, degenerate_faces(Mesh(vertices, faces)), axis=0)
        place = equal_positions(vertices)[faces]
        pairs = [(f, g) for f in range(8) for g in range(len(faces)) if f != g]
        expected = np.zeros(8, dtype=bool)
        for f, g in pairs:
            expected[f] |= meet(vertices, faces, place, f, g)
        assert np.array_equal(touching(vertices, [faces[8:]], faces[:8]), expected)


def test_many_small_holes() -> None:
    whole = subdivided_sphere(6)
    chosen = np.random.default_rng(0).choice(whole.n_vertices, 600, replace=False)
    open_ = without(whole, np.isin(whole.faces, chosen).any(axis=1))
    result = filled(open_)
    assert_sound(result.traced.mesh)
    assert abs(signed_volume(result.traced.mesh) / signed_volume(whole) - 1) < 1e-3


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(5.0, 50.0), st.integers(1, 4))
def test_holes_anywhere_on_a_rough_surface(seed: int, degrees: float, count: int) -> None:
    rng = np.random.default_rng(seed)
    whole = subdivided_sphere(4)
    size = 1.0 + 0.2 * np.sin(whole.vertices @ rng.uniform(-4, 4, 3)) + rng.uniform(-0.004, 0.004, whole.n_vertices)
    mesh = whole
    for _ in range(count):
        axis = rng.standard_normal(3)
        mesh = without_cap(mesh, degrees, tuple(axis / np.linalg.norm(axis)))
    rough = {tuple(v): s for v, s in zip(whole.vertices.tolist(), size.tolist(), strict=True)}
    mesh = mesh.with_vertices(mesh.vertices * np.array([[rough[tuple(v)]] for v in mesh.vertices.tolist()]))
    report = check(mesh)
    if not report.row("manifold_vertices").ok:
        return
    result = filled(mesh)
    after = check(result.traced.mesh)
    assert after.row("closed").ok and after.row("manifold_edges").ok and after.row("manifold_vertices").ok
    assert after.genus == 0
    if not result.warnings:
        assert after.row("self_intersections").ok
    again = fill_holes(result.traced)
    assert again.traced is result.traced


@pytest.mark.parametrize(
    ("name", "holes"), [("stanford_bunny", 5), ("elephant_with_holes", 106), ("holes", 7), ("lion_head", 1)]
)
def test_scans_are_closed_without_self_intersections(name: str, holes: int) -> None:
    result = filled(Traced.start(real_mesh(f"broken/{name}")).without_loose().mesh)
    assert result.counts["holes_filled"] == holes and not result.warnings
    assert_sound(result.traced.mesh)
