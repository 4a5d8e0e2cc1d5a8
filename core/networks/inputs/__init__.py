# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks see: pictures, points and voxels, made of what people have. None of it needs PyTorch."""

from __future__ import annotations

from .files import IMAGE_ENDINGS, POINT_ENDINGS, Read, read_input
from .images import Framing, View, network_view
from .pictures import bytes_of
from .points import AXES, network_points, unit_cube
from .voxels import blocks, network_voxels, solid_voxels

__all__ = [
    "AXES",
    "IMAGE_ENDINGS",
    "POINT_ENDINGS",
    "Framing",
    "Read",
    "View",
    "blocks",
    "bytes_of",
    "network_points",
    "network_view",
    "network_voxels",
    "read_input",
    "solid_voxels",
    "unit_cube",
]
