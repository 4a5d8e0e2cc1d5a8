# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators of Networks, one file for each of its sections."""

from __future__ import annotations

from typing import Any

from . import models, runtime

classes: tuple[Any, ...] = (*runtime.classes, *models.classes)
