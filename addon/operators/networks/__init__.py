# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators of Networks, one file for each of its sections."""

from __future__ import annotations

from typing import Any

from . import codes, dataset, fit_sdf, models, occupancy, runtime, sdf_tools, training

classes: tuple[Any, ...] = (
    *codes.classes,
    *runtime.classes,
    *models.classes,
    *fit_sdf.classes,
    *sdf_tools.classes,
    *occupancy.classes,
    *dataset.classes,
    *training.classes,
)
