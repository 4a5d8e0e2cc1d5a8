# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, run as a user runs it: exit statuses, one JSON object, nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from meshes import cube, torus, uv_sphere
from spherical_cow.cli.code_verbs import band_gain, fraction
from spherical_cow.cli.main import main
from spherical_cow.harmonics.shtools import write_sh
from spherical_cow.interchange import open_shape
from spherical_cow.meshfile import read_mesh
from spherical_cow.shapefile import load_shape

LEFT = ["repair.state.jsonl", "repair.summary.csv"]
"""What a batch leaves beside its results."""


@pytest.fixture
def ball(tmp_path: Path) -> Path:
    mesh = uv_sphere(16)
    x, y, z = mesh.vertices.T
    mesh = mesh.with_vertices(mesh.vertices * (1 + 0.2 * x * y + 0.1 * z**3)[:, None])
    path = tmp_path / "ball.ply"
    mesh.with_attributes(color=0.5 + 0.5 * uv_sphere(16).vertices).save(path)
    return path


@pytest.fixture
def encoded(ball: Path) -> Path:
    path = ball.with_name("ball.harmonics.npz")
    assert main(["encode", str(ball), str(path), "--lmax", "16"]) == 0
    return path


def run_json(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    status = main([str(word) for word in words] + ["--json"])
    data = json.loads(capsys.readouterr().out)
    assert isinstance(data, dict)
    return status, data


def test_the_installed_program_answers() -> None:
    done = subprocess.run([sys.executable, "-m", "spherical_cow.cli.main", "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("spherical-cow ")


def test_check_of_a_sphere_is_0(ball: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = run_json(capsys, "check", ball)
    assert status == 0
    assert data["is_genus_zero"] is True


def test_check_of_a_torus_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torus().save(tmp_path / "torus.ply")
    status, data = run_json(capsys, "check", tmp_path / "torus.ply")
    assert status == 1
    assert data["genus"] == 1


def test_check_of_rubbish_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rubbish.ply").write_bytes(bytes(range(256)))
    status, data = run_json(capsys, "check", tmp_path / "rubbish.ply")
    assert status == 2
    assert data["error"] == "MeshFileError"


def test_encode_reports_what_was_promised(ball: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = run_json(capsys, "encode", ball, tmp_path / "out.npz", "--lmax", 12)
    assert status == 0
    names = {"V", "F", "lmax", "flips", "angle_distortion", "area_distortion", "fit_error_rel", "seconds"}
    assert names <= set(data)
    assert (data["V"], data["F"], data["lmax"], data["flips"]) == (514, 1024, 12, 0)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as archive:
        assert {
            "coefficients",
            "channels",
            "lmax",
            "normalization",
            "format_version",
            "sphere",
            "faces",
        } <= set(archive)


def test_encode_to_a_target(ball: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = run_json(capsys, "encode", ball, tmp_path / "out.npz", "--target", "0.5%")
    assert status == 0
    assert isinstance(data["fit_error_rel"], float)
    assert data["fit_error_rel"] <= 0.005


def test_target_and_lmax_exclude_each_other(ball: Path, tmp_path: Path) -> None:
    assert main(["encode", str(ball), str(tmp_path / "o.npz"), "--lmax", "8", "--target", "1%"]) == 2


def test_decode_in_three_ways(encoded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, vertices in ((["--source"], 514), (["--icosphere", 5], 252), (["--vertices", 300], 300)):
        status, data = run_json(capsys, "decode", encoded, tmp_path / "out.ply", *words)
        assert (status, data["V"]) == (0, vertices)
        assert "color" in read_mesh(tmp_path / "out.ply").attributes


def test_filter_gains_and_cut(encoded: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    assert main(["filter", str(encoded), str(out), "--lmax", "8", "--gain", "2-3=0", "--gain", "4=2"]) == 0
    before, after = load_shape(encoded).harmonics, load_shape(out).harmonics
    assert after.lmax == 8
    degree = after.degrees()
    assert np.all(after.coefficients[:, (degree == 2) | (degree == 3)] == 0)
    cut = before.truncate(8).coefficients
    assert np.allclose(after.coefficients[:, degree == 4], 2 * cut[:, degree == 4])
    assert np.allclose(after.coefficients[:, degree == 5], cut[:, degree == 5])


def test_spectrum_and_image_write_pictures(encoded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = run_json(capsys, "spectrum", encoded, "--png", tmp_path / "s.png")
    assert status == 0
    assert isinstance(data["power"], dict)
    assert len(data["power"]["x"]) == 17
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    assert main(["image", str(encoded), str(tmp_path / "pictures")]) == 0
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 7


def test_compare_of_a_mesh_with_itself(ball: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = run_json(capsys, "compare", ball, ball, "--samples", 1000)
    assert status == 0
    assert isinstance(data["hausdorff_rel"], float)
    assert data["hausdorff_rel"] < 1e-6


def test_repair_makes_a_torus_encodable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torus().save(tmp_path / "torus.ply")
    status, data = run_json(capsys, "repair", tmp_path / "torus.ply", tmp_path / "ball.ply")
    assert status == 0
    assert isinstance(data["counts"], dict)
    assert data["counts"].get("handles_cut", 0) + data["counts"].get("tunnels_filled", 0) == 1
    assert main(["check", str(tmp_path / "ball.ply")]) == 0
    assert main(["encode", str(tmp_path / "ball.ply"), str(tmp_path / "ball.harmonics.npz"), "--lmax", "16"]) == 0


def test_encode_can_repair_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torus().save(tmp_path / "torus.ply")
    words = ["encode", str(tmp_path / "torus.ply"), str(tmp_path / "t.harmonics.npz"), "--lmax", "8", "--repair"]
    assert main(words) == 0
    assert "repair: 1 " in capsys.readouterr().err


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torus().save(tmp_path / "torus.ply")
    assert main(["repair", str(tmp_path / "torus.ply"), str(tmp_path / "ball.ply"), "--dry-run"]) == 0
    assert "Dry run, nothing is written" in capsys.readouterr().out
    assert main(["repair", str(tmp_path / "torus.ply"), "--dry-run"]) == 0
    assert main(["repair", str(tmp_path / "torus.ply")]) == 2
    assert [file.name for file in tmp_path.iterdir()] == ["torus.ply"]


def test_repair_of_a_folder_goes_on_after_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    torus().save(tmp_path / "in" / "a.ply")
    (tmp_path / "in" / "b.ply").write_bytes(b"ply\nnonsense")
    cube().save(tmp_path / "in" / "c.obj")
    status, data = run_json(capsys, "repair", tmp_path / "in", tmp_path / "out")
    assert (status, data["failed"]) == (1, 1)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.ply", "c.obj", *LEFT]


def test_no_result_of_a_folder_replaces_a_file_or_another_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    trimesh.Trimesh(cube().vertices, cube().faces).export(tmp_path / "in" / "a.stl")
    uv_sphere(8).save(tmp_path / "in" / "a.ply")
    status, _ = run_json(capsys, "repair", tmp_path / "in", tmp_path / "out")
    assert status == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.ply", "a.stl.ply", *LEFT]
    status, data = run_json(capsys, "repair", tmp_path / "in", tmp_path / "in")
    assert (status, data["error"]) == (2, "InvalidParameter")
    assert sorted(file.name for file in (tmp_path / "in").iterdir()) == ["a.ply", "a.stl"]


def test_recipes_can_be_shown_changed_and_given_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "clean"]) == 0
    assert "merge_vertices" in capsys.readouterr().out
    _, recipe = run_json(capsys, "recipe", "clean")
    assert isinstance(recipe["steps"], list)
    assert recipe["steps"][1]["parameters"] == {"distance_rel": 1e-7}
    recipe["steps"] = [step for step in recipe["steps"] if step["name"] != "fill_holes"]
    (tmp_path / "mine.json").write_text(json.dumps(recipe), encoding="utf-8")
    cube().save(tmp_path / "cube.ply")
    words = ["repair", tmp_path / "cube.ply", tmp_path / "o.ply", "--recipe", tmp_path / "mine.json"]
    status, data = run_json(capsys, *words)
    assert (status, data["method"], data["done"]) == (0, "unchanged", [])


def test_stages_are_written_beside_the_result(tmp_path: Path) -> None:
    cube(n=4).save(tmp_path / "cube.ply")
    words = ["repair", tmp_path / "cube.ply", tmp_path / "o.ply", "--recipe", "cad", "--stages", "--resolution", "32"]
    assert main([str(word) for word in words]) == 0
    names = sorted(file.name for file in tmp_path.glob("o_*.ply"))
    assert names[0] == "o_01_remove_unusable.ply" and "o_08_voxel_remesh.ply" in names
    assert read_mesh(tmp_path / "o_08_voxel_remesh.ply").n_faces > 1000


def test_decode_says_when_the_file_has_fewer_degrees(encoded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", str(encoded), str(encoded.with_name("o.ply")), "--lmax", "99"]) == 0
    assert "degrees up to 16" in capsys.readouterr().err


BAD = [
    (["repair", "{torus}", "{out}", "--recipe", "wishes"], "InvalidParameter"),
    (["repair", "{torus}", "{out}", "--resolution", "2"], "InvalidParameter"),
    (["repair", "{missing}", "{out}"], "MeshFileError"),
    (["repair", "{torus}", "{torus}.nothing/o.ply"], "OutputError"),
    (["encode", "{ball}", "{ball}"], "InvalidParameter"),
    (["encode", "{missing}", "{out}"], "MeshFileError"),
    (["encode", "{torus}", "{out}"], "NotGenusZero"),
    (["encode", "{ball}", "{out}", "--lmax", "0"], "InvalidParameter"),
    (["encode", "{ball}", "{out}", "--lmax", "-1"], "InvalidParameter"),
    (["encode", "{ball}", "{out}", "--lmax", "1000000"], "InvalidParameter"),
    (["encode", "{cube}", "{out}", "--lmax", "64"], "InvalidParameter"),
    (["encode", "{ball}", "{out}", "--channels", "wobble"], "InvalidParameter"),
    (["encode", "{ball}", "{nowhere}"], "OutputError"),
    (["encode", "{ball}"], "InvalidParameter"),
    (["decode", "{ball}", "{outply}"], "HarmonicsFileError"),
    (["decode", "{encoded}", "{outply}", "--icosphere", "0"], "InvalidParameter"),
    (["decode", "{encoded}", "{outply}", "--vertices", "3"], "InvalidParameter"),
    (["decode", "{encoded}", "{out}"], "MeshFileError"),
    (["filter", "{encoded}", "{out}", "--gain", "seven"], "InvalidParameter"),
    (["filter", "{encoded}", "{out}", "--heat", "-1"], "InvalidParameter"),
    (["dance"], "InvalidParameter"),
]


@pytest.mark.parametrize(("words", "error"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_a_typed_error_and_writes_nothing(
    words: list[str],
    error: str,
    ball: Path,
    encoded: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torus().save(tmp_path / "torus.ply")
    cube().save(tmp_path / "cube.ply")
    out = tmp_path / "empty"
    out.mkdir()
    places = {
        "missing": tmp_path / "missing.ply", "torus": tmp_path / "torus.ply", "cube": tmp_path / "cube.ply",
        "ball": ball, "encoded": encoded, "out": out / "o.npz", "outply": out / "o.ply",
        "nowhere": tmp_path / "no" / "o.npz",
    }  # fmt: skip
    status, data = run_json(capsys, *[word.format(**places) for word in words])
    assert (status, data["error"]) == (2, error)
    assert str(data["found"]).strip()
    assert list(out.iterdir()) == []


def test_a_truncated_file_is_refused(encoded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.npz"
    cut.write_bytes(encoded.read_bytes()[:2000])
    status, data = run_json(capsys, "decode", cut, tmp_path / "o.ply")
    assert (status, data["error"]) == (2, "HarmonicsFileError")


def test_shares_and_gains_are_read() -> None:
    assert fraction("0.1%") == pytest.approx(0.001)
    assert fraction("0.002") == 0.002
    assert band_gain("4-7=1.5") == (4, 7, 1.5)
    assert band_gain("3=-1e-1") == (3, 3, -0.1)


def test_a_reader_that_leaves_early_is_no_error(encoded: Path) -> None:
    program = f"{sys.executable} -m spherical_cow.cli.main spectrum {encoded} --json"
    done = subprocess.run(f"{program} | head -c 1", shell=True, capture_output=True, text=True)
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr


def test_shtools_files_are_read_as_a_set(encoded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    harmonics = load_shape(encoded).harmonics
    write_sh(harmonics, tmp_path / "set.sh")
    for name in ("set.sh", "set_x.sh"):
        shape = open_shape(tmp_path / name)
        assert set(shape.harmonics.channels) == set(harmonics.channels)
        found = shape.harmonics.select(harmonics.channels).coefficients
        assert np.allclose(found, harmonics.coefficients, rtol=0, atol=1e-14)
    status, data = run_json(capsys, "decode", tmp_path / "set_y.sh", tmp_path / "out.ply", "--icosphere", 8)
    assert (status, data["V"]) == (0, 642)
    for name in "xyz":
        (tmp_path / f"set_{name}.sh").unlink()
    status, data = run_json(capsys, "decode", tmp_path / "set_r.sh", tmp_path / "out.ply")
    assert (status, data["error"]) == (2, "HarmonicsFileError")
