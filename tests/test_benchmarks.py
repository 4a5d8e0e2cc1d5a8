# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from meshes import ellipsoid, octahedron, random_rotation
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.topology import check

from benchmarks import __main__ as program
from benchmarks.curvature import moved_onto
from benchmarks.meshes import find_meshes
from benchmarks.peers import PEERS, Peer, PeerFailed, _edges, call
from benchmarks.peers.images import voxels
from benchmarks.report import Quantity, Row, missed, table_line, to_json
from benchmarks.timing import best_of, peak_memory


def test_a_bound_is_kept_or_missed() -> None:
    assert Quantity("time", 0.5, "s", most=1.0).within is True
    assert Quantity("time", 1.5, "s", most=1.0).within is False
    assert Quantity("quality", 0.9, least=0.93).within is False
    assert Quantity("time", 1.5, "s").within is None
    assert Quantity("error", float("nan"), "%", most=1.0).within is False


def test_a_row_says_what_was_measured_and_what_it_misses() -> None:
    row = Row("cow", (Quantity("mean", 0.0003, "%", most=0.00025), Quantity("time", 0.05, "s", most=1.0)))
    line = table_line(row)
    assert "mean 0.03 %, time 50 ms" in line
    assert "mean ≤ 0.025 % (over), time ≤ 1 s" in line
    assert list(missed([row])) == ["cow: mean 0.03 %, bound mean ≤ 0.025 % (over)"]
    content = json.loads(to_json("demo", {"cores": 2}, [row]))
    assert content["rows"][0]["quantities"]["mean"]["within"] is False
    assert content["machine"]["cores"] == 2


def test_the_shortest_time_counts() -> None:
    results = iter(range(10))
    last, timing = best_of(lambda: next(results), 3)
    assert last == 2
    assert 0.0 <= timing.seconds < 1.0
    if sys.platform != "win32":
        assert (peak_memory() or 0) > 1e7


def test_procedural_meshes_are_closed_and_genus_zero(tmp_path: Path) -> None:
    found = find_meshes(tmp_path)
    assert not found.real
    assert found.cow() == "sample_cow"
    for name in found.names():
        report = check(found.get(name), self_intersections=False)
        assert all(row.ok for row in report.rows), name
        assert report.genus == 0
        assert signed_volume(found.get(name)) > 0.0


def test_a_folder_of_meshes_is_used(tmp_path: Path) -> None:
    octahedron().save(tmp_path / "spot_color.obj")
    found = find_meshes(tmp_path)
    assert found.real
    assert found.cow() == "spot"
    assert found.with_faces(16)[1].n_faces >= 16


def test_edges_name_the_ends_of_each_middle() -> None:
    mesh = ellipsoid(level=1)
    fine = midpoint_subdivide(mesh)
    edges = _edges(mesh, fine.faces)
    np.testing.assert_allclose(fine.vertices[mesh.n_vertices :], mesh.vertices[edges].mean(axis=1), atol=1e-15)


def test_voxels_have_the_volume_of_the_mesh() -> None:
    mesh = ellipsoid(level=3)
    result = voxels(mesh)
    inside = np.argwhere(result["volume"])[:, ::-1] * result["spacing"] + result["origin"]
    assert len(inside) * result["spacing"] ** 3 == pytest.approx(signed_volume(mesh), rel=0.01)
    np.testing.assert_allclose(inside.max(axis=0), mesh.vertices.max(axis=0), atol=2 * result["spacing"])


def test_a_rigid_motion_is_undone() -> None:
    mesh = ellipsoid(level=2)
    moved = mesh.vertices @ random_rotation(3).T + [1.0, 2.0, 3.0]
    np.testing.assert_allclose(moved_onto(moved, mesh.vertices, np.ones(len(moved))), mesh.vertices, atol=1e-12)


def test_a_tool_that_fails_is_a_line_and_no_crash(tmp_path: Path) -> None:
    broken = Peer("none", "no_such_module", str(tmp_path / "absent.py"), "SPHERICAL_COW_PEER_NONE", "map")
    assert broken.interpreter() is None
    with pytest.raises(PeerFailed, match=r"absent\.py"):
        call(sys.executable, broken, {"vertices": np.zeros((1, 3))})
    with pytest.raises(PeerFailed, match="cannot be run"):
        call(str(tmp_path / "no-python"), broken, {})


def test_an_interpreter_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PEERS[0].variable, "/somewhere/python")
    assert PEERS[0].interpreter() == "/somewhere/python"


def test_an_unknown_section_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["colours"]) == 2
    assert "There is no section 'colours'" in capsys.readouterr().err
