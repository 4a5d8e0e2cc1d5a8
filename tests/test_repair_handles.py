# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles are removed with clean cuts, few faces changed, the right kind chosen; checked by trimesh too."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import joined, random_rotation, real_mesh, subdivided_sphere, torus
from spherical_cow.errors import Cancelled, RepairFailed
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.surgery.discs import disc_area, disc_over
from spherical_cow.repairs.surgery.graph import surface_graph
from spherical_cow.repairs.surgery.handles import remove_handles
from spherical_cow.repairs.surgery.loops import handle_loops
from spherical_cow.repairs.traced import NEW, StepResult, Traced
from spherical_cow.topology import check

Field = Callable[[np.ndarray], np.ndarray]


def implicit(field: Field, low: list[float], high: list[float], n: int) -> Mesh:
    """The surface where a function of points (N, 3) changes its sign, negative inside: marching tetrahedra."""
    lower, upper = np.array(low), np.array(high)
    size = (upper - lower).max() / n
    shape = np.ceil((upper - lower) / size).astype(int) + 1
    grid = np.stack(np.meshgrid(*[np.arange(k) for k in shape], indexing="ij"), axis=-1).reshape(-1, 3) * size + lower
    value = field(grid)
    number = np.arange(len(grid)).reshape(shape)
    tets = []
    for axes in itertools.permutations(range(3)):
        steps = np.zeros((4, 3), int)
        for k, axis in enumerate(axes):
            steps[k + 1 :, axis] += 1
        tets.append(
            np.stack(
                [
                    number[tuple(slice(s, d - 1 + s) for s, d in zip(step, shape, strict=True))].ravel()
                    for step in steps
                ],
                1,
            )
        )
    tet = np.concatenate(tets)
    count = (value[tet] < 0).sum(axis=1)
    tet = tet[(count > 0) & (count < 4)]
    tet = np.take_along_axis(tet, np.argsort(value[tet] >= 0, axis=1, kind="stable"), axis=1)
    count = (value[tet] < 0).sum(axis=1)

    def edges(rows: np.ndarray, *pairs: tuple[int, int]) -> np.ndarray:
        return np.stack([np.minimum(rows[:, i], rows[:, j]) * len(grid) + np.maximum(rows[:, i], rows[:, j])
                         for i, j in pairs], axis=1)  # fmt: skip

    one, two, three = (tet[count == k] for k in (1, 2, 3))
    key = np.concatenate([
        edges(one, (0, 1), (0, 2), (0, 3)), edges(three, (0, 3), (1, 3), (2, 3)),
        edges(two, (0, 2), (0, 3), (1, 3)), edges(two, (0, 2), (1, 3), (1, 2)),
    ])  # fmt: skip
    inside = np.concatenate([grid[one[:, 0]], grid[three[:, :3]].mean(1), *[grid[two[:, :2]].mean(1)] * 2])
    outside = np.concatenate([grid[one[:, 1:]].mean(1), grid[three[:, 3]], *[grid[two[:, 2:]].mean(1)] * 2])
    names, faces = np.unique(key, return_inverse=True)
    a, b = names // len(grid), names % len(grid)
    weight = np.clip(value[a] / (value[a] - value[b]), 0.05, 0.95)[:, None]
    vertices, faces = grid[a] * (1 - weight) + grid[b] * weight, faces.reshape(-1, 3)
    corner = vertices[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    turned = np.einsum("fi,fi->f", normal, outside - inside) < 0
    faces[turned] = faces[turned][:, ::-1]
    return Mesh(vertices, faces)


def segment(points: np.ndarray, a: tuple[float, ...], b: tuple[float, ...]) -> np.ndarray:
    along = np.subtract(b, a)
    t = np.clip((points - a) @ along / (along @ along), 0.0, 1.0)
    return np.linalg.norm(points - a - t[:, None] * along, axis=1)


def lattice() -> Mesh:
    """27 knots of a cubic grid, joined by 54 bars: genus 28."""
    places = list(itertools.product(range(3), repeat=2))

    def field(p: np.ndarray) -> np.ndarray:
        bars = [segment(p, start, end) for y, z in places for start, end in (
            ((0, y, z), (2, y, z)), ((y, 0, z), (y, 2, z)), ((y, z, 0), (y, z, 2)))]  # fmt: skip
        return np.min(bars, axis=0) - 0.17

    return implicit(field, [-0.3] * 3, [2.3] * 3, 26)


def cup() -> Mesh:
    """A round cup whose handle is thinner than the window that it frames."""

    def field(p: np.ndarray) -> np.ndarray:
        x, y, z = p.T
        r = np.hypot(x, y)
        body = np.maximum(np.maximum(r - 1.0, np.abs(z) - 1.2), -np.maximum(r - 0.8, -(z + 1.0)))
        handle = np.maximum(np.hypot(np.hypot(x - 1.0, z) - 0.55, y) - 0.14, 0.9 - r)
        return np.minimum(body, handle)

    return implicit(field, [-1.1, -1.1, -1.3], [1.8, 1.1, 1.3], 30)


def drilled() -> Mesh:
    """A thick plate with one narrow hole."""

    def field(p: np.ndarray) -> np.ndarray:
        x, y, z = p.T
        box = np.max([np.abs(x) - 1.02, np.abs(y) - 1.03, np.abs(z) - 0.31], axis=0)
        return np.maximum(box, 0.13 - np.hypot(x - 0.2, y - 0.1))

    return implicit(field, [-1.1, -1.1, -0.4], [1.1, 1.1, 0.4], 32)


def gear() -> Mesh:
    """A disc with teeth and seven holes."""

    def field(p: np.ndarray) -> np.ndarray:
        x, y, z = p.T
        r, angle = np.hypot(x, y), np.arctan2(y, x)
        d = np.maximum(r - 1.0 - 0.06 * np.sign(np.sin(12 * angle)), np.abs(z) - 0.17)
        d = np.maximum(d, 0.25 - r)
        for k in range(6):
            d = np.maximum(d, 0.14 - np.hypot(x - 0.6 * np.cos(k * np.pi / 3), y - 0.6 * np.sin(k * np.pi / 3)))
        return d

    return implicit(field, [-1.15, -1.15, -0.3], [1.15, 1.15, 0.3], 46)


def rings(count: int) -> Mesh:
    """Rings in a row that run into each other: genus `count`."""

    def field(p: np.ndarray) -> np.ndarray:
        return np.min(
            [np.hypot(np.hypot(p[:, 0] - 2.2 * k, p[:, 1]) - 1.0, p[:, 2]) - 0.31 for k in range(count)], axis=0
        )

    return implicit(field, [-1.5, -1.5, -0.5], [2.2 * (count - 1) + 1.5, 1.5, 0.5], 20 * count)


def trefoil() -> Mesh:
    """A tube along a trefoil knot: its tunnel is knotted."""
    n, m = 160, 12
    t = 2 * np.pi * np.arange(n) / n
    line = np.stack([np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)], axis=1)
    along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    across = np.cross(along, np.roll(along, -1, axis=0) - np.roll(along, 1, axis=0))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    third = np.cross(along, across)
    third /= np.linalg.norm(third, axis=1, keepdims=True)
    v = 2 * np.pi * np.arange(m)[:, None] / m
    round_ = torus(n, m)
    ring = line[:, None] + 0.35 * (np.cos(v) * third[:, None] + np.sin(v) * across[:, None])
    mesh = round_.with_vertices(ring.reshape(-1, 3))
    return mesh if signed_volume(mesh) > 0 else Mesh(mesh.vertices, mesh.faces[:, ::-1])


def pitted(seed: int = 0, radius: float = 0.11) -> Mesh:
    """A ball with holes drilled in random directions near its surface, and through each other."""
    rng = np.random.default_rng(seed)
    ends = rng.standard_normal((40, 3))
    ends /= np.linalg.norm(ends, axis=1, keepdims=True)
    other = ends + 0.9 * rng.standard_normal((40, 3))
    other /= np.linalg.norm(other, axis=1, keepdims=True)

    def field(p: np.ndarray) -> np.ndarray:
        holes = [radius - segment(p, tuple(1.2 * a), tuple(1.2 * b)) for a, b in zip(ends, other, strict=True)]
        return np.max([np.linalg.norm(p, axis=1) - 1.0, *holes], axis=0)

    return implicit(field, [-1.1] * 3, [1.1] * 3, 36)


def largest(mesh: Mesh) -> Mesh:
    parts = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).split(only_watertight=False)
    part = max(parts, key=lambda p: len(p.faces))
    return Mesh(np.asarray(part.vertices), np.asarray(part.faces))


MESHES: dict[str, tuple[Callable[[], Mesh], int]] = {
    "torus": (torus, 1),
    "thin torus": (lambda: torus(60, 10, 1.0, 0.1), 1),
    "fat torus": (lambda: torus(40, 40, 1.0, 0.9), 1),
    "coarse torus": (lambda: torus(5, 4), 1),
    "two rings": (lambda: rings(2), 2),
    "three rings": (lambda: rings(3), 3),
    "trefoil": (trefoil, 1),
    "cup": (cup, 1),
    "drilled": (drilled, 1),
    "gear": (gear, 7),
    "lattice": (lattice, 28),
    "pitted": (lambda: largest(pitted()), -1),
}


def removed(mesh: Mesh, **settings: str) -> StepResult:
    return remove_handles(Traced.start(mesh), **settings)  # type: ignore[arg-type]


def shares_places(result: StepResult) -> None:
    """What is said to be from the input is where it was."""
    after, before = result.traced.mesh, result.traced.source
    kept = result.traced.face_source != NEW
    was = before.vertices[before.faces[result.traced.face_source[kept]]]
    now = after.vertices[after.faces[kept]]
    assert (np.sort(was, axis=1) == np.sort(now, axis=1)).all()
    old = result.traced.vertex_source != NEW
    assert (after.vertices[old] == before.vertices[result.traced.vertex_source[old]]).all()


@pytest.mark.parametrize("name", MESHES)
def test_becomes_a_sphere_without_self_intersections(name: str) -> None:
    make, genus = MESHES[name]
    mesh = make()
    before = check(mesh)
    assert genus in (before.genus, -1) and before.genus and not before.row("self_intersections").count
    result = removed(mesh)
    after = check(result.traced.mesh)
    assert after.is_genus_zero and after.components == 1
    assert not after.row("self_intersections").count and not after.row("degenerate_faces").count
    assert sum(result.counts.values()) == before.genus and not result.warnings
    shares_places(result)
    independent = trimesh.Trimesh(result.traced.mesh.vertices, result.traced.mesh.faces, process=False)
    assert independent.is_watertight and independent.is_winding_consistent and independent.euler_number == 2
    assert signed_volume(result.traced.mesh) > 0


@pytest.mark.parametrize(
    ("make", "kind"),
    [(cup, "handles_cut"), (drilled, "tunnels_filled"), (lambda: torus(40, 40, 1.0, 0.9), "tunnels_filled"),
     (lambda: torus(60, 10, 1.0, 0.1), "handles_cut"), (trefoil, "handles_cut"), (lattice, "handles_cut")],
)  # fmt: skip
def test_chooses_the_smaller_change(make: Callable[[], Mesh], kind: str) -> None:
    mesh = make()
    result = removed(mesh)
    assert list(result.counts) == [kind]
    assert abs(signed_volume(result.traced.mesh) / signed_volume(mesh) - 1.0) < 0.01


@pytest.mark.parametrize("prefer", ["cut", "fill"])
def test_preference_is_kept(prefer: str) -> None:
    for mesh in (torus(), torus(40, 40, 1.0, 0.9), drilled()):
        result = removed(mesh, prefer=prefer)
        assert list(result.counts) == ["handles_cut" if prefer == "cut" else "tunnels_filled"]
        assert check(result.traced.mesh).is_genus_zero


def test_rocker_arm_keeps_nearly_all_faces() -> None:
    mesh = real_mesh("broken/rocker_arm")
    result = removed(mesh)
    assert check(result.traced.mesh).is_genus_zero
    assert not check(result.traced.mesh).row("self_intersections").count
    assert len(np.unique(result.traced.face_source)) - 1 >= 0.99 * mesh.n_faces
    assert len(np.unique(mesh.faces[np.setdiff1d(np.arange(mesh.n_faces), result.traced.face_source)])) < 250


@pytest.mark.parametrize("name", ["eight", "p_gear7", "p_torus", "pinion"])
def test_real_meshes(name: str) -> None:
    result = removed(real_mesh(f"broken/{name}"))
    report = check(result.traced.mesh)
    assert report.is_genus_zero and not report.row("self_intersections").count
    shares_places(result)


def test_each_part_becomes_a_sphere() -> None:
    ball = subdivided_sphere(2)
    far = torus().with_vertices(torus().vertices + np.array([4.0, 0.0, 0.0]))
    mesh = joined(ball.with_vertices(ball.vertices + np.array([0.0, 0.0, 5.0])), torus(), far)
    result = removed(mesh)
    report = check(result.traced.mesh)
    assert (report.genus, report.components) == (0, 3) and result.counts == {"handles_cut": 2}


def test_a_sphere_stays_as_it_is() -> None:
    traced = Traced.start(subdivided_sphere(2))
    result = remove_handles(traced)
    assert result.traced is traced and not result.counts and not result.warnings


def test_open_surface_is_refused() -> None:
    mesh = torus()
    with pytest.raises(RepairFailed, match="closed"):
        removed(Mesh(mesh.vertices, mesh.faces[1:]))


def test_can_be_cancelled() -> None:
    def stop(fraction: float, phase: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        remove_handles(Traced.start(torus()), progress=stop)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(1e-6, 1e6), far=st.floats(0, 1e3))
def test_position_and_numbering_do_not_change_the_topology(seed: int, scale: float, far: float) -> None:
    rng = np.random.default_rng(seed)
    mesh = rings_once
    order = rng.permutation(mesh.n_vertices)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    vertices = scale * (mesh.vertices[order] @ random_rotation(seed).T + far)
    moved = Mesh(vertices, np.roll(place[mesh.faces][rng.permutation(mesh.n_faces)], 1, axis=1))
    result = removed(moved)
    report = check(result.traced.mesh)
    assert report.is_genus_zero and result.counts == {"handles_cut": 2}
    assert not report.row("self_intersections").count


rings_once = rings(2)


def test_same_input_gives_the_same_result() -> None:
    first, second = removed(gear()), removed(gear())
    assert np.array_equal(first.traced.mesh.vertices, second.traced.mesh.vertices)
    assert np.array_equal(first.traced.mesh.faces, second.traced.mesh.faces)


def test_self_intersections_of_the_input_do_no_harm() -> None:
    noisy = torus(48, 24)
    vertices = noisy.vertices + 0.05 * np.random.default_rng(0).standard_normal(noisy.vertices.shape)
    assert check(noisy.with_vertices(vertices)).row("self_intersections").count
    assert check(removed(noisy.with_vertices(vertices)).traced.mesh).is_genus_zero


def test_loops_are_found_at_the_thinnest_place() -> None:
    mesh = torus(90, 24, 1.0, 0.3)
    around = np.arctan2(mesh.vertices[:, 1], mesh.vertices[:, 0])
    core = np.stack([np.cos(around), np.sin(around), np.zeros_like(around)], axis=1)
    thin = 1.0 - 0.6 * np.exp(-(((around - 2.0) / 0.3) ** 2))
    mesh = mesh.with_vertices(core + thin[:, None] * (mesh.vertices - core))
    families = handle_loops(surface_graph(mesh.vertices, mesh.faces), mesh.vertices)
    shortest = min(families.loops, key=lambda loop: loop.length)
    assert shortest.length < 2 * np.pi * 0.3 * 0.4 * 1.02
    assert np.abs(around[shortest.vertices] - 2.0).max() < 0.1


def test_disc_over_a_circle_is_flat_and_round() -> None:
    t = 2 * np.pi * np.arange(64) / 64
    circle = np.stack([np.cos(t), np.sin(t), np.zeros(64)], axis=1)
    disc = disc_over(circle)
    points = disc.points(circle)
    area = 0.5 * np.linalg.norm(
        np.cross(points[disc.triangles[:, 1]] - points[disc.triangles[:, 0]],
                 points[disc.triangles[:, 2]] - points[disc.triangles[:, 0]]), axis=1).sum()  # fmt: skip
    polygon = 32 * np.sin(2 * np.pi / 64)
    assert area == pytest.approx(polygon, rel=1e-9) and disc_area(circle) == pytest.approx(np.pi, rel=0.02)
    assert np.abs(points[:, 2]).max() < 1e-12
    edges = np.unique(np.sort(np.concatenate([disc.triangles[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1), axis=0)
    assert len(points) - len(edges) + len(disc.triangles) == 1
    corners = (edges < 64).all(axis=1)
    assert corners.sum() == 64  # no edge crosses from corner to corner
    moved = disc.points(circle + np.array([0.0, 0.0, 0.1]))
    assert np.allclose(moved - points, [0.0, 0.0, 0.1])


def test_disc_over_a_loop_of_right_angles_or_without_area_can_be_solved() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 1, 0], [2, 2, 0], [1, 2, 0], [0, 2, 0], [0, 1, 0]], float)
    back_and_forth = np.array([[k, 0, 0] for k in (0, 1, 2, 3, 4, 3, 2, 1)], float)
    bent = square + np.array([0.0, 0.0, 1.0]) * (square[:, :1] > 1)
    for corners in (square, back_and_forth, bent, np.zeros((6, 3)), np.repeat(square, 2, axis=0)):
        points = disc_over(corners).points(corners)
        assert np.isfinite(points).all() and (points <= corners.max(axis=0) + 1e-12).all()
