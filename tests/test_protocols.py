# SPDX-License-Identifier: GPL-3.0-or-later
"""Published protocols: against shapes whose numbers are known, and against what the original programs computed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from meshes import cube, joined, subdivided_sphere, uv_sphere
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.geometry.inside import contains
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import PROTOCOLS, compare, evaluate, protocols
from spherical_cow.metrics.protocols import Cloud, cloud_distances, cloud_scores

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"


def reference(name: str) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    folder = REFERENCE / name
    if not folder.is_dir():
        pytest.skip(f"what the original computed is not in {REFERENCE}")
    with np.load(folder / "case.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}, json.loads((folder / "case.json").read_text("utf-8"))


def ball(radius: float = 1.0) -> Mesh:
    return uv_sphere(48, radius).with_vertices(uv_sphere(48, radius).vertices + np.array([1.0, 2.0, 3.0]))


def test_occupancy_networks_on_concentric_spheres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "OCCUPANCY_POINTS", 20_000)  # a fifth of what is published: quicker
    same = evaluate(ball(), ball(), "occupancy-networks")
    assert same["iou"] == 1.0
    assert same["normal_consistency"] == pytest.approx(1.0, abs=0.01)
    # Points against points, so not 0: half a spacing, 1 / (2 √density), in tenths of the side.
    assert same["chamfer_l1"] == pytest.approx(10.0 * 0.5 * np.sqrt(np.pi / 20_000), rel=0.02)
    found = evaluate(ball(), ball(1.1), "occupancy-networks", seed=2)
    assert found["chamfer_l1"] == pytest.approx(0.5, abs=0.02)  # a tenth of the radius, in tenths of the side
    assert found["accuracy"] == pytest.approx(0.5, abs=0.02) and found["completeness"] == pytest.approx(0.5, abs=0.02)
    assert found["iou"] == pytest.approx(1.1**-3, abs=0.01)


def test_clouds_agree_with_the_original_of_occupancy_networks() -> None:
    arrays, facts = reference("onet_tools")
    expected = facts["eval_pointcloud"]
    assert isinstance(expected, dict)
    names = {"accuracy": "accuracy", "completeness": "completeness", "chamfer-L1": "chamfer_l1"}
    names |= {"chamfer-L2": "chamfer_l2", "normals": "normal_consistency"}
    clouds = Cloud(arrays["pa"], arrays["na"]), Cloud(arrays["pb"], arrays["nb"])
    ways = [cloud_distances(*clouds), cloud_distances(*clouds[::-1])]
    symmetric = ("chamfer-L1", "chamfer-L2", "normals")
    for theirs in symmetric:
        assert ways[0][names[theirs]] == pytest.approx(expected[theirs], rel=1e-5)
    both = sorted(float(expected[name]) for name in ("accuracy", "completeness"))
    assert sorted(ways[0][name] for name in ("accuracy", "completeness")) == pytest.approx(both, rel=1e-5)


def test_inside_agrees_with_the_original_of_occupancy_networks() -> None:
    arrays, facts = reference("onet_tools")
    occupied = [np.unpackbits(arrays[f"occ_{name}"])[: len(arrays["q"])].astype(bool) for name in "AB"]
    ours = [contains(Mesh(arrays[f"{name}_v"], arrays[f"{name}_f"]), arrays["q"]) for name in "AB"]
    for mine, theirs in zip(ours, occupied, strict=True):
        assert (mine == theirs).mean() > 0.9998
    iou = (ours[0] & ours[1]).sum() / (ours[0] | ours[1]).sum()
    assert iou == pytest.approx(facts["iou"], abs=1e-4)


@pytest.mark.parametrize("case", ["p2m_vgg_default", "p2m_resnet50"])
def test_scores_agree_with_the_original_of_pixel2mesh(case: str) -> None:
    arrays, facts = reference(case)
    found = cloud_scores(arrays["gt_points"][0], arrays["x3"][0])
    assert found["chamfer"] == pytest.approx(np.mean(facts["eval_cd"]), rel=1e-4)
    assert found["f_score"] == pytest.approx(np.mean(facts["eval_f1_tau"]), abs=2e-4)
    assert found["f_score_2"] == pytest.approx(np.mean(facts["eval_f1_2tau"]), abs=2e-4)


def test_pixel2mesh_counts_squared_distances() -> None:
    points = np.random.default_rng(0).random((500, 3))
    assert cloud_scores(points, points) == {"chamfer": 0.0, "f_score": 1.0, "f_score_2": 1.0}
    assert cloud_scores(points, np.concatenate([points, points + 100.0]))["f_score"] == pytest.approx(2.0 * 0.5 / 1.5)
    grid = np.stack(np.meshgrid(*[np.arange(8.0)] * 3), axis=-1).reshape(-1, 3)
    beside = cloud_scores(grid, grid + np.array([0.012, 0.0, 0.0]))  # 0.012² = 1.44e-4: beyond the first limit only
    assert (beside["f_score"], beside["f_score_2"]) == (0.0, 1.0)
    assert beside["chamfer"] == pytest.approx(2 * 0.012**2)


def test_pixel2mesh_does_not_depend_on_units() -> None:
    a, b = subdivided_sphere(4), subdivided_sphere(4).with_vertices(1.2 * subdivided_sphere(4).vertices)
    found = evaluate(a, b, "pixel2mesh")
    far = evaluate(*(mesh.with_vertices(1000.0 * mesh.vertices) for mesh in (a, b)), "pixel2mesh")
    assert far == pytest.approx(found, rel=1e-6)
    assert found["chamfer"] == pytest.approx(2 * (0.2 * 0.57 / a.diagonal) ** 2, rel=0.08)  # and the spacing
    assert found["f_score_2"] == 0.0


def test_mesh_rcnn_scales_the_longest_side_to_ten() -> None:
    box, far = cube(2.0, 2), cube(2.0, 2).with_vertices(cube(2.0, 2).vertices + np.array([0.0, 0.0, 100.0]))
    found = evaluate(box, joined(box, far), "mesh-rcnn")
    assert found["f_score_0_5"] == pytest.approx(2.0 * 0.5 / 1.5, abs=0.02)
    assert found["chamfer"] == pytest.approx(0.5 * 500.0**2, rel=0.05)
    assert set(found) == {"chamfer", "normal_consistency", "f_score_0_1", "f_score_0_3", "f_score_0_5"}


def test_deepsdf_sums_the_mean_squares() -> None:
    found = evaluate(ball(), ball(1.1), "deepsdf")["chamfer"]
    assert found == pytest.approx(2 * 0.1**2, rel=0.03)


def test_symmetric_reconstruction_measures_vertices() -> None:
    box = cube(2.0, 4)
    moved = box.with_vertices(box.vertices + np.array([0.2, 0.0, 0.0]))
    result, whole = evaluate(box, moved, "symmetric-mcmr"), compare(box, moved, 10).to_dict()
    assert result["symmetric_max"] == pytest.approx(0.2) and result["symmetric_max_minmax"] == pytest.approx(0.1)
    assert result["symmetric_mean"] <= result["symmetric_max_mean"] <= result["symmetric_max"]  # type: ignore[operator]
    assert result == pytest.approx({name: whole[name] for name in result})
    every_vertex = np.abs(moved.vertices - np.clip(moved.vertices, 0.0, 2.0)).max(axis=1)
    inner = np.minimum(moved.vertices, 2.0 - moved.vertices).min(axis=1)
    expected = np.where(every_vertex > 0, every_vertex, inner).mean()
    assert result["symmetric_mean"] == pytest.approx(expected)


def test_open_meshes_have_no_iou_and_all_else() -> None:
    box = cube(1.0, 2)
    for name in PROTOCOLS:
        found = evaluate(box, Mesh(box.vertices, box.faces[1:]), name)
        assert {key for key, value in found.items() if value is None} <= {"iou"}
        assert json.loads(json.dumps(found)) == found


def test_the_seed_decides_and_bad_input_is_refused() -> None:
    a, b = ball(), ball(1.01)
    assert evaluate(a, b, "deepsdf", 1) == evaluate(a, b, "deepsdf", 1) != evaluate(a, b, "deepsdf", 2)
    with pytest.raises(InvalidParameter, match="occupancy-networks"):
        evaluate(a, b, "shape-net")
    with pytest.raises(InvalidMesh):
        evaluate(a, b.with_vertices(np.full(b.vertices.shape, np.nan)), "deepsdf")
