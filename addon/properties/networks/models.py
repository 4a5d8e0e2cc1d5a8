# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of checkpoints, which is in the preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty


class SPHERICAL_COW_PG_checkpoint(bpy.types.PropertyGroup):
    """A file of weights; `name` is what it is called in the list."""

    if TYPE_CHECKING:
        name: str
        path: str
        model: str
        description: str
    else:
        path: StringProperty(name="File", description="Where the weights are")
        model: StringProperty(name="Model", description="The model that the weights are of; empty for an unknown one")
        description: StringProperty(name="Description", description="What the file is, as JSON")


classes = (SPHERICAL_COW_PG_checkpoint,)
