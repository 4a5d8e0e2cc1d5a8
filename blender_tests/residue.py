# SPDX-License-Identifier: GPL-3.0-or-later
"""What an extension has added to Blender: two snapshots and their difference.

Blender cannot list its timers; `watch` counts those that are registered from then on.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import bpy

Snapshot = dict[str, set[str]]

_BASES = (
    "Operator", "Panel", "Menu", "Header", "UIList", "PropertyGroup", "AddonPreferences", "FileHandler",
    "Gizmo", "GizmoGroup", "RenderEngine", "KeyingSetInfo", "AssetShelf",
)  # fmt: skip
_timers: list[Callable[[], Any]] = []


def watch() -> Callable[[], None]:
    """Count timers from now on; gives the function that ends it."""
    real = bpy.app.timers.register

    @functools.wraps(real)
    def register(function: Callable[[], Any], *args: Any, **kwargs: Any) -> None:
        _timers.append(function)
        real(function, *args, **kwargs)

    bpy.app.timers.register = register

    def stop() -> None:
        bpy.app.timers.register = real
        _timers.clear()

    return stop


def snapshot() -> Snapshot:
    """The names of all that an extension can add."""
    return {
        "classes": set(_classes()),
        "operators": {f"{group}.{name}" for group in dir(bpy.ops) for name in dir(getattr(bpy.ops, group))},
        "properties": set(_properties()),
        "handlers": set(_handlers()),
        "menu entries": set(_menu_entries()),
        "key maps": set(_key_map_items()),
        "threads": {thread.name for thread in threading.enumerate()},
        "timers": {repr(timer) for timer in _timers if bpy.app.timers.is_registered(timer)},
        "preset paths": {str(path) for path in bpy.utils.preset_paths("")},
        "manuals": {repr(entry) for entry in getattr(bpy.utils, "_manual_map", ())},
    }


def difference(before: Snapshot, after: Snapshot) -> dict[str, list[str]]:
    """What came and what went, by kind; empty when nothing did."""
    found = {}
    for kind in before:
        changes = [f"+ {name}" for name in after[kind] - before[kind]]
        changes += [f"- {name}" for name in before[kind] - after[kind]]
        if changes:
            found[kind] = sorted(changes)
    return found


def _classes() -> Iterator[str]:
    stack = [getattr(bpy.types, base) for base in _BASES]
    while stack:
        cls = stack.pop()
        stack += cls.__subclasses__()
        if (getattr(cls, "is_registered", False) and not cls.__module__.startswith(("bpy", "bl_"))) or (
            getattr(cls, "is_registered", False) and cls.__module__.startswith("bl_ext.")
        ):
            yield f"{cls.__module__}.{cls.__name__}"


def _properties() -> Iterator[str]:
    for name in dir(bpy.types):
        cls = getattr(bpy.types, name)
        if isinstance(cls, type) and hasattr(cls, "bl_rna") and issubclass(cls, bpy.types.ID):
            yield from (f"{name}.{prop.identifier}" for prop in cls.bl_rna.properties if prop.is_runtime)


def _handlers() -> Iterator[str]:
    for name in dir(bpy.app.handlers):
        functions = getattr(bpy.app.handlers, name)
        if isinstance(functions, list):
            yield from (f"{name}: {function!r}" for function in functions)


def _menu_entries() -> Iterator[str]:
    for name in dir(bpy.types):
        draw = getattr(getattr(bpy.types, name), "draw", None)
        added = [f for f in getattr(draw, "_draw_funcs", ()) if f.__module__.startswith("bl_ext.")]
        yield from (f"{name}: {function.__qualname__}" for function in added)


def _key_map_items() -> Iterator[str]:
    configuration = bpy.context.window_manager.keyconfigs.addon
    for keymap in configuration.keymaps if configuration else ():
        yield from (f"{keymap.name}: {item.idname} {item.type}" for item in keymap.keymap_items)
