# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys from arrays."""

from __future__ import annotations

from typing import Any

import bpy
from numpy.typing import NDArray

from . import bridge


def add_key(
    obj: bpy.types.Object, name: str, points: NDArray[Any], *, low: float = 0.0, high: float = 1.0, value: float = 0.0
) -> bpy.types.ShapeKey:
    """A new shape key with the vertices at `points` (V, 3), its slider from `low` to `high`, at `value`.

    The first key of an object is its basis, and has no slider.
    """
    key = obj.shape_key_add(name=name, from_mix=False)
    bridge.write_key(key, points)
    key.slider_min, key.slider_max = low, high
    key.value = value
    return key
