# SPDX-License-Identifier: GPL-3.0-or-later
"""Train through its operators, with a dataset of two shapes."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

ops = bpy.ops.spherical_cow


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two balls, with what the network of points needs."""
    root, rng = tmp_path_factory.mktemp("shapes"), np.random.default_rng(0)
    for name, radius in (("large", 0.5), ("small", 0.3)):
        folder = root / "balls" / name
        folder.mkdir(parents=True)
        points = rng.uniform(-0.55, 0.55, (1000, 3)).astype(np.float32)
        inside, place = np.linalg.norm(points, axis=1) <= radius, {"loc": np.zeros(3), "scale": 1.0}
        np.savez(folder / "points.npz", points=points, occupancies=np.packbits(inside), **place)
        rays = rng.standard_normal((500, 3))
        normals = (rays / np.linalg.norm(rays, axis=1)[:, None]).astype(np.float32)
        np.savez(folder / "pointcloud.npz", points=radius * normals, normals=normals, **place)
    (root / "balls" / "train.lst").write_text("large\nsmall\n")
    return root


@pytest.fixture(autouse=True)
def no_checkpoints(extension: str) -> Iterator[Any]:
    found = bpy.context.preferences.addons[extension].preferences.checkpoints
    found.clear()
    yield found
    found.clear()


def options(dataset: Path, out: Path, **changes: Any) -> dict[str, Any]:
    values = {"model": "occupancy-points", "size": "tiny", "dataset": str(dataset), "out": str(out), "steps": 8}
    return {**values, "batch": 2, "points": 64, "overfit": True, **changes}


def group() -> Any:
    bpy.context.scene.spherical_cow.networks.device = "cpu"
    return bpy.context.scene.spherical_cow.networks.training


def test_train_and_resume(dataset: Path, tmp_path: Path, no_checkpoints: Any) -> None:
    group()
    assert ops.train(**options(dataset, tmp_path)) == {"FINISHED"}
    told = json.loads(group().summary)
    assert (told["steps"], told["folder"], told["stopped_early"]) == (8, str(tmp_path), False)
    entry = no_checkpoints[0]
    assert (entry.name, told["name"], entry.model) == (tmp_path.name, tmp_path.name, "occupancy-points")
    assert Path(entry.path) == tmp_path / "best.safetensors"
    image = bpy.data.images["Training"]
    pixels = np.array(image.pixels[:]).reshape(-1, 4)
    assert pixels.min() < 0.5 < pixels.max()
    assert image.packed_file is not None
    with pytest.raises(RuntimeError, match="There is a training in"):
        ops.train(**options(dataset, tmp_path))
    assert ops.train(**options(dataset, tmp_path, steps=10), resume=True) == {"FINISHED"}
    assert "Going on after step 8." in json.loads(group().summary)["remarks"]
    assert len(no_checkpoints) == 1


def test_what_is_missing_is_told(dataset: Path, tmp_path: Path) -> None:
    group()
    with pytest.raises(RuntimeError, match="No folder is chosen"):
        ops.train(**{**options(dataset, tmp_path), "dataset": ""})
    with pytest.raises(RuntimeError, match="There is no folder"):
        ops.train(**options(tmp_path / "nowhere", tmp_path / "out"))
    assert not ops.stop_training.poll()


@pytest.fixture
def operator(extension: str) -> Any:
    return importlib.import_module(f"{extension}.operators.networks.training")


@pytest.fixture
def watched(extension: str, operator: Any, dataset: Path, tmp_path: Path) -> Iterator[Any]:
    """A long training as the button starts it, with the module that looks at it; the timer's looks are made here."""
    group()
    jobs = importlib.import_module(f"{extension}.jobs")
    settings = options(dataset, tmp_path, steps=100_000, learning_rate=1e-4, seed=0)
    config = operator.configuration(type("Settings", (), settings), "cpu")
    request = jobs.Request("train", {"config": {**config, "log_every": 1}, "resume": False}, torch=True)
    job = jobs.claim_alone("spherical_cow.train", jobs.work(request))
    operator.watch(operator.Learning(job, tmp_path, 100_000, bpy.context.scene.session_uid))
    yield job
    operator.leave()
    assert jobs.alone("spherical_cow.train") is None
    assert not bpy.app.timers.is_registered(operator.look)


def look_until(operator: Any, over: Any, seconds: float = 60.0) -> None:
    """What the timer does, until it is so."""
    ends = time.monotonic() + seconds
    while not over():
        assert time.monotonic() < ends
        operator.look()
        time.sleep(0.02)


def learns(job: Any) -> bool:
    return bool(job.step.phase[:6] in ("Step 3", "Step 4"))


def test_a_training_is_stopped_from_the_panel(operator: Any, watched: Any, tmp_path: Path) -> None:
    """No object is selected, and no operator runs, for which Auto Save would wait."""
    assert bpy.app.timers.is_registered(operator.look)
    assert ops.stop_training.poll()
    assert not ops.train.poll()
    look_until(operator, lambda: learns(watched))
    assert ops.stop_training() == {"FINISHED"}
    look_until(operator, lambda: not ops.stop_training.poll())
    assert operator.look() is None
    told = json.loads(group().summary)
    assert told["folder"] == str(tmp_path)
    assert "all is kept" in told["stopped"]
    assert (tmp_path / "last.pt").is_file()
    assert "Training" in bpy.data.images
    assert ops.train.poll()


def test_a_training_saves_and_ends_with_another_file(operator: Any, watched: Any, tmp_path: Path) -> None:
    look_until(operator, lambda: learns(watched))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert bpy.app.timers.is_registered(operator.look)
    look_until(operator, lambda: not ops.stop_training.poll())
    assert (tmp_path / "last.pt").is_file()
    assert not group().summary  # the other file has nothing of it
    assert "Training" not in bpy.data.images


def test_a_training_that_fails_tells_in_the_panel(operator: Any, watched: Any) -> None:
    look_until(operator, lambda: "process" in watched.work.gi_frame.f_locals)
    watched.work.gi_frame.f_locals["process"].kill()
    look_until(operator, lambda: not ops.stop_training.poll())
    session = bpy.context.window_manager.spherical_cow
    assert session.operator == "spherical_cow.train"
    assert "killed" in session.found
    assert operator.look() is None


def test_switched_off_while_it_learns_it_saves(operator: Any, watched: Any, tmp_path: Path) -> None:
    look_until(operator, lambda: learns(watched))
    operator.leave()
    assert (tmp_path / "last.pt").is_file()
    assert not bpy.app.timers.is_registered(operator.look)
    assert ops.train.poll()


def test_choices_are_models_that_learn(extension: str) -> None:
    catalogue = importlib.import_module(f"{extension}.core.networks.catalogue")
    sizes = importlib.import_module(f"{extension}.core.networks.occupancy.lesson").SMALLER
    models = [item.identifier for item in group().bl_rna.properties["model"].enum_items]
    assert models
    assert set(models) <= set(catalogue.MODELS)
    assert [item.identifier for item in group().bl_rna.properties["size"].enum_items] == list(sizes)
