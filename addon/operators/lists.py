# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators do to a list of the panel, of which one item is active."""

from __future__ import annotations

from typing import Any

import bpy

DIRECTIONS = (("UP", "Up", "Towards the first"), ("DOWN", "Down", "Towards the last"))


def remove_active(owner: bpy.types.bpy_struct, items: str, active: str) -> None:
    """Take the active item off; the next one becomes active. items, active: names of properties of the owner."""
    collection: Any = getattr(owner, items)
    collection.remove(getattr(owner, active))
    setattr(owner, active, max(min(getattr(owner, active), len(collection) - 1), 0))


def move_active(owner: bpy.types.bpy_struct, items: str, active: str, direction: str) -> set[str]:
    """Swap the active item with its neighbour; what an operator returns: cancelled where there is none."""
    collection: Any = getattr(owner, items)
    here: int = getattr(owner, active)
    place = here + (-1 if direction == "UP" else 1)
    if not 0 <= place < len(collection):
        return {"CANCELLED"}
    collection.move(here, place)
    setattr(owner, active, place)
    return {"FINISHED"}
