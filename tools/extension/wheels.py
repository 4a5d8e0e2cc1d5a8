# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries inside the zip: which, in which version, from where, and whether they fit."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from email.parser import HeaderParser
from pathlib import Path

from .targets import BuildError, Target, fits, normalized, wheel_tags

BUNDLED = ("scipy", "ducc0", "numba", "llvmlite", "libigl", "pillow")
TORCH = (
    "torch",
    "filelock",
    "fsspec",
    "jinja2",
    "markupsafe",
    "mpmath",
    "networkx",
    "setuptools",
    "sympy",
    "typing-extensions",
)
"""What the zip with PyTorch has besides: PyTorch, and all that it needs but NumPy."""

TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
"""Where PyTorch for the processor alone is on Linux. Elsewhere the usual index has it."""

TORCH_FOR_MACOS = "2.11.0"
"""The last version whose wheels run on the oldest macOS that we support; later ones want macOS 14."""

BLENDER_HAS = ("numpy",)
"""Never bundled: a second NumPy would stand in front of Blender's own for every other extension."""


def pinned_versions(constraints: str, python: str) -> dict[str, str]:
    """name → version of the lines `name==version; python_version < "3.12"` that hold for this Python."""
    pins: dict[str, str] = {}
    for line in constraints.splitlines():
        match = re.match(r"([\w.-]+)==([\w.]+)\s*(?:;\s*(.*))?$", line.strip())
        if match and marker_holds(match.group(3) or "", python):
            pins[normalized(match.group(1))] = match.group(2)
    return pins


def marker_holds(marker: str, python: str) -> bool:
    """Whether an environment marker of the form `python_version < "3.12"` (or "") holds for this Python."""
    if not marker:
        return True
    match = re.fullmatch(r"""python_version\s*(<=|>=|==|!=|<|>)\s*["']([\d.]+)["']""", marker.strip())
    if match is None:
        raise BuildError(f"constraints.txt: cannot read the marker {marker!r}. Compare python_version only.")
    return satisfies(python, match.group(1) + match.group(2))


def satisfies(version: str, specifier: str) -> bool:
    """Whether a plain version meets a specifier as `>=1.26.4,<2.7` (suffixes as `dev0` are ignored)."""
    have = _numbers(version)
    for clause in filter(None, (part.strip() for part in specifier.split(","))):
        match = re.fullmatch(r"(~=|<=|>=|==|!=|<|>)\s*([\w.*+!-]+)", clause)
        if match is None:
            raise BuildError(f"Cannot read the version requirement {clause!r}.")
        if not _compare(have, match.group(1), match.group(2)):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(n) for n in numbers.group().split(".")] if numbers else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _compare(have: tuple[int, ...], operator: str, text: str) -> bool:
    want = _numbers(text)
    if text.endswith(".*"):
        same = have[: len(want)] == want
        return same if operator == "==" else not same
    if operator == "~=":
        head = _numbers(text.rsplit(".", 1)[0])
        return have >= want and have[: len(head)] == head
    return {
        "<": have < want,
        "<=": have <= want,
        ">": have > want,
        ">=": have >= want,
        "==": have == want,
        "!=": have != want,
    }[operator]


def plan(target: Target, pins: Mapping[str, str], names: Sequence[str] = BUNDLED) -> dict[str, str]:
    """name → version of the wheel that is to be bundled. `BuildError` where constraints.txt has none."""
    lacking = [name for name in names if name not in pins]
    if lacking:
        raise BuildError(f"constraints.txt names no version of {lacking[0]} for Python {target.python}. Add one.")
    versions = {name: pins[name] for name in names}
    if "torch" in versions and target.platform.startswith("linux"):
        versions["torch"] += "+cpu"  # the other one there brings gigabytes for CUDA
    elif "torch" in versions and target.platform.startswith("macos"):
        versions["torch"] = TORCH_FOR_MACOS
    return versions


def collect(
    target: Target,
    pins: Mapping[str, str],
    cache: Path,
    names: Sequence[str] = BUNDLED,
    torch_index: str = TORCH_INDEX,
) -> list[Path]:
    """One fitting wheel of each distribution, from the cache folder or downloaded into it; sorted by name."""
    cache.mkdir(parents=True, exist_ok=True)
    wheels = []
    for name, version in plan(target, pins, names).items():
        index = torch_index if "+" in version else ""
        wheels.append(_cached(target, name, version, cache) or _download(target, f"{name}=={version}", cache, index))
    check(target, wheels, names)
    return sorted(wheels, key=lambda path: path.name.lower())


def _cached(target: Target, name: str, version: str, cache: Path) -> Path | None:
    for path in sorted(cache.glob("*.whl")):
        tags = wheel_tags(path.name)
        if tags.name == name and tags.version == version and fits(tags, target):
            return path
    return None


def _download(target: Target, wanted: str, cache: Path, index: str = "") -> Path:
    """The wheel, as pip is set up to find it; where it does not, from that other index."""
    try:
        return _downloaded(target, wanted, cache, [])
    except BuildError:
        if not index:
            raise
    return _downloaded(target, wanted, cache, ["--index-url", index])


def _downloaded(target: Target, wanted: str, cache: Path, options: Sequence[str]) -> Path:
    print(f"  downloading {wanted} for {target}", flush=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            *options,
        ]
        command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", target.python]
        command += [f"--platform={tag}" for tag in target.pip_platforms]
        done = subprocess.run([*command, "--dest", folder, wanted], capture_output=True, text=True, check=False)
        found = list(Path(folder).glob("*.whl"))
        if done.returncode or len(found) != 1:
            last = (done.stderr.strip().splitlines() or ["pip gave no reason."])[-1]
            raise BuildError(f"No wheel of {wanted} for {target} could be downloaded: {last}")
        return found[0].rename(cache / found[0].name)


def check(target: Target, wheels: Iterable[Path], names: Sequence[str] = BUNDLED) -> None:
    """Raise `BuildError` unless each distribution has exactly one wheel, all fit, and nothing else is there.

    Blender itself installs a zip whose wheels do not fit without a word; the library is then missing.
    """
    paths = list(wheels)
    found = [wheel_tags(path.name) for path in paths]
    for path, tags in zip(paths, found, strict=True):
        if tags.name in BLENDER_HAS:
            raise BuildError(f"{path.name} must not be in the zip: Blender has its own {tags.name}.")
        if tags.name not in names:
            raise BuildError(f"{path.name} does not belong in the zip: nothing here needs {tags.name}.")
        if not fits(tags, target):
            raise BuildError(f"{path.name} does not fit {target}. Remove it, and take the right wheel.")
    for name in names:
        count = sum(tags.name == name for tags in found)
        if count != 1:
            raise BuildError(f"{name} has {count} wheels for {target}; it must have exactly one.")
    _check_requirements(target, {tags.name: tags.version for tags in found}, paths)


def _check_requirements(target: Target, versions: Mapping[str, str], wheels: Iterable[Path]) -> None:
    available = {**versions, **({"numpy": target.numpy} if target.numpy else {})}
    for wheel in wheels:
        for name, specifier in requirements(wheel, target):
            if name in BLENDER_HAS and name not in available:
                continue
            if name not in available:
                raise BuildError(f"{wheel.name} needs {name}, which is not in the zip. Bundle it too.")
            if not satisfies(available[name], specifier):
                raise BuildError(
                    f"{wheel.name} needs {name} {specifier}, and {target} has {available[name]}. Pin another version."
                )


def requirements(wheel: Path, target: Target) -> list[tuple[str, str]]:
    """(name, specifier) of what a wheel says that it needs there; optional extras are left out."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    needed = []
    for line in metadata.get_all("Requires-Dist", []):
        requirement, _, marker = line.partition(";")
        match = re.match(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^)]*)\)?\s*$", requirement)
        if match and _applies(marker, target):
            needed.append((normalized(match.group(1)), match.group(2).strip()))
    return needed


def _applies(marker: str, target: Target) -> bool:
    """Whether a requirement with this marker counts for a target. One that cannot be read counts."""
    if "extra" in marker:
        return False
    if " or " in marker:
        return True
    clauses = (re.fullmatch(r"""\s*(\w+)\s*([=!<>]=?)\s*["']([^"']+)["']\s*""", part) for part in marker.split(" and "))
    for name, operator, value in (clause.groups() for clause in clauses if clause is not None):
        if name == "python_version" and not satisfies(target.python, operator + value):
            return False
        here = target.markers.get(name)
        if here is not None and operator in ("==", "!=") and (here == value) != (operator == "=="):
            return False
    return True
