# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that runs networks: Blender's own where it has PyTorch, or the one chosen in the preferences.

What is known of it, the verdict of the last check, is kept in the preferences: panels and polls only read.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

WORKER = Path(__file__).parents[1] / "scripts" / "network_worker.py"

NEEDED = {
    "torch": "torch",
    "numpy": "numpy",
    "scipy": "scipy",
    "igl": "libigl",
    "ducc0": "ducc0",
    "numba": "numba",
    "llvmlite": "llvmlite",
    "PIL": "pillow",
}
"""What a network's worker imports → what pip calls it."""

_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")
"""Settings of Blender's own Python, which would mislead another one."""


def preferences() -> Any:
    """The preferences of this extension."""
    return bpy.context.preferences.addons[(__package__ or "").removesuffix(".networks")].preferences


def chosen() -> str:
    """The path in the preferences as it is there, without blanks; "" for Blender's own Python."""
    return str(preferences().python).strip()


def interpreter() -> str:
    """The program that runs networks."""
    return program_at(chosen()) if chosen() else sys.executable


def program_at(path: str) -> str:
    """The Python at a path: itself, or the one in the folder of an environment."""
    place = Path(bpy.path.abspath(path)).expanduser()
    inside = ("bin/python3", "bin/python", "Scripts/python.exe", "python.exe")
    found = next((place / name for name in inside if (place / name).is_file()), place) if place.is_dir() else place
    return os.path.abspath(found)  # noqa: PTH100 (a link stays one: it makes the environment)


def verdict() -> Mapping[str, Any]:
    """What the last check of the chosen Python found; empty where it was not checked."""
    found = told(preferences().verdict)
    return found if found.get("chosen") == chosen() else {}


def keep(found: Mapping[str, Any]) -> None:
    """Keep what a check found."""
    preferences().verdict = json.dumps(dict(found))
    bpy.context.preferences.is_dirty = True


@lru_cache(maxsize=256)
def told(text: str) -> Mapping[str, Any]:
    """What a text in the preferences says, as JSON; empty where it is damaged. Panels ask at each redraw."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def why_not() -> str:
    """Why networks cannot run, in a line for the user; "" where they can. Quick: panels ask at each redraw."""
    if not chosen():
        if importlib.util.find_spec("torch"):
            return ""
        return "Networks need PyTorch: choose a Python that has it in the preferences of the extension"
    found = verdict()
    if not found:
        return "Check the Python that is chosen in the preferences of the extension"
    return str(found.get("problem", ""))


def remedy() -> str:
    """What to do where networks cannot run, beyond what `why_not` says."""
    if not chosen() and not verdict():
        return "Or install the download of the extension that has PyTorch inside"
    return str(verdict().get("remedy", ""))


def devices() -> tuple[str, ...]:
    """The devices that the last check found, as "cpu", "cuda", "mps"; empty where nothing is known."""
    return tuple(name for name, _ in verdict().get("devices", ()))


def environment(libraries: Mapping[str, str], core: Path) -> dict[str, str]:
    """The surroundings of the chosen Python.

    libraries: folder of each of the extension's libraries, for a Python of the same kind that lacks it. core: the
    folder that has the library.
    """
    ours = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {
        **ours,
        "PYTHONPATH": str(core),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
        "SPHERICAL_COW_LIBRARIES": json.dumps(dict(libraries)),
    }
