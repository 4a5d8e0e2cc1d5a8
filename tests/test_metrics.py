# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures between shapes, against shapes whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from meshes import cube, ellipsoid, joined, random_rotation, subdivided_sphere, torus
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.geometry.metrics import contains, f_score, intersection_over_union, measure
from spherical_cow.geometry.protocols import mirror_errors, occupancy_networks, pixel2mesh, symmetric_distances
from spherical_cow.mesh import Mesh


def scaled(mesh: Mesh, factor: float) -> Mesh:
    return mesh.with_vertices(factor * mesh.vertices)


def moved(mesh: Mesh, shift: list[float]) -> Mesh:
    return mesh.with_vertices(mesh.vertices + np.array(shift))


def test_concentric_spheres_are_apart_by_the_difference_of_their_radii() -> None:
    ball = subdivided_sphere(6)
    result = measure(ball, scaled(ball, 1.1), threshold_rel=0.2 / ball.diagonal)
    assert result.accuracy == pytest.approx(0.1, abs=1e-3)
    assert result.completeness == pytest.approx(0.1, abs=1e-3)
    assert result.chamfer_l1 == pytest.approx(0.1, abs=1e-3)
    assert result.chamfer_l2 == pytest.approx(0.02, abs=1e-3)
    assert result.hausdorff == pytest.approx(0.1, abs=1e-3)
    assert result.normal_consistency == pytest.approx(1.0, abs=1e-3)
    assert (result.precision, result.recall, result.f_score) == (1.0, 1.0, 1.0)
    assert result.iou == pytest.approx(1.1**-3, abs=1e-3)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.25, 0.5, 0.9])
def test_shifted_cubes_overlap_by_what_is_left(shift: float) -> None:
    box = cube(1.0, 2)
    expected = (1.0 - shift) / (1.0 + shift)
    assert intersection_over_union(box, moved(box, [shift, 0.0, 0.0])) == pytest.approx(expected, abs=1e-3)


def test_shifted_cubes_have_known_distances() -> None:
    box = cube(1.0, 2)
    # Of each cube, one face is 0.1 outside the other; one is inside it, nearer to a side close to its rim:
    # ∫ (1 − 2t)² dt from 0 to 0.1; of the other four a tenth sticks out, by 0.05 on average.
    result = measure(box, moved(box, [0.1, 0.0, 0.0]), 200_000)
    expected = (0.1 + (0.1 - 2 * 0.1**2 + 4 * 0.1**3 / 3) + 4 * 0.1 * 0.05) / 6.0
    assert result.chamfer_l1 == pytest.approx(expected, abs=1e-3)
    assert result.hausdorff == pytest.approx(0.1, abs=1e-6)


def test_f_score_counts_what_is_within_the_threshold() -> None:
    near, far = cube(1.0, 2), moved(cube(1.0, 2), [10.0, 0.0, 0.0])
    half = measure(near, joined(near, far), 50_000)
    assert half.recall == pytest.approx(1.0)
    assert half.precision == pytest.approx(0.5, abs=0.01)
    assert half.f_score == pytest.approx(f_score(half.precision, half.recall))
    assert f_score(0.0, 0.0) == 0.0


def test_inside_agrees_with_an_independent_library() -> None:
    mesh = torus(48, 24)
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (2000, 3))
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    x, y, z = points.T
    analytic = (np.hypot(x, y) - 1.0) ** 2 + z**2 < 0.4**2
    ours = contains(mesh, points)
    assert (ours == analytic).mean() > 0.99
    assert other.is_watertight and (ours.mean() * 27.0) == pytest.approx(signed_volume(mesh), rel=0.1)
    np.testing.assert_array_equal(contains(Mesh(mesh.vertices, mesh.faces[:, ::-1]), points), ours)


def test_open_meshes_have_no_inside_but_distances() -> None:
    box = cube(1.0, 2)
    open_box = Mesh(box.vertices, box.faces[1:])
    with pytest.raises(InvalidMesh):
        contains(open_box, np.zeros((1, 3)))
    assert measure(box, open_box, 1000).iou is None
    with pytest.raises(InvalidParameter):
        measure(box, box, 0)
    with pytest.raises(InvalidParameter):
        measure(box, box, threshold_rel=0.0)


def test_measures_are_symmetric_repeatable_and_move_with_the_shapes() -> None:
    a, b = ellipsoid(), subdivided_sphere(4)
    one, again = measure(a, b, 20_000), measure(a, b, 20_000)
    assert one == again
    back = measure(b, a, 20_000)
    assert back.chamfer_l1 == pytest.approx(one.chamfer_l1, rel=0.02)
    turn = random_rotation(3)
    turned = measure(a.with_vertices(a.vertices @ turn.T), b.with_vertices(b.vertices @ turn.T), 20_000)
    assert turned.iou is not None and one.iou is not None
    assert turned.iou == pytest.approx(one.iou, abs=3e-3)


def test_the_protocol_of_occupancy_networks() -> None:
    ball = moved(scaled(subdivided_sphere(5), 7.0), [1.0, 2.0, 3.0])
    same = occupancy_networks(ball, ball)
    assert same["iou"] == 1.0
    assert same["normal_consistency"] > 0.99
    assert same["chamfer_l1"] < 0.03  # points against points: not 0, even for the same surface
    bigger = ball.with_vertices([1.0, 2.0, 3.0] + 1.1 * (ball.vertices - [1.0, 2.0, 3.0]))
    result = occupancy_networks(bigger, ball)
    assert result["chamfer_l1"] == pytest.approx(0.5, abs=0.01)  # a tenth of the radius, in tenths of the side
    assert result["iou"] == pytest.approx(1.1**-3, abs=0.01)


def test_the_protocol_of_pixel2mesh() -> None:
    points = np.random.default_rng(0).random((500, 3))
    assert pixel2mesh(points, points) == {"chamfer": 0.0, "f_score": 1.0, "f_score_2": 1.0}
    shifted = np.concatenate([points, points + 100.0])
    result = pixel2mesh(points, shifted)
    assert result["f_score"] == pytest.approx(2.0 * 0.5 / 1.5)
    grid = np.stack(np.meshgrid(*[np.arange(8.0)] * 3), axis=-1).reshape(-1, 3)
    beside = pixel2mesh(grid, grid + np.array([0.012, 0.0, 0.0]))  # 0.012² is 1.44e-4: beyond the first limit only
    assert (beside["f_score"], beside["f_score_2"]) == (0.0, 1.0)
    assert beside["chamfer"] == pytest.approx(2 * 0.012**2)


def test_symmetric_distances_and_mirror_errors() -> None:
    box = cube(2.0, 4)
    result = symmetric_distances(box, moved(box, [0.2, 0.0, 0.0]))
    assert result["max"] == pytest.approx(0.2)
    assert result["max_rel"] == pytest.approx(0.1)
    assert result["mean"] <= result["max_mean"] <= result["max"]
    centred = moved(box, list(-0.5 * (box.vertices.min(axis=0) + box.vertices.max(axis=0))))
    mirrored = centred.vertices * [-1.0, 1.0, 1.0]
    opposite = np.argmin(np.linalg.norm(centred.vertices[:, None] - mirrored[None], axis=2), axis=1)
    assert mirror_errors(centred, opposite) == pytest.approx({"mean": 0.0, "max": 0.0, "hausdorff": 0.0}, abs=1e-12)
    shifted = moved(centred, [0.1, 0.0, 0.0])
    assert mirror_errors(shifted, opposite)["max"] == pytest.approx(0.1)
