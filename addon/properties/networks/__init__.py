# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Networks: one file for each of its sections, and what all of them share here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, PointerProperty

from ...choices import DEVICES
from . import codes, dataset, fit_sdf, models, occupancy, sdf_tools, training


class SPHERICAL_COW_PG_networks(bpy.types.PropertyGroup):
    """Settings of all sections of Networks."""

    if TYPE_CHECKING:
        device: str
        extract_sdf: fit_sdf.SPHERICAL_COW_PG_extract_sdf
        fit_sdf: fit_sdf.SPHERICAL_COW_PG_fit_sdf
        sdf_tools: sdf_tools.SPHERICAL_COW_PG_sdf_tools
        codes: codes.SPHERICAL_COW_PG_codes_settings
        dataset: dataset.SPHERICAL_COW_PG_dataset
        occupancy: occupancy.SPHERICAL_COW_PG_occupancy
        training: training.SPHERICAL_COW_PG_training
    else:
        device: EnumProperty(name="Device", description="What networks run on", items=DEVICES)
        fit_sdf: PointerProperty(
            name="Fit SDF", type=fit_sdf.SPHERICAL_COW_PG_fit_sdf, description="Settings of Fit SDF"
        )
        extract_sdf: PointerProperty(
            name="Extract SDF", type=fit_sdf.SPHERICAL_COW_PG_extract_sdf, description="Settings of Extract"
        )
        sdf_tools: PointerProperty(
            name="SDF Tools", type=sdf_tools.SPHERICAL_COW_PG_sdf_tools, description="Settings of SDF Tools"
        )
        codes: PointerProperty(
            name="Shape Codes", type=codes.SPHERICAL_COW_PG_codes_settings, description="Settings of Shape Codes"
        )
        dataset: PointerProperty(
            name="Dataset", type=dataset.SPHERICAL_COW_PG_dataset, description="Settings of Dataset"
        )
        occupancy: PointerProperty(
            name="Occupancy Networks",
            type=occupancy.SPHERICAL_COW_PG_occupancy,
            description="Settings of Occupancy Networks",
        )
        training: PointerProperty(
            name="Train", type=training.SPHERICAL_COW_PG_training, description="Settings of Train"
        )


classes = (
    *dataset.classes,
    *codes.classes,
    *models.classes,
    *occupancy.classes,
    *fit_sdf.classes,
    *sdf_tools.classes,
    *training.classes,
    SPHERICAL_COW_PG_networks,
)
