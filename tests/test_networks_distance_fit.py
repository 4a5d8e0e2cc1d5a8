# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitting neural distance fields: how good, the same again, gradients, files, moved meshes, refusals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import cube, tetrahedron, uv_sphere
from spherical_cow.errors import Cancelled, CheckpointError, InvalidMesh, InvalidParameter
from spherical_cow.fields.extraction import Extraction
from spherical_cow.mesh import FloatArray, Mesh
from spherical_cow.meshfile import read_mesh, write_mesh

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.cli.main import main  # noqa: E402
from spherical_cow.networks.distance.architectures import build_network  # noqa: E402
from spherical_cow.networks.distance.field import FittedField  # noqa: E402
from spherical_cow.networks.distance.field_file import field_to_bytes, load_field, save_field  # noqa: E402
from spherical_cow.networks.distance.fit import fit  # noqa: E402
from spherical_cow.networks.distance.hash_grid import HashGrid, encode_at_once, encode_by_formula  # noqa: E402
from spherical_cow.networks.distance.placement import placement_of  # noqa: E402
from spherical_cow.networks.distance.report import f1_score  # noqa: E402
from spherical_cow.networks.distance.settings import LOSSES, NETWORKS, FitSettings  # noqa: E402
from spherical_cow.networks.models.distance import DistanceField  # noqa: E402
from spherical_cow.networks.tensor_file import tensors_from_bytes, tensors_to_bytes  # noqa: E402
from spherical_cow.networks.training.config import TrainingConfig  # noqa: E402
from spherical_cow.tasks import run_task  # noqa: E402

QUICK = FitSettings(samples=2_000, epochs=2, batch=1_000)


def pebble() -> Mesh:
    """A bumpy ellipsoid away from the origin, 6 units long."""
    mesh = uv_sphere(40)
    x, y, _ = mesh.vertices.T
    bumps = 1.0 + 0.1 * np.sin(4.0 * x) * np.cos(3.0 * y)
    return mesh.with_vertices(mesh.vertices * bumps[:, None] * np.array([3.0, 2.1, 1.5]) + 5.0)


@pytest.fixture(scope="module")
def fitted() -> FittedField:
    return fit(pebble(), FitSettings(samples=150_000, epochs=9, batch=2_048), source="pebble")


def test_one_shape_can_be_overfitted(fitted: FittedField) -> None:
    report = fitted.report
    assert report is not None
    assert report.f1_near >= 0.99
    assert report.f1_volume >= 0.99
    assert report.chamfer_rel < 3e-4
    assert report.losses[-1] < 0.2 * report.losses[0]


def test_distances_have_the_units_of_the_mesh(fitted: FittedField) -> None:
    points = np.array([[5.0, 5.0, 5.0], [5.0, 5.0, 7.5], [12.0, 5.0, 5.0], [40.0, 5.0, 5.0]])
    found = fitted.distance(points)
    assert found[0] == pytest.approx(-1.5, abs=0.15)
    assert found[1] == pytest.approx(1.0, abs=0.05)
    assert found[3] == pytest.approx(32.0, rel=0.05)  # far beyond the cube


def test_gradients_are_those_of_differences(fitted: FittedField) -> None:
    rng = np.random.default_rng(0)
    points = 5.0 + rng.uniform(-4.0, 4.0, (300, 3))
    step = 2e-3
    shift = step * np.eye(3)
    by_difference = np.stack(
        [(fitted.distance(points + each) - fitted.distance(points - each)) / (2.0 * step) for each in shift], axis=1
    )
    # Linear interpolation has kinks at the walls of the cells of ten levels, and many differences straddle one.
    error = np.abs(fitted.gradient(points) - by_difference).max(axis=1)
    assert np.quantile(error, 0.1) < 1e-3
    assert np.median(error) < 0.02
    assert np.linalg.norm(fitted.gradient(points), axis=1).mean() == pytest.approx(1.0, abs=0.1)


def test_the_surface_can_be_extracted_at_any_resolution_and_level(fitted: FittedField) -> None:
    at = fitted.mesh(Extraction(64))
    outward = fitted.mesh(Extraction(32, normals=True), level=0.5)
    assert np.abs(fitted.distance(at.vertices)).max() < 0.02
    assert np.ptp(outward.vertices, axis=0) - np.ptp(at.vertices, axis=0) == pytest.approx(1.0, abs=0.15)
    from_centre = outward.vertices - 5.0
    assert (np.einsum("nk,nk->n", outward.attributes["normal"], from_centre) > 0.0).mean() > 0.99
    assert fitted.mesh(Extraction(16), level=-10.0).n_faces == 0


def test_a_file_holds_the_whole_field(fitted: FittedField, tmp_path: Path) -> None:
    save_field(tmp_path / "a.safetensors", fitted)
    again = load_field(tmp_path / "a.safetensors")
    points = 5.0 + np.random.default_rng(0).uniform(-4.0, 4.0, (500, 3))
    assert np.array_equal(again.distance(points), fitted.distance(points))
    assert (again.report, again.settings, again.source) == (fitted.report, fitted.settings, "pebble")
    assert field_to_bytes(again) == field_to_bytes(fitted)
    size = (tmp_path / "a.safetensors").stat().st_size
    assert size <= 1_000_000
    assert fitted.report is not None
    assert abs(size - fitted.report.bytes) < 100


def test_the_full_preset_fits_into_12_megabytes() -> None:
    network = build_network("hash", "full")
    assert 2 * sum(parameter.numel() for parameter in network.parameters()) < 11_900_000


def test_the_same_settings_give_the_same_field() -> None:
    torch.manual_seed(1)
    one = fit(cube(), QUICK)
    torch.manual_seed(2)
    points = np.random.default_rng(0).uniform(-1.0, 2.0, (100, 3))
    assert np.array_equal(one.distance(points), fit(cube(), QUICK).distance(points))
    assert not np.array_equal(one.distance(points), fit(cube(), replace(QUICK, seed=1)).distance(points))


@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "hash"])
def test_other_networks_learn_and_are_kept(network: str) -> None:
    rates = {"siren": 1e-4, "deepsdf": 5e-4}
    rate = rates.get(network, 2e-3)
    settings = FitSettings(network=network, samples=4_000, epochs=15, batch=250, rate=rate)
    field = fit(tetrahedron(), settings)
    assert field.report is not None
    assert field.report.losses[-1] < 0.7 * field.report.losses[0]
    assert field.report.f1_volume > 0.8
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (50, 3))
    assert np.array_equal(load_field(field_to_bytes(field)).distance(points), field.distance(points))


@pytest.mark.parametrize("loss", LOSSES[1:])
def test_every_loss_is_minimised(loss: str) -> None:
    report = fit(cube(), FitSettings(loss=loss, samples=4_000, epochs=12, batch=200)).report
    assert report is not None
    assert report.losses[-1] < 0.5 * report.losses[0]
    assert report.f1_volume > 0.95


@pytest.mark.parametrize(("scale", "shift"), [(1e-5, 0.0), (1e5, 3e8), (1.0, -1e4)])
def test_moving_and_scaling_the_mesh_move_and_scale_the_field(scale: float, shift: float) -> None:
    mesh, points = cube(1.0, 2), np.random.default_rng(0).uniform(-0.3, 1.3, (200, 3))
    # Powers of two, which no rounding is in; then the same field to the last digits that the shift leaves.
    there = fit(mesh.with_vertices(mesh.vertices * scale + shift), QUICK)
    here = fit(mesh, QUICK)
    assert there.distance(points * scale + shift) / scale == pytest.approx(here.distance(points), abs=0.02)
    assert there.box.size / scale == pytest.approx(here.box.size, rel=1e-3)


def test_turning_the_mesh_turns_the_field() -> None:
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    settings = FitSettings(samples=20_000, epochs=5, batch=1_000)
    mesh = uv_sphere(24).with_vertices(uv_sphere(24).vertices * np.array([2.0, 1.0, 0.6]))
    here, there = fit(mesh, settings), fit(mesh.with_vertices(mesh.vertices @ turn.T), settings)
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (500, 3)) * np.array([2.0, 1.0, 0.6])
    difference = np.abs(here.distance(points) - there.distance(points @ turn.T))
    assert difference.mean() < 0.02


def test_a_sphere_with_a_hole_can_be_fitted() -> None:
    whole = uv_sphere(32)
    mesh = Mesh(whole.vertices, whole.faces[whole.vertices[whole.faces][..., 2].max(axis=1) < 0.9])
    field = fit(mesh, FitSettings(samples=10_000, epochs=4, batch=500))
    assert field.distance(np.zeros((1, 3)))[0] < -0.5
    assert field.distance(np.array([[0.0, 0.0, -1.04]]))[0] > 0.0


def with_nan() -> Mesh:
    vertices = cube().vertices.copy()
    vertices[0] = np.nan
    return Mesh(vertices, cube().faces)


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (with_nan(), "not numbers"),
        (Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)), "empty"),
        (Mesh(np.eye(3), np.array([[0, 1, 2]])), "no inside"),
        (Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])), "no area"),
    ],
)
def test_meshes_that_have_no_inside_are_refused(mesh: Mesh, words: str) -> None:
    with pytest.raises(InvalidMesh, match=words):
        fit(mesh, QUICK)


@pytest.mark.parametrize(
    "wrong",
    [{"preset": "huge"}, {"network": "nerf"}, {"loss": "l7"}, {"samples": 0}, {"epochs": 1.5}, {"rate": np.nan}],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        FitSettings(**wrong)


def test_a_single_sample_is_enough_to_run() -> None:
    assert np.isfinite(fit(cube(), FitSettings(samples=1, epochs=1)).distance(np.zeros((3, 3)))).all()


def test_it_can_be_cancelled_while_it_learns() -> None:
    def stop(fraction: float, phase: str) -> None:
        if phase.startswith("Epoch 2"):
            raise Cancelled()

    begin = time.perf_counter()
    with pytest.raises(Cancelled):
        fit(cube(), FitSettings(samples=2_000, epochs=10_000), stop)
    assert time.perf_counter() - begin < 30.0


def changed(content: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    arrays, facts = tensors_from_bytes(content)
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(arrays, facts)
    return tensors_to_bytes(arrays, facts)


def set_nan(arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    arrays["backbone.0.weight"][0, 0] = np.nan


def set_shape(arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    arrays["backbone.0.weight"] = arrays["backbone.0.weight"][:, :3]


def set_offsets(arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    arrays["encoder.offsets"][-1] = 2**31 - 1


def add_one(arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    arrays["more"] = np.zeros(3, np.float32)


def drop_one(arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    del arrays["backbone.1.weight"]


def fact(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda arrays, facts: facts.update({name: value})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_nan, "numbers that are none"),
        (set_shape, "has the shape"),
        (set_offsets, "does not fit the grid"),
        (add_one, "not part of the network"),
        (drop_one, "is missing"),
        (fact("version", 99), "version 99"),
        (fact("format", "a picture"), "no fitted distance field"),
        (fact("scale", 0.0), "centre or a scale"),
        (fact("scale", None), "where the field is"),
        (fact("centre", [1.0]), "centre or a scale"),
        (fact("centre", [1e999, 0.0, 0.0]), "centre or a scale"),
        (fact("settings", {"preset": "huge"}), "settings that cannot be"),
        (fact("settings", {"samples": "many"}), "settings that cannot be"),
    ],
)
def test_hostile_files_are_refused(fitted: FittedField, change: Any, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        load_field(changed(field_to_bytes(fitted), change))


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_truncated_files_are_refused(fitted: FittedField, keep: int) -> None:
    with pytest.raises(CheckpointError):
        load_field(field_to_bytes(fitted)[:keep])


def test_a_damaged_report_does_no_harm(fitted: FittedField) -> None:
    assert load_field(changed(field_to_bytes(fitted), fact("report", {"f1_near": "good"}))).report is None


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_field(tmp_path / "none.safetensors")


@pytest.mark.parametrize("smooth", [False, True])
def test_all_levels_at_once_give_what_level_by_level_does(smooth: bool) -> None:
    torch.manual_seed(0)
    grid = HashGrid(levels=8, log2_rows=10, smooth=smooth)
    points = torch.rand(500, 3) * 1.2 - 0.1
    truth = encode_by_formula(points, grid.embeddings, grid.offsets, grid.scales, smooth)
    found = encode_at_once(points, grid.embeddings, grid.layout, grid.steps, smooth)
    torch.testing.assert_close(found, truth, rtol=1e-5, atol=1e-8)
    halved = encode_at_once(points, grid.embeddings.half(), grid.layout, grid.steps, smooth)
    torch.testing.assert_close(halved, truth, rtol=1e-2, atol=1e-7)


def test_f1_counts_what_both_say_is_inside() -> None:
    found, truth = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert f1_score(found, truth) == 0.5
    assert f1_score(~found & ~truth & False, truth & False) == 1.0


def test_the_longest_side_fills_the_cube() -> None:
    placement = placement_of(cube(4.0))
    assert np.abs(placement.to_own(cube(4.0).vertices)).max() == pytest.approx(0.95)
    assert placement.to_source(placement.to_own(cube(4.0).vertices)) == pytest.approx(cube(4.0).vertices)


def test_the_task_gives_field_and_surface() -> None:
    mesh = cube(1.0, 2)
    arrays = {"vertices": mesh.vertices, "faces": mesh.faces}
    settings = {"samples": 4_000, "epochs": 4, "batch": 400, "resolution": 32, "device": "cpu", "source": "cube"}
    made = run_task("fit_distance", arrays, settings, lambda fraction, phase: None)
    json.dumps(made.data, allow_nan=False)
    assert made.data["f1_volume"] > 0.9
    parameters = {"resolution": 16, "level": 0.1, "normals": True}
    again = run_task("extract_distance", {"field": made.arrays["field"]}, parameters, lambda fraction, phase: None)
    assert again.arrays["normal"].shape == again.arrays["vertices"].shape
    assert np.ptp(again.arrays["vertices"], axis=0) == pytest.approx(1.2, abs=0.1)


def test_the_command_line_fits_and_extracts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mesh(cube(2.0, 2), tmp_path / "cube.ply")
    field, out = str(tmp_path / "cube.safetensors"), str(tmp_path / "out.ply")
    options = ["--samples", "4000", "--epochs", "5", "--json"]
    assert main(["network", "fit", str(tmp_path / "cube.ply"), field, *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["network"] == "hash" and report["bytes"] < 1_000_000
    assert main(["network", "extract", field, out, "--resolution", "32", "--faces", "300"]) == 0
    assert 0 < read_mesh(out).n_faces <= 320
    assert main(["network", "predict", field, out, "--resolution", "16"]) == 0
    assert main(["network", "extract", field, out, "--level", "-9"]) != 0
    assert main(["network", "fit", str(tmp_path / "cube.ply"), out]) != 0


def test_as_a_model_it_fits_loads_and_learns_a_folder(tmp_path: Path) -> None:
    def size(mesh: Mesh) -> FloatArray:
        return np.ptp(mesh.vertices, axis=0)

    made = DistanceField(settings=QUICK).predict(cube(3.0), resolution=16)
    assert size(made) == pytest.approx(3.0, abs=0.6)
    (tmp_path / "in").mkdir()
    write_mesh(cube(3.0), tmp_path / "in" / "a.ply")
    write_mesh(Mesh(np.eye(3), np.array([[0, 1, 2]])), tmp_path / "in" / "sheet.ply")
    options = {"samples": 2_000, "epochs": 2, "batch": 500}
    config = TrainingConfig("distance-field", tmp_path / "in", tmp_path / "out", options=options)
    report = DistanceField.train(config)
    assert report.checkpoint == tmp_path / "out" / "a.safetensors"
    assert "sheet.ply: The mesh has no inside" in report.remarks[0]
    model = DistanceField.load(report.checkpoint)
    assert size(model.predict(resolution=32)) == pytest.approx(3.0, abs=0.6)
    written = report.checkpoint.stat().st_mtime_ns
    DistanceField.train(config)
    assert report.checkpoint.stat().st_mtime_ns == written  # what is there is kept
    with pytest.raises(InvalidParameter, match="needs a mesh"):
        model.predict(np.zeros((4, 3)))
