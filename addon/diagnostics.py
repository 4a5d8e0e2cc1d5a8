# SPDX-License-Identifier: GPL-3.0-or-later
"""When a bundled library is missing: a panel that says which, why, and what to download instead."""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
import tomllib
from pathlib import Path
from typing import Any

import bpy

from .idnames import TAB, Operators, Panels

LIBRARIES = ("numpy", "scipy", "ducc0", "numba", "llvmlite", "igl", "PIL")
LIGHT = ("numpy", "ducc0")
"""Those that are imported to see that they load; of the others only the presence, to start quickly."""

_problems: list[str] = []


def problems() -> list[str]:
    """What is wrong with the libraries, a line each; empty when all is well."""
    found = [f"{name}: not installed" for name in LIBRARIES if importlib.util.find_spec(name) is None]
    for name in LIGHT if not found else ():
        try:
            importlib.import_module(name)
        except Exception as error:  # a library built for another system can fail in any way
            found.append(f"{name}: {error}")
    if not (Path(__file__).parent / "core").is_dir():
        found.append("core: this is the source code, not the extension. Build it with build_addon.py")
    return list(dict.fromkeys(found))


def report(lines: list[str]) -> str:
    """The text to copy into a bug report."""
    manifest = _manifest()
    return "\n".join(
        [
            f"Spherical Cow {manifest.get('version', '?')}",
            f"Blender {bpy.app.version_string}, Python {platform.python_version()}",
            f"System {platform.platform()}, {platform.machine()}",
            f"Wheels for {', '.join(bundled_pythons(manifest)) or 'none'}",
            *lines,
        ]
    )


def bundled_pythons(manifest: dict[str, object]) -> list[str]:
    """The Pythons that the bundled wheels are built for, such as "3.11"."""
    wheels = manifest.get("wheels", [])
    names = wheels if isinstance(wheels, list) else []
    tags = {part for name in names for part in str(name).split("-") if part.startswith("cp3")}
    return sorted(f"3.{tag[3:]}" for tag in tags if tag[3:].isdigit())


def remedy() -> str:
    """What to do, in one line."""
    mine, theirs = f"3.{sys.version_info.minor}", bundled_pythons(_manifest())
    if theirs and mine not in theirs:
        return f"This download is for Python {', '.join(theirs)}; Blender has {mine}: get the one for {mine}"
    return "Remove the extension, restart Blender, and install the zip for this system again"


def _networks(context: bpy.types.Context) -> list[str]:
    """What the last check of the Python of networks found, where there was one."""
    addon: Any = context.preferences.addons.get(__package__ or "")
    found = getattr(addon.preferences, "verdict", "") if addon is not None else ""
    return [f"Networks {found}"] if found else []


def _manifest() -> dict[str, object]:
    path = Path(__file__).parent / "blender_manifest.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


class SPHERICAL_COW_OT_copy_diagnostics(bpy.types.Operator):
    """Copy what is wrong."""

    bl_idname = Operators.COPY_DIAGNOSTICS
    bl_label = "Copy Diagnostics"
    bl_description = "Copy the versions of Blender, Python and the libraries, to paste them into a bug report"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Into the clipboard."""
        session = getattr(context.window_manager, "spherical_cow", None)
        lines = [
            *_problems,
            *_networks(context),
            *([session.details] if session is not None and session.details else []),
        ]
        context.window_manager.clipboard = report(lines)
        return {"FINISHED"}


class SPHERICAL_COW_PT_fatal(bpy.types.Panel):
    """What is shown in place of everything else."""

    bl_idname = Panels.FATAL
    bl_label = "Spherical Cow Cannot Start"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB

    def draw(self, context: bpy.types.Context) -> None:
        """What is missing, and what to do."""
        column = self.layout.column()
        column.label(text="A bundled library cannot be loaded:", icon="ERROR")
        for line in _problems:
            column.label(text=line, icon="BLANK1")
        column.separator()
        for line in _wrapped(remedy()):
            column.label(text=line, icon="BLANK1")
        column.separator()
        column.operator(Operators.COPY_DIAGNOSTICS, icon="COPYDOWN")


def _wrapped(text: str, width: int = 36) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)


classes = (SPHERICAL_COW_OT_copy_diagnostics, SPHERICAL_COW_PT_fatal)


def register(lines: list[str]) -> None:
    """Show these problems."""
    _problems[:] = lines
    for cls in classes:
        bpy.utils.register_class(cls)


def registered() -> bool:
    """Whether the panel is there in place of the extension."""
    return bool(_problems)


def unregister() -> None:
    """Undo `register`."""
    for cls in reversed(classes):
        bpy.utils.unregister_class(cls)
    _problems.clear()
