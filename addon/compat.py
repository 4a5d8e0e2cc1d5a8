# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Blender versions differ."""

from __future__ import annotations

from collections.abc import Callable

import bpy


def register_command(name: str, run: Callable[[list[str]], int]) -> object | None:
    """Offer `blender --command name`; None where the program cannot (the `bpy` module)."""
    register = getattr(bpy.utils, "register_cli_command", None)
    return None if register is None else register(name, run)


def unregister_command(handle: object | None) -> None:
    """Undo `register_command`."""
    if handle is not None:
        bpy.utils.unregister_cli_command(handle)
