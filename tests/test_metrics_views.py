# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of a comparison: heat map, histogram, table, report, and the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from meshes import cube, ellipsoid, random_rotation, subdivided_sphere, uv_sphere
from PIL import Image
from spherical_cow.cli.compare_verb import threshold
from spherical_cow.cli.main import main
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.metrics import compare, draw_histogram, full_report, heat_map, histogram, rows, to_csv, to_text
from spherical_cow.metrics.histogram import histogram_from
from spherical_cow.tasks import run_task


def ball(radius: float) -> Mesh:
    return uv_sphere(24, radius)


def half(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces[: mesh.n_faces // 2])


def test_signs_of_a_heat_map() -> None:
    outside, inside = heat_map(ball(1.1), ball(1.0)), heat_map(ball(0.9), ball(1.0))
    assert outside.signed and np.allclose(outside.values, 0.1, atol=2e-3)
    assert np.allclose(inside.values, -0.1, atol=2e-3)
    assert inside.low == -inside.high == pytest.approx(-0.1, abs=2e-3)
    red, blue = outside.colours(), inside.colours()
    assert (red[:, 0] > red[:, 2]).all() and (blue[:, 2] > blue[:, 0]).all()
    plain = heat_map(ball(0.9), ball(1.0), signed=False)
    assert plain.low == 0.0 and (plain.values >= 0.0).all() and plain.name != inside.name


def test_distances_of_a_heat_map_are_those_of_the_comparison() -> None:
    a, b = cube(1.0, 4), ellipsoid(level=3)
    result = compare(a, b, 100)
    again = heat_map(a, b, distances=result.forward.at_vertices)
    np.testing.assert_allclose(again.values, heat_map(a, b).values, atol=1e-12)
    assert np.abs(again.values).max() <= result.symmetric_max == pytest.approx(result.hausdorff, rel=0.2)


def test_an_open_mesh_gives_a_heat_map_without_signs() -> None:
    found = heat_map(ball(1.1), half(ball(1.0)))
    assert not found.signed and found.name == "surface_distance"
    with pytest.raises(InvalidMesh, match="open"):
        heat_map(ball(1.1), half(ball(1.0)), signed=True)
    with pytest.raises(InvalidMesh, match="NaN"):
        heat_map(ball(1.1).with_vertices(np.full(ball(1.1).vertices.shape, np.nan)), ball(1.0))


def test_the_scale_leaves_out_a_spike_unless_told() -> None:
    mesh = subdivided_sphere(4)
    vertices = 1.01 * mesh.vertices
    vertices[0] *= 10.0
    found = heat_map(mesh.with_vertices(vertices), mesh)
    assert found.values.max() > 5.0 and found.high == pytest.approx(0.01, rel=0.2)
    wide = found.with_limit(20.0)
    assert (wide.low, wide.high) == (-20.0, 20.0)
    with pytest.raises(InvalidParameter):
        found.with_limit(0.0)


def test_equal_meshes_have_a_scale_too() -> None:
    found = heat_map(cube(), cube())
    assert np.isfinite(found.colours()).all() and found.high > found.low


def test_histogram_counts_every_sample() -> None:
    counted = histogram(compare(ball(1.0), ellipsoid(), 5000))
    for way, farther in zip((counted.forward, counted.backward), counted.farther, strict=True):
        assert sum(way) + farther == pytest.approx(1.0)
    assert histogram_from(json.loads(json.dumps(counted.to_dict()))) == counted
    spike = ball(1.0).vertices.copy()
    spike[0] *= 40.0
    tail = histogram(compare(ball(1.0), ball(1.0).with_vertices(1.05 * spike), 5000))
    assert tail.largest > 30.0 and sum(tail.backward) + tail.farther[1] == pytest.approx(1.0)


@pytest.mark.parametrize("pair", [(cube(), cube()), (ball(1.0), ball(1.1)), (cube(), ellipsoid())])
def test_histogram_is_drawn_for_any_spread(pair: tuple[Mesh, Mesh]) -> None:
    picture = draw_histogram(histogram(compare(*pair, 500)), size=(480, 300))
    assert picture.shape == (300, 480, 3) and 0.0 <= picture.min() < 0.6 < picture.max() <= 1.0


def test_table_has_every_number_once() -> None:
    report = full_report(cube(1.0, 2), half(cube(1.0, 2)), 500, protocols=["deepsdf"])
    table = rows(report.to_dict())
    names = [row.name for row in table]
    assert len(set(names)) == len(names)
    given = set(report.comparison.to_dict())
    assert {name for name in given if not name.endswith(("_rel", "_minmax"))} <= set(names)
    assert "deepsdf.chamfer" in names
    by_name = {row.name: row for row in table}
    assert by_name["iou"].value is None and "open" in by_name["iou"].note
    assert by_name["mean"].relative == report.comparison.mean_rel
    assert any("open" in line for line in to_text(table))
    parsed = {row["name"]: row for row in csv.DictReader(io.StringIO(to_csv(table)))}
    assert float(parsed["hausdorff"]["value"]) == report.comparison.hausdorff  # all digits
    assert parsed["iou"]["value"] == "" and "open" in parsed["iou"]["note"]
    pasted = to_csv(table, "\t").splitlines()
    assert len(pasted) == len(table) + 1 and all(line.count("\t") == 5 for line in pasted)


@pytest.mark.parametrize(("align", "scaling"), [("principal", False), ("harmonic", True)])
def test_report_aligns_first(align: str, scaling: bool) -> None:
    mesh = ellipsoid((1.0, 0.7, 0.4))
    x, _, z = mesh.vertices.T
    mesh = mesh.with_vertices(mesh.vertices * (1.0 + 0.2 * x + 0.15 * z)[:, None])
    factor = 2.0 if scaling else 1.0
    turned = mesh.with_vertices(factor * mesh.vertices @ random_rotation(4).T + 3.0)
    found = full_report(mesh, turned, 2000, align=align, scaling=scaling)
    assert found.comparison.mean_rel < 1e-3 < full_report(mesh, turned, 2000).comparison.mean_rel
    assert found.alignment is not None and found.to_dict()["alignment"]["error_rel"] < 1e-3
    matrix = np.array(found.to_dict()["alignment"]["matrix"])
    np.testing.assert_allclose(turned.vertices @ matrix[:3, :3].T + matrix[:3, 3], found.b.vertices, atol=1e-12)


def test_report_takes_the_threshold_as_a_share() -> None:
    mesh = cube()
    assert full_report(mesh, mesh, 10, threshold_rel=0.02).comparison.threshold == pytest.approx(0.02 * mesh.diagonal)
    with pytest.raises(InvalidParameter, match="no-such"):
        full_report(mesh, mesh, 10, protocols=["no-such"])


def test_task_gives_numbers_and_distances_of_b() -> None:
    a, b = ball(1.0), ball(1.1)
    arrays = {"vertices_a": a.vertices, "faces_a": a.faces, "vertices_b": b.vertices, "faces_b": b.faces}
    steps: list[float] = []
    outcome = run_task("compare", arrays, {"samples": 500, "protocols": ["deepsdf"]}, lambda f, _: steps.append(f))
    assert np.allclose(outcome.arrays["distances"], 0.1, atol=2e-3) and outcome.data["signed"]
    assert json.loads(json.dumps(outcome.data))["samples"] == 500
    assert steps == sorted(steps)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    ball(1.0).save(tmp_path / "a.ply")
    ball(1.1).save(tmp_path / "b.ply")
    return tmp_path / "a.ply", tmp_path / "b.ply"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    status = main([*map(str, words), "--json"])
    data = json.loads(capsys.readouterr().out)
    assert isinstance(data, dict)
    return status, data


def test_compare_on_the_command_line(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heat, plot, table = tmp_path / "heat.ply", tmp_path / "plot.png", tmp_path / "table.csv"
    status, data = run(
        capsys, "compare", *files, "--samples", 500, "--protocol", "pixel2mesh", "--protocol", "deepsdf",
        "--threshold", "0.2", "--heat-map", heat, "--heat-map-of", "b", "--limit", "0.3", "--histogram", plot,
        "--csv", table, "--volume", "grid", "--resolution", "40",
    )  # fmt: skip
    assert status == 0 and data["mean"] == pytest.approx(0.1, abs=2e-3) and data["f_score"] == 1.0
    assert data["iou"] == pytest.approx(1.1**-3, abs=0.02)
    assert isinstance(data["protocols"], dict) and set(data["protocols"]) == {"pixel2mesh", "deepsdf"}
    assert data["heat_map"] == {
        "file": str(heat),
        "attribute": "signed_distance",
        "low": -0.3,
        "high": 0.3,
        "smallest": pytest.approx(0.1, abs=2e-3),
        "largest": pytest.approx(0.1, abs=2e-3),
    }
    painted = read_mesh(heat)
    assert painted.n_vertices == ball(1.1).n_vertices
    assert (painted.attributes["color"][:, 0] > painted.attributes["color"][:, 2]).all()
    assert b"property float signed_distance" in heat.read_bytes()[:600]
    with Image.open(plot) as picture:
        assert picture.size == (1280, 800)
    assert table.read_text("utf-8").startswith("name,measure,value,unit,relative,note\n")


def test_compare_prints_a_table(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *map(str, files), "--samples", "100", "--volume", "none"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Mean distance ") and 0.098 < float(lines[0].split()[2]) < 0.102
    assert any("not asked for" in line for line in lines)


def test_compare_aligns_on_the_command_line(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    status, data = run(capsys, "compare", *files, "--samples", 500, "--align", "principal", "--scale")
    assert status == 0 and isinstance(data["mean_rel"], float) and data["mean_rel"] < 2e-3


@pytest.mark.parametrize(
    "words",
    [
        ["--threshold", "-1"],
        ["--threshold", "near"],
        ["--protocol", "none"],
        ["--scale"],
        ["--heat-map", "out.txt"],
        ["--heat-map", "no/such/folder/out.ply"],
        ["--limit", "0"],
        ["--samples", "0"],
    ],
)
def test_wrong_words_are_refused(
    files: tuple[Path, Path], words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files[0].parent)
    assert main(["compare", *map(str, files), *words]) == 2
    assert capsys.readouterr().err.startswith("spherical-cow: ")
    assert sorted(file.name for file in files[0].parent.iterdir()) == ["a.ply", "b.ply"]


def test_a_threshold_is_a_length_or_a_share() -> None:
    assert threshold("0.02") == (0.02, None) and threshold(" 0.5% ") == (None, 0.005)
