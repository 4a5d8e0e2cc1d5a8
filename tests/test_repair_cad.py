# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that change the shape on purpose: dissolve, symmetrise, solidify, voxels, cubes, decimate, smooth."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import cube, joined, torus, uv_sphere
from spherical_cow.errors import RepairFailed
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.measure import area, signed_volume
from spherical_cow.geometry.visibility import sample_visible
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import compare
from spherical_cow.repairs.cad.dissolve import dissolve_planar
from spherical_cow.repairs.cad.shaping import cubify, decimate, outer_surface, smooth, solidify, voxel_remesh
from spherical_cow.repairs.cad.symmetry import symmetrise
from spherical_cow.repairs.run import repair
from spherical_cow.repairs.traced import Traced
from spherical_cow.topology import check


def open_grid(n: int = 8) -> Mesh:
    x, y = np.meshgrid(np.linspace(0, 1, n + 1), np.linspace(0, 1, n + 1), indexing="ij")
    vertices = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3)
    a = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    faces = np.concatenate([np.stack([a, a + n + 1, a + n + 2], 1), np.stack([a, a + n + 2, a + 1], 1)])
    return Mesh(vertices, faces)


def test_a_finely_divided_cube_dissolves_to_twelve_triangles() -> None:
    result = dissolve_planar(Traced.start(cube(1.0, 8)))
    mesh = result.traced.mesh
    assert (mesh.n_faces, result.counts) == (12, {"faces_dissolved": 756})
    assert check(mesh).is_genus_zero
    assert signed_volume(mesh) == pytest.approx(1.0, abs=1e-12)


def test_dissolve_keeps_borders_and_changes_no_more_than_the_angle() -> None:
    sheet = dissolve_planar(Traced.start(open_grid())).traced.mesh
    assert area(sheet) == pytest.approx(1.0, abs=1e-12)
    assert check(sheet).row("closed").count == check(open_grid()).row("closed").count
    ball = uv_sphere(64)
    assert compare(dissolve_planar(Traced.start(ball), angle=5.0).traced.mesh, ball, 5000).hausdorff_rel < 0.005
    assert dissolve_planar(Traced.start(ball), angle=0.0).traced.mesh.n_faces == ball.n_faces


@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("side", ["positive", "negative"])
def test_symmetrised_halves_are_mirror_images(axis: str, side: str) -> None:
    mesh = uv_sphere(24)
    k = "xyz".index(axis)
    lumpy = mesh.with_vertices(mesh.vertices * (1.0 + 0.3 * np.sin(3 * mesh.vertices[:, [k]] + 1.0)))
    result = symmetrise(Traced.start(lumpy), axis=axis, side=side, about="origin").traced
    assert check(result.mesh).is_genus_zero
    mirrored = result.mesh.vertices.copy()
    mirrored[:, k] *= -1.0
    key = np.lexsort(np.round(result.mesh.vertices, 9).T), np.lexsort(np.round(mirrored, 9).T)
    np.testing.assert_allclose(result.mesh.vertices[key[0]], mirrored[key[1]], atol=1e-8)
    sign = 1.0 if side == "positive" else -1.0
    kept = result.face_source[result.face_source >= 0]
    whole = (sign * lumpy.vertices[lumpy.faces][:, :, k] > 1e-5).all(axis=1)
    assert set(np.flatnonzero(whole)) <= set(kept)


def test_symmetrising_an_empty_half_says_so() -> None:
    mesh = cube(1.0, 2)
    beside = mesh.with_vertices(mesh.vertices + np.array([10.0, 0.0, 0.0]))
    with pytest.raises(RepairFailed):
        symmetrise(Traced.start(beside), axis="x", side="negative", about="origin")


def test_solidify_gives_a_sheet_two_sides_and_a_rim() -> None:
    result = solidify(Traced.start(open_grid()), thickness_rel=0.1 / np.sqrt(2)).traced
    report = check(result.mesh)
    assert report.is_genus_zero and report.row("self_intersections").ok and report.row("outward").ok
    assert signed_volume(result.mesh) == pytest.approx(0.1, abs=1e-9)
    assert (result.face_source >= 0).sum() == 128


def test_smoothing_moves_toward_the_mean_of_the_neighbours() -> None:
    mesh = uv_sphere(16)
    spiky = mesh.vertices.copy()
    spiky[100] *= 2.0
    result = smooth(Traced.start(mesh.with_vertices(spiky)), factor=1.0).traced.mesh
    around = np.unique(mesh.faces[(mesh.faces == 100).any(axis=1)])
    np.testing.assert_allclose(result.vertices[100], spiky[around[around != 100]].mean(axis=0))
    assert smooth(Traced.start(mesh), iterations=0).traced.mesh.vertices is not None


def test_decimate_stops_at_the_ratio_or_at_the_fewest_faces() -> None:
    ball = uv_sphere(64)
    half = decimate(Traced.start(ball), ratio=0.5, min_faces=4).traced.mesh
    assert half.n_faces <= 0.5 * ball.n_faces + 2
    few = decimate(Traced.start(ball), ratio=0.01, min_faces=1000).traced.mesh
    assert 950 <= few.n_faces <= 1000
    assert check(few).is_genus_zero
    assert compare(few, ball, 5000).mean_rel < 0.002
    assert decimate(Traced.start(ball), ratio=1.0).traced.mesh is not None


def test_voxels_and_cubes_fill_the_same_volume() -> None:
    ball = uv_sphere(48)
    even = voxel_remesh(Traced.start(ball), resolution=48).traced.mesh
    assert check(even).is_genus_zero
    assert signed_volume(even) == pytest.approx(signed_volume(ball), rel=0.02)
    blocks = cubify(Traced.start(ball), resolution=32).traced.mesh
    report = check(blocks, self_intersections=False)
    assert report.row("closed").ok and report.row("manifold_edges").ok and report.row("outward").ok
    assert signed_volume(blocks) == pytest.approx(signed_volume(ball), rel=0.05)
    steps = np.diff(np.unique(np.round(blocks.vertices[:, 0], 9)))
    np.testing.assert_allclose(steps, steps[0])


def test_a_voxel_torus_keeps_its_handle() -> None:
    assert check(voxel_remesh(Traced.start(torus()), resolution=64).traced.mesh).genus == 1


def test_only_what_is_seen_from_outside_is_kept() -> None:
    ball = uv_sphere(24)
    hidden = Mesh(0.5 * ball.vertices, ball.faces[:, ::-1])
    beside = ball.with_vertices(0.1 * ball.vertices + np.array([2.0, 0.0, 0.0]))
    result = outer_surface(Traced.start(joined(ball, hidden, beside)))
    assert result.counts == {"cavities_dropped": 1}
    assert result.traced.mesh.n_faces == 2 * ball.n_faces


def placed(mesh: Mesh, at: tuple[float, float, float], size: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Mesh:
    return mesh.with_vertices(mesh.vertices * size + at)


def flipped(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces[:, ::-1])


def mirrored(mesh: Mesh) -> Mesh:
    """With the other diagonals."""
    return Mesh(mesh.vertices * [1.0, -1.0, 1.0] + [0.0, mesh.vertices[:, 1].max(), 0.0], mesh.faces[:, ::-1])


def without_wall(mesh: Mesh, x: float) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces[~(mesh.vertices[mesh.faces][:, :, 0] == x).all(axis=1)])


def turned(mesh: Mesh) -> Mesh:
    """In a skew place, with the coordinates of a file in single precision."""
    rotation = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    return Mesh((mesh.vertices @ rotation.T).astype(np.float32).astype(float), mesh.faces)


BOX, HALVES, QUARTERS = cube(1.0, 1), cube(1.0, 2), cube(1.0, 4)
WALL = Mesh(np.array([[1.0, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]]), np.array([[0, 1, 2], [0, 2, 3]]))
ASSEMBLIES = {
    # name: (mesh, how many faces are kept at least)
    "the same face": (joined(BOX, placed(BOX, (1, 0, 0))), 20),
    "other diagonals": (joined(BOX, placed(mirrored(BOX), (1, 0, 0))), 16),
    "T-junctions": (joined(BOX, placed(QUARTERS, (1, 0, 0))), 150),
    "crossing T-junctions": (joined(HALVES, placed(cube(1.0, 3), (1, 0, 0))), 100),
    "a smaller wall": (joined(HALVES, placed(BOX, (1, 0.25, 0.25), (0.5, 0.5, 0.5))), 40),
    "walls in one plane": (joined(HALVES, placed(BOX, (0.5, 0, 0))), 20),
    "a flipped box": (joined(BOX, flipped(placed(mirrored(BOX), (1, 0, 0)))), 16),
    "a wall inside": (joined(placed(BOX, (0, 0, 0), (2, 1, 1)), WALL), 12),
    "one wall for two": (joined(without_wall(HALVES, 1.0), placed(HALVES, (1, 0, 0))), 80),
    "no wall": (joined(without_wall(BOX, 1.0), without_wall(placed(QUARTERS, (1, 0, 0)), 1.0)), 166),
    "a corner": (
        joined(BOX, placed(QUARTERS, (1, 0, 0)), placed(mirrored(HALVES), (0, 1, 0)), flipped(placed(BOX, (0, 0, 1)))),
        180,
    ),
    "walls apart by rounding": (
        turned(joined(BOX, placed(QUARTERS, (1, 0, 0)), placed(mirrored(HALVES), (0, 1, 0)))),
        180,
    ),
    "a box in the corner of another": (joined(placed(HALVES, (0, 0, 0), (2, 2, 2)), BOX), 48),
    "a small gap": (joined(BOX, placed(QUARTERS, (1.0001, 0, 0))), 200),
}


@pytest.mark.parametrize("name", ASSEMBLIES)
def test_an_assembly_of_boxes_becomes_one_and_keeps_what_is_seen(name: str) -> None:
    mesh, kept = ASSEMBLIES[name]
    result = repair(mesh)
    assert check(result.mesh, self_intersections=False).is_genus_zero
    assert result.report.method == "surface"
    assert result.report.change.faces_kept >= kept
    lost = distances_to_surface(sample_visible(mesh, 2000), result.mesh)
    assert lost.mean() < 5e-4 * mesh.diagonal


def test_a_cabinet_loses_its_shelves_only() -> None:
    shelves = [placed(WALL.with_vertices(WALL.vertices[:, [1, 2, 0]]), (0, 0, z - 1.0), (1, 1, 1)) for z in (0.3, 0.6)]
    result = repair(joined(QUARTERS, *shelves))
    assert result.report.counts == {"cavities_dropped": 2}
    assert result.mesh.n_faces == QUARTERS.n_faces and not result.repaired.any()


def test_many_parts_are_looked_at_quickly() -> None:
    rng = np.random.default_rng(0)
    corners = rng.random((2000, 1, 3)) + 0.02 * rng.normal(size=(2000, 3, 3))
    soup = Mesh(corners.reshape(-1, 3), np.arange(6000).reshape(-1, 3))
    inside = joined(placed(BOX, (-0.5, -0.5, -0.5), (2, 2, 2)), soup)
    result = outer_surface(Traced.start(inside))
    assert result.counts == {"cavities_dropped": 2000}
    np.testing.assert_array_equal(result.traced.face_source, np.arange(BOX.n_faces))
    assert outer_surface(Traced.start(soup)).traced.mesh.n_faces > 1000
