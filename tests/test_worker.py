# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker process: request in, result out, errors as data, a crash as a crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from meshes import torus, uv_sphere
from spherical_cow.errors import NotGenusZero, error_from_dict
from spherical_cow.mesh import Mesh
from spherical_cow.shapefile import shape_from_bytes


def request(folder: Path, task: str, arrays: dict[str, np.ndarray], **parameters: Any) -> None:
    (folder / "request.json").write_text(json.dumps({"task": task, "parameters": parameters}))
    np.savez(folder / "request.npz", **arrays)


def run(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    command = [sys.executable, "-m", "spherical_cow.worker", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return json.loads((folder / "result.json").read_text()), lines


def of(mesh: Mesh) -> dict[str, np.ndarray]:
    return {"vertices": mesh.vertices, "faces": mesh.faces}


def test_encode_then_decode(tmp_path: Path) -> None:
    request(tmp_path, "encode", of(uv_sphere(12)), lmax=8)
    result, lines = run(tmp_path)
    assert result["ok"]
    assert result["data"]["certificate"]["flips"] == 0
    progress = [line["progress"] for line in lines]
    assert progress == sorted(progress)
    with np.load(tmp_path / "result.npz", allow_pickle=False) as arrays:
        data = arrays["shape"]
        assert shape_from_bytes(data.tobytes()).lmax == 8
        for name in ("curvature_density", "log_area_distortion", "vertex_density", "angle_distortion"):
            assert arrays[name].shape == (uv_sphere(12).n_vertices,)
            assert np.isfinite(arrays[name]).all()
    request(tmp_path, "decode", {"shape": data}, sampling="icosphere", size=4)
    result, _ = run(tmp_path)
    assert result["ok"]
    with np.load(tmp_path / "result.npz", allow_pickle=False) as arrays:
        assert arrays["vertices"].shape == (162, 3)


def test_check_names_the_elements(tmp_path: Path) -> None:
    mesh = uv_sphere(6)
    request(tmp_path, "check", {"vertices": mesh.vertices, "faces": mesh.faces[1:]})
    result, _ = run(tmp_path)
    assert result["ok"]
    assert result["data"]["is_genus_zero"] is False
    with np.load(tmp_path / "result.npz", allow_pickle=False) as arrays:
        assert arrays["indices_closed"].shape == (3, 2)


def test_a_typed_error_crosses_the_border(tmp_path: Path) -> None:
    request(tmp_path, "encode", of(torus()))
    result, _ = run(tmp_path)
    assert not result["ok"]
    error = error_from_dict(result["error"])
    assert isinstance(error, NotGenusZero)
    assert error.reasons


def test_an_unknown_task_is_an_error(tmp_path: Path) -> None:
    request(tmp_path, "dance", {})
    result, _ = run(tmp_path)
    assert result["error"]["error"] == "InvalidParameter"


def test_a_damaged_request_is_a_crash_with_words(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text("{")
    command = [sys.executable, "-m", "spherical_cow.worker", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "JSONDecodeError" in done.stderr
    assert not (tmp_path / "result.json").exists()
