# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels say about the last thing that was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty


class SPHERICAL_COW_PG_session(bpy.types.PropertyGroup):
    """What went wrong last; of this session only."""

    if TYPE_CHECKING:
        operator: str
        uid: str
        found: str
        remedy: str
        fix: str
        details: str
    else:
        operator: StringProperty(name="Operator", description="Who reported it")
        uid: StringProperty(name="Object", description="On which object")
        found: StringProperty(name="Found", description="What is wrong")
        remedy: StringProperty(name="Remedy", description="What to do next")
        fix: StringProperty(name="Fix", description="The operator that helps")
        details: StringProperty(name="Details", description="All that is known, for a bug report")


classes = (SPHERICAL_COW_PG_session,)
