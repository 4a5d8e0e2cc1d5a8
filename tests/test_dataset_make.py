# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders to learn from, made from meshes: what is in them, what fails, stopping and going on, pictures by Blender."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from meshes import cube, torus, uv_sphere
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.datasets import make as making
from spherical_cow.datasets.check import check_dataset
from spherical_cow.datasets.layout import Dataset
from spherical_cow.datasets.lists import named, split_names, write_lists
from spherical_cow.datasets.make import MakeSettings, make
from spherical_cow.datasets.model import make_arrays, make_model, placement_of, seed_of
from spherical_cow.datasets.render import Renderer, Source, find_blender
from spherical_cow.datasets.views import random_views
from spherical_cow.errors import Cancelled, InvalidMesh, InvalidParameter, MissingLibrary
from spherical_cow.geometry.inside import contains
from spherical_cow.mesh import Mesh

FEW = MakeSettings(points=600, views=0, voxels=16)
HAS_BLENDER = importlib.util.find_spec("bpy") is not None or shutil.which("blender") is not None
needs_blender = pytest.mark.skipif(not HAS_BLENDER, reason="there is no Blender, and no bpy module")


def moved(mesh: Mesh, scale: float = 3.0) -> Mesh:
    return mesh.with_vertices(mesh.vertices * scale + [10.0, -4.0, 2.0])


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Three meshes of two classes, one of them open; and one that is none."""
    for place, mesh in (
        ("cars/Kübel.ply", moved(cube())),
        ("cars/old/ring.obj", moved(torus())),
        ("balls/ball.ply", moved(Mesh(uv_sphere(12).vertices, uv_sphere(12).faces[4:]))),
    ):
        path = tmp_path / "in" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        mesh.save(path)
    (tmp_path / "in" / "balls" / "torn.ply").write_bytes(b"ply\nformat ascii 1.0\n")
    return tmp_path / "in"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_arrays_are_those_of_the_shape() -> None:
    mesh = moved(uv_sphere(48, 0.5), 4.0)
    arrays = make_arrays(mesh, "a", 20_000, 16)
    place = arrays.placement
    assert np.allclose(place.loc, [10.0, -4.0, 2.0], atol=0.01) and np.isclose(place.scale, 4.0, rtol=0.01)
    points = arrays.points.astype(np.float64)
    assert 0.54 < np.abs(points).max() <= 0.5505 and arrays.points.dtype == np.float16
    radius = np.linalg.norm(points, axis=1)
    assert arrays.inside[radius < 0.498].all() and not arrays.inside[radius > 0.502].any()
    assert abs(arrays.inside.mean() - np.pi / 6 / 1.1**3) < 0.01
    cloud, normals = arrays.cloud.astype(np.float64), arrays.normals.astype(np.float64)
    assert np.abs(np.linalg.norm(cloud, axis=1) - 0.5).max() < 3e-3
    assert np.einsum("ni,ni->n", cloud / 0.5, normals).min() > 0.99
    again = make_arrays(mesh, "a", 20_000, 16)
    assert np.array_equal(again.points, arrays.points) and np.array_equal(again.cloud, arrays.cloud)
    other = make_arrays(mesh, "b", 100, 16)
    assert not np.array_equal(other.points, arrays.points[:100])
    assert len({seed_of(0, "a").tobytes(), seed_of(1, "a").tobytes(), seed_of(0, "a", 1).tobytes()}) == 3


def test_the_label_is_that_of_the_point_as_it_is_stored() -> None:
    mesh = moved(torus())
    arrays = make_arrays(mesh, "ring", 5000, 8)
    again = contains(mesh, arrays.placement.to_source(arrays.points.astype(np.float64)))
    assert np.array_equal(again, arrays.inside)


def test_a_mesh_with_holes_is_mended_and_its_place_is_that_of_the_original() -> None:
    whole = uv_sphere(16)
    torn = Mesh(np.concatenate([whole.vertices, [[50.0, 0, 0], [np.nan, 0, 0]]]), whole.faces[6:])
    arrays = make_arrays(torn, "a", 4000, 8)
    assert arrays.repairs and np.isclose(arrays.placement.scale, placement_of(torn).scale) < 2.1
    assert abs(arrays.inside.mean() - np.pi / 6 / 1.1**3) < 0.03
    with pytest.raises(InvalidMesh):
        make_arrays(Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])), "a", 10, 8)
    with pytest.raises(InvalidMesh):
        placement_of(Mesh(np.zeros((3, 3)), np.zeros((0, 3), int)))


def test_a_folder_is_made_and_a_failure_stops_nothing(shelf: Path, tmp_path: Path) -> None:
    out, rows = tmp_path / "out", []
    made = make([shelf], out, FEW, workers=2, on_row=rows.append)
    assert {row.model: row.status for row in made.rows} == {
        "balls/ball": "made",
        "balls/torn": "failed",
        "cars/Kübel": "made",
        "cars/old_ring": "made",
    }
    assert sorted(rows, key=str) == sorted(made.rows, key=str)
    assert "torn.ply" in made.of("failed")[0].message
    data = Dataset(out)
    assert data.classes == ("balls", "cars") and data.names() == {"balls": "balls", "cars": "cars"}
    assert sum(len(data.models(split)) for split in ("train", "val", "test")) == 3
    assert not (out / ".unfinished").exists()
    report = check_dataset(out)
    assert report.ok, report.faults
    model = next(model for model in data.models() if model.name == "Kübel")
    points, inside, placement = data.points(model, None)
    assert np.allclose(placement.loc, [11.5, -2.5, 3.5]) and placement.scale == 3.0
    strictly = np.abs(points).max(axis=1) < 0.5
    assert np.array_equal(inside, strictly)
    assert data.voxels(model).all() and data.voxels(model).shape == (16, 16, 16)
    facts = json.loads((model.folder / "made.json").read_text("utf-8"))
    assert facts["source"] == "Kübel.ply" and facts["facts"]["faces"] == 12


def test_the_same_seed_gives_the_same_files_whatever_else_is_made(shelf: Path, tmp_path: Path) -> None:
    make([shelf / "cars", shelf / "balls"], tmp_path / "a", FEW, category="x", workers=2)
    make([shelf / "cars"], tmp_path / "b", FEW, category="x", workers=1)
    ours, theirs = contents(tmp_path / "a"), contents(tmp_path / "b")
    shared = [name for name in theirs if name.endswith((".npz", ".binvox", "made.json"))]
    assert len(shared) == 8 and all(theirs[name] == ours[name] for name in shared)


def test_the_original_reads_the_files(shelf: Path, tmp_path: Path) -> None:
    """The lines of the published readers, without their classes."""
    make([shelf / "cars" / "old"], tmp_path / "out", FEW, category="x", workers=1)
    folder = tmp_path / "out" / "x" / "ring"
    with (tmp_path / "out" / "x" / "train.lst").open() as file:
        assert file.read().split("\n") == ["ring"]
    stored = np.load(folder / "points.npz")
    points = stored["points"]
    assert points.dtype == np.float16 and stored["loc"].shape == (3,) and stored["scale"].shape == ()
    occupancies = np.unpackbits(stored["occupancies"])[: points.shape[0]]
    assert 0 < occupancies.sum() < 600
    with (folder / "model.binvox").open("rb") as file:
        assert file.readline().strip().startswith(b"#binvox")
        dims = list(map(int, file.readline().strip().split(b" ")[1:]))
        assert len(list(map(float, file.readline().strip().split(b" ")[1:]))) == 3
        assert len(list(map(float, file.readline().strip().split(b" ")[1:]))) == 1
        assert file.readline() == b"data\n"
        raw = np.frombuffer(file.read(), dtype=np.uint8)
    data = np.repeat(raw[::2], raw[1::2]).astype(bool).reshape(dims).transpose(0, 2, 1)
    assert np.array_equal(data, Dataset(tmp_path / "out").voxels(Dataset(tmp_path / "out").models()[0]))


def test_what_is_made_is_left_and_what_changed_is_made_again(shelf: Path, tmp_path: Path) -> None:
    cars, out = shelf / "cars", tmp_path / "out"
    make([cars], out, FEW, category="x", workers=1)
    before = contents(out)
    with pytest.raises(InvalidParameter, match=r"x/Kübel already and 1 more.*resume"):
        make([cars], out, FEW, category="x")
    moved(cube(2.0)).save(cars / "Kübel.ply")
    uv_sphere(8).save(cars / "new.ply")
    made = make([cars], out, FEW, category="x", workers=1, resume=True)
    assert {row.model: row.status for row in made.rows} == {
        "x/Kübel": "made",
        "x/new": "made",
        "x/old_ring": "earlier",
    }
    after = contents(out)
    assert after["x/Kübel/points.npz"] != before["x/Kübel/points.npz"]
    assert after["x/old_ring/made.json"] == before["x/old_ring/made.json"]
    assert check_dataset(out).ok


def test_stopped_in_the_middle_it_keeps_and_lists_what_is_done(shelf: Path, tmp_path: Path) -> None:
    def stop(row: making.MadeRow) -> None:
        if row.status == "made":
            raise Cancelled()

    made = make([shelf / "cars"], tmp_path / "out", FEW, category="x", workers=1, on_row=stop)
    assert made.cancelled and sum(made.counts["x"].values()) == len(Dataset(tmp_path / "out").models()) >= 1
    assert not (tmp_path / "out" / ".unfinished").exists()
    again = make([shelf / "cars"], tmp_path / "out", FEW, category="x", workers=1, resume=True)
    assert len(again.of("earlier")) >= 1 and not again.of("failed") and check_dataset(tmp_path / "out").ok


def test_models_of_others_are_not_written_over(shelf: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "out" / "x" / "Kübel"
    theirs.mkdir(parents=True)
    (theirs / "points.npz").write_bytes(b"theirs")
    with pytest.raises(InvalidParameter, match="x/Kübel, which was not made here"):
        make([shelf / "cars"], tmp_path / "out", FEW, category="x", workers=1, resume=True)
    assert (theirs / "points.npz").read_bytes() == b"theirs"


def test_data_of_others_stay_in_their_lists(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for place in ("cars/theirs", "cars/unlisted", "cars/ours", "boats/boat"):
        (root / place).mkdir(parents=True)
        (root / place / "points.npz").touch()
    (root / "cars" / "ours" / "made.json").touch()
    (root / "boats" / "train.lst").write_text("boat\n")
    (root / "cars" / "val.lst").write_text("theirs\r\nours\r\n")
    assert write_lists(root, (1.0, 0.0, 0.0), 0) == {"cars": {"train": 1, "val": 1, "test": 0}}
    assert [(root / "cars" / f"{part}.lst").read_text() for part in ("train", "val")] == ["ours", "theirs"]
    assert (root / "boats" / "train.lst").read_text() == "boat\n" and not (root / "boats" / "val.lst").exists()
    assert write_lists(root, (1.0, 0.0, 0.0), 0, {"boats"}) == {}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_killed_it_leaves_nothing_half_written(shelf: Path, tmp_path: Path) -> None:
    for number in range(3):
        moved(torus(), 1.0 + number).save(shelf / "cars" / f"ring{number}.ply")
    out = tmp_path / "out"
    words = ["dataset", "make", str(shelf / "cars"), str(out), "--points", "3000", "--views", "0", "--workers", "1"]
    process = subprocess.Popen([sys.executable, "-m", "spherical_cow.cli.main", *words], start_new_session=True)
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline and not list(out.glob("meshes/*/made.json")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    whole = list(out.glob("meshes/*"))
    assert whole
    for folder in whole:
        if folder.is_dir():
            names = {"points.npz", "pointcloud.npz", "model.binvox", "made.json"}
            assert {file.name for file in folder.iterdir()} == names
    assert main([*words, "--resume"]) == 0
    assert check_dataset(out).ok and not (out / ".unfinished").exists()


def test_names_and_classes() -> None:
    places = ["a", "A", "old/a", "old/x/a", "bad: name?", "dots..", ".hidden/b"]
    found = [str(model) for model in named([(Path(place), place) for place in places], None)]
    assert found == [
        "meshes/a",
        "meshes/A_2",
        "old/a",
        "old/x_a",
        "meshes/bad_ name_",
        "meshes/dots",
        "hidden/b",
    ]
    assert [str(m) for m in named([(Path(p), p) for p in ("a/b", "a_b", "Ä/ü")], "c")] == ["c/a_b", "c/a_b_2", "c/Ä_ü"]


def test_splits_have_their_shares_and_do_not_depend_on_order() -> None:
    names = [f"m{number}" for number in range(100)]
    parts = split_names(names, (0.7, 0.1, 0.2), 3)
    assert [len(parts[split]) for split in ("train", "val", "test")] == [70, 10, 20]
    assert parts == split_names(names[::-1], (0.7, 0.1, 0.2), 3) != split_names(names, (0.7, 0.1, 0.2), 4)
    assert sorted(name for part in parts.values() for name in part) == sorted(names)
    assert [len(part) for part in split_names(names[:3], (0.7, 0.1, 0.2), 0).values()] == [1, 1, 1]
    assert [len(part) for part in split_names(names[:1], (0.7, 0.1, 0.2), 0).values()] == [1, 0, 0]
    assert [len(part) for part in split_names(names[:9], (1.0, 0.0, 0.0), 0).values()] == [9, 0, 0]


@pytest.mark.parametrize(
    "settings",
    [
        MakeSettings(points=0),
        MakeSettings(views=-1),
        MakeSettings(split=(0.5, 0.5, 0.5)),
        MakeSettings(split=(0.0, 0.5, 0.5)),
        MakeSettings(split=(float("nan"), 0.5, 0.5)),
        MakeSettings(up="x"),
        MakeSettings(voxels=1000),
    ],
)
def test_settings_that_mean_nothing(settings: MakeSettings, shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter):
        make([shelf], tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_places_that_cannot_be(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidParameter, match="inside the input"):
        make([shelf], shelf / "out", FEW)
    with pytest.raises(InvalidParameter, match="name of a class"):
        make([shelf], tmp_path / "out", FEW, category="../x")
    with pytest.raises(InvalidParameter, match="no Blender 'nowhere'"):
        make([shelf], tmp_path / "out", MakeSettings(views=1), blender="nowhere")
    assert main(["dataset", "make", str(shelf)]) == 2
    assert "no output folder" in capsys.readouterr().err


def test_without_blender_everything_else_is_made(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bpy", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingLibrary, match="--views 0"):
        find_blender()
    words = ["dataset", "make", str(shelf / "cars" / "Kübel.ply"), str(tmp_path / "out"), "--points", "50"]
    assert main([*words, "--workers", "1"]) == 0
    assert "No images are made. There is no Blender" in capsys.readouterr().out
    assert (tmp_path / "out" / "meshes" / "Kübel" / "points.npz").is_file()


@needs_blender
def test_vertices_fall_onto_the_silhouette(tmp_path: Path) -> None:
    """Also of a mesh that is z up, far away, and drawn from its own file with its materials."""
    bent = moved(torus(), 7.0)
    bent = bent.with_vertices(bent.vertices * [1.0, 0.6, 1.4])
    names = ("plain.ply", "own.obj", "own.glb", "pink.obj")
    for name in names:
        bent.save(tmp_path / name)
    (tmp_path / "pink.mtl").write_text("newmtl a\nmap_Kd gone.png\n")
    bare = (tmp_path / "pink.obj").read_text()
    (tmp_path / "pink.obj").write_text(f"mtllib pink.mtl\nusemtl a\n{bare}")
    settings = MakeSettings(points=50, views=3, voxels=8)
    made = make([tmp_path / name for name in names], tmp_path / "out", settings, category="x", workers=1)
    assert {row.model: row.facts["materials"] for row in made.rows} == {
        "x/own": True,
        "x/own_2": True,
        "x/pink": False,
        "x/plain": False,
    }
    make([tmp_path / "plain.ply"], tmp_path / "out", MakeSettings(50, 2, voxels=8, up="z"), category="z", workers=1)
    data = Dataset(tmp_path / "out")
    assert check_dataset(tmp_path / "out").ok
    for model in data.models():
        vertices = bent.vertices if model.category == "x" else bent.vertices[:, [0, 2, 1]] * [1.0, 1.0, -1.0]
        for view, camera in enumerate(data.cameras(model)):
            image = data.image(model, view)
            assert image.shape == (137, 137, 3) and (image[[0, 0, -1, -1], [0, -1, 0, -1]] > 250).all()
            shown = (image < 240).any(axis=2)
            pixels, depths = camera.project(vertices)
            assert (depths > 0).all()
            rows, columns = np.nonzero(shown)
            low, high = pixels.min(axis=0), pixels.max(axis=0)
            seen = np.array([[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]])
            assert np.abs(seen - [low, high]).max() <= 1.0
            x, y = np.floor(pixels).astype(int).T
            grown = shown.copy()
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    grown |= np.roll(shown, (dy, dx), axis=(0, 1))
            assert grown[y, x].all()


@needs_blender
def test_pictures_repeat_on_any_number_of_cores_and_show_colours(tmp_path: Path) -> None:
    ball = uv_sphere(12)
    red = np.tile([0.8, 0.02, 0.02], (ball.n_vertices, 1))
    ball.with_attributes(color=red).save(tmp_path / "ball.ply")
    options = {"name": "ball", "points": 50, "resolution": 8, "seed": 0, "up": "y", "views": 2}
    ball.with_attributes(color=red).save(tmp_path / "ball.obj")  # which Blender reads itself, but without a material
    for threads, ending in ((1, "ply"), (2, "ply"), (2, "obj")):
        folder = tmp_path / f"{threads}{ending}"
        folder.mkdir()
        facts = {**make_model(tmp_path / f"ball.{ending}", folder, options), "up": "y"}
        with Renderer(find_blender(), threads) as renderer:
            assert not renderer.render(folder, random_views(2, 0), 64, facts, Source(tmp_path / f"ball.{ending}"))
        with Image.open(folder / "img_choy2016" / "000.jpg") as image:
            assert image.size == (64, 64) and image.mode == "RGB"
            middle = np.asarray(image)[32, 32].astype(int)
        assert middle[0] > 100 and middle[1:].max() < 80
        with Image.open(folder / "masks" / "001.png") as image:
            mask = np.asarray(image)
            assert image.mode == "L" and mask.shape == (64, 64) and mask[32, 32] == 255 and mask[0, 0] == 0
    assert contents(tmp_path / "1ply") == contents(tmp_path / "2ply")


def test_a_program_that_is_no_blender(shelf: Path, tmp_path: Path) -> None:
    settings = MakeSettings(points=50, views=1, voxels=8)
    made = make([shelf / "cars" / "Kübel.ply"], tmp_path / "out", settings, blender=shutil.which("false"), workers=1)
    assert [row.status for row in made.rows] == ["failed"] and "Blender ended" in made.rows[0].message
    assert not (tmp_path / "out" / "meshes").exists()
    with Renderer(["/does/not/exist"]) as renderer, pytest.raises(MissingLibrary):
        renderer._start()
