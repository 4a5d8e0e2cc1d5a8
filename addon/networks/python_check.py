# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a Python from outside: is it one, does it have PyTorch and all else, which devices are there."""

from __future__ import annotations

import json
import os
import platform
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .. import jobs
from . import runtime

OLDEST_PYTHON, OLDEST_TORCH = (3, 11), (2, 6)
VERSION_SECONDS, FACTS_SECONDS = 20.0, 240.0
"""How long a Python may take to say what it is, and to load all libraries: the first time is slow on slow disks."""

_MOST_BYTES = 1_000_000
_HELLO = "spherical-cow-python "
_KIND = (
    "getattr(getattr(sys, 'implementation', None), 'cache_tag', ''), platform.machine(), getattr(sys, 'abiflags', '')"
)
_ASK = (  # works in every Python since 2.6
    "import sys, platform; sys.stdout.write("
    f"'\\n{_HELLO}%d.%d.%d|%s %s %s\\n' % (tuple(sys.version_info[:3]) + ({_KIND})))"
)


class _Unusable(Exception):
    """Why a program cannot run networks; args: what was found, what to do."""


def look(chosen: str) -> jobs.Work:
    """Look at the Python chosen in the preferences ("": Blender's own); gives the verdict as a `jobs.Result`.

    The verdict: `chosen`, `program`, `python`, `torch` (versions), `devices` ((name, what it is) …), `libraries` (name
    → version), `missing` (names), `shares` (whether it may use the libraries of the extension), `problem` (why it
    cannot run networks, "" where it can), `remedy`, `command` (for pip, "" where nothing is to be installed).
    """
    program = runtime.program_at(chosen) if chosen else sys.executable
    found: dict[str, Any] = {"chosen": chosen, "program": program, "problem": "", "remedy": "", "command": ""}
    try:
        yield jobs.Step(0.1, "Asking for its version")
        version, kind = yield from _version(program)
        found |= {"python": version, "shares": kind == _own_kind()}
        if _numbers(version) < OLDEST_PYTHON:
            oldest = ".".join(map(str, OLDEST_PYTHON))
            raise _Unusable(f"Python {version} is too old for networks", f"Choose Python {oldest} or newer.")
        yield jobs.Step(0.3, "Loading its libraries")
        found |= yield from _facts(program, bool(chosen), bool(found["shares"]))
        found |= _judged(program, chosen, found)
    except _Unusable as error:
        found["problem"], found["remedy"] = error.args
    return jobs.Result(found, {})


def _version(program: str) -> Generator[jobs.Step, None, tuple[str, str]]:
    """(version, kind) of a program that may be anything."""
    if Path(program).is_dir():
        raise _Unusable("There is no Python in this folder", "Choose the program itself (python.exe, bin/python3).")
    if not Path(program).is_file():
        raise _Unusable("There is no such program", f"Choose the program of a Python; {program} is no file.")
    said = yield from _answer([program, "-c", _ASK], os.environ, VERSION_SECONDS, 0.1)
    line = next((line for line in said.splitlines() if line.startswith(_HELLO)), None)
    if line is None:
        raise _Unusable(
            "The chosen program is not a Python",
            "Choose python.exe, or bin/python of the environment that has PyTorch.",
        )
    version, _, kind = line.removeprefix(_HELLO).partition("|")
    return version, kind.strip()


def _facts(program: str, chosen: bool, shares: bool) -> Generator[jobs.Step, None, dict[str, Any]]:
    folders = jobs.library_folders()
    if chosen:
        surroundings = runtime.environment(folders if shares else {}, Path(__file__).parents[1])
    else:
        surroundings = jobs.environment(torch=True)
    command = [program, str(runtime.WORKER), "facts", *runtime.NEEDED]
    said = yield from _answer(command, surroundings, FACTS_SECONDS, 0.3)
    lines = [line for line in map(_json, said.splitlines()) if line]
    if not lines or "facts" not in lines[-1]:
        tried = [line["trying"] for line in lines if "trying" in line]
        raise _Unusable(
            f"This Python ends while it loads {tried[-1]}" if tried else "This Python ends without an answer",
            "Install that library again, or choose another Python.",
        )
    told: dict[str, Any] = lines[-1]["facts"]
    return told


def _json(line: str) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
    return {}


def _answer(
    command: Sequence[str], surroundings: Mapping[str, str], seconds: float, fraction: float
) -> Generator[jobs.Step, None, str]:
    """What a program prints, whatever its exit status. It is ended when it takes too long or says too much."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(surroundings),
                start_new_session=os.name == "posix",
                creationflags=jobs.WINDOWS_FLAGS if os.name == "nt" else 0,
            )
        except OSError as error:
            raise _Unusable(
                "The chosen program cannot be started", f"Choose the program of a Python ({error.strerror})."
            ) from error
        begin = time.monotonic()
        try:
            while process.poll() is None:
                if time.monotonic() - begin > seconds:
                    raise _Unusable(f"The chosen program gives no answer within {seconds:.0f} s", "Choose a Python.")
                if os.fstat(output.fileno()).st_size > _MOST_BYTES:
                    raise _Unusable("The chosen program is not a Python", "Choose the program of a Python.")
                share = min((time.monotonic() - begin) / seconds, 1.0)
                yield jobs.Step(fraction + 0.6 * share, "Looking at the chosen Python")
        finally:
            _end(process)
        output.seek(0)
        return output.read(_MOST_BYTES).decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """The program and what it has started."""
    if os.name == "posix":
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()


def _own_kind() -> str:
    """What another Python must be to load the extension's libraries: version, processor, build."""
    return " ".join((sys.implementation.cache_tag, platform.machine(), getattr(sys, "abiflags", ""))).strip()


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split("+")[0].split(".")[:2]
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in parts)


def _judged(program: str, chosen: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict on what a Python has."""
    versions, missing, failing = found["libraries"], list(found["missing"]), dict(found["failing"])
    told = {"torch": versions.get("torch", "")}
    old = "torch" in versions and _numbers(versions["torch"]) < OLDEST_TORCH
    if not (missing or failing or old):
        return told
    wanted = [*missing, *failing, *(["torch"] if old else [])]
    command = _pip(program, wanted, upgrade=bool(failing) or old) if chosen else ""
    remedy = "Install what is missing with the command below, then check again."
    if not chosen:
        remedy = "Choose a Python that has it, or install the download of the extension that has PyTorch inside."
    if "torch" in missing:
        problem = "This Python has no PyTorch" if chosen else "Blender's own Python has no PyTorch"
        if len(missing) > 1 and chosen:
            problem += f", and lacks {_list(name for name in missing if name != 'torch')}"
    elif missing:
        problem = f"This Python lacks {_list(missing)}"
    elif failing:
        name, why = next(iter(failing.items()))
        problem = f"{name} cannot be loaded ({why.splitlines()[0][:120]})"
    else:
        oldest = ".".join(map(str, OLDEST_TORCH))
        problem = f"PyTorch {versions['torch']} is too old: networks need {oldest}"
    return {**told, "problem": problem, "remedy": remedy, "command": command}


def _list(names: Any) -> str:
    return ", ".join(runtime.NEEDED[name] for name in names)


def _pip(program: str, names: Sequence[str], *, upgrade: bool) -> str:
    """The command that installs libraries into a Python, as it is typed."""
    words = [program, "-m", "pip", "install", *(["--upgrade"] if upgrade else [])]
    words += dict.fromkeys(runtime.NEEDED[name] for name in names)
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
