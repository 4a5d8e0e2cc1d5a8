# SPDX-License-Identifier: GPL-3.0-or-later
"""What Batch asks for, and what it says at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ..choices import BATCH_VERBS


class BatchSettings:
    """What Batch asks for; shared by the panel's settings and the operator."""

    if TYPE_CHECKING:
        verb: str
        directory: str
        output: str
        reference: str
        jobs: int
        timeout: float
    else:
        verb: EnumProperty(name="Work", description="What is done to each file", items=BATCH_VERBS)
        directory: StringProperty(
            name="Input",
            description="Folder with the files; its sub-folders count as well",
            subtype="DIR_PATH",
            options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        )
        output: StringProperty(
            name="Output",
            description="Folder for the results and the table, outside the input folder",
            subtype="DIR_PATH",
            options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        )
        reference: StringProperty(
            name="Reference",
            description="What each mesh is compared with: a file, or a folder with files of the same names",
            subtype="FILE_PATH",
            options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        )
        jobs: IntProperty(
            name="Jobs",
            description="Files that are worked on at once, each by a process of its own. 0: one for each core",
            default=0,
            min=0,
            max=256,
            soft_max=32,
        )
        timeout: FloatProperty(
            name="Time Limit",
            description="A file that takes longer is given up, and the others go on. 0: no limit",
            default=0.0,
            min=0.0,
            soft_max=3600.0,
            subtype="TIME_ABSOLUTE",
            unit="TIME_ABSOLUTE",
        )


class SPHERICAL_COW_PG_batch(BatchSettings, bpy.types.PropertyGroup):
    """Settings of the Batch panel."""

    if TYPE_CHECKING:
        summary: str
    else:
        summary: StringProperty(name="Summary", description="How the last batch ended (JSON)")


classes = (SPHERICAL_COW_PG_batch,)
