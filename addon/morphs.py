# SPDX-License-Identifier: GPL-3.0-or-later
"""Morphs in Blender: one shape key for each other shape, and the way through them."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, morph_colors, storage
from .core.harmonics.container import Harmonics
from .shape_keys import add_key


def keys_of(mesh: bpy.types.Mesh) -> list[bpy.types.ShapeKey]:
    """The shape keys of the morph, in the order of its shapes; empty where there is none, or they were removed."""
    count = storage.data_of(mesh).morph.count
    if not count or mesh.shape_keys is None or len(mesh.shape_keys.key_blocks) < count + 1:
        return []
    return list(mesh.shape_keys.key_blocks)[1 : count + 1]


def why_no_morph(mesh: bpy.types.Mesh) -> str:
    """Why this mesh has no morph, in words for the panel; "" when it has one."""
    if not storage.data_of(mesh).morph.count:
        return "Morph first: the new object has the sliders"
    return "" if keys_of(mesh) else "The shape keys of the morph have been removed: morph again"


def place(mesh: bpy.types.Mesh) -> float:
    """Where on the way the keys are; for keys that are mixed by hand, their centre."""
    keys = keys_of(mesh)
    if not keys:
        return 0.0
    where = sum(number * key.value for number, key in enumerate(keys, 1)) / len(keys)
    return min(max(float(where), 0.0), 1.0)


def set_place(mesh: bpy.types.Mesh, where: float) -> None:
    """Move the keys to this place on the way from the first shape to the last."""
    from .core.blending.weights import weights_at

    keys = keys_of(mesh)
    for key, weight in zip(keys, weights_at(where * len(keys), len(keys) + 1)[1:], strict=True):
        key.value = float(weight)


def add_keys(obj: bpy.types.Object, names: list[str], vertices: NDArray[Any]) -> None:
    """Give an object a basis and a shape key for each other shape. names: N of them, vertices: (N, V, 3)."""
    bridge.write_positions(bridge.mesh_of(obj), vertices[0])
    for name, points in zip(names, vertices, strict=True):
        add_key(obj, name, points)
    storage.data_of(bridge.mesh_of(obj)).morph.count = len(names) - 1


def add_colors(obj: bpy.types.Object, vertices: NDArray[Any], colors: NDArray[Any]) -> None:
    """Let the colours (N, V, 3) of the shapes, with positions (N, V, 3), follow the shape keys."""
    morph_colors.write(bridge.mesh_of(obj), vertices, colors)
    morph_colors.add_modifier(obj, len(colors) - 1)


def weights(mesh: bpy.types.Mesh) -> list[float]:
    """The weights of all shapes as the keys are now; their sum is 1."""
    values = [float(key.value) for key in keys_of(mesh)]
    return [1.0 - sum(values), *values]


def blended(mesh: bpy.types.Mesh) -> Harmonics:
    """The coefficients of the shape in between, all channels, as the keys are now."""
    arrays = storage.unpack(storage.data_of(mesh).morph.family)
    names = tuple(str(name) for name in arrays["channels"])
    return Harmonics(np.tensordot(np.array(weights(mesh)), arrays["coefficients"], 1), names)
