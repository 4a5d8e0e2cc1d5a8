# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow field …` and the tasks behind the panel."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.progress import silent
from spherical_cow.sphere.icosphere import icosphere
from spherical_cow.tasks import run_task
from spherical_cow.tasks.fields import field_from

BALL = 4.0 / 3.0 * np.pi


@pytest.fixture
def files(tmp_path):
    """Two balls of radius 1, a unit apart."""
    ball = icosphere(12)
    ball.save(tmp_path / "a.ply")
    ball.with_vertices(ball.vertices + np.array([1.0, 0.0, 0.0])).save(tmp_path / "b.ply")
    return tmp_path


def run(capsys, *words: object) -> tuple[int, dict]:
    status = main([*map(str, words), "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "volume"),
    [
        (("offset", "a.ply", "--distance", 0.2), BALL * 1.2**3),
        (("offset", "a.ply", "--distance", -0.2), BALL * 0.8**3),
        (("shell", "a.ply", "--thickness", 0.1, "--side", "outside"), BALL * (1.1**3 - 1.0)),
        (("union", "a.ply", "b.ply"), 27.0 / 12.0 * np.pi),
        (("intersection", "a.ply", "b.ply"), 5.0 / 12.0 * np.pi),
        (("difference", "a.ply", "b.ply"), BALL - 5.0 / 12.0 * np.pi),
        (("blend", "a.ply", "b.ply", "--weight", 0), BALL),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_tools_write_closed_bodies_of_the_right_volume(files, capsys, words, volume):
    named = [files / word if str(word).endswith(".ply") else word for word in words]
    shapes = [word for word in named if word not in words or word == words[0]]
    options = [word for word in named if word not in shapes]
    status, data = run(capsys, "field", *shapes, files / "out.ply", *options, "--resolution", 40)
    assert status == 0 and data["cells"] == 40
    made = read_mesh(files / "out.ply")
    assert signed_volume(made) == pytest.approx(volume, rel=0.02)
    assert data["volume"] == pytest.approx(signed_volume(made)) and data["F"] == made.n_faces


def test_a_radius_fills_and_faces_are_counted(files, capsys):
    _, sharp = run(capsys, "field", "union", files / "a.ply", files / "b.ply", files / "s.ply", "--resolution", 32)
    words = ("--resolution", 32, "--radius", 0.5, "--faces", 800)
    _, smooth = run(capsys, "field", "union", files / "a.ply", files / "b.ply", files / "t.ply", *words)
    assert smooth["volume"] > sharp["volume"] + 0.05
    assert smooth["F"] <= 800


def test_a_slice_is_a_picture_or_numbers(files, capsys):
    words = ("field", "slice", files / "a.ply")
    status, data = run(capsys, *words, files / "cut.png", "--resolution", 64, "--position", 0.5)
    with Image.open(files / "cut.png") as picture:
        assert picture.size == (data["width"], data["height"]) == (64, 64)
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert status == 0 and pixels[32, 32, 2] > pixels[32, 32, 0]  # blue in the middle
    run(capsys, *words, files / "cut.npy", "--resolution", 33, "--axis", "x")
    values = np.load(files / "cut.npy", allow_pickle=False)
    assert values.shape == (33, 33) and values[16, 16] == pytest.approx(-1.0, abs=0.03)
    assert values[0, 0] == pytest.approx(np.hypot(1.3, 1.3) - 1.0, abs=0.03)


def test_collisions_are_told(files, capsys):
    status, data = run(capsys, "field", "collide", files / "a.ply", files / "b.ply")
    assert status == 0 and data["touching"] and data["depth"] == pytest.approx(1.0, abs=0.03)
    matrix = np.eye(4)
    matrix[0, 3] = 0.5
    np.savetxt(files / "away.txt", matrix)
    _, data = run(capsys, "field", "collide", files / "a.ply", files / "b.ply", "--transform", files / "away.txt")
    assert data["depth"] == pytest.approx(0.5, abs=0.03) and data["contacts"] > 1
    assert np.allclose(data["normal"], [1.0, 0.0, 0.0], atol=0.15)
    matrix[0, 3] = 2.0
    np.savetxt(files / "away.txt", matrix)
    _, data = run(capsys, "field", "collide", files / "a.ply", files / "b.ply", "--transform", files / "away.txt")
    assert not data["touching"] and data["distance"] == pytest.approx(1.0, abs=0.03) and data["contacts"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("field", "offset", "a.ply", "out.txt", "--distance", 0.1),
        ("field", "offset", "a.ply", "out.ply", "--distance", -5),
        ("field", "offset", "missing.ply", "out.ply", "--distance", 1),
        ("field", "shell", "a.ply", "out.ply", "--thickness", 0),
        ("field", "union", "a.ply", "b.ply", "out.ply", "--resolution", 1),
        ("field", "slice", "a.ply", "out.jpg"),
        ("field", "slice", "a.ply", "out.png", "--limit", -1),
        ("field", "collide", "a.ply", "b.ply", "--transform", "a.ply"),
        ("field", "collide", "a.ply", "b.ply", "--transform", "wrong.npy"),
        ("field", "union", "wrong.safetensors", "b.ply", "out.ply"),
    ],
    ids=lambda words: "-".join(map(str, words[1:])),
)
def test_what_cannot_be_is_said_and_nothing_is_written(files, capsys, monkeypatch, words):
    monkeypatch.chdir(files)
    (files / "wrong.safetensors").write_bytes(b"nothing of the kind")
    (files / "wrong.npy").write_bytes(b"PK\x03\x04" + bytes(60))
    status, data = run(capsys, *words)
    assert status == 2 and data["found"] and data["remedy"]
    assert not list(files.glob("out*"))


def test_the_tasks_do_the_same():
    ball = icosphere(8)
    arrays = {"vertices": ball.vertices, "faces": ball.faces}
    arrays |= {"vertices_b": ball.vertices + np.array([1.0, 0.0, 0.0]), "faces_b": ball.faces}
    parameters = {"tool": "union", "radius": 0.2, "resolution": 24, "normals": True}
    done = run_task("field_tool", arrays, parameters, silent)
    mesh = Mesh(done.arrays["vertices"], done.arrays["faces"])
    assert done.data["volume"] == pytest.approx(signed_volume(mesh))
    centre = mesh.vertices[mesh.faces].mean(axis=1)
    assert np.array_equal(done.arrays["of_second"], centre[:, 0] > 0.5) or (
        (done.arrays["of_second"] == (centre[:, 0] > 0.5)).mean() > 0.98
    )
    assert np.allclose(np.linalg.norm(done.arrays["normal"], axis=1), 1.0)
    cut = run_task("field_slice", arrays, {"axis": "y", "resolution": 16, "position": 0.5}, silent)
    assert cut.arrays["values"].shape == (16, 16) and cut.arrays["values"].min() == pytest.approx(-1.0, abs=0.15)
    with pytest.raises(InvalidParameter, match="shape is missing"):
        run_task("field_tool", {}, {"tool": "offset", "amount": 0.1}, silent)


def test_fitted_fields_do_as_well_as_meshes(files, capsys):
    torch = pytest.importorskip("torch")
    from spherical_cow.networks.distance.architectures import build_network
    from spherical_cow.networks.distance.field import FittedField
    from spherical_cow.networks.distance.field_file import field_to_bytes, save_field
    from spherical_cow.networks.distance.placement import Placement
    from spherical_cow.networks.distance.settings import FitSettings

    torch.manual_seed(0)
    network = build_network("mlp", "small").half().float()
    fitted = FittedField(network, Placement(np.array([1.0, 0.0, 0.0]), 0.5), FitSettings(network="mlp"))
    save_field(files / "f.safetensors", fitted)
    words = ("--resolution", 24, "--axis", "x", "--device", "cpu")
    status, data = run(capsys, "field", "slice", files / "f.safetensors", files / "cut.npy", *words)
    assert status == 0
    u, v = (np.linspace(0.0, 1.0, 24)[:, None] * np.array(data[name]) for name in ("across", "up"))
    points = (np.array(data["origin"]) + v[:, None] + u[None]).reshape(-1, 3)
    values = np.load(files / "cut.npy", allow_pickle=False)
    assert np.allclose(values.ravel(), fitted.distance(points), atol=1e-5)
    moved = np.eye(4)
    moved[:3, :3] *= 2.0
    moved[:3, 3] = 0.1, 0.2, 0.3
    content = np.frombuffer(field_to_bytes(fitted), np.uint8)
    field = field_from({"field": content}, {"matrix": moved.tolist(), "device": "cpu"})
    assert np.allclose(field.distance(2.0 * points + moved[:3, 3]), 2.0 * fitted.distance(points), atol=1e-4)
    moved[0, 0] = 1.0
    with pytest.raises(InvalidParameter, match="stretches"):
        field_from({"field": content}, {"matrix": moved.tolist(), "device": "cpu"})
