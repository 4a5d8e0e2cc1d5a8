# SPDX-License-Identifier: GPL-3.0-or-later
"""`network predict` with models of pictures, and the task `reconstruct`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.datasets.arrays import Camera
from spherical_cow.errors import CheckpointError, InvalidParameter
from spherical_cow.meshfile import read_mesh
from spherical_cow.networks.inputs import Framing, network_view
from spherical_cow.tasks import run_task

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.catalogue import open_model  # noqa: E402
from spherical_cow.networks.checkpoints import save_checkpoint  # noqa: E402
from spherical_cow.networks.occupancy.network import OccupancyNetwork  # noqa: E402
from spherical_cow.networks.occupancy.sizes import Sizes as OccupancySizes  # noqa: E402
from spherical_cow.networks.pixel2mesh.ellipsoid import published_ellipsoid  # noqa: E402
from spherical_cow.networks.pixel2mesh.network import Pixel2Mesh  # noqa: E402
from spherical_cow.networks.pixel2mesh.template import template_of  # noqa: E402
from spherical_cow.networks.pixel2mesh.variants import Variant  # noqa: E402
from spherical_cow.networks.reconstruction.network import MeanShapeNetwork  # noqa: E402
from spherical_cow.networks.reconstruction.schemes import scheme_of  # noqa: E402
from spherical_cow.networks.reconstruction.sizes import Sizes  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Narrow networks with random weights, and a picture."""
    place = tmp_path_factory.mktemp("pictures")
    torch.manual_seed(1)
    narrow = Variant(width=1, hidden=6, last=6, rebuilds=False)
    bent = Pixel2Mesh(template_of(published_ellipsoid(), 3), narrow)
    with torch.no_grad():
        for (
            name,
            weight,
        ) in bent.nn_encoder.named_parameters():  # means: all layers are awake, and the picture counts
            if name.endswith("weight"):
                weight.abs_().div_(weight.sum(dim=(1, 2, 3), keepdim=True))
    torch.save(bent.state_dict(), place / "bent.pt")
    with torch.no_grad():
        bent.gconv.bias += np.nan
    torch.save(bent.state_dict(), place / "nan.pt")
    scheme = scheme_of("plane", 3)
    save_checkpoint(
        place / "painted.safetensors",
        MeanShapeNetwork.of(scheme, 2, Sizes(64, 4, 8, 8, 4, 8, 2)),
        **scheme.facts(),
        fill=0.8,
    )
    torch.save({"model": OccupancyNetwork("image", OccupancySizes(8, 8, 4)).state_dict()}, place / "occupancy.pt")
    picture = np.full((60, 90, 3), 255, np.uint8)
    picture[10:30, 20:50] = (200, 20, 20)
    Image.fromarray(picture).save(place / "a.png")
    (place / "text.png").write_text("no picture")
    return place


def run(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    named = [str(folder / word) if "." in word and not word.startswith("0") else word for word in words]
    status = main(["network", "predict", *named, "--device", "cpu"])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_stages_are_written_beside_the_result(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(folder, capsys, "bent.pt", "a.png", "out.ply", "--stages", "--json", "--view", "view.png")
    told = json.loads(out)
    assert status == 0 and told["stages"] == 3 and told["vertices"] == [156, 618, 2466]
    assert "threshold" not in told and "resolution" not in told
    meshes = [read_mesh(folder / name) for name in ("out_1.ply", "out_2.ply", "out.ply")]
    assert [mesh.n_vertices for mesh in meshes] == told["vertices"]
    seen = np.asarray(Image.open(folder / "view.png")) / 255.0
    made = open_model(folder / "bent.pt").reconstruct(seen)
    for written, stage in zip(meshes, made.stages, strict=True):
        assert np.allclose(written.vertices, stage.vertices, atol=1e-9) and np.array_equal(written.faces, stage.faces)
    camera = Camera(np.array(told["camera"]["matrix"]), np.array(told["camera"]["world"]))
    assert np.allclose(camera.project(meshes[2].vertices)[0], made.camera.project(made.mesh.vertices)[0])


def test_pictures_may_be_prepared_as_published(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rgba = np.zeros((60, 60, 4), np.uint8)
    rgba[10:50, 20:40] = (200, 20, 20, 128)
    Image.fromarray(rgba).save(folder / "half.png")
    model = open_model(folder / "bent.pt")
    for name, options, seen in (
        ("own.ply", (), network_view(folder / "half.png").pixels),
        ("theirs.ply", ("--published",), model.published_view(folder / "half.png")),
    ):
        assert run(folder, capsys, "bent.pt", "half.png", name, *options)[0] == 0
        assert np.allclose(read_mesh(folder / name).vertices, model.reconstruct(seen).mesh.vertices, atol=1e-6)
    assert not np.array_equal(read_mesh(folder / "own.ply").vertices, read_mesh(folder / "theirs.ply").vertices)


def test_what_is_remarked_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ((), ("--published",)):
        status, out, err = run(folder, capsys, "bent.pt", "a.png", "out.ply", *options)
        assert status == 0 and out.startswith("Pixel2Mesh (own), ")
        assert err.count("90 × 60 is squeezed") == 1 and "squeezed" not in out


@pytest.mark.parametrize("option", ["--points", "--resolution", "--steps", "--threshold"])
def test_its_evaluation_has_no_grid(folder: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert main(["network", "evaluate", str(folder / "bent.pt"), str(folder), option, "5"]) != 0
    assert f"{option} has no meaning" in capsys.readouterr().err


def test_up_turns_mesh_and_camera(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for up in ("y", "z"):
        told = json.loads(run(folder, capsys, "bent.pt", "a.png", f"{up}.ply", "--up", up, "--json")[1])
        camera = Camera(np.array(told["camera"]["matrix"]), np.array(told["camera"]["world"]))
        vertices = read_mesh(folder / f"{up}.ply").vertices
        found[up] = vertices, camera.project(vertices)[0]
    assert np.allclose(found["z"][0], found["y"][0] @ [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]], atol=1e-9)
    assert np.allclose(found["z"][1], found["y"][1])


def test_a_texture_is_written_with_obj_and_colours_with_ply(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(folder, capsys, "painted.safetensors", "a.png", "own.obj", "--crop", "--json")[1])
    assert [Path(file).name for file in told["files"]] == ["own.obj", "own.mtl", "own_texture.png"]
    model = open_model(folder / "painted.safetensors")
    made = model.reconstruct(network_view(folder / "a.png", Framing(True, 0.8), 64).pixels)
    read = trimesh.load(folder / "own.obj", process=False, force="mesh")
    assert np.allclose(read.vertices[read.faces], made.mesh.vertices[made.mesh.faces])
    assert np.allclose(read.visual.uv[read.faces], made.texture.uv)
    pixels = np.asarray(read.visual.material.image.convert("RGB")) / 255.0
    assert list(pixels.shape[:2]) == told["texture"] and np.abs(pixels - made.texture.pixels).max() < 0.003
    assert run(folder, capsys, "painted.safetensors", "a.png", "own.ply", "--crop")[0] == 0
    coloured = read_mesh(folder / "own.ply")
    assert np.allclose(coloured.attributes["color"], made.mesh.attributes["color"], atol=0.01)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("bent.pt", "a.png", "no.ply", "--resolution", "64"), "--resolution has no meaning for Pixel2Mesh"),
        (("bent.pt", "a.png", "no.ply", "--threshold", "0.2"), "--threshold has no meaning"),
        (("bent.pt", "a.png", "no.ply", "--refine", "2"), "bent, not found on a grid"),
        (("bent.pt", "a.png", "no.ply", "--as-is"), "--as-is has no meaning"),
        (("painted.safetensors", "a.png", "no.ply", "--published"), "--published has no meaning"),
        (("bent.pt", "a.png", "no.ply", "--published", "--crop"), "as they are"),
        (("bent.pt", "no.ply"), "needs a picture"),
        (("bent.pt", "bent.pt", "no.ply"), "bent.pt is not known"),
        (("bent.pt", "text.png", "no.ply"), "not an image"),
        (("bent.pt", "none.png", "no.ply"), "does not exist"),
        (("bent.pt", "a.png", "no.ply", "--crop", "--fill", "0"), "cannot fill 0"),
        (("bent.pt", "a.png", "no.ply", "--fill", "0.5"), "after --crop"),
        (("bent.pt", ".", "no.ply"), "is a folder"),
        (("nan.pt", "a.png", "no.ply"), "not numbers"),
        (("painted.safetensors", "no_texture.png", "no.obj"), "would be overwritten"),
        (("occupancy.pt", "a.png", "no.ply", "--stages"), "--stages has no meaning"),
    ],
)
def test_what_means_nothing_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    if "no_texture.png" in words:
        Image.open(folder / "a.png").save(folder / "no_texture.png")
    status, _, err = run(folder, capsys, *words)
    assert status and says in err.replace("\n", " ")
    assert not list(folder.glob("no*.ply")) and not (folder / "no.obj").exists()


def test_the_task_gives_what_blender_needs(folder: Path) -> None:
    parameters = {"checkpoint": str(folder / "bent.pt"), "device": "cpu", "framing": {"crop": True}, "unit": True}
    pixels = np.asarray(Image.open(folder / "a.png"))
    done = run_task("reconstruct", {"image": pixels}, {**parameters, "carry": True, "fine": True}, lambda f, p: None)
    assert all(done.arrays[f"carried_{n}"].shape == (2466, 3) for n in range(3))
    assert np.array_equal(done.arrays["carried_2"], done.arrays["vertices_2"])
    assert done.arrays["view"].shape == (224, 224, 3) and done.arrays["picture"].shape == (50, 50, 3)
    assert np.ptp(done.arrays["vertices_2"], axis=0).max() == pytest.approx(1.0)
    same = run_task("reconstruct", {}, {**parameters, "input": str(folder / "a.png")}, lambda f, p: None)
    assert np.array_equal(same.arrays["vertices_0"], done.arrays["vertices_0"])
    json.dumps(done.data)
    with pytest.raises(InvalidParameter, match="no picture"):
        run_task("reconstruct", {}, parameters, lambda f, p: None)
    with pytest.raises(InvalidParameter, match="does not bend a mesh"):
        run_task("reconstruct", {"image": pixels}, {"checkpoint": str(folder / "occupancy.pt")}, lambda f, p: None)
    with pytest.raises(CheckpointError, match="not numbers"):
        run_task("reconstruct", {"image": pixels}, {"checkpoint": str(folder / "nan.pt")}, lambda f, p: None)
