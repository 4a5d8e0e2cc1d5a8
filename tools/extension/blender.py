# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own tools: its validator of extensions, and installing a zip as a user does."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .targets import BuildError, Target, this_platform

SECONDS = 300
MARK = "spherical-cow-python"


def validator() -> list[str] | None:
    """The command that validates an extension, of the `bpy` module or a `blender` on the path; or None."""
    bpy = importlib.util.find_spec("bpy")
    if bpy is not None and bpy.origin is not None:
        scripts = sorted(Path(bpy.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
        if scripts:
            return [sys.executable, str(scripts[-1]), "validate"]
    blender = shutil.which("blender")
    return [blender, "--command", "extension", "validate"] if blender else None


def validate(archive: Path) -> bool:
    """Have Blender check the zip; False where no Blender is at hand. `BuildError` if it finds something."""
    command = validator()
    if command is None:
        return False
    _run([*command, str(archive)], f"Blender's validator refuses {archive.name}")
    return True


def target_of(blender: str) -> Target:
    """The platform and Python of a Blender program on this machine."""
    code = f"import sys; print('{MARK}', '%d.%d' % sys.version_info[:2])"
    command = [blender, "--background", "--factory-startup", "--python-expr", code]
    lines = _run(command, f"{blender} does not start").splitlines()
    pythons = [line.split()[1] for line in lines if line.startswith(MARK)]
    if not pythons:
        raise BuildError(f"{blender} did not say which Python it has. Is it Blender?")
    return Target(this_platform(), pythons[0])


def install(blender: str, archive: Path) -> None:
    """Install the zip into that Blender's user folder, and enable it."""
    command = [
        blender,
        "--command",
        "extension",
        "install-file",
        "--repo",
        "user_default",
        "--enable",
        str(archive),
    ]
    _run(command, f"{blender} could not install {archive.name}")


def _run(command: Sequence[str], complaint: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{complaint}: {error}") from error
    if done.returncode:
        raise BuildError(f"{complaint}:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout
