# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps to the sphere: one-to-one on every closed genus-0 mesh, however bad its triangles."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import (
    cube,
    ellipsoid,
    octahedron,
    random_rotation,
    real_mesh,
    subdivided_sphere,
    tetrahedron,
    uv_sphere,
)
from spherical_cow.certify import surface_error
from spherical_cow.errors import Cancelled, InvalidParameter, MapFailed
from spherical_cow.geometry.measure import oriented_outward, vertex_areas
from spherical_cow.geometry.spherical import spherical_areas
from spherical_cow.harmonics.container import POSITION, Harmonics
from spherical_cow.harmonics.transforms import analyse
from spherical_cow.mesh import Mesh
from spherical_cow.sphere.balanced import balanced_map, morton_order
from spherical_cow.sphere.decimation import collapse_to_tetrahedron
from spherical_cow.sphere.detail import bending, detail_weights
from spherical_cow.sphere.distortion import (
    area_distortion,
    flips,
    mean_angle_distortion,
    mean_area_distortion,
)
from spherical_cow.sphere.moebius import invert, moebius_centre
from spherical_cow.sphere.parametrize import METHODS, parametrize
from spherical_cow.sphere.rings import build_rings

GENUS0 = [
    "armadillo", "blub", "boat", "cheburashka", "cortex_left", "fandisk", "fish", "hand", "homer",
    "human_man", "penguin", "scorpion_low", "springer", "genus0/stanford_bunny", "spot_color",
]  # fmt: skip


def bipyramid(n: int, height: float = 1.0) -> Mesh:
    """Two tips of valence n over a ring of n vertices."""
    angle = 2.0 * np.pi * np.arange(n) / n
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros(n)], axis=1)
    i, j = np.arange(n), (np.arange(n) + 1) % n
    up, down = np.full(n, n), np.full(n, n + 1)
    faces = np.concatenate([np.stack([i, j, up], axis=1), np.stack([j, i, down], axis=1)])
    return Mesh(np.concatenate([ring, [[0, 0, height], [0, 0, -height]]]), faces)


def long_cylinder(rings: int = 60, around: int = 8) -> Mesh:
    """A rod a hundred times as long as wide."""
    sphere = uv_sphere(rings)
    x, y, z = sphere.vertices.T
    radius = np.minimum(1.0, np.hypot(x, y) * 5.0)
    direction = np.stack([x, y], axis=1) / np.maximum(np.hypot(x, y), 1e-12)[:, None]
    return sphere.with_vertices(np.column_stack([direction * radius[:, None] * (np.hypot(x, y) > 0)[:, None], 100 * z]))


def with_sliver_faces() -> Mesh:
    """A sphere with vertices pushed onto each other and onto the edges beside them."""
    mesh = uv_sphere(12)
    vertices = mesh.vertices.copy()
    edges = mesh.faces[::9, :2]
    vertices[edges[:, 0]] = vertices[edges[:, 1]] + 1e-12
    return mesh.with_vertices(vertices)


def in_one_point(mesh: Mesh, part: float) -> Mesh:
    """Some of the vertices all in the place of the first one."""
    chosen = np.random.default_rng(0).random(mesh.n_vertices) < part
    return mesh.with_vertices(np.where(chosen[:, None], mesh.vertices[0], mesh.vertices))


def crumpled(mesh: Mesh) -> Mesh:
    """Random positions: triangles through each other, but a sphere by its connectivity."""
    return mesh.with_vertices(np.random.default_rng(0).standard_normal((mesh.n_vertices, 3)))


def nested_triangles(count: int) -> Mesh:
    """A tetrahedron whose faces are split at random inner points again and again."""
    random = np.random.default_rng(0)
    vertices, faces = list(tetrahedron().vertices), tetrahedron().faces.tolist()
    for new in range(4, 4 + count):
        chosen = random.integers(len(faces))
        a, b, c = faces[chosen]
        vertices.append(random.dirichlet([1, 1, 1]) @ np.array([vertices[a], vertices[b], vertices[c]]))
        faces[chosen] = [a, b, new]
        faces += [[b, c, new], [c, a, new]]
    return Mesh(np.array(vertices), np.array(faces))


def spiral_of_triangles(count: int) -> Mesh:
    """A tetrahedron in which the newest face is split at its middle again and again: sizes down to 3^-count."""
    vertices, faces = list(tetrahedron().vertices), tetrahedron().faces.tolist()
    for new in range(4, 4 + count):
        a, b, c = faces.pop()
        vertices.append((vertices[a] + vertices[b] + vertices[c]) / 3.0)
        faces += [[a, b, new], [b, c, new], [c, a, new]]
    return Mesh(np.array(vertices), np.array(faces))


HARD = {
    "tetrahedron": tetrahedron(),
    "octahedron": octahedron(),
    "cube": cube(1.0, 3),
    "bipyramid of valence 3": bipyramid(3),
    "bipyramid of valence 2000": bipyramid(2000),
    "flat bipyramid": bipyramid(50, 1e-6),
    "needle": bipyramid(30, 1e3),
    "rod": long_cylinder(),
    "fine poles": uv_sphere(48),
    "slivers": with_sliver_faces(),
    "pancake": ellipsoid((1.0, 1.0, 1e-4)),
    "thread": ellipsoid((1.0, 1e-6, 1e-6), 3),
    "paper": ellipsoid((1.0, 1.0, 0.0), 3),
    "half in one point": in_one_point(subdivided_sphere(3), 0.5),
    "nest": nested_triangles(400),
    "spiral": spiral_of_triangles(150),
    "crumpled": oriented_outward(crumpled(subdivided_sphere(3))),
}


def assert_one_to_one(mesh: Mesh, sphere: np.ndarray) -> None:
    assert np.allclose(np.linalg.norm(sphere, axis=1), 1.0, atol=1e-12)
    assert flips(sphere, mesh.faces) == 0
    assert spherical_areas(sphere, mesh.faces).sum() == pytest.approx(4.0 * np.pi, rel=1e-12)


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("method", ["balanced", "authalic", "conformal"])
def test_hard_shapes(name: str, method: str) -> None:
    assert_one_to_one(HARD[name], parametrize(HARD[name], method))


@pytest.mark.parametrize("name", GENUS0)
def test_real_meshes(name: str) -> None:
    mesh = real_mesh(name)
    assert_one_to_one(mesh, parametrize(mesh))


@pytest.mark.parametrize("name", GENUS0)
def test_authalic_keeps_areas(name: str) -> None:
    mesh = real_mesh(name)
    sphere = parametrize(mesh, "authalic")
    assert_one_to_one(mesh, sphere)
    # the scorpion's thin legs are stepped over by its few triangles: 0.46 there, at most 0.17 on the others
    assert mean_area_distortion(mesh, sphere) <= (0.5 if name == "scorpion_low" else 0.2)


@pytest.mark.parametrize("name", ["spot_color", "homer", "human_man", "cortex_left"])
def test_conformal_keeps_angles_better(name: str) -> None:
    mesh = real_mesh(name)
    sphere = parametrize(mesh, "conformal")
    assert_one_to_one(mesh, sphere)
    assert mean_angle_distortion(mesh, sphere) < 0.6 * mean_angle_distortion(mesh, parametrize(mesh))


def test_conformal_flow_of_spot_is_conformal() -> None:
    mesh = real_mesh("spot_color")
    assert mean_angle_distortion(mesh, parametrize(mesh, "cmcf")) < 4.0


def test_the_flow_refuses_what_it_cannot_map() -> None:
    with pytest.raises(MapFailed, match=r"flipped.*balanced"):
        parametrize(HARD["needle"], "cmcf")


@pytest.mark.parametrize("method", METHODS)
def test_a_sphere_is_mapped_to_itself(method: str) -> None:
    mesh = subdivided_sphere(3)
    sphere = parametrize(mesh, method)
    assert_one_to_one(mesh, sphere)
    assert mean_angle_distortion(mesh, sphere) < 3.0
    assert np.abs(sphere - mesh.vertices).max() < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_the_map_turns_with_the_mesh_and_ignores_scale_and_place(method: str) -> None:
    mesh = ellipsoid((1.0, 0.8, 0.6), 3)
    rotation = random_rotation(1)
    moved = mesh.with_vertices(1e3 * mesh.vertices @ rotation.T + 1e5)
    here, there = parametrize(mesh, method), parametrize(moved, method)
    assert_one_to_one(moved, there)
    assert np.abs(there @ rotation - here).max() < 0.05
    assert mean_area_distortion(moved, there) == pytest.approx(mean_area_distortion(mesh, here), abs=0.01)


@pytest.mark.parametrize(
    "mesh", [ellipsoid((1.0, 0.8, 0.6), 3), cube(1.0, 6), bipyramid(60)], ids=["egg", "cube", "fan"]
)
def test_the_numbering_of_vertices_and_faces_does_not_matter(mesh: Mesh) -> None:
    random = np.random.default_rng(0)
    mesh = mesh.with_vertices(mesh.vertices @ random_rotation(2).T + 7.0)
    order = random.permutation(mesh.n_vertices)
    faces = np.argsort(order)[mesh.faces][random.permutation(mesh.n_faces)]
    faces = np.take_along_axis(faces, (random.integers(3, size=len(faces))[:, None] + np.arange(3)) % 3, axis=1)
    shuffled = Mesh(mesh.vertices[order], faces)
    for method in ("balanced", "authalic"):
        assert np.abs(parametrize(shuffled, method) - parametrize(mesh, method)[order]).max() < 1e-9


def test_the_map_is_deterministic() -> None:
    mesh = ellipsoid((1.0, 0.8, 0.6), 3)
    assert np.array_equal(parametrize(mesh), parametrize(mesh))


def test_an_inward_mesh_gets_an_outward_map() -> None:
    mesh = ellipsoid((1.0, 0.8, 0.6), 2)
    inward = Mesh(mesh.vertices, mesh.faces[:, ::-1])
    assert flips(parametrize(inward), mesh.faces) == 0


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="wobble"):
        parametrize(tetrahedron(), "wobble")


def test_the_map_can_be_cancelled() -> None:
    def cancel(fraction: float, phase: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        parametrize(uv_sphere(16), progress=cancel)


def test_area_distortion_sums_to_the_sphere() -> None:
    mesh = ellipsoid((1.0, 0.7, 0.4), 3)
    sphere = parametrize(mesh)
    on_sphere = np.bincount(mesh.faces.ravel(), np.repeat(spherical_areas(sphere, mesh.faces) / 3, 3))
    assert area_distortion(mesh, sphere) @ on_sphere == pytest.approx(4.0 * np.pi)


def test_rings_are_ordered() -> None:
    mesh = uv_sphere(9)
    rings = build_rings(mesh.faces, mesh.n_vertices)
    triangles = {tuple(np.roll(face, -k)) for face in mesh.faces.tolist() for k in range(3)}
    for u in range(mesh.n_vertices):
        ring = rings.pool[rings.start[u] : rings.start[u] + rings.degree[u]].tolist()
        assert all((u, a, b) in triangles for a, b in zip(ring, ring[1:] + ring[:1], strict=True))


def test_collapses_leave_four_vertices() -> None:
    mesh = uv_sphere(9)
    rings = build_rings(mesh.faces, mesh.n_vertices)
    collapses = collapse_to_tetrahedron(mesh.vertices, mesh.faces, rings)
    assert len(collapses.base) == 4
    assert np.array_equal(np.sort(np.concatenate([collapses.removed, collapses.base])), np.arange(mesh.n_vertices))
    assert (rings.degree[collapses.base] == 3).all()


def test_theta_trades_angles_for_areas() -> None:
    mesh = ellipsoid((1.0, 0.5, 0.25), 4)
    maps = [balanced_map(mesh, theta) for theta in (0.1, 1.0, 8.0)]
    areas = [mean_area_distortion(mesh, sphere) for sphere in maps]
    angles = [mean_angle_distortion(mesh, sphere) for sphere in maps]
    assert areas == sorted(areas, reverse=True)
    assert angles == sorted(angles)


def test_morton_order_is_a_permutation_that_keeps_neighbours_close() -> None:
    points = np.random.default_rng(0).random((1000, 3))
    order = morton_order(points)
    assert np.array_equal(np.sort(order), np.arange(1000))
    steps = np.linalg.norm(np.diff(points[order], axis=0), axis=1)
    assert steps.mean() < 0.5 * np.linalg.norm(np.diff(points, axis=0), axis=1).mean()


def test_moebius_centring_centres_and_keeps_angles() -> None:
    mesh = subdivided_sphere(4)
    off = invert(mesh.vertices, np.array([0.3, -0.4, 0.2]))
    weights = vertex_areas(mesh)
    assert np.linalg.norm(weights @ off) > 0.1 * weights.sum()
    centred = moebius_centre(off, weights)
    assert np.linalg.norm(weights @ centred) < 1e-10 * weights.sum()
    # small triangles keep their angles under a Möbius map
    assert mean_angle_distortion(mesh, centred) < 2.0


def test_detail_weights_are_even_on_a_sphere_and_larger_at_the_bent_ends_of_an_egg() -> None:
    round_weights = detail_weights(subdivided_sphere(5))
    assert round_weights.max() < 1.5 * round_weights.min()
    egg = ellipsoid((1.0, 0.3, 0.3), 5)
    ends = np.abs(egg.vertices[:, 0]) > 0.95
    assert detail_weights(egg)[ends].min() > 1.3 * detail_weights(egg)[~ends].mean()


def test_detail_weights_ignore_scale_place_and_refinement() -> None:
    mesh = cube(1.0, 6)
    moved = mesh.with_vertices(1e-9 * mesh.vertices @ random_rotation(4).T + 1e-7)
    assert detail_weights(moved) == pytest.approx(detail_weights(mesh), rel=1e-4)
    coarse, fine = ellipsoid((1.0, 0.5, 0.4), 4), ellipsoid((1.0, 0.5, 0.4), 5)
    assert detail_weights(fine)[: coarse.n_vertices] == pytest.approx(detail_weights(coarse), rel=0.1)


def test_bending_adds_up_to_the_total_mean_curvature() -> None:
    # half the sum of length times exterior angle: 12 edges of length 2 and a quarter turn each
    assert bending(cube(2.0, 4)).sum() == pytest.approx(12 * 2.0 * np.pi / 2)
    # on a sphere of radius r the integral of (κ1 + κ2) is 8 π r
    assert bending(subdivided_sphere(5)).sum() == pytest.approx(8 * np.pi, rel=0.01)


@pytest.mark.parametrize("name", ["homer", "hand", "fandisk"])
def test_following_detail_lowers_the_error_of_a_fit(name: str) -> None:
    mesh = real_mesh(name)
    unit = mesh.with_vertices((mesh.vertices - mesh.vertices.mean(axis=0)) / mesh.diagonal)
    plain, detailed = (
        surface_error(unit, sphere, Harmonics(analyse(sphere, unit.faces, unit.vertices, 32), POSITION))
        for sphere in (balanced_map(unit), balanced_map(unit, follow_detail=True))
    )
    assert detailed[0] < 0.9 * plain[0]
    assert detailed[1] < plain[1]


def test_progress_comes_often_and_grows() -> None:
    seen: list[float] = []
    balanced_map(uv_sphere(40), progress=lambda fraction, phase: seen.append(fraction))
    assert len(seen) > 20
    assert seen == sorted(seen)
    assert 0.0 <= seen[0] <= seen[-1] <= 1.0
