# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a mesh: nesting, union, bridges, thickened sheets and self-intersections."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import cube, octahedron, real_mesh, subdivided_sphere, tetrahedron
from numpy.typing import ArrayLike
from spherical_cow.errors import InvalidParameter, RepairFailed
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.measure import area, signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.surgery.bridges import bridge_parts, single_loop
from spherical_cow.repairs.surgery.gaps import spanning_gaps
from spherical_cow.repairs.surgery.nesting import FaceTree, enclosed_parts, face_parts, winding_numbers
from spherical_cow.repairs.surgery.parts import resolve_parts
from spherical_cow.repairs.surgery.thicken import thicken_sheets
from spherical_cow.repairs.surgery.tubes import band, polygon_in_face
from spherical_cow.repairs.surgery.union import MOST_PAIRS, outer_boundary, resolve_self_intersections
from spherical_cow.repairs.traced import StepResult, Traced
from spherical_cow.topology import check
from spherical_cow.topology.intersections import intersecting_faces

BALL = subdivided_sphere(3)


def several(*meshes: Mesh) -> Mesh:
    offset = np.cumsum([0] + [mesh.n_vertices for mesh in meshes])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, offset, strict=False)]),
    )


def at(mesh: Mesh, x: float = 0.0, y: float = 0.0, z: float = 0.0, scale: float = 1.0) -> Mesh:
    return Mesh(scale * mesh.vertices + np.array([x, y, z]), mesh.faces)


def turned(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces[:, ::-1])


def sound(result: StepResult, genus: int = 0) -> Mesh:
    """The mesh of a result after checks by us and by trimesh, and of what it says about its sources."""
    traced = result.traced if isinstance(result, StepResult) else result
    mesh, report = traced.mesh, check(traced.mesh, self_intersections=False)
    bad = {row.name for row in report.rows if not row.ok} - {"degenerate_faces", "genus"}
    assert not bad and report.components == 1 and report.genus == genus
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert other.is_watertight and other.is_winding_consistent and other.euler_number == 2 - 2 * genus
    assert signed_volume(mesh) > 0.0
    sources_hold(traced)
    return mesh


def sources_hold(traced: Traced) -> None:
    old = traced.vertex_source >= 0
    assert (traced.mesh.vertices[old] == traced.source.vertices[traced.vertex_source[old]]).all()
    old = traced.face_source >= 0
    now = traced.mesh.vertices[traced.mesh.faces[old]]
    was = traced.source.vertices[traced.source.faces[traced.face_source[old]]]
    assert all({*map(tuple, a)} == {*map(tuple, b)} for a, b in zip(now, was, strict=True))


def resolve(*meshes: Mesh, **settings: object) -> StepResult:
    return resolve_parts(Traced.start(several(*meshes)), **settings)  # type: ignore[arg-type]


def kept(result: StepResult) -> int:
    return int((result.traced.face_source >= 0).sum())


# --- nesting -----------------------------------------------------------------------------------------------------


def test_one_part_stays_as_it_is() -> None:
    traced = Traced.start(BALL)
    assert resolve_parts(traced).traced is traced
    empty = Traced.start(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)))
    assert resolve_parts(empty).traced is empty


def test_nested_shells_are_dropped() -> None:
    result = resolve(BALL, at(BALL, scale=0.5), turned(at(BALL, scale=0.7)), at(octahedron(), 0.1, scale=0.1))
    assert result.counts == {"cavities_dropped": 3}
    assert kept(result) == sound(result).n_faces == BALL.n_faces


def test_a_part_in_the_hole_of_a_ring_is_not_enclosed() -> None:
    ring = several(*[at(cube(), x, y) for x in range(3) for y in range(3) if (x, y) != (1, 1)])
    inside = at(octahedron(), 1.5, 1.5, 0.5, scale=0.2)
    result = resolve(ring, inside)
    assert result.counts == {"parts_united": 8, "parts_joined": 1}
    sound(result, genus=1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1.4, 1.4), min_size=3, max_size=3))
def test_winding_numbers_agree_with_the_distance_to_the_centre(place: list[float]) -> None:
    mesh = several(cube(), at(cube(), 0.25, 0.25, 0.25, scale=0.5))
    part = face_parts(mesh)
    point = np.array(place)
    inside = [bool(((point > low) & (point < high)).all()) for low, high in ((0.0, 1.0), (0.25, 0.75))]
    got = winding_numbers(point[None], FaceTree.of(mesh), part, np.array([-1]))[0]
    if not np.isin(point, (0.0, 0.25, 0.75, 1.0)).any():
        assert got == sum(inside)


def test_enclosed_parts_of_many() -> None:
    rng = np.random.default_rng(1)
    centres = rng.uniform(-1.3, 1.3, size=(60, 3))
    radius = np.linalg.norm(centres, axis=1)
    centres = centres[(radius < 0.9) | (radius > 1.1)]
    mesh = several(BALL, *[at(octahedron(), *c, scale=0.01) for c in centres])
    part = face_parts(mesh)
    inside = enclosed_parts(mesh, FaceTree.of(mesh), part, np.arange(1, len(centres) + 1))
    assert (inside == (np.linalg.norm(centres, axis=1) < 1.0)).all()


# --- union -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "volume", "faces_kept"),
    [
        ((0.5, 0.25, 0.125), 2.0 - 0.5 * 0.75 * 0.875, 12),
        ((0.5, 0.0, 0.0), 1.5, 4),
        ((1.0, 0.0, 0.0), 2.0, 20),
        ((1.0, 0.3, 0.2), 2.0, 14),
        ((0.0, 0.0, 0.0), 1.0, 12),
    ],
    ids=["overlap", "common planes", "common wall", "part of a wall", "identical"],
)
def test_two_cubes_become_one_solid(shift: tuple[float, float, float], volume: float, faces_kept: int) -> None:
    result = resolve(cube(), at(cube(), *shift))
    assert result.counts == {"parts_united": 2}
    mesh = sound(result)
    assert signed_volume(mesh) == pytest.approx(volume, abs=1e-12)
    assert not len(intersecting_faces(mesh))
    assert kept(result) == faces_kept


def test_union_agrees_with_inclusion_and_exclusion() -> None:
    """Two balls of radius 1 at the distance 1 overlap in a lens of 5 π / 12; theirs are polyhedra, a little smaller."""
    ball = subdivided_sphere(5)
    mesh = sound(resolve(ball, at(ball, 1.0, 0.01, 0.02)))
    expected = 2 * 4 / 3 * np.pi - 5 / 12 * np.pi
    assert signed_volume(mesh) == pytest.approx(expected, rel=4e-3)


def test_union_keeps_faces_away_from_the_intersection() -> None:
    ball = subdivided_sphere(5)
    mesh = several(ball, at(ball, 1.9, 0.01, 0.02))
    crossing = len(intersecting_faces(mesh))
    result = resolve_parts(Traced.start(mesh))
    sound(result)
    inside = (np.linalg.norm(mesh.vertices[mesh.faces].mean(axis=1) - [1.9, 0.01, 0.02], axis=1) < 1.0).sum()
    assert kept(result) > mesh.n_faces - crossing - 2 * inside


def test_many_cubes_in_a_grid_become_one() -> None:
    result = resolve(*[at(cube(), x, y, z) for x in range(4) for y in range(4) for z in range(3)])
    mesh = sound(result)
    assert signed_volume(mesh) == pytest.approx(48.0) and area(mesh) == pytest.approx(80.0)
    assert result.counts == {"parts_united": 48}


def test_overlapping_parts_at_random() -> None:
    rng = np.random.default_rng(3)
    boxes = rng.uniform(0, 2, size=(20, 3))
    mesh = several(*[at(cube(), *b) for b in boxes])
    result = resolve_parts(Traced.start(mesh))
    report = check(result.traced.mesh, self_intersections=False)
    sound(result, genus=report.genus or 0)
    points = rng.uniform(-0.1, 3.1, size=(20_000, 3))
    inside = ((points[:, None] > boxes) & (points[:, None] < boxes + 1)).all(axis=2).any(axis=1)
    assert signed_volume(result.traced.mesh) == pytest.approx(inside.mean() * 3.2**3, rel=0.05)


def test_parts_that_touch_at_an_edge_or_a_corner_become_one() -> None:
    for shift in ((1.0, 1.0, 0.0), (1.0, 1.0, 0.5), (1.0, 1.0, 1.0)):
        mesh = sound(resolve(cube(), at(cube(), *shift)))
        assert signed_volume(mesh) == pytest.approx(2.0, rel=0.01)
    first = tetrahedron()
    second = turned(Mesh(2 * first.vertices[0] - first.vertices, first.faces))
    sound(resolve(first, second))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([(1.0, 0.3, 0.2), (0.5, 0.0, 0.0), (1.0, 0.0, 0.0), (0.5, 0.5, 0.0)]))
def test_walls_that_touch_but_for_rounding(seed: int, shift: tuple[float, float, float]) -> None:
    matrix = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    matrix *= np.sign(np.linalg.det(matrix))
    mesh = several(cube(n=2), at(cube(n=3), *shift))
    result = resolve_parts(Traced.start(Mesh(mesh.vertices @ matrix.T + [0.3, 0.7, -0.2], mesh.faces)))
    overlap = np.prod(1.0 - np.array(shift))
    assert signed_volume(sound(result)) == pytest.approx(2.0 - overlap, abs=1e-3)
    assert result.counts["parts_united"] == 2 and "parts_joined" not in result.counts


def test_a_solid_that_touches_itself_along_an_edge_is_manifold() -> None:
    places = [(0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 1), (1, 1, 1)]
    mesh = sound(resolve(*[at(cube(), *place) for place in places]))
    assert signed_volume(mesh) == pytest.approx(5.0)


def test_a_hollow_between_united_parts_is_filled() -> None:
    walls = [at(cube(), x, y, z) for x in range(3) for y in range(3) for z in range(3) if (x, y, z) != (1, 1, 1)]
    result = resolve(*walls)
    assert signed_volume(sound(result)) == pytest.approx(27.0)
    assert result.counts == {"parts_united": 26, "cavities_dropped": 1}


def test_without_unite_overlapping_parts_are_joined_only() -> None:
    result = resolve(BALL, at(BALL, 1.5), unite=False)
    assert "parts_united" not in result.counts and result.counts["parts_joined"] == 1
    sound(result)


def test_too_many_intersections_are_refused() -> None:
    pairs = np.zeros((MOST_PAIRS + 1, 2), np.int64)
    with pytest.raises(RepairFailed, match="too many places"):
        outer_boundary(Traced.start(BALL), pairs)


def test_a_surface_that_encloses_nothing_is_refused() -> None:
    flat = several(cube(), turned(cube()))
    with pytest.raises(RepairFailed):
        outer_boundary(Traced.start(flat), np.stack([np.arange(12), np.arange(12, 24)], axis=1))


# --- bridges -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [2.001, 2.2, 5.0, 60.0])
def test_two_balls_are_joined(distance: float) -> None:
    result = resolve(BALL, at(BALL, distance, 0.1, 0.2))
    mesh = sound(result)
    assert result.counts == {"parts_joined": 1}
    assert not len(intersecting_faces(mesh))
    assert kept(result) >= 0.95 * 2 * BALL.n_faces
    assert signed_volume(mesh) == pytest.approx(2 * signed_volume(BALL), rel=0.05 * max(1.0, distance / 10))


def test_bridges_start_within_large_faces() -> None:
    result = resolve(cube(), at(cube(), 3.0, 0.2, 0.3))
    sound(result)
    assert kept(result) == 22


def test_bridges_follow_the_shortest_ways() -> None:
    row = [at(BALL, x, scale=0.5) for x in (0.0, 1.5, 10.0, 12.0)]
    mesh = several(*row)
    gaps = spanning_gaps(FaceTree.of(mesh), face_parts(mesh))
    assert np.sort(gaps.lengths) == pytest.approx([0.5, 1.0, 7.5], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_gaps_are_the_least_distances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = Mesh(rng.normal(size=(4, 3)), tetrahedron().faces)
    second = at(Mesh(rng.normal(size=(4, 3)), tetrahedron().faces), 9.0)
    mesh = several(first, second)
    gaps = spanning_gaps(FaceTree.of(mesh), face_parts(mesh))
    dense = rng.dirichlet(np.ones(3), size=2000)
    points = np.einsum("sk,fki->fsi", dense, first.vertices[first.faces]).reshape(-1, 3)
    bound = distances_to_surface(np.concatenate([points, first.vertices]), second).min()
    assert gaps.lengths[0] <= bound + 1e-12
    assert gaps.lengths[0] == pytest.approx(bound, rel=0.05)
    for side in (0, 1):
        part = second if gaps.faces[0, side] >= 4 else first
        assert distances_to_surface(gaps.points[:, side], part)[0] < 1e-9


def test_a_wall_between_two_parts_is_not_pierced() -> None:
    wall = Mesh(cube(n=6).vertices * [0.05, 6.0, 6.0] + [1.5, -3.0, -3.0], cube(n=6).faces)
    result = resolve(BALL, at(BALL, 3.05), wall)
    mesh = sound(result)
    assert result.counts == {"parts_joined": 2}
    assert not len(intersecting_faces(mesh))


def test_a_hundred_parts_are_joined() -> None:
    rng = np.random.default_rng(0)
    places = np.unique(rng.integers(0, 8, size=(120, 3)), axis=0)[:100]
    result = resolve(*[at(subdivided_sphere(1), *(2.5 * p)) for p in places])
    mesh = sound(result)
    assert result.counts == {"parts_joined": 99}
    assert not len(intersecting_faces(mesh))


def test_largest_part_only() -> None:
    result = resolve(at(BALL, 5.0), at(BALL, scale=2.0), at(cube(), -9.0), parts="largest")
    assert result.counts == {"parts_dropped": 2}
    assert area(sound(result)) == pytest.approx(4 * area(BALL))
    with pytest.raises(InvalidParameter):
        resolve(BALL, at(BALL, 3.0), parts="some")


def test_bridge_parts_does_not_depend_on_the_order_of_the_faces() -> None:
    mesh = several(BALL, at(BALL, 2.5), at(cube(), 0.0, 4.0))
    order = np.random.default_rng(0).permutation(mesh.n_faces)
    shuffled = Mesh(mesh.vertices, mesh.faces[order])
    results = [sound(bridge_parts(Traced.start(m), face_parts(m))) for m in (mesh, shuffled)]
    assert signed_volume(results[0]) == pytest.approx(signed_volume(results[1]), rel=0.01)


@pytest.mark.parametrize("point", [(0, 0, 0), (0.3, 0.3, 0), (0.5, 0.5, 0), (1, 0, 0)])
def test_a_polygon_fits_into_its_triangle(point: ArrayLike) -> None:
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    polygon = polygon_in_face(corners, np.asarray(point, float), 0.05)
    assert polygon is not None
    points = np.concatenate([corners, polygon[0]])
    a, b, c = (points[polygon[1][:, k]] for k in range(3))
    double = np.cross(b - a, c - a)[:, 2]
    hole = 0.5 * abs(sum(np.cross(p, q)[2] for p, q in zip(polygon[0], np.roll(polygon[0], -1, 0), strict=True)))
    assert double.min() > 0 and 0.5 * double.sum() + hole == pytest.approx(0.5)
    assert polygon_in_face(corners * [1, 0, 0], np.zeros(3), 0.05) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 9), st.integers(3, 9), st.integers(0, 1000))
def test_a_band_closes_two_loops(n: int, m: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n + m, 3))
    faces = band(points, np.arange(n), n + np.arange(m))
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)
    single = {(a, b) for a, b in edges.tolist()} - {(b, a) for a, b in edges.tolist()}
    assert single == {(i, (i + 1) % n) for i in range(n)} | {(n + (j + 1) % m, n + j) for j in range(m)}


def test_single_loop_knows_a_disc() -> None:
    assert single_loop(cube().faces) is None
    assert single_loop(np.array([[0, 1, 2], [3, 4, 5]])) is None
    assert single_loop(np.array([[0, 1, 2], [0, 3, 4]])) is None
    loop = single_loop(np.array([[0, 1, 2], [0, 2, 3]]))
    assert loop is not None and loop.tolist() in [np.roll([0, 1, 2, 3], k).tolist() for k in range(4)]


# --- sheets ------------------------------------------------------------------------------------------------------


def sheet(n: int = 12, height: float = 0.0) -> Mesh:
    x, y = (a.ravel() for a in np.meshgrid(*[np.linspace(0, 1, n)] * 2, indexing="ij"))
    i = np.arange(n * n).reshape(n, n)
    a, b, c, d = i[:-1, :-1].ravel(), i[1:, :-1].ravel(), i[1:, 1:].ravel(), i[:-1, 1:].ravel()
    z = height * np.sin(5 * x) * np.cos(4 * y)
    return Mesh(np.stack([x, y, z], axis=1), np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]))


def moebius(n: int = 60, m: int = 6) -> Mesh:
    u, v = 2 * np.pi * np.arange(n) / n, np.linspace(-0.4, 0.4, m)
    uu, vv = (a.ravel() for a in np.meshgrid(u, v, indexing="ij"))
    r = 1 + vv * np.cos(uu / 2)
    points = np.stack([r * np.cos(uu), r * np.sin(uu), vv * np.sin(uu / 2)], axis=1)
    faces = []
    for i in range(n):
        for j in range(m - 1):
            a, b = i * m + j, i * m + j + 1
            c, d = ((i + 1) * m + j, (i + 1) * m + j + 1) if i < n - 1 else (m - 1 - j, m - 2 - j)
            faces += [(a, c, d), (a, d, b)]
    return Mesh(points, np.array(faces))


def cap(height: float) -> Mesh:
    """The unit ball below a height."""
    ball = subdivided_sphere(4)
    low = ball.vertices[ball.faces].mean(axis=1)[:, 2] < height
    used, faces = np.unique(ball.faces[low], return_inverse=True)
    return Mesh(ball.vertices[used], faces.reshape(-1, 3))


def thickened(mesh: Mesh, genus: int = 0, **settings: float) -> Mesh:
    result = thicken_sheets(Traced.start(mesh), **settings)
    assert result.counts == {"sheets_thickened": 1} and len(result.warnings) == 1
    solid = sound(result, genus)
    assert not len(intersecting_faces(solid))
    return solid


@pytest.mark.parametrize("height", [0.0, 0.2])
def test_a_lone_sheet_becomes_a_plate(height: float) -> None:
    mesh = sheet(height=height)
    solid = thickened(mesh, thickness_rel=0.02)
    assert solid.n_faces == 2 * mesh.n_faces + 2 * 44
    assert signed_volume(solid) == pytest.approx(0.02 * mesh.diagonal * area(mesh), rel=0.05)
    front = thicken_sheets(Traced.start(mesh)).traced
    assert (front.face_source[: mesh.n_faces] == np.arange(mesh.n_faces)).all()


def test_a_moebius_strip_becomes_a_ring() -> None:
    mesh = moebius()
    solid = thickened(mesh, genus=1)
    assert distances_to_surface(solid.vertices, mesh).max() < 0.006 * mesh.diagonal


def test_one_triangle_becomes_a_prism() -> None:
    solid = thickened(Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]))
    assert solid.n_faces == 8


def test_a_shallow_bowl_is_thickened_and_a_deep_one_left() -> None:
    for height in (-0.6, -0.2, 0.0):
        thickened(cap(height))
    deep = Traced.start(cap(0.6))
    assert thicken_sheets(deep).traced is deep
    box = cube(n=4)
    lid = box.vertices[box.faces].mean(axis=1)[:, 2] > 0.999
    assert not thicken_sheets(Traced.start(Mesh(box.vertices, box.faces[~lid]))).counts


def test_an_opening_that_is_covered_does_not_make_a_sheet() -> None:
    pot = cap(0.0)
    lid = Mesh(pot.vertices * [1.05, 1.05, -0.3] + [0, 0, -0.02], pot.faces[:, ::-1])
    assert thicken_sheets(Traced.start(pot)).counts == {"sheets_thickened": 1}
    assert not thicken_sheets(Traced.start(several(pot, lid))).counts


def test_closed_parts_and_small_holes_are_left() -> None:
    for mesh in (BALL, Mesh(BALL.vertices, BALL.faces[6:]), cube()):
        traced = Traced.start(mesh)
        assert thicken_sheets(traced).traced is traced
    many = Mesh(BALL.vertices, np.delete(BALL.faces, np.arange(0, BALL.n_faces, 5), axis=0))
    assert not thicken_sheets(Traced.start(many)).counts


def test_two_sides_of_a_folded_sheet_move_apart() -> None:
    flat = Mesh(cap(0.0).vertices * [1, 1, 0], cap(0.0).faces)
    inner = np.linalg.norm(flat.vertices, axis=1) < 0.999
    number = np.where(inner, flat.n_vertices + np.cumsum(inner) - 1, np.arange(flat.n_vertices))
    both = Mesh(
        np.concatenate([flat.vertices, flat.vertices[inner]]), np.concatenate([flat.faces, number[flat.faces][:, ::-1]])
    )
    both = several(both, at(BALL, 5.0))
    result = thicken_sheets(Traced.start(both))
    assert result.counts == {"sheets_thickened": 1}
    assert signed_volume(result.traced.mesh) > signed_volume(BALL) + 0.01
    sources_hold(result.traced)


def test_other_parts_stay_where_sheets_are_thickened() -> None:
    mesh = several(BALL, at(sheet(), 3.0), at(cube(), -5.0))
    result = thicken_sheets(Traced.start(mesh))
    sources_hold(result.traced)
    assert (result.traced.face_source >= 0).sum() == mesh.n_faces
    assert check(result.traced.mesh).components == 3


def test_a_sheet_with_sharp_folds_does_not_pass_through_itself() -> None:
    mesh = sheet(30)
    zigzag = Mesh(
        np.stack([mesh.vertices[:, 0], mesh.vertices[:, 1], 0.02 * (np.arange(900) // 30 % 2)], 1), mesh.faces
    )
    result = thicken_sheets(Traced.start(zigzag), thickness_rel=0.05)
    assert not len(intersecting_faces(sound(result)))
    assert "less" in result.warnings[0]


def test_tiny_holes_of_a_sheet_are_filled_and_windows_stay() -> None:
    mesh = sheet(81)
    middle = mesh.vertices[mesh.faces].mean(axis=1)
    gone = np.zeros(mesh.n_faces, dtype=bool)
    for x, y, radius in ((0.3, 0.3, 0.008), (0.7, 0.25, 0.008), (0.5, 0.7, 0.1)):
        gone |= np.linalg.norm(middle[:, :2] - [x, y], axis=1) < radius
    used, faces = np.unique(mesh.faces[~gone], return_inverse=True)
    result = thicken_sheets(Traced.start(Mesh(mesh.vertices[used], faces.reshape(-1, 3))))
    assert result.counts["holes_filled"] >= 2
    assert not len(intersecting_faces(sound(result, genus=1)))


def test_a_thickened_sheet_does_not_reach_another() -> None:
    mesh = several(sheet(), at(sheet(), z=0.004))
    solid = thicken_sheets(Traced.start(mesh)).traced.mesh
    assert check(solid, self_intersections=False).components == 2
    assert not len(intersecting_faces(solid))


def test_layers_of_a_folded_sheet_stay_apart() -> None:
    flat = sheet(60)
    x, y = flat.vertices[:, 0], flat.vertices[:, 1]
    mesh = Mesh(np.stack([0.5 * np.sin(9 * x), y, 0.02 * x], axis=1), flat.faces)
    result = thicken_sheets(Traced.start(mesh), thickness_rel=0.1)
    # Ten times thicker than the gaps: only at the tips of the folds a few faces may still touch.
    assert len(intersecting_faces(sound(result))) < 0.002 * result.traced.mesh.n_faces


def test_thickness_out_of_range() -> None:
    for thickness in (0.0, -1.0, 2.0, float("nan")):
        with pytest.raises(InvalidParameter):
            thicken_sheets(Traced.start(sheet()), thickness_rel=thickness)
    assert not thicken_sheets(Traced.start(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)))).counts


# --- self-intersections ------------------------------------------------------------------------------------------


def dented(depth: float) -> Mesh:
    """A ball whose north pole is pushed down, out through the south pole."""
    ball = subdivided_sphere(4)
    vertices = ball.vertices.copy()
    near = np.exp(-np.square(np.arccos(np.clip(vertices[:, 2], -1, 1)) / 0.3))
    vertices[:, 2] -= depth * near
    return Mesh(vertices, ball.faces)


def test_a_sound_surface_stays() -> None:
    traced = Traced.start(BALL)
    assert resolve_self_intersections(traced).traced is traced


def test_a_limb_through_the_body_is_cut_free() -> None:
    arm = subdivided_sphere(4)
    vertices = arm.vertices.copy()
    bend = np.clip(vertices[:, 2], 0, None)
    mesh = Mesh(vertices * [1, 1, 1] + np.stack([3 * bend**2, 0 * bend, -2.5 * bend**4], 1), arm.faces)
    assert len(intersecting_faces(mesh))
    result = resolve_self_intersections(Traced.start(mesh))
    report = check(result.traced.mesh, self_intersections=False)
    sound(result, genus=report.genus or 0)
    assert result.counts["faces_resolved"] > 0 and kept(result) > 0.5 * mesh.n_faces


def test_a_dent_that_comes_out_is_removed() -> None:
    mesh = dented(2.5)
    crossing = len(intersecting_faces(mesh))
    assert crossing
    result = resolve_self_intersections(Traced.start(mesh))
    report = check(result.traced.mesh, self_intersections=False)
    sound(result, genus=report.genus or 0)


def test_noise() -> None:
    ball = subdivided_sphere(4)
    rng = np.random.default_rng(0)
    mesh = Mesh(ball.vertices + 0.03 * rng.normal(size=ball.vertices.shape), ball.faces)
    crossing = intersecting_faces(mesh)
    assert len(crossing)
    result = resolve_self_intersections(Traced.start(mesh))
    report = check(result.traced.mesh, self_intersections=False)
    sound(result, genus=report.genus or 0)
    assert kept(result) >= 0.95 * (mesh.n_faces - len(crossing))


# --- meshes as they are ------------------------------------------------------------------------------------------


def test_a_real_assembly() -> None:
    result = resolve_parts(Traced.start(real_mesh("p_box_assembly")))
    assert not len(intersecting_faces(sound(result)))
    result = resolve_parts(Traced.start(real_mesh("p_nested_shell")))
    assert result.counts == {"cavities_dropped": 1}
    sound(result)
