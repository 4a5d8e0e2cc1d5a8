# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of a new mesh, as every section that makes one asks for it."""

from __future__ import annotations

from typing import Any

from bpy.props import IntProperty


def frequency_property() -> Any:
    """How fine an icosphere is."""
    return IntProperty(
        name="Frequency",
        description="Parts that each edge of the icosahedron is cut into: 10 × frequency² + 2 vertices",
        default=32,
        min=1,
        max=512,
        soft_max=128,
    )


def count_property() -> Any:
    """How many vertices an adapted mesh gets."""
    return IntProperty(
        name="Vertices",
        description="Number of vertices of the new mesh",
        default=20_000,
        min=12,
        max=2_000_000,
        soft_max=200_000,
    )


def seed_property() -> Any:
    """Which of the possible adapted meshes."""
    return IntProperty(name="Seed", description="Start of the random numbers: another seed gives another mesh", min=0)
