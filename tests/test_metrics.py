# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures between shapes, against shapes whose measures are known and against independent libraries."""

from __future__ import annotations

import json

import igl
import numpy as np
import pytest
import spherical_cow as sc
import trimesh
from meshes import cube, ellipsoid, joined, random_rotation, real_mesh, subdivided_sphere, tetrahedron, torus, uv_sphere
from scipy.spatial import cKDTree
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.geometry.inside import contains, why_no_inside
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.geometry.mirror import mirror_errors
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import compare, intersection_over_union, voxel_iou
from spherical_cow.metrics.comparison import f_score

ROOT_2 = np.sqrt(2.0)


def scaled(mesh: Mesh, factor: float) -> Mesh:
    return mesh.with_vertices(factor * mesh.vertices)


def moved(mesh: Mesh, *shift: float) -> Mesh:
    return mesh.with_vertices(mesh.vertices + np.array(shift))


def square(z: float = 0.0, size: float = 1.0) -> Mesh:
    return Mesh(np.array([[0, 0, z], [size, 0, z], [size, size, z], [0, size, z]]), [[0, 1, 2], [0, 2, 3]])


def open_cube() -> Mesh:
    return Mesh(cube(1.0, 2).vertices, cube(1.0, 2).faces[1:])


def test_one_entry() -> None:
    assert sc.compare is sc.metrics.compare


def test_a_mesh_has_no_distance_from_itself() -> None:
    mesh = uv_sphere(10)
    for other in (mesh, midpoint_subdivide(mesh)):
        result = compare(mesh, other, 2000, points=5000)
        assert result.hausdorff_rel < 1e-14 and result.normal_angle < 1e-3
        assert (result.f_score, result.iou) == (1.0, 1.0)


def test_two_squares() -> None:
    result = compare(square(), square(0.25), 1000)
    for name in ("mean", "rms", "percentile_95", "hausdorff"):
        for suffix in ("", "_forward", "_backward"):
            assert getattr(result, name + suffix) == pytest.approx(0.25)
            assert getattr(result, f"{name}{suffix}_rel") == pytest.approx(0.25 / ROOT_2)
    assert result.normal_angle == pytest.approx(0.0, abs=1e-6)
    assert (result.area_a, result.diagonal_a) == (pytest.approx(1.0), pytest.approx(ROOT_2))


def test_concentric_spheres_are_apart_by_the_difference_of_their_radii() -> None:
    ball = subdivided_sphere(6)
    result = compare(ball, scaled(ball, 1.1), 20_000, threshold=0.2)
    for side in ("", "_forward", "_backward"):
        for name in ("mean", "rms", "percentile_95", "hausdorff"):
            assert getattr(result, name + side) == pytest.approx(0.1, abs=1e-3)
    assert result.chamfer_l1 == pytest.approx(0.1, abs=1e-3)
    assert result.chamfer_l2 == pytest.approx(0.02, abs=1e-3)
    for name in ("symmetric_max", "symmetric_max_mean", "symmetric_mean"):
        assert getattr(result, name) == pytest.approx(0.1, abs=1e-3)
        assert getattr(result, f"{name}_minmax") == pytest.approx(0.05, abs=1e-3)  # from −1 to 1
    assert result.normal_consistency == pytest.approx(1.0, abs=1e-3) and result.normal_angle < 0.5
    assert (result.precision, result.recall, result.f_score) == (1.0, 1.0, 1.0)
    assert result.iou == pytest.approx(1.1**-3, abs=1e-3)
    assert result.volume_a is not None and result.volume_b is not None
    assert result.volume_b / result.volume_a == pytest.approx(1.1**3)
    assert result.area_b / result.area_a == pytest.approx(1.1**2)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.25, 0.5, 0.9])
def test_shifted_cubes_overlap_by_what_is_left(shift: float) -> None:
    box = cube(1.0, 2)
    expected = (1.0 - shift) / (1.0 + shift)
    assert intersection_over_union(box, moved(box, shift, 0.0, 0.0)) == pytest.approx(expected, abs=1e-3)
    assert voxel_iou(box, moved(box, shift, 0.0, 0.0), 24) == pytest.approx(expected, abs=0.05)


def test_voxels_that_fit_are_exact() -> None:
    box = cube(1.0, 2)
    assert voxel_iou(box, moved(box, 0.5, 0.0, 0.0), 30) == pytest.approx(1.0 / 3.0)
    result = compare(box, moved(box, 0.5, 0.0, 0.0), 100, volume="grid", resolution=30)
    assert result.iou == pytest.approx(1.0 / 3.0)


def test_shifted_cubes_have_known_distances() -> None:
    box, shift = cube(1.0, 2), 0.1
    # Of each cube, one face is 0.1 outside the other; one is inside it, nearer to a side close to its rim:
    # ∫ (1 − 2t)² dt from 0 to 0.1; of the other four a tenth sticks out, by 0.05 on average.
    result = compare(box, moved(box, shift, 0.0, 0.0), 200_000, volume="none")
    expected = (shift + (shift - 2 * shift**2 + 4 * shift**3 / 3) + 4 * shift * 0.05) / 6.0
    assert result.chamfer_l1 == pytest.approx(expected, abs=1e-3)
    # Likewise the squares: 0.01; ∫ 2 t (1 − 2t)² dt; four tenths of 0.01 / 3.
    inner = shift**2 - 8 * shift**3 / 3 + 2 * shift**4
    squares = (shift**2 + inner + 4 * shift**3 / 3) / 6.0
    assert result.chamfer_l2 == pytest.approx(2.0 * squares, abs=1e-3)
    assert result.hausdorff == pytest.approx(0.1, abs=1e-6)
    near = compare(box, moved(box, shift, 0.0, 0.0), 200_000, threshold=0.05, volume="none")
    # Within 0.05: the inner face's rim, and of each of the four sides 1 − 0.05.
    assert near.precision == pytest.approx((1.0 - 0.9**2 + 4 * 0.95) / 6.0, abs=2e-3)
    assert near.f_score == pytest.approx(near.precision, abs=2e-3)


def test_one_sided_distances_differ() -> None:
    result = compare(square(), square(size=2.0), 200_000)
    assert result.hausdorff_forward == pytest.approx(0.0, abs=1e-12)
    assert result.hausdorff_backward == pytest.approx(ROOT_2)
    assert result.hausdorff == result.hausdorff_backward
    # Over [0, 2]²: two rectangles with distance x on average 1/2, and the corner square with √(x² + y²).
    corner = (ROOT_2 + np.log(1 + ROOT_2)) / 3
    expected = (0 + 0.5 + 0.5 + corner) / 4
    assert result.mean_backward == pytest.approx(expected, rel=5e-3)
    assert result.mean == pytest.approx(expected / 2, rel=5e-3)
    assert result.rms_backward**2 == pytest.approx((1 / 3 + 1 / 3 + 2 / 3) / 4, rel=5e-3)
    assert result.rms == pytest.approx(result.rms_backward / ROOT_2)


def test_hausdorff_sees_a_spike_that_samples_miss() -> None:
    mesh = subdivided_sphere(3)
    vertices = mesh.vertices.copy()
    tip = int(vertices[:, 2].argmax())
    vertices[tip] *= 3.0
    result = compare(mesh, mesh.with_vertices(vertices), 10, volume="none")
    assert result.hausdorff_backward == pytest.approx(2.0)
    assert result.symmetric_max == pytest.approx(2.0)


def test_a_loose_vertex_is_no_part_of_the_surface() -> None:
    mesh = tetrahedron()
    loose = Mesh(np.concatenate([mesh.vertices, [[0.5, 0.0, 0.0]]]), mesh.faces)
    result = compare(loose, mesh, 500, volume="none")
    assert max(result.hausdorff_rel, result.symmetric_max) < 1e-14
    assert result.forward.at_vertices[4] > 0.01  # yet a heat map has a colour for it


@pytest.mark.parametrize(("scale", "offset"), [(1e-9, 0.0), (1.0, 1e6), (1e6, -1e9)])
def test_relative_distances_do_not_depend_on_scale_and_offset(scale: float, offset: float) -> None:
    a = subdivided_sphere(3)
    b = a.with_vertices(a.vertices * [1.0, 1.05, 1.0])
    plain = compare(a, b, 2000, points=10_000)
    far = compare(*(m.with_vertices(m.vertices * scale + offset) for m in (a, b)), 2000, points=10_000)
    for name in ("mean_rel", "rms_rel", "hausdorff_rel", "symmetric_mean_minmax"):
        assert getattr(far, name) == pytest.approx(getattr(plain, name), rel=1e-4)
    assert far.normal_angle == pytest.approx(plain.normal_angle, rel=2e-2)  # ties at edges
    assert far.iou == pytest.approx(plain.iou, abs=1e-4) and far.f_score == pytest.approx(plain.f_score, abs=1e-3)


def test_the_angle_of_normals_is_signed_and_their_consistency_is_not() -> None:
    mesh = cube(1.0, 2)
    result = compare(mesh, Mesh(mesh.vertices, mesh.faces[:, ::-1]), 2000, points=1000)
    assert result.normal_angle == pytest.approx(180.0)
    assert result.normal_consistency == pytest.approx(1.0)
    assert result.iou == 1.0 and result.volume_b == pytest.approx(-1.0)


def test_f_score_counts_what_is_within_the_threshold() -> None:
    near, far = cube(1.0, 2), moved(cube(1.0, 2), 10.0, 0.0, 0.0)
    half = compare(near, joined(near, far), 50_000, volume="none")
    assert half.threshold == pytest.approx(0.01 * near.diagonal)
    assert half.recall == pytest.approx(1.0)
    assert half.precision == pytest.approx(0.5, abs=0.01)
    assert half.f_score == pytest.approx(f_score(half.precision, half.recall))
    assert f_score(0.0, 0.0) == 0.0


def test_the_seed_decides() -> None:
    a, b = uv_sphere(6), cube()
    assert compare(a, b, 100, seed=3, points=1000) == compare(a, b, 100, seed=3, points=1000)
    assert compare(a, b, 100, seed=3, points=1000) != compare(a, b, 100, seed=4, points=1000)


def test_measures_are_symmetric_and_move_with_the_shapes() -> None:
    a, b = ellipsoid(), subdivided_sphere(4)
    one, back = compare(a, b, 20_000, points=30_000), compare(b, a, 20_000, volume="none")
    assert back.chamfer_l1 == pytest.approx(one.chamfer_l1, rel=0.02)
    assert back.mean_forward == pytest.approx(one.mean_backward, rel=0.02)
    turn = random_rotation(3)
    turned = compare(a.with_vertices(a.vertices @ turn.T), b.with_vertices(b.vertices @ turn.T), 20_000, points=30_000)
    assert turned.iou == pytest.approx(one.iou, abs=6e-3)
    assert turned.chamfer_l1 == pytest.approx(one.chamfer_l1, rel=1e-9)


def test_real_shapes_against_igl_trimesh_and_scipy() -> None:
    a = real_mesh("genus0/penguin")
    turn = random_rotation(1)
    b = a.with_vertices(a.vertices @ (turn.T * [1.0, 1.03, 0.98]) @ turn)
    result = compare(a, b, 20_000, volume="none")
    assert result.symmetric_max == pytest.approx(float(igl.hausdorff(a.vertices, a.faces, b.vertices, b.faces)))
    ours, other = (trimesh.Trimesh(mesh.vertices, mesh.faces, process=False) for mesh in (a, b))
    assert (result.volume_a, result.area_b) == (pytest.approx(ours.volume), pytest.approx(other.area))
    # Dense points of trimesh's own, by SciPy's tree: a little more than the distance to the surface.
    points, cloud = (
        trimesh.sample.sample_surface(mesh, n, seed=1)[0] for mesh, n in ((ours, 20_000), (other, 400_000))
    )
    nearest = cKDTree(cloud).query(points)[0]
    spacing = np.sqrt(other.area / 400_000)
    assert result.mean_forward < nearest.mean() < np.hypot(1.05 * result.mean_forward, spacing)
    inside = np.random.default_rng(0).uniform(a.vertices.min(axis=0), a.vertices.max(axis=0), (1000, 3))
    winding = igl.winding_number(a.vertices, a.faces, inside)  # the exact one
    np.testing.assert_array_equal(contains(a, inside), winding > 0.5)


def test_inside_agrees_with_the_formula() -> None:
    mesh = torus(48, 24)
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (2000, 3))
    x, y, z = points.T
    analytic = (np.hypot(x, y) - 1.0) ** 2 + z**2 < 0.4**2
    ours = contains(mesh, points)
    assert (ours == analytic).mean() > 0.99
    assert ours.mean() * 27.0 == pytest.approx(signed_volume(mesh), rel=0.1)
    np.testing.assert_array_equal(contains(Mesh(mesh.vertices, mesh.faces[:, ::-1]), points), ours)


def test_open_meshes_have_all_but_volumes_and_say_why() -> None:
    box = cube(1.0, 2)
    with pytest.raises(InvalidMesh, match="open"):
        contains(open_cube(), np.zeros((1, 3)))
    result = compare(box, open_cube(), 1000)
    assert (result.iou, result.volume_b) == (None, None) and result.volume_a == pytest.approx(1.0)
    assert set(result.missing) == {"iou", "volume_b"}
    assert result.missing["iou"] == "B has no volume: it is open (3 boundary edges)"
    given = {name: value for name, value in result.to_dict().items() if value is None}
    assert set(given) == set(result.missing)
    flipped = box.faces.copy()
    flipped[0] = flipped[0, ::-1]
    assert "do not agree" in why_no_inside(Mesh(box.vertices, flipped))
    assert "do not agree" in compare(Mesh(box.vertices, flipped), box, 100).missing["volume_a"]
    assert compare(box, box, 100, volume="none").missing == {"iou": "it was not asked for"}


def test_dictionary_is_json_ready_and_complete() -> None:
    data = json.loads(json.dumps(compare(cube(), uv_sphere(6), 100, points=1000).to_dict()))
    assert all(isinstance(value, int | float) and np.isfinite(value) for value in data.values())
    assert {"hausdorff", "chamfer_l1", "chamfer_l2", "f_score", "normal_consistency", "iou", "volume_a"} <= set(data)


def test_progress_reaches_the_end() -> None:
    seen: list[float] = []
    compare(cube(), cube(), 100, points=1000, progress=lambda fraction, phase: seen.append(fraction))
    assert seen == sorted(seen) and seen[0] == 0.0 and seen[-1] == 1.0


def test_bad_input() -> None:
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3), int))
    for pair in ((empty, cube()), (cube(), empty), (cube(), cube().with_vertices(np.full((8, 3), np.nan)))):
        with pytest.raises(InvalidMesh):
            compare(*pair, 100)
    for wrong in ({"samples": 0}, {"threshold": 0.0}, {"threshold": float("nan")}, {"volume": "guess"}, {"points": 0}):
        with pytest.raises(InvalidParameter):
            compare(cube(), cube(), **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter):
        voxel_iou(cube(), cube(), 0)


def test_mirror_errors() -> None:
    box = cube(2.0, 4)
    centred = moved(box, *(-0.5 * (box.vertices.min(axis=0) + box.vertices.max(axis=0))))
    mirrored = centred.vertices * [-1.0, 1.0, 1.0]
    opposite = np.argmin(np.linalg.norm(centred.vertices[:, None] - mirrored[None], axis=2), axis=1)
    assert mirror_errors(centred, opposite) == pytest.approx({"mean": 0.0, "max": 0.0, "hausdorff": 0.0}, abs=1e-12)
    shifted = moved(centred, 0.1, 0.0, 0.0)
    assert mirror_errors(shifted, opposite)["max"] == pytest.approx(0.1)
    flat = centred.with_vertices(centred.vertices * [0.0, 1.0, 1.0])
    assert mirror_errors(flat, opposite)["max"] == pytest.approx(0.0, abs=1e-12)
