# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluations over data sets: against the published code, and in themselves."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from meshes import REFERENCE, reference
from spherical_cow.cli.main import main
from spherical_cow.datasets.layout import Dataset, ModelFolder
from spherical_cow.errors import Cancelled, DatasetError, InvalidParameter
from spherical_cow.geometry.inside import contains
from spherical_cow.geometry.measure import face_normals
from spherical_cow.geometry.sampling import sample_surface
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import write_mesh
from spherical_cow.metrics.protocols import Cloud
from spherical_cow.networks.evaluation.folder import evaluate_dataset
from spherical_cow.networks.evaluation.scores import NOTHING, inside, overlap, score
from spherical_cow.networks.evaluation.sources import from_files
from spherical_cow.sphere.icosphere import icosphere

EMPTY = Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))


def ball(radius: float = 0.5) -> Mesh:
    sphere = icosphere(8)
    return sphere.with_vertices(radius * sphere.vertices)


def write_shape(folder: Path, mesh: Mesh, seed: int = 0) -> None:
    """A model of a data set, as the published code reads it."""
    folder.mkdir(parents=True)
    points = 1.1 * (np.random.default_rng(seed).random((4000, 3)) - 0.5)
    place = {"loc": np.zeros(3), "scale": 1.0}
    np.savez(
        folder / "points.npz", points=points.astype("f4"), occupancies=np.packbits(contains(mesh, points)), **place
    )
    drawn, triangle, _ = sample_surface(mesh, 4000, seed)
    np.savez(
        folder / "pointcloud.npz", points=drawn.astype("f4"), normals=face_normals(mesh)[triangle].astype("f4"), **place
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two classes, one of two shapes; a test list for each."""
    root = tmp_path / "data"
    for category, names in (("001", ("a", "b")), ("002", ("c",))):
        for name in names:
            write_shape(root / category / name, ball())
        (root / category / "test.lst").write_text("\n".join(names) + "\n")
    (root / "metadata.yaml").write_text("'001':\n  id: '001'\n  name: ball,sphere\n'002':\n  name: egg\n")
    return root


def test_the_reference_metrics() -> None:
    arrays, facts = reference("onet_tools")
    occupied = np.unpackbits(arrays["occ_B"])[: len(arrays["q"])].astype(bool)
    meshes = [Mesh(arrays[f"{name}_v"], arrays[f"{name}_f"]) for name in "AB"]
    assert overlap(inside(meshes[0], arrays["q"].astype(float)), occupied) == pytest.approx(facts["iou"], abs=1e-3)
    found = score(meshes[0], arrays["q"].astype(float), occupied, Cloud(arrays["pb"], arrays["nb"]), 4000)
    expected = facts["eval_pointcloud"]
    assert found.chamfer_l1 == pytest.approx(10.0 * expected["chamfer-L1"], rel=0.05)
    assert found.normal_consistency == pytest.approx(expected["normals"], abs=0.02)


def test_the_reference_data_set_with_its_own_meshes() -> None:
    reference("onet_tools")
    root = REFERENCE / "onet_tools" / "ShapeNet"
    found = evaluate_dataset(Dataset(root), lambda model: EMPTY, split="train", samples=1000)
    assert found.failed == 0 and len(found.rows) == 2
    assert all(row.scores == NOTHING for row in found.rows), "nothing is inside a mesh without faces"


def test_numbers_classes_and_mean(data: Path) -> None:
    def mesh_of(model: ModelFolder) -> Mesh:
        return ball(0.45 if model.name == "b" else 0.5)

    found = evaluate_dataset(Dataset(data), mesh_of, samples=4000)
    exact, small = (next(row.scores for row in found.rows if row.name == name) for name in "ab")
    assert exact.iou == 1.0 and small.iou == pytest.approx(0.9**3, abs=0.04)
    assert small.accuracy == pytest.approx(0.5, abs=0.03), "in tenths of the longest side"
    classes = found.classes()
    assert classes["001"]["iou"] == pytest.approx((exact.iou + small.iou) / 2)
    assert found.mean()["iou"] == pytest.approx((classes["001"]["iou"] + 1.0) / 2), "a class counts once"
    lines = list(csv.DictReader(found.class_csv().splitlines()))
    assert [line["class"] for line in lines] == ["001", "002", "mean"]
    assert [line["shapes"] for line in lines] == ["2", "1", "3"]
    assert len(found.shape_csv().splitlines()) == 4 and "ball" in found.table()[1]


def test_a_shape_that_fails_does_not_stop_the_others(data: Path) -> None:
    (data / "001" / "b" / "pointcloud.npz").write_bytes(b"nothing of use")

    def mesh_of(model: ModelFolder) -> Mesh:
        if model.name == "c":
            raise RuntimeError("out of luck")
        return ball()

    found = evaluate_dataset(Dataset(data), mesh_of, samples=500)
    errors = {row.name: row.error for row in found.rows}
    assert not errors["a"] and "pointcloud.npz" in errors["b"] and errors["c"] == "out of luck"
    assert found.failed == 2 and list(found.classes()) == ["001"]
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["failed"] == 2


def test_open_meshes_and_meshes_without_numbers(data: Path) -> None:
    shapes = {"a": Mesh(ball().vertices, ball().faces[1:]), "b": ball(np.nan), "c": ball()}
    found = evaluate_dataset(Dataset(data), lambda model: shapes[model.name], samples=500)
    open_one, broken = found.rows[:2]
    assert open_one.scores is not None and open_one.scores.iou > 0.97
    assert broken.scores is None and broken.error


def test_it_can_be_cancelled(data: Path) -> None:
    def stop(model: ModelFolder) -> Mesh:
        raise Cancelled

    with pytest.raises(Cancelled):
        evaluate_dataset(Dataset(data), stop)


def test_wrong_classes_and_splits(data: Path) -> None:
    assert len(evaluate_dataset(Dataset(data), lambda m: EMPTY, classes=["sphere", "002"]).rows) == 3
    assert len(evaluate_dataset(Dataset(data), lambda m: EMPTY, classes=["egg"]).rows) == 1
    with pytest.raises(InvalidParameter, match="horse"):
        evaluate_dataset(Dataset(data), lambda m: EMPTY, classes=["horse"])
    with pytest.raises(DatasetError, match=r"val\.lst"):
        evaluate_dataset(Dataset(data), lambda m: EMPTY, split="val")
    with pytest.raises(DatasetError, match="no folder"):
        from_files(data / "nowhere")


@pytest.mark.parametrize("inner", ["", "meshes"])
def test_meshes_already_made(data: Path, tmp_path: Path, inner: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "made"
    (made / inner / "001").mkdir(parents=True)
    write_mesh(ball(), made / inner / "001" / "a.ply")
    words = ["network", "evaluate", str(data), "--meshes", str(made), "--points", "1000", "--json"]
    tables = [tmp_path / "classes.csv", tmp_path / "shapes.csv"]
    assert main([*words, "--csv", str(tables[0]), "--shapes", str(tables[1])]) == 0
    told = capsys.readouterr()
    result = json.loads(told.out)
    assert result["failed"] == 2 and result["classes"]["001"]["iou"] == 1.0
    assert "001/b" in told.err and "has no mesh" in told.err
    assert len(tables[0].read_text().splitlines()) == 3 and len(tables[1].read_text().splitlines()) == 4
    shutil.rmtree(made / inner / "001")
    assert main(words) == 1, "not one shape has numbers"
    assert main(["network", "evaluate", str(data)]) == 2
    assert main(["network", "evaluate", str(data / "001"), "--meshes", str(made)]) == 2


@pytest.mark.parametrize("kind", ["image", "points", "voxels"])
def test_a_network_over_a_data_set(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from spherical_cow.networks.checkpoints import save_checkpoint
    from spherical_cow.networks.occupancy.network import OccupancyNetwork
    from spherical_cow.networks.occupancy.sizes import Sizes

    reference("onet_tools")
    torch.manual_seed(0)
    network = OccupancyNetwork(kind, Sizes(8, 8, 4))  # type: ignore[arg-type]
    with torch.no_grad():
        network.decoder.fc_out.bias.fill_(3.0)
    save_checkpoint(tmp_path / "model.safetensors", network)
    words = ["network", "evaluate", str(tmp_path / "model.safetensors"), str(REFERENCE / "onet_tools" / "ShapeNet")]
    words += ["--split", "train", "--resolution", "16", "--steps", "1", "--points", "2000", "--json"]
    assert main([*words, "--keep", str(tmp_path / "kept")]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["failed"] == 0 and 0.0 < first["mean"]["iou"] < 1.0, "the whole box is inside"
    assert main([*words[:2], words[3], *words[4:], "--meshes", str(tmp_path / "kept")]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["mean"]["iou"] == pytest.approx(first["mean"]["iou"], abs=1e-6)


def test_new_shapes_have_nothing_to_be_compared_with(tmp_path: Path, data: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from spherical_cow.networks.checkpoints import save_checkpoint
    from spherical_cow.networks.occupancy.network import OccupancyNetwork

    save_checkpoint(tmp_path / "model.safetensors", OccupancyNetwork("nothing"))
    assert main(["network", "evaluate", str(tmp_path / "model.safetensors"), str(data)]) == 2


def test_the_study_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    write_mesh(ball(), tmp_path / "ball.ply")
    words = ["network", "study", str(tmp_path / "ball.ply"), "--resolutions", "4", "8", "--steps", "20"]
    words += ["--points", "2000", "--csv", str(tmp_path / "study.csv"), "--plot", str(tmp_path / "study.png"), "--json"]
    assert main(words) == 0
    assert len(json.loads(capsys.readouterr().out)["mean"]) == 3
    assert (tmp_path / "study.png").stat().st_size > 1000
    assert len((tmp_path / "study.csv").read_text().splitlines()) == 4
    assert main([*words[:3], "--plot", str(tmp_path / "study.jpg")]) == 2
    for seed in ("-1", "9" * 25, "x"):
        assert main([*words[:3], "--seed", seed]) == 2
