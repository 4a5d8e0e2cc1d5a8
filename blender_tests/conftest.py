# SPDX-License-Identifier: GPL-3.0-or-later
"""The built zip, installed into the `bpy` module as a user installs it, and small scenes to work on.

The zip is the one that SPHERICAL_COW_ZIP names, or one that `build_addon.py` builds for this Python.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
USER = Path(tempfile.mkdtemp(prefix="spherical-cow-blender-"))
os.environ["BLENDER_USER_RESOURCES"] = str(USER)  # before Blender starts, that is, before `import bpy`

bpy = pytest.importorskip("bpy", reason="the bpy module is not installed (make test installs it)")
import numpy as np
import residue

MODULE = "bl_ext.user_default.spherical_cow"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real programs last: the quick tests say first what is wrong."""
    items.sort(key=lambda item: "gui" in item.path.parts)


@pytest.fixture(scope="session")
def zip_path() -> Path:
    named = os.environ.get("SPHERICAL_COW_ZIP")
    if named:
        return Path(named).resolve()
    return build_zip(f"{sys.version_info.major}.{sys.version_info.minor}")


def build_zip(python: str) -> Path:
    """The zip for this machine and that Python, such as "3.11"."""
    path = USER / f"spherical_cow-{python}.zip"
    command = [sys.executable, "build_addon.py", "--python", python, "--output", path]
    subprocess.run(command, check=True, cwd=REPOSITORY)
    return path


@pytest.fixture(scope="session")
def before() -> Iterator[dict[str, set[str]]]:
    """What Blender held before the extension came."""
    stop = residue.watch()
    yield residue.snapshot()
    stop()


@pytest.fixture(scope="session", autouse=True)
def extension(zip_path: Path, before: dict[str, set[str]]) -> Iterator[str]:
    """The extension, installed and enabled; gives the name of its module."""
    result = bpy.ops.extensions.package_install_files(
        filepath=str(zip_path), repo="user_default", enable_on_install=True
    )
    assert result == {"FINISHED"}
    assert MODULE in bpy.context.preferences.addons
    yield MODULE
    shutil.rmtree(USER, ignore_errors=True)


@pytest.fixture(autouse=True)
def empty_scene(extension: str) -> None:
    """A new file without objects; preferences and extension stay."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)


@pytest.fixture
def here(extension: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks run in this process, where PyTorch is loaded once; that jobs run in another is tested elsewhere.

    Only what needs a Blender of its own has one.
    """
    jobs = importlib.import_module(f"{extension}.jobs")
    tasks = importlib.import_module(f"{extension}.core.tasks")

    real = jobs.work

    def work(request: Any) -> Any:
        if request.in_blender:
            return (yield from real(request))
        yield jobs.Step(0.0, "Starting")
        done = tasks.run_task(request.task, request.arrays, request.parameters, lambda fraction, phase: None)
        return jobs.Result(done.data, done.arrays)

    monkeypatch.setattr(jobs, "work", work)


@pytest.fixture
def blob() -> bpy.types.Object:
    """A smooth closed mesh of 642 vertices, active and selected."""
    return add_blob()


@pytest.fixture
def encoded() -> bpy.types.Object:
    """The blob at degree 12, active and selected."""
    return made_once("encoded", _encoded_blob)[0]


def _encoded_blob() -> list[bpy.types.Object]:
    made = add_blob()
    assert bpy.ops.spherical_cow.encode(lmax=12) == {"FINISHED"}
    return [made]


@pytest.fixture
def live() -> bpy.types.Object:
    """A reconstruction of the encoded blob on an icosphere of 1,442 vertices, which the sliders move."""
    return made_once("live", lambda: _reconstructed(lmax=12, frequency=12))[0]


@pytest.fixture
def fine() -> bpy.types.Object:
    """The same at degree 64 with 20,252 vertices."""
    return made_once("fine", lambda: _reconstructed(lmax=64, frequency=45))[0]


def _reconstructed(lmax: int, frequency: int) -> list[bpy.types.Object]:
    add_blob()
    bpy.ops.spherical_cow.encode(lmax=lmax)
    bpy.ops.spherical_cow.reconstruct(sampling="icosphere", frequency=frequency)
    return [bpy.context.object]


_made: dict[str, tuple[Path, list[str]]] = {}
"""What `made_once` has made: the file, and the names of the objects."""


def made_once(name: str, make: Callable[[], list[bpy.types.Object]]) -> list[bpy.types.Object]:
    """The objects that `make` makes, the first one active, all selected.

    They are made once in a session, and come from a file from then on: each encode starts a process.
    """
    if name in _made:
        path, names = _made[name]
        with bpy.data.libraries.load(str(path)) as (_, wanted):
            wanted.objects = list(names)
        objects = list(wanted.objects)
        for obj in objects:
            bpy.context.scene.collection.objects.link(obj)
        bpy.context.view_layer.update()
    else:
        objects = make()
        path = USER / f"{name}.blend"
        bpy.data.libraries.write(str(path), set(objects))
        _made[name] = path, [obj.name for obj in objects]
    activate(objects[0])
    for obj in objects[1:]:
        obj.select_set(True)
    return objects


def add_blob(name: str = "Blob", subdivisions: int = 4) -> bpy.types.Object:
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=subdivisions)
    obj = bpy.context.object
    obj.name = name
    points = positions(obj)
    bumps = 1.0 + 0.2 * np.sin(3.0 * points[:, 0]) + 0.15 * np.cos(4.0 * points[:, 2] + points[:, 1])
    set_positions(obj, points * bumps[:, None] * np.array([1.0, 0.7, 1.3]))
    return obj


def positions(obj: bpy.types.Object) -> np.ndarray:
    array = np.empty((len(obj.data.vertices), 3), np.float32)
    obj.data.vertices.foreach_get("co", array.ravel())
    return array


def set_positions(obj: bpy.types.Object, points: np.ndarray) -> None:
    obj.data.vertices.foreach_set("co", np.ascontiguousarray(points, np.float32).ravel())
    obj.data.update()


def activate(obj: bpy.types.Object) -> None:
    for other in bpy.context.view_layer.objects:
        other.select_set(other == obj)
    bpy.context.view_layer.objects.active = obj


def coefficients(obj: bpy.types.Object) -> np.ndarray:
    """Straight from the stored bytes, without the extension's own code."""
    import io

    with np.load(io.BytesIO(obj.data.spherical_cow.shape), allow_pickle=False) as file:
        return file["coefficients"]
