# SPDX-License-Identifier: GPL-3.0-or-later
"""Solids on a grid: inside and outside of any triangles, and solids made into one ball."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import cube, joined, random_rotation, real_mesh, subdivided_sphere, torus
from scipy import ndimage
from spherical_cow.errors import InvalidMesh, InvalidParameter, RepairFailed
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.volume.band import distance_to, near_distance
from spherical_cow.repairs.volume.grid import CONNECTIVITY, NEIGHBOURS, Field, Lattice, euler_characteristic
from spherical_cow.repairs.volume.growth import ball_labels
from spherical_cow.repairs.volume.inside import inside_field
from spherical_cow.repairs.volume.lines import look_around
from spherical_cow.repairs.volume.parts import fill_cavities, join_parts, largest_part
from spherical_cow.repairs.volume.simple import SIMPLE

Height = Callable[[np.ndarray], np.ndarray]


def field_of(height: Height, n: int = 48, size: float = 1.0) -> Field:
    """The field of a function that is negative inside, on a cube from -size to size."""
    axis = np.linspace(-size, size, n)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    distance = height(points).astype(np.float32)
    return Field(np.full(3, -size), float(axis[1] - axis[0]), distance, distance < 0.0)


def ring(points: np.ndarray, centre: tuple[float, float, float], major: float, minor: float) -> np.ndarray:
    x, y, z = np.moveaxis(points - np.array(centre), -1, 0)
    return np.hypot(np.hypot(x, y) - major, z) - minor


def along_curve(points: np.ndarray, curve: np.ndarray, radius: float) -> np.ndarray:
    """Distance to a closed polygon, less a radius."""
    from scipy.spatial import cKDTree

    return cKDTree(curve).query(points.reshape(-1, 3))[0].reshape(points.shape[:-1]) - radius


def bars(points: np.ndarray, cells: int, radius: float) -> np.ndarray:
    """A cubical lattice of bars, `cells` + 1 along each axis, with (cells + 1)³ knots."""
    knots = np.linspace(-0.7, 0.7, cells + 1)
    gap = np.abs(points[..., None] - knots).min(axis=-1)
    outside = np.maximum(np.abs(points) - 0.7, 0.0)
    distance = [
        np.sqrt(gap[..., a] ** 2 + gap[..., b] ** 2 + outside[..., c] ** 2)
        for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    ]
    return np.min(distance, axis=0) - radius


def topology(inside: np.ndarray) -> tuple[int, int, int]:
    """(parts, cavities, handles)."""
    parts, outside = (
        int(ndimage.label(m, structure=CONNECTIVITY)[1]) for m in (inside, np.pad(~inside, 1, constant_values=True))
    )
    return parts, outside - 1, parts + outside - 1 - euler_characteristic(inside)


def assert_ball(inside: np.ndarray) -> None:
    assert topology(inside) == (1, 0, 0)


def soup(mesh: Mesh, turned: float = 0.0, missing: float = 0.0, seed: int = 0) -> Mesh:
    """The faces of a mesh with corners of their own, some turned and some left out."""
    rng = np.random.default_rng(seed)
    faces = mesh.faces[rng.random(mesh.n_faces) >= missing]
    faces = np.where((rng.random(len(faces)) < turned)[:, None], faces[:, ::-1], faces)
    return Mesh(mesh.vertices[faces].reshape(-1, 3), np.arange(3 * len(faces)).reshape(-1, 3))


def volume(field: Field) -> float:
    return float(field.inside.sum() * field.spacing**3)


# The lattice ----------------------------------------------------------------------------------------------------------


def simplices(inside: np.ndarray) -> int:
    """Euler characteristic by listing every vertex, edge, triangle and tetrahedron."""
    nodes = {tuple(node) for node in np.argwhere(inside)}
    steps = [s for s in itertools.product((0, 1), repeat=3) if any(s)]
    chains = [((),)]
    total = len(nodes)
    for length in (1, 2, 3):
        chains = [
            chain
            for chain in itertools.permutations(steps, length)
            if all(a != b and all(x <= y for x, y in zip(a, b, strict=True)) for a, b in itertools.pairwise(chain))
        ]
        count = sum(all(tuple(np.add(node, step)) in nodes for step in chain) for node in nodes for chain in chains)
        total += (-1) ** length * count
    return total


@pytest.mark.parametrize("seed", range(4))
def test_euler_characteristic_is_the_alternating_sum_of_simplices(seed: int) -> None:
    inside = np.random.default_rng(seed).random((5, 4, 6)) < 0.3 + 0.15 * seed
    assert euler_characteristic(inside) == simplices(inside)


def test_neighbours_come_in_opposite_pairs() -> None:
    assert (NEIGHBOURS[:7] == -NEIGHBOURS[7:]).all()
    assert len({tuple(n) for n in NEIGHBOURS}) == 14 and CONNECTIVITY.sum() == 15


def test_simple_is_the_same_for_inside_and_outside() -> None:
    assert (SIMPLE[::-1] == SIMPLE).all()
    assert not SIMPLE[0] and SIMPLE[1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.8))
def test_simple_nodes_keep_the_topology_and_others_do_not(seed: int, density: float) -> None:
    inside = np.zeros((5, 5, 5), bool)
    inside[1:4, 1:4, 1:4] = np.random.default_rng(seed).random((3, 3, 3)) < density
    changed = inside.copy()
    changed[2, 2, 2] ^= True
    bits = sum(1 << n for n, step in enumerate(NEIGHBOURS) if inside[tuple(2 + step)])
    if SIMPLE[bits]:
        assert topology(inside) == topology(changed)
    elif bits not in (0, (1 << 14) - 1):  # pieces that meet here only change the count of parts, handles or cavities
        around = inside[1:4, 1:4, 1:4] & CONNECTIVITY
        around[1, 1, 1] = False
        pieces = ndimage.label(around, structure=CONNECTIVITY)[1]
        assert (
            pieces > 1
            or ndimage.label(CONNECTIVITY & ~around & (np.arange(27).reshape(3, 3, 3) != 13), CONNECTIVITY)[1] > 1
        )


def test_lattice_surrounds_the_mesh() -> None:
    mesh = torus()
    lattice = Lattice.around(mesh.vertices, 64)
    nodes = (mesh.vertices - lattice.origin) / lattice.spacing
    assert max(lattice.shape) == pytest.approx(64, abs=1)
    assert nodes.min() > 2.5 and (nodes.max(axis=0) < np.array(lattice.shape) - 3.5).all()
    with pytest.raises(InvalidParameter):
        Lattice.around(mesh.vertices, 4)


# Distance and views ---------------------------------------------------------------------------------------------------


def test_near_distances_are_exact() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(4, 20, (30, 3))
    points[3:6] = points[3] + np.array([[0, 0, 0], [5, 1, 0], [10, 2, 0]])  # a triangle without area
    mesh = Mesh(points, np.arange(30).reshape(-1, 3))
    near = near_distance(points, mesh.faces, (24, 24, 24))
    nodes = np.stack(np.unravel_index(np.arange(24**3), (24, 24, 24)), axis=1).astype(float)
    exact = distances_to_surface(nodes, mesh).reshape(near.shape)
    assert np.abs(near - exact)[exact < 1.79].max() < 1e-5
    assert near[exact > 1.81].min() > 1e8


def test_chamfer_distances_are_close() -> None:
    nodes = np.zeros((30, 30, 30), bool)
    nodes[[3, 20, 15], [4, 22, 9], [5, 18, 28]] = True
    exact = ndimage.distance_transform_edt(~nodes)
    ratio = distance_to(nodes)[~nodes] / exact[~nodes]
    assert ratio.min() > 0.999 and ratio.max() < 1.14


def test_all_views_agree_on_a_closed_surface() -> None:
    mesh = torus()
    lattice = Lattice.around(mesh.vertices, 48)
    points = (mesh.vertices - lattice.origin) / lattice.spacing
    views = look_around(points, mesh.faces, np.ones(mesh.n_faces, np.int8), lattice.shape)
    assert set(np.unique(views.winding)) == {0, 26}
    inside = views.winding == 26
    assert (views.parity[1:-1, 1:-1, 1:-1] == np.where(inside, 13, -13)[1:-1, 1:-1, 1:-1]).all()
    assert not views.free[inside].any() and (views.free[~inside] > 0).any()


# Inside ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [0.0, 0.3, 0.5, 1.0])
def test_faces_may_be_turned(turned: float) -> None:
    mesh = torus(48, 24)
    field = inside_field(soup(mesh, turned), 64)
    assert topology(field.inside) == (1, 0, 1)
    assert volume(field) == pytest.approx(signed_volume(mesh), rel=0.01)
    single = soup(mesh, turned, seed=1)
    shuffled = Mesh(single.vertices + 0.0, np.roll(single.faces, 1, axis=1))
    assert (inside_field(shuffled, 64).inside == field.inside).mean() > 0.999


def test_signs_and_distances() -> None:
    mesh = subdivided_sphere(3)
    field = inside_field(mesh, 48)
    nodes = field.origin + field.spacing * np.argwhere(np.ones_like(field.inside))
    exact = distances_to_surface(nodes, mesh).reshape(field.inside.shape)
    near = exact < 1.75 * field.spacing
    assert np.abs(np.abs(field.distance) - exact)[near].max() < 1e-5
    assert ((field.distance < 0.0) == field.inside).all()
    assert ((np.linalg.norm(nodes, axis=1) < 0.98).reshape(exact.shape) <= field.inside).all()
    assert not field.inside[:2].any() and not field.inside[:, :, -2:].any()


@pytest.mark.parametrize("missing", [0.01, 0.05])
def test_missing_faces_leave_the_solid_as_it_is(missing: float) -> None:
    mesh = subdivided_sphere(4)
    field = inside_field(soup(mesh, 0.3, missing), 64)
    ball = ball_labels(field)
    assert_ball(ball.inside)
    assert ball.inside.sum() * field.spacing**3 == pytest.approx(signed_volume(mesh), rel=0.03)


def test_nested_shells_are_solid() -> None:
    outer, inner = subdivided_sphere(3), subdivided_sphere(3)
    for faces in (inner.faces, inner.faces[:, ::-1]):
        mesh = joined(outer, Mesh(0.5 * inner.vertices, faces))
        ball = ball_labels(inside_field(mesh, 48))
        assert_ball(ball.inside)
        spacing = inside_field(outer, 48).spacing
        assert ball.inside.sum() * spacing**3 == pytest.approx(signed_volume(outer), rel=0.02)


def test_overlapping_shells_unite() -> None:
    one = cube(1.0)
    mesh = joined(
        one, one.with_vertices(one.vertices + np.array([0.5, 0.3, 0.2])), Mesh(one.vertices, one.faces[:, ::-1])
    )
    field = inside_field(mesh, 64)
    assert topology(field.inside) == (1, 0, 0)
    assert volume(field) == pytest.approx(2.0 - 0.5 * 0.7 * 0.8, rel=0.04)


def test_walls_inside_are_ignored() -> None:
    left = cube(1.0)
    right = left.with_vertices(left.vertices + np.array([np.ptp(left.vertices[:, 0]), 0.0, 0.0]))
    field = inside_field(joined(left, right), 64)
    assert topology(field.inside) == (1, 0, 0)
    assert volume(field) == pytest.approx(2.0, rel=0.06)


def test_doubled_faces_do_not_matter() -> None:
    mesh = torus()
    double = Mesh(mesh.vertices, np.concatenate([mesh.faces, mesh.faces[:, ::-1], mesh.faces[::3]]))
    assert (inside_field(double, 48).inside == inside_field(mesh, 48).inside).all()


def test_faces_without_a_place_are_left_out() -> None:
    mesh = subdivided_sphere(3)
    vertices = mesh.vertices.copy()
    vertices[7] = np.nan
    field = inside_field(Mesh(vertices, mesh.faces), 32)
    assert_ball(field.inside)
    with pytest.raises(InvalidMesh):
        inside_field(Mesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]])))
    with pytest.raises(InvalidMesh):
        inside_field(Mesh(np.eye(3), np.array([[0, 1, 1]])))


# Thin parts -----------------------------------------------------------------------------------------------------------


def strip(twist: int, n: int = 80, m: int = 6) -> Mesh:
    """A closed ribbon with half twists."""
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, n, endpoint=False), np.linspace(-0.3, 0.3, m), indexing="ij")
    radius = 1.0 + v * np.cos(twist * u / 2)
    points = np.stack([radius * np.cos(u), radius * np.sin(u), v * np.sin(twist * u / 2)], axis=-1).reshape(-1, 3)
    faces = []
    for i, j in itertools.product(range(n), range(m - 1)):
        near, far = [j, j + 1], [j, j + 1]
        if twist % 2 and i == n - 1:
            far = [m - 1 - j, m - 2 - j]
        a, b, c, d = i * m + near[0], i * m + near[1], (i + 1) % n * m + far[1], (i + 1) % n * m + far[0]
        faces += [(a, b, c), (a, c, d)]
    return Mesh(points, np.array(faces))


@pytest.mark.parametrize("twist", [0, 1, 2, 3])
def test_sheets_are_thickened(twist: int) -> None:
    field = inside_field(strip(twist), 64)
    assert field.sheets_thickened == 1 and field.resolution_needed == 0
    assert topology(field.inside) == (1, 0, 1)
    thickness = volume(field) / (0.6 * 2 * np.pi)  # a plane between nodes is one or two of them thick
    assert 0.9 * field.spacing < thickness < 3.0 * field.spacing


def test_one_triangle_becomes_a_plate() -> None:
    field = inside_field(Mesh(np.eye(3), np.array([[0, 1, 2]])), 64)
    assert field.sheets_thickened == 1
    assert_ball(field.inside)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("thickness", [0.1, 0.5, 0.9, 1.3])
def test_thin_plates_hold_together(thickness: float, seed: int) -> None:
    plate = cube(1.0, 8)
    spacing = 1.0 / 55
    centred = plate.vertices - plate.vertices.mean(axis=0)
    centred = centred / np.ptp(centred, axis=0) * np.array([1.0, 0.7, thickness * spacing])
    mesh = Mesh(centred @ random_rotation(seed).T, plate.faces)
    field = inside_field(mesh, 64)
    assert_ball(field.inside)
    assert field.sheets_thickened == 0 and 64 < field.resolution_needed < 64 * 30
    assert volume(field) < 0.7 * 3.2 * field.spacing


@pytest.mark.parametrize("seed", range(3))
def test_thin_rods_hold_together(seed: int) -> None:
    rod = cube(1.0, 6)
    centred = rod.vertices - rod.vertices.mean(axis=0)
    centred = centred / np.ptp(centred, axis=0) * np.array([1.0, 0.006, 0.006])
    ball = ball_labels(inside_field(Mesh(centred @ random_rotation(seed).T, rod.faces), 64))
    assert_ball(ball.inside)
    assert ball.parts_joined <= 1
    extent = np.ptp(np.argwhere(ball.inside) @ random_rotation(seed)[:, 0])
    assert extent * inside_field(Mesh(centred @ random_rotation(seed).T, rod.faces), 64).spacing > 0.95


def test_thick_solids_are_not_thickened() -> None:
    field = inside_field(cube(1.0, 4), 64)
    assert field.sheets_thickened == 0 and field.resolution_needed == 0
    assert volume(field) == pytest.approx(1.0, rel=0.04)


# Balls ----------------------------------------------------------------------------------------------------------------


def double_ring(points: np.ndarray) -> np.ndarray:
    return np.minimum(ring(points, (-0.42, 0, 0), 0.35, 0.13), ring(points, (0.42, 0.05, 0), 0.35, 0.13))


def trefoil(points: np.ndarray) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    curve = np.stack([np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)], axis=1)
    return along_curve(points, 0.25 * curve, 0.12)


SOLIDS: dict[str, tuple[Height, int]] = {
    "ball": (lambda p: np.linalg.norm(p, axis=-1) - 0.7, 0),
    "ring": (lambda p: ring(p, (0, 0, 0), 0.6, 0.2), 1),
    "two rings": (double_ring, 2),
    "trefoil": (trefoil, 1),
    "bars": (lambda p: bars(p, 2, 0.1), 28),
}


@pytest.mark.parametrize("prefer", ["auto", "cut", "fill"])
@pytest.mark.parametrize("name", list(SOLIDS))
def test_handles_are_removed(name: str, prefer: str) -> None:
    height, handles = SOLIDS[name]
    field = field_of(height)
    assert topology(field.inside) == (1, 0, handles)
    ball = ball_labels(field, prefer=prefer)
    assert_ball(ball.inside)
    assert ball.handles_cut + ball.tunnels_filled == handles
    assert (ball.changed == (ball.inside != field.inside)).all()
    assert ball.handles_cut == 0 if prefer == "fill" else True
    assert ball.tunnels_filled == 0 if prefer == "cut" else True
    if prefer == "cut":
        assert not (ball.inside & ~field.inside).any()
    if prefer == "fill":
        assert not (field.inside & ~ball.inside).any()


def test_the_smaller_change_is_chosen() -> None:
    slim = ball_labels(field_of(lambda p: ring(p, (0, 0, 0), 0.7, 0.1)))
    stout = ball_labels(field_of(lambda p: ring(p, (0, 0, 0), 0.5, 0.42)))
    assert (slim.handles_cut, slim.tunnels_filled) == (1, 0)
    assert (stout.handles_cut, stout.tunnels_filled) == (0, 1)
    assert slim.changed.sum() < 120 and stout.changed.sum() < 60


def test_cuts_are_made_where_the_handle_is_narrowest() -> None:
    def uneven(p: np.ndarray) -> np.ndarray:
        return ring(p, (0, 0, 0), 0.6, 0.0) - np.where(p[..., 0] < -0.5, 0.08, 0.2)

    where = np.argwhere(ball_labels(field_of(uneven), prefer="cut").changed)
    assert (where[:, 0] * 2 / 47 - 1 < -0.4).all() and len(where) < 60


def test_cavities_and_parts() -> None:
    def shells(p: np.ndarray) -> np.ndarray:
        r = np.linalg.norm(p, axis=-1)
        return np.abs(np.abs(np.abs(r - 0.5) - 0.15)) - 0.06

    field = field_of(shells)
    parts, cavities, _ = topology(field.inside)
    assert parts == 2 and cavities == 2
    ball = ball_labels(field)
    assert_ball(ball.inside)
    assert ball.cavities_dropped >= 1 and ball.handles_cut + ball.tunnels_filled == 0


def test_parts_are_joined_or_dropped() -> None:
    def three(p: np.ndarray) -> np.ndarray:
        centres = np.array([[-0.6, 0, 0], [0.1, 0, 0], [0.65, 0.1, 0]])
        return np.min(
            [np.linalg.norm(p - c, axis=-1) - r for c, r in zip(centres, (0.3, 0.25, 0.15), strict=True)], axis=0
        )

    field = field_of(three)
    joined_ball, largest = ball_labels(field), ball_labels(field, parts="largest")
    for ball in (joined_ball, largest):
        assert_ball(ball.inside)
    assert (joined_ball.parts_joined, joined_ball.parts_dropped) == (2, 0)
    assert (largest.parts_joined, largest.parts_dropped) == (0, 2)
    assert joined_ball.changed.sum() < 60
    assert (largest.inside & ~field.inside).sum() == 0
    assert join_parts(field.inside)[1] == largest_part(field.inside)[1] == 2
    assert fill_cavities(field.inside)[1] == 0


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.15, 0.85),
    st.sampled_from(["auto", "cut", "fill"]),
    st.sampled_from(["join", "largest"]),
)
def test_noise_always_becomes_a_ball(seed: int, density: float, prefer: str, parts: str) -> None:
    noise = np.random.default_rng(seed).random((14, 13, 15)).astype(np.float32)
    inside = np.zeros(noise.shape, bool)
    inside[2:-2, 2:-2, 2:-2] = noise[2:-2, 2:-2, 2:-2] < density
    inside[6, 6, 6] = True
    field = Field(np.zeros(3), 1.0, np.where(inside, -noise - 0.1, noise + 0.1).astype(np.float32), inside)
    ball = ball_labels(field, prefer=prefer, parts=parts)
    assert_ball(ball.inside)
    again = ball_labels(Field(np.zeros(3), 1.0, field.distance, ball.inside), prefer=prefer, parts=parts)
    assert not any(again.counts.values()) and (again.inside == ball.inside).all()


def test_wrong_choices_are_refused() -> None:
    field = field_of(SOLIDS["ball"][0], 16)
    with pytest.raises(InvalidParameter):
        ball_labels(field, prefer="melt")
    with pytest.raises(InvalidParameter):
        ball_labels(field, parts="some")
    with pytest.raises(RepairFailed):
        ball_labels(Field(field.origin, field.spacing, np.abs(field.distance), np.zeros_like(field.inside)))


@pytest.mark.parametrize("seed", range(2))
def test_rotation_and_order_do_not_change_the_topology(seed: int) -> None:
    mesh = torus(48, 24)
    order = np.random.default_rng(seed).permutation(mesh.n_faces)
    moved = Mesh(mesh.vertices @ random_rotation(seed).T * 37.0 + 1000.0, mesh.faces[order])
    assert topology(inside_field(moved, 48).inside) == (1, 0, 1)


@pytest.mark.parametrize("name", ["broken/p_gear7", "broken/p_moebius", "broken/teapot", "broken/suzanne"])
def test_real_meshes_become_balls(name: str) -> None:
    mesh = real_mesh(name)
    ball = ball_labels(inside_field(mesh, 64))
    assert_ball(ball.inside)
