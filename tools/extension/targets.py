# SPDX-License-Identifier: GPL-3.0-or-later
"""What a zip is built for: a platform and a Python, hence a range of Blender versions."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass

LOWEST_MACOS = (12, 0)
"""Blender installs a wheel for a newer macOS without a word, and its import then fails: we look ourselves."""
HIGHEST_GLIBC = (2, 28)
"""What official Blender builds need, so what every user has."""

PLATFORMS = ("linux-x64", "windows-x64", "macos-arm64")
PYTHONS = ("3.11", "3.13")
BLENDER_WITH_PYTHON_3_13 = "5.1.0"
OLDEST_BLENDER = "4.5.0"

# Blender's own NumPy, against which the bundled libraries must work (Debian's builds: Python 3.14).
BLENDER_NUMPY = {"3.11": "1.26.4", "3.13": "2.3.4", "3.14": "2.4.0"}


class BuildError(Exception):
    """The extension cannot be built, checked or installed; the text says what was found and what to do."""


@dataclass(frozen=True)
class Target:
    """One zip: a platform as Blender's manifest names it ("linux-x64"), and a Python ("3.11")."""

    platform: str
    python: str

    def __post_init__(self) -> None:
        if self.platform not in PLATFORMS:
            raise BuildError(f"Unknown platform {self.platform!r}. Choose from {', '.join(PLATFORMS)}.")
        if not re.fullmatch(r"3\.\d+", self.python) or self.minor < 11:
            raise BuildError(f"Unknown Python {self.python!r}. Give 3.11 or newer, as 3.13.")

    @property
    def minor(self) -> int:
        """The minor version of Python: 11 of "3.11"."""
        return int(self.python.split(".")[1])

    @property
    def blender_versions(self) -> tuple[str, str | None]:
        """(first Blender, first Blender that is too new or None) with this Python."""
        if self.minor == 11:
            return OLDEST_BLENDER, BLENDER_WITH_PYTHON_3_13
        return BLENDER_WITH_PYTHON_3_13, None

    @property
    def numpy(self) -> str | None:
        """The NumPy inside that Blender, where known."""
        return BLENDER_NUMPY.get(self.python)

    @property
    def label(self) -> str:
        """For file names: `linux_x64-py311`."""
        return f"{self.platform.replace('-', '_')}-py3{self.minor}"

    def __str__(self) -> str:
        return f"{self.platform}, Python {self.python}"

    @property
    def markers(self) -> dict[str, str]:
        """What the system is called in the environment markers of requirements (PEP 508)."""
        system, _, _ = self.platform.partition("-")
        return {
            "platform_system": {"linux": "Linux", "windows": "Windows", "macos": "Darwin"}[system],
            "sys_platform": {"linux": "linux", "windows": "win32", "macos": "darwin"}[system],
            "os_name": "nt" if system == "windows" else "posix",
        }

    @property
    def pip_platforms(self) -> list[str]:
        """The platform tags to ask pip for."""
        if self.platform == "windows-x64":
            return ["win_amd64"]
        if self.platform == "macos-arm64":
            return [f"macosx_{LOWEST_MACOS[0]}_{LOWEST_MACOS[1]}_arm64"]
        return [*(f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 17)), "manylinux2014_x86_64"]


def this_platform() -> str:
    """The platform of this machine, as the manifest names it; `BuildError` where there is no zip for it."""
    system = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), "")
    machine = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}
    name = f"{system}-{machine.get(platform.machine().lower(), platform.machine())}"
    if name not in PLATFORMS:
        raise BuildError(
            f"There is no extension for this machine ({name}). Name one: --platform {PLATFORMS[0]}, or --all."
        )
    return name


def this_python() -> str:
    """The version of the running Python, as "3.11"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Tags:
    """The parts of a wheel's file name (PEP 427): distribution, version, and tags, each split at its dots."""

    name: str
    version: str
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]


def wheel_tags(filename: str) -> Tags:
    """Take a wheel's file name apart; `BuildError` for anything else."""
    match = re.fullmatch(r"([^-]+)-([^-]+)(?:-\d[^-]*)?-([^-]+)-([^-]+)-([^-]+)\.whl", filename)
    if match is None:
        raise BuildError(f"{filename} is not a wheel. Only wheels can be bundled.")
    name, version, pythons, abis, platforms = match.groups()
    return Tags(
        normalized(name),
        version,
        tuple(pythons.split(".")),
        tuple(abis.split(".")),
        tuple(platforms.split(".")),
    )


def normalized(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503): lower case, single hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def fits(tags: Tags, target: Target) -> bool:
    """Whether a wheel can be imported by that Blender on every machine that Blender itself supports."""
    return _fits_python(tags, target.minor) and any(_fits_platform(p, target.platform) for p in tags.platforms)


def _fits_python(tags: Tags, minor: int) -> bool:
    for python in tags.pythons:
        if python in ("py3", f"py3{minor}") and "none" in tags.abis:
            return True
        if python == f"cp3{minor}" and ({f"cp3{minor}", "abi3", "none"} & set(tags.abis)):
            return True
        stable = re.fullmatch(r"cp3(\d+)", python)
        if stable and "abi3" in tags.abis and int(stable.group(1)) <= minor:
            return True
    return False


def _fits_platform(tag: str, name: str) -> bool:
    if tag == "any":
        return True
    if name == "windows-x64":
        return tag == "win_amd64"
    if name == "macos-arm64":
        mac = re.fullmatch(r"macosx_(\d+)_(\d+)_(arm64|universal2)", tag)
        return mac is not None and (int(mac.group(1)), int(mac.group(2))) <= LOWEST_MACOS
    if tag in ("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"):
        return True
    linux = re.fullmatch(r"manylinux_(\d+)_(\d+)_x86_64", tag)
    return linux is not None and (int(linux.group(1)), int(linux.group(2))) <= HIGHEST_GLIBC
