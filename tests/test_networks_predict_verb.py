# SPDX-License-Identifier: GPL-3.0-or-later
"""`network predict` and the task of the same name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import uv_sphere
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.datasets.binvox import Voxels, write_binvox
from spherical_cow.errors import InvalidParameter
from spherical_cow.meshfile import read_mesh, write_mesh
from spherical_cow.networks.inputs import AXES
from spherical_cow.tasks import run_task

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.occupancy.network import OccupancyNetwork  # noqa: E402
from spherical_cow.networks.occupancy.sizes import Sizes  # noqa: E402

NARROW = {"image": (16, 16, 8), "points": (16, 16, 16), "voxels": (16, 16, 4), "nothing": (8, 16, 16, 8)}
SHAPE = {"image": (1, 3, 224, 224), "points": (1, 300, 3), "voxels": (1, 32, 32, 32)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Narrow networks with random weights that see something in everything, and inputs."""
    place = tmp_path_factory.mktemp("predict")
    for kind, numbers in NARROW.items():
        torch.manual_seed(3)
        made = OccupancyNetwork(kind, Sizes(*numbers)).eval()
        with torch.no_grad():
            for name, weight in made.named_parameters():
                if "fc_1" in name or "conv_gamma.weight" in name or "conv_beta" in name:
                    weight.normal_(0.0, 0.3)
            if kind == "nothing":
                made.decoder.fc_z.weight *= 0.1  # shapes that are alike, so that all have an inside
            seen = torch.rand(SHAPE[kind]) if kind in SHAPE else None
            points, latent = torch.rand(1, 500, 3) - 0.5, made.latent(1, 0)
            made.decoder.fc_out.weight /= made(points, seen, latent).std()
            made.decoder.fc_out.bias -= made(points, seen, latent).quantile(0.5)
        torch.save({"model": made.state_dict()}, place / f"{kind}.pt")
    picture = np.full((60, 90, 3), 255, np.uint8)
    picture[10:30, 20:50] = (200, 20, 20)
    Image.fromarray(picture).save(place / "a.png")
    ball = uv_sphere(12)
    write_mesh(ball.with_vertices(ball.vertices * [2.0, 1.0, 1.0] + 5.0), place / "a.ply")
    write_binvox(place / "a.binvox", Voxels(np.ones((32, 32, 32), bool), np.full(3, 10.0), 4.0))
    return place


def run(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    named = [str(folder / word) if "." in word and not word.startswith("0") else word for word in words]
    status = main(["network", "predict", *named, "--resolution", "16", "--device", "cpu"])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.mark.parametrize(("kind", "given"), [("image", "a.png"), ("points", "a.ply"), ("voxels", "a.ply")])
def test_what_the_input_is_is_told_by_its_ending(
    kind: str, given: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(folder, capsys, f"{kind}.pt", given, "out.ply", "--json")
    assert status == 0, err
    report, mesh = json.loads(out), read_mesh(folder / "out.ply")
    assert report["faces"] == [mesh.n_faces] and report["model"] == f"occupancy-{kind}" and report["threshold"] == 0.2
    middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2.0
    assert np.abs(middle - (0.0 if kind == "image" else 5.0)).max() < 1.5
    assert bool(report["remarks"]) == (kind == "image") == ("input: " in err)


def test_the_preview_and_the_framing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(folder, capsys, "image.pt", "a.png", "o.obj", "--crop", "--fill", "0.5", "--view", "v.png")
    assert status == 0 and "input" not in err
    seen = np.asarray(Image.open(folder / "v.png"))
    assert seen.shape == (224, 224, 3)
    columns = np.flatnonzero((seen[112] < 200).any(axis=1))
    assert abs(columns[0] - 56) <= 2 and abs(columns[-1] - 167) <= 2


def test_voxel_files_and_blocks_stay_in_their_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(folder, capsys, "voxels.pt", "a.binvox", "o.ply", "--blocks", "b.ply")
    assert status == 0, err
    blocks = read_mesh(folder / "b.ply")
    assert np.allclose(blocks.vertices.min(axis=0), 10.0) and np.allclose(blocks.vertices.max(axis=0), 14.0)
    assert np.abs(read_mesh(folder / "o.ply").vertices - 12.0).max() < 2.3


def test_several_new_shapes_by_seed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(folder, capsys, "nothing.pt", "n.ply", "--count", "2", "--seed", "3", "--json")
    files = json.loads(out)["files"]
    assert status == 0 and [Path(file).name for file in files] == ["n_3.ply", "n_4.ply"]
    assert run(folder, capsys, "nothing.pt", "one.ply", "--seed", "4")[0] == 0
    assert np.array_equal(read_mesh(files[1]).vertices, read_mesh(folder / "one.ply").vertices)
    assert run(folder, capsys, "nothing.pt", "z.ply", "--seed", "4", "--up", "z")[0] == 0
    upright = read_mesh(folder / "z.ply").vertices
    assert np.allclose(upright, read_mesh(folder / "one.ply").vertices @ AXES["z"].T)


def test_turning_files_upright_is_what_up_does(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mesh = read_mesh(folder / "a.ply")
    write_mesh(mesh.with_vertices(mesh.vertices @ AXES["z"].T), folder / "up.ply")
    assert run(folder, capsys, "points.pt", "a.ply", "y.ply")[0] == 0
    assert run(folder, capsys, "points.pt", "up.ply", "z.ply", "--up", "z")[0] == 0
    one, other = (read_mesh(folder / name).vertices for name in ("y.ply", "z.ply"))
    assert np.abs(one @ AXES["z"].T - other).max() < 1e-4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("image.pt", "a.ply", "o.ply"), "sees an image, but a.ply holds a mesh"),
        (("voxels.pt", "a.png", "o.ply"), "sees voxels, but a.png holds an image"),
        (("nothing.pt", "a.ply", "o.ply"), "makes shapes by itself"),
        (("points.pt", "o.ply"), "needs an input (points)"),
        (("points.pt", "a.ply", "o.stl"), "no name of a mesh"),
        (("points.pt", "a.ply", "nowhere/o.ply"), "folder"),
        (("points.pt", "a.ply", "o.ply", "--count", "2"), "--count"),
        (("points.pt", "a.ply", "o.ply", "--view", "v.png"), "--view"),
        (("image.pt", "a.png", "o.ply", "--blocks", "b.ply"), "--blocks"),
        (("points.pt", "a.ply", "o.ply", "--threshold", "2"), "between 0 and 1"),
        (("points.pt", "a.ply", "o.ply", "--threshold", "0.9999"), "Nothing is inside"),
        (("points.pt", "a.ply", "o.ply", "--steps", "9"), "doubling 9 times"),
        (("points.pt", "a.ply", "o.ply", "--seed", "-1"), "seed"),
        (("nothing.pt", "o.ply", "--seed", "9" * 25), "seed"),
        (("nothing.pt", "o.ply", "--count", "0"), "0 shapes"),
        (("a.ply", "a.ply", "o.ply"), "a.ply"),
        (("none.pt", "a.ply", "o.ply"), "none.pt"),
    ],
)
def test_wrong_words(words: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "o.ply").unlink(missing_ok=True)
    status, _, err = run(folder, capsys, *words)
    assert status == 2 and said in err and not (folder / "o.ply").exists()


def test_the_task_takes_arrays_and_files(folder: Path) -> None:
    steps: list[float] = []

    def progress(fraction: float, phase: str) -> None:
        steps.append(fraction)

    ball = uv_sphere(12)
    arrays: dict[str, Any] = {"vertices": ball.vertices, "faces": ball.faces}
    options = {"checkpoint": str(folder / "voxels.pt"), "resolution": 16, "device": "cpu", "blocks": True}
    done = run_task("predict", arrays, options, progress)
    assert {"vertices_0", "faces_0", "blocks_vertices", "blocks_faces"} <= set(done.arrays)
    assert steps == sorted(steps) and steps[-1] <= 1.0 and len(steps) > 3
    json.dumps(done.data, allow_nan=False)
    options["checkpoint"] = str(folder / "image.pt")
    picture = np.asarray(Image.open(folder / "a.png"))
    from_array = run_task("predict", {"image": picture}, {**options, "framing": {"crop": True}}, progress)
    path = {"input": str(folder / "a.png"), "framing": {"crop": True}}
    from_file = run_task("predict", {}, {**options, **path}, progress)
    assert np.array_equal(from_array.arrays["view"], from_file.arrays["view"])
    assert np.array_equal(from_array.arrays["vertices_0"], from_file.arrays["vertices_0"])
    with pytest.raises(InvalidParameter, match="sees image"):
        run_task("predict", arrays, options, progress)
