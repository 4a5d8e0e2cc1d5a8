# SPDX-License-Identifier: GPL-3.0-or-later
"""Right click ▸ Online Manual on our buttons and settings: the page of their section."""

from __future__ import annotations

from .idnames import Operators

PREFIX = ""

_PAGES = ((Operators.CHECK, "check"),)


def entries() -> tuple[str, tuple[tuple[str, str], ...]]:
    """What `bpy.utils.register_manual_map` asks for: the address of the manual, and pattern → page."""
    return PREFIX, tuple((f"bpy.ops.{name}", page) for name, page in _PAGES)
