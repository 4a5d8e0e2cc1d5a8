# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Networks: one file for each of its sections, and what all of them share here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty

from ...choices import DEVICES
from . import models


class SPHERICAL_COW_PG_networks(bpy.types.PropertyGroup):
    """Settings of all sections of Networks."""

    if TYPE_CHECKING:
        device: str
    else:
        device: EnumProperty(name="Device", description="What networks run on", items=DEVICES)


classes = (*models.classes, SPHERICAL_COW_PG_networks)
