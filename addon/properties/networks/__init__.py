# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Networks: one file for each of its sections, and what all of them share here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, PointerProperty

from ...choices import DEVICES
from . import codes, dataset, fit_pictures, fit_sdf, image_to_mesh, models, occupancy, sdf_tools, training


class SPHERICAL_COW_PG_networks(bpy.types.PropertyGroup):
    """Settings of all sections of Networks."""

    if TYPE_CHECKING:
        device: str
        extract_sdf: fit_sdf.SPHERICAL_COW_PG_extract_sdf
        fit_pictures: fit_pictures.SPHERICAL_COW_PG_fit_pictures
        fit_sdf: fit_sdf.SPHERICAL_COW_PG_fit_sdf
        sdf_tools: sdf_tools.SPHERICAL_COW_PG_sdf_tools
        codes: codes.SPHERICAL_COW_PG_codes_settings
        dataset: dataset.SPHERICAL_COW_PG_dataset
        image_to_mesh: image_to_mesh.SPHERICAL_COW_PG_image_to_mesh
        occupancy: occupancy.SPHERICAL_COW_PG_occupancy
        training: training.SPHERICAL_COW_PG_training
    else:
        device: EnumProperty(name="Device", description="What networks run on", items=DEVICES)
        fit_sdf: PointerProperty(
            name="Fit SDF", type=fit_sdf.SPHERICAL_COW_PG_fit_sdf, description="Settings of Fit SDF"
        )
        fit_pictures: PointerProperty(
            name="Fit to Pictures",
            type=fit_pictures.SPHERICAL_COW_PG_fit_pictures,
            description="Settings of Fit to Pictures",
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
        image_to_mesh: PointerProperty(
            name="Image to Mesh",
            type=image_to_mesh.SPHERICAL_COW_PG_image_to_mesh,
            description="Settings of Image to Mesh",
        )
        training: PointerProperty(
            name="Train", type=training.SPHERICAL_COW_PG_training, description="Settings of Train"
        )


classes = (
    *dataset.classes,
    *codes.classes,
    *models.classes,
    *occupancy.classes,
    *image_to_mesh.classes,
    *fit_pictures.classes,
    *fit_sdf.classes,
    *sdf_tools.classes,
    *training.classes,
    SPHERICAL_COW_PG_networks,
)
