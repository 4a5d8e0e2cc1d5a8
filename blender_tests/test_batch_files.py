# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch on folders: through its operator, with the settings of the sections, and stopped on the way."""

from __future__ import annotations

import csv
import importlib
import json
import time
from pathlib import Path

import bpy
import pytest

ops = bpy.ops.spherical_cow


@pytest.fixture
def herd(tmp_path, extension, blob) -> Path:
    """Two meshes that can be encoded, one of them in a sub-folder, and something that is no mesh."""
    meshfile = importlib.import_module(f"{extension}.core.meshfile")
    bridge = importlib.import_module(f"{extension}.bridge")
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    mesh = bridge.read(blob).mesh
    meshfile.write_mesh(mesh, folder / "blob.ply")
    meshfile.write_mesh(mesh.with_attributes(color=0.5 + 0.1 * mesh.vertices), folder / "more" / "colored.ply")
    (folder / "moo.stl").write_bytes(b"moo")
    return folder


def test_encode_then_reconstruct(herd, tmp_path, extension):
    settings = bpy.context.scene.spherical_cow
    settings.encode.lmax, settings.encode.channels = 8, {"color"}
    objects = set(bpy.data.objects)
    assert ops.batch(verb="encode", directory=str(herd), output=str(tmp_path / "codes"), jobs=1) == {"FINISHED"}
    load_shape = importlib.import_module(f"{extension}.core.shapefile").load_shape
    plain, colored = (load_shape(tmp_path / "codes" / f"{name}.harmonics.npz") for name in ("blob", "more/colored"))
    assert plain.lmax == 8 and plain.harmonics.channels == ("x", "y", "z")
    assert colored.harmonics.channels == ("x", "y", "z", "r", "g", "b")
    found = json.loads(settings.batch.summary)
    assert (found["total"], found["done"], found["failed"]) == (3, 2, 1)
    assert found["failures"][0]["input"] == "moo.stl"
    with Path(found["summary"]).open(encoding="utf-8", newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["done", "failed", "done"]
    assert not (tmp_path / "codes" / ".unfinished").exists()

    settings.reconstruct.sampling, settings.reconstruct.frequency = "icosphere", 4
    assert ops.batch(verb="decode", directory=str(tmp_path / "codes"), output=str(tmp_path / "new"), jobs=1) == {
        "FINISHED"
    }
    read_mesh = importlib.import_module(f"{extension}.core.meshfile").read_mesh
    assert read_mesh(tmp_path / "new" / "more" / "colored.ply").n_vertices == 162
    assert set(bpy.data.objects) == objects


def test_what_is_missing_is_said(herd, tmp_path):
    with pytest.raises(RuntimeError, match="No input is chosen"):
        ops.batch(output=str(tmp_path / "out"))
    with pytest.raises(RuntimeError, match="No output is chosen"):
        ops.batch(directory=str(herd))
    with pytest.raises(RuntimeError, match="inside the input folder"):
        ops.batch(directory=str(herd), output=str(herd / "out"))
    with pytest.raises(RuntimeError, match="not saved"):
        ops.batch(directory="//in", output=str(tmp_path / "out"))
    assert bpy.context.scene.spherical_cow.batch.summary == ""


def test_stopped_it_leaves_no_process_and_nothing_half_written(herd, tmp_path, extension):
    psutil = pytest.importorskip("psutil")
    jobs = importlib.import_module(f"{extension}.jobs")
    parameters = {"verb": "encode", "inputs": [str(herd)], "out": str(tmp_path / "out"), "options": {"lmax": 8}}
    work = jobs.work(jobs.Request("batch", parameters))
    for _ in work:
        if (tmp_path / "out" / ".unfinished").is_dir() and psutil.Process().children(recursive=True)[1:]:
            break
        time.sleep(0.02)
    children = psutil.Process().children(recursive=True)
    work.close()
    _, left = psutil.wait_procs(children, timeout=5)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in left), "at most not yet buried"
    bpy.context.scene.spherical_cow.self_intersections = False
    assert ops.batch(verb="check", directory=str(herd), output=str(tmp_path / "out"), jobs=1) == {"FINISHED"}
    assert not (tmp_path / "out" / ".unfinished").exists()
    assert json.loads(bpy.context.scene.spherical_cow.batch.summary)["encodable"] == 2
