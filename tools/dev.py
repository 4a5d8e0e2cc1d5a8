# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up the environments and runs the demo, the tests, the builds: what the Makefile calls.

    python3 tools/dev.py demo            the whole road on the sample cow, in output/
    python3 tools/dev.py test            checks, tests, the extension zip, tests in Blender 4.5
    python3 tools/dev.py test-blender5   the tests in Blender 5.2 (Python 3.13)
    python3 tools/dev.py zip | bench | clean

Needs a Python 3.11 somewhere on the machine; everything else goes into `.venv` in this folder. Uses the
standard library only, since it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON_BLENDER_4, PYTHON_BLENDER_5 = "3.11", "3.13"
TYPED = ("core", "addon", "tools", "build_addon.py")
NO_TESTS_COLLECTED = 5
SIDE_BY_SIDE = ("-n", "logical", "--dist", "loadfile")
"""A process for each core; the tests of a file stay together, since they share what they made."""
WINDOWED = "blender_tests/gui"
STAMP = ".spherical-cow-installed"


class SetupError(Exception):
    """A step of the set-up or a check did not succeed; the text says which and what to do."""


def main() -> int:
    """Run one command. Returns 0 when all of it succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on, for example to pytest")
    arguments = parser.parse_args()
    try:
        COMMANDS[arguments.command](arguments.rest)
    except SetupError as error:
        print(f"\ntools/dev.py {arguments.command}: {error}", file=sys.stderr)
        return 1
    return 0


def demo(rest: Sequence[str]) -> None:
    """Encode and rebuild the sample cow; leaves meshes, pictures and a .blend in `output/`."""
    python = environment(ROOT / ".venv", PYTHON_BLENDER_4, ".[cli]", "bpy")
    run("demo", [python, "-m", "spherical_cow.cli.main", "demo", *(rest or ["output"])])


def test(rest: Sequence[str]) -> None:
    """Style, types, tests of the library, the zip, tests in Blender. Runs all, then fails if one did."""
    python = environment(ROOT / ".venv", PYTHON_BLENDER_4, ".[dev]", "bpy")
    steps = {
        "ruff check": lambda: run("ruff check", [python, "-m", "ruff", "check", "."]),
        "ruff format": lambda: run("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        "mypy": lambda: run("mypy", [python, "-m", "mypy", *TYPED]),
        "tests": lambda: pytest("tests", python, ["tests", *SIDE_BY_SIDE, *rest]),
    }
    with tempfile.TemporaryDirectory(prefix="spherical-cow-blender-") as resources:
        run_all({**steps, **blender_steps(python, PYTHON_BLENDER_4, rest, resources)})


def test_blender5(rest: Sequence[str]) -> None:
    """The tests in Blender 5.2, in an environment of its own (`.venv-blender5`, Python 3.13)."""
    python = environment(ROOT / ".venv-blender5", PYTHON_BLENDER_5, ".[test]", "bpy")
    with tempfile.TemporaryDirectory(prefix="spherical-cow-blender-") as resources:
        run_all(blender_steps(python, PYTHON_BLENDER_5, rest, resources))


def blender_steps(python: str, version: str, rest: Sequence[str], resources: str) -> dict[str, Callable[[], None]]:
    """Build the zip for this machine, then run `blender_tests/` on the installed zip: in the `bpy` module side by side,
    then in the real program with its window, one after the other, since they look at how responsive it stays."""
    archive = ROOT / "dist" / "for-tests" / f"spherical_cow-py{version.replace('.', '')}.zip"
    settings = {"BLENDER_USER_RESOURCES": resources, "SPHERICAL_COW_ZIP": str(archive)}
    build = [python, "build_addon.py", "--python", version, "--output", str(archive)]
    in_module = ["blender_tests", f"--ignore={WINDOWED}", *SIDE_BY_SIDE, *rest]
    return {
        "extension zip": lambda: run("extension zip", build),
        "Blender tests": lambda: pytest("tests in the Blender module", python, in_module, settings),
        "window tests": lambda: pytest("tests in the Blender window", python, [WINDOWED, *rest], settings),
    }


def build_zip(rest: Sequence[str]) -> None:
    """Build the extension for this machine, or what the options of `build_addon.py` say (`--all`)."""
    python = environment(ROOT / ".venv", PYTHON_BLENDER_4, ".[cli]", "bpy")
    run("extension zip", [python, "build_addon.py", *rest])


def bench(rest: Sequence[str]) -> None:
    """Run the benchmarks: tables on the screen, JSON in `output/benchmarks`."""
    python = environment(ROOT / ".venv", PYTHON_BLENDER_4, ".[dev]", "bpy")
    run("benchmarks", [python, "-m", "benchmarks", *rest])


def clean(rest: Sequence[str]) -> None:
    """Remove environments, caches, builds and output."""
    for name in (".venv", ".venv-blender5", ".cache", "build", "dist", "output", "spherical_cow.egg-info",
                 ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"):  # fmt: skip
        shutil.rmtree(ROOT / name, ignore_errors=True)


COMMANDS = {
    "demo": demo,
    "test": test,
    "test-blender5": test_blender5,
    "zip": build_zip,
    "bench": bench,
    "clean": clean,
}


def run_all(steps: dict[str, Callable[[], None]]) -> None:
    """Run every step, even after one failed; then say what failed, and how long each took."""
    failed, lines = [], []
    for name, step in steps.items():
        begin = time.monotonic()
        try:
            step()
            outcome = "passed"
        except SetupError as error:
            outcome = f"FAILED: {error}"
            failed.append(name)
        lines.append(f"  {name:14} {time.monotonic() - begin:6.0f} s  {outcome}")
    print("\n" + "\n".join(lines), flush=True)
    if failed:
        raise SetupError(f"{', '.join(failed)} failed.")


def run(what: str, command: Sequence[str], settings: dict[str, str] | None = None) -> None:
    """Run a program in the project's folder and show its output; raise `SetupError` if it fails."""
    print(f"\n== {what}", flush=True)
    status = subprocess.run(command, cwd=ROOT, env={**os.environ, **(settings or {})}, check=False).returncode
    if status:
        raise SetupError(f"{what} ended with status {status}.")


def pytest(what: str, python: str, arguments: Sequence[str], settings: dict[str, str] | None = None) -> None:
    """Run pytest; a folder without tests is said, and is no failure."""
    print(f"\n== {what}", flush=True)
    if not any((ROOT / arguments[0]).rglob("test_*.py")):
        print(f"There are no tests in {arguments[0]}.", flush=True)
        return
    command = [python, "-m", "pytest", *arguments]
    status = subprocess.run(command, cwd=ROOT, env={**os.environ, **(settings or {})}, check=False).returncode
    if status == NO_TESTS_COLLECTED:
        print(f"No test of {arguments[0]} was chosen.", flush=True)
    elif status:
        raise SetupError(f"pytest ended with status {status}.")


def environment(folder: Path, version: str, *requirements: str) -> str:
    """The Python of a virtual environment with these requirements, made or completed where needed.

    A stamp in the folder holds what was installed; pins or requirements that changed install again.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / STAMP
    wanted = _digest(requirements)
    installed = stamp.read_text().split() if stamp.exists() else []
    if wanted in installed and python.exists():
        return str(python)
    if not python.exists():
        _make_environment(folder, version)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run("installing " + " ".join(requirements), [*pip, "-c", "constraints.txt", *_editable(requirements)])
    stamp.write_text("\n".join([*installed, wanted]))
    return str(python)


def _editable(requirements: Sequence[str]) -> Iterator[str]:
    for requirement in requirements:
        if requirement.startswith("."):
            yield "-e"
        yield requirement


def _digest(requirements: Sequence[str]) -> str:
    inputs = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join([*inputs, *(r.encode() for r in requirements)])).hexdigest()


def _make_environment(folder: Path, version: str) -> None:
    print(f"== making {folder.name} with Python {version}", flush=True)
    uv = shutil.which("uv")
    python = find_python(version)
    if python is not None:
        run("virtual environment", [python, "-m", "venv", "--clear", str(folder)])
    elif uv is not None:
        run("virtual environment", [uv, "venv", "--seed", "--python", version, str(folder)])
    else:
        raise SetupError(
            f"Python {version} was not found, and this Blender needs it. Install it (python.org, your "
            f"system's packages, pyenv, or uv), or name it: PYTHON{version.replace('.', '')}=/path/to/python."
        )


def find_python(version: str) -> str | None:
    """The path of a working Python of this version (such as "3.11"), or None.

    Looks at the variable PYTHON311, this interpreter, the usual names, Windows' launcher, pyenv and uv.
    """
    for command in _candidates(version):
        path = _interpreter(command, version)
        if path is not None:
            return path
    return None


def _candidates(version: str) -> Iterator[list[str]]:
    named = os.environ.get("PYTHON" + version.replace(".", ""))
    if named:
        yield [named]
    yield [getattr(sys, "_base_executable", sys.executable)]
    yield [f"python{version}"]
    yield ["python3"]
    yield ["python"]
    if os.name == "nt":
        yield ["py", f"-{version}"]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for folder in sorted(pyenv.glob(f"{version}.*"), reverse=True):
        yield [str(folder / "bin" / "python")]
    found = _output(["uv", "python", "find", version])
    if found:
        yield [found]


def _interpreter(command: Sequence[str], version: str) -> str | None:
    """The interpreter behind a command, if it runs, has this version and can make environments."""
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
    answer = _output([*command, "-c", code]).splitlines()
    return answer[1] if len(answer) == 2 and answer[0] == version else None


def _output(command: Sequence[str]) -> str:
    """What a command prints, or "" where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
