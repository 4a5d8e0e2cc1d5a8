# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators of Networks, one file for each of its sections."""

from __future__ import annotations

from typing import Any

from . import (
    codes,
    dataset,
    fit_pictures,
    fit_sdf,
    image_to_mesh,
    models,
    occupancy,
    pictures,
    runtime,
    sdf_tools,
    training,
    views,
)

classes: tuple[Any, ...] = (
    *codes.classes,
    *runtime.classes,
    *models.classes,
    *fit_sdf.classes,
    *sdf_tools.classes,
    *views.classes,
    *occupancy.classes,
    *image_to_mesh.classes,
    *pictures.classes,
    *fit_pictures.classes,
    *dataset.classes,
    *training.classes,
)
