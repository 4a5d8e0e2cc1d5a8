# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that runs networks: what is said of any program, jobs in it, and the list of checkpoints."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

WITHOUT = ("numpy", "scipy", "igl", "ducc0", "numba", "llvmlite", "PIL")
posix = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are shell scripts")


@pytest.fixture(autouse=True)
def preferences(extension: str) -> Iterator[Any]:
    owner = bpy.context.preferences.addons[extension].preferences
    yield owner
    owner.python = owner.verdict = ""
    owner.checkpoints.clear()


@pytest.fixture
def runtime(extension: str) -> Any:
    return importlib.import_module(f"{extension}.networks.runtime")


@pytest.fixture
def checkpoints(extension: str) -> Any:
    return importlib.import_module(f"{extension}.networks.checkpoints")


def program(path: Path, text: str) -> str:
    """A shell script that stands in for what people choose."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def check(preferences: Any, path: str) -> dict[str, Any]:
    """Choose and check; gives the verdict."""
    preferences.python = path
    outcome = bpy.ops.spherical_cow.check_python()
    found = json.loads(preferences.verdict)
    assert (outcome == {"FINISHED"}) == (found["problem"] == "")
    return found


def environment(folder: Path, *libraries: str) -> Path:
    """An environment of this Python with nothing but those libraries of ours; gives its folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    place = next(folder.glob("lib/python*/site-packages"))
    for name in libraries:
        origin = Path(importlib.util.find_spec(name).origin)
        own = origin.parent if origin.stem == "__init__" else origin
        (place / own.name).symlink_to(own)
    return folder


@pytest.fixture(scope="module")
def with_torch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    needs = ("torchgen", "functorch", "sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec", "filelock")
    there = [name for name in needs if importlib.util.find_spec(name)]
    return environment(tmp_path_factory.mktemp("with"), "torch", "typing_extensions", *there)


def test_what_is_no_python_is_said(preferences, runtime, tmp_path):
    assert "no such program" in check(preferences, str(tmp_path / "nothing"))["problem"]
    assert "no Python in this folder" in check(preferences, str(tmp_path))["problem"]
    text = tmp_path / "notes.txt"
    text.write_text("moo")
    found = check(preferences, str(text))
    assert "cannot be started" in found["problem"] and found["remedy"]
    assert runtime.why_not() == found["problem"]


@posix
@pytest.mark.parametrize("text", ["echo moo", "yes moo", "exit 3", "kill -SEGV $$"])
def test_programs_that_are_not_a_python(preferences, tmp_path, text):
    assert "not a Python" in check(preferences, program(tmp_path / "program", text))["problem"]


@posix
def test_a_program_that_hangs_is_ended_with_all_that_it_started(preferences, extension, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module(f"{extension}.networks.python_check"), "VERSION_SECONDS", 0.3)
    witness = tmp_path / "pid"
    text = f"sleep 60 & echo $! > {witness}; wait"
    assert "no answer within" in check(preferences, program(tmp_path / "program", text))["problem"]
    with pytest.raises(ProcessLookupError):
        for _ in range(50):  # until the system has taken it away
            os.kill(int(witness.read_text()), 0)
            time.sleep(0.1)


@posix
def test_a_python_that_is_too_old(preferences, tmp_path):
    text = "printf '\\nspherical-cow-python 3.9.18|cpython-39 x86_64\\n'"
    found = check(preferences, program(tmp_path / "program", text))
    assert "3.9.18 is too old" in found["problem"] and "3.11" in found["remedy"] and not found["command"]


@posix
def test_a_python_that_ends_while_it_loads_a_library(preferences, tmp_path):
    version = "printf '\\nspherical-cow-python 3.13.1|cpython-313 x86_64\\n'"
    loading = 'printf \'{"trying": "torch"}\\n\'; kill -SEGV $$'
    text = f'if [ "$1" = -c ]; then {version}; else {loading}; fi'
    assert "ends while it loads torch" in check(preferences, program(tmp_path / "program", text))["problem"]


@posix
def test_an_empty_environment_is_told_what_to_install(preferences, runtime, tmp_path):
    folder = environment(tmp_path / "empty one")
    found = check(preferences, str(folder))  # the folder stands for its Python
    assert found["problem"] == "This Python has no PyTorch" and found["missing"] == ["torch"]
    assert found["shares"] and found["libraries"]["numpy"], "the extension's libraries are shared with it"
    assert found["command"] == f"'{folder}/bin/python3' -m pip install torch"
    assert runtime.why_not() == found["problem"]
    assert bpy.ops.spherical_cow.copy_command() == {"FINISHED"}
    with pytest.raises(RuntimeError, match="This Python has no PyTorch"):
        bpy.ops.spherical_cow.add_checkpoint(filepath="a.pt")


@posix
def test_another_version_needs_libraries_of_its_own(preferences, extension, tmp_path, monkeypatch):
    checking = importlib.import_module(f"{extension}.networks.python_check")
    monkeypatch.setattr(checking, "_own_kind", lambda: "cpython-399 x86_64")
    found = check(preferences, str(environment(tmp_path / "empty")))
    assert not found["shares"] and set(found["missing"]) == {"torch", *WITHOUT}
    assert "lacks numpy, scipy, libigl, ducc0, numba" in found["problem"]
    assert found["command"].endswith("-m pip install torch numpy scipy libigl ducc0 numba llvmlite pillow")


@posix
def test_a_job_runs_in_the_chosen_python_with_its_own_libraries_first(preferences, runtime, extension, with_torch, pt):
    jobs = importlib.import_module(f"{extension}.jobs")
    found = check(preferences, str(with_torch / "bin" / "python"))
    assert not found["problem"] and found["torch"] and runtime.why_not() == ""
    assert "cpu" in runtime.devices() and found["devices"][-1] == ["cpu", "Processor"]
    working = jobs.work(jobs.Request("describe_checkpoints", {"paths": [str(pt)]}, torch=True))
    next(working), next(working)
    process = working.gi_frame.f_locals["process"]
    assert process.args[0] == str(with_torch / "bin" / "python")
    described = jobs.wait(working).data["checkpoints"][0]
    assert described["parameters"] == 8 and process.poll() == 0, "and the memory is free"


def test_a_chosen_python_must_be_checked(preferences, runtime):
    preferences.python = sys.executable
    assert runtime.why_not() == "Check the Python that is chosen in the preferences of the extension"
    preferences.verdict = "{moo"
    assert runtime.why_not()
    preferences.verdict = json.dumps({"chosen": "another", "problem": ""})
    assert runtime.why_not(), "the verdict is of another one"


def test_a_python_that_is_gone_since_is_named(preferences, extension, tmp_path):
    errors = importlib.import_module(f"{extension}.core.errors")
    jobs = importlib.import_module(f"{extension}.jobs")
    gone = str(tmp_path / "python")
    preferences.python, preferences.verdict = gone, json.dumps({"chosen": gone, "problem": ""})
    with pytest.raises(errors.MissingLibrary, match="cannot be started"):
        jobs.wait(jobs.work(jobs.Request("describe_checkpoints", {"paths": []}, torch=True)))


def test_blender_without_pytorch_says_what_to_do(runtime, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "torch" else real(name, *a))
    assert "choose a Python that has it in the preferences" in runtime.why_not()
    with pytest.raises(RuntimeError, match="choose a Python that has it in the preferences"):
        bpy.ops.spherical_cow.add_checkpoint(filepath="a.pt")
    assert bpy.ops.spherical_cow.check_python.poll()


def test_checking_without_pytorch_anywhere(preferences, extension):
    """The verdict on Blender's own Python where it has none, from what such a Python answers."""
    checking = importlib.import_module(f"{extension}.networks.python_check")
    answer = {"libraries": {"numpy": "1.26.4"}, "missing": ["torch"], "failing": {}}
    found = checking._judged(sys.executable, "", answer)
    assert found["problem"] == "Blender's own Python has no PyTorch" and not found["command"]
    assert "has PyTorch inside" in found["remedy"]


@pytest.mark.parametrize(
    ("answer", "problem", "ending"),
    [
        ({"libraries": {"torch": "2.1.0"}}, "PyTorch 2.1.0 is too old: networks need 2.6", "--upgrade torch"),
        ({"libraries": {"torch": "2.13.0+cpu"}, "missing": ["igl"]}, "This Python lacks libigl", "install libigl"),
        (
            {"libraries": {"torch": "2.13"}, "failing": {"numba": "ImportError: Numba needs NumPy 2.5 or less"}},
            "numba cannot be loaded (ImportError: Numba needs NumPy 2.5 or less)",
            "--upgrade numba",
        ),
    ],
)
def test_verdicts(extension, answer, problem, ending):
    checking = importlib.import_module(f"{extension}.networks.python_check")
    found = checking._judged("/usr/bin/python3", "/usr/bin/python3", {"missing": [], "failing": {}, **answer})
    assert found["problem"] == problem and found["command"].endswith(ending)


@pytest.fixture
def pt(tmp_path: Path) -> Path:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.save({"model": torch.nn.Linear(3, 2).state_dict(), "epoch": 7}, tmp_path / "small.pt")
    return tmp_path / "small.pt"


def test_files_are_added_described_and_removed(preferences, checkpoints, extension, pt, tmp_path):
    errors = importlib.import_module(f"{extension}.core.errors")
    hostile = tmp_path / "hostile.pt"
    hostile.write_bytes(b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00echo\x85R.")
    files = [{"name": pt.name}, {"name": hostile.name}]
    assert bpy.ops.spherical_cow.add_checkpoint(directory=f"{tmp_path}/", files=files) == {"FINISHED"}
    assert "posix.system" in bpy.context.window_manager.spherical_cow.found
    (entry,) = checkpoints.entries()
    assert entry.name == "small" and checkpoints.description(entry)["facts"] == {"epoch": 7}
    assert checkpoints.path_of("small") == str(pt) == checkpoints.path_of(str(pt)) and not checkpoints.model_of("small")
    assert checkpoints.entries("occupancy-") == []
    checkpoints.add(checkpoints.description(entry))
    assert len(checkpoints.entries()) == 1, "the same file again"
    pt.unlink()
    with pytest.raises(errors.CheckpointError, match="is gone"):
        checkpoints.path_of("small")
    assert bpy.ops.spherical_cow.remove_checkpoint() == {"FINISHED"} and not checkpoints.entries()
    assert not bpy.ops.spherical_cow.remove_checkpoint.poll()
    for name in ("", "small", str(pt)):
        with pytest.raises(errors.InvalidParameter):
            checkpoints.path_of(name)


def test_the_list_offers_what_a_section_can_use(preferences, checkpoints):
    card = {"name": "occupancy-points", "title": "Occupancy Network: Points"}
    for folder in ("one", "two", "three/two"):
        path = str(Path("/models") / folder / "best.pt")
        checkpoints.add({"path": path, "title": card["title"], "card": card})
    checkpoints.add({"path": "/models/cow.pt", "title": "Unknown Network", "card": None})
    assert [entry.name for entry in checkpoints.entries()] == ["best", "best (two)", "best (2)", "cow"]
    offered = checkpoints.search("occupancy-")(None, bpy.context, "BEST")
    assert [name for name, _ in offered] == ["best", "best (two)", "best (2)"] and offered[0][1] == card["title"]
    assert checkpoints.model_of("best") == "occupancy-points"
