# SPDX-License-Identifier: GPL-3.0-or-later
"""The last comparison of a mesh: kept on the mesh data-block, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, storage
from .idnames import Attributes

_SAME = 1e-5
"""Change of a matrix below which nothing has moved: what single precision leaves."""
_MARKS = (" Reconstruction", " Repaired", " Symmetric")
"""What the names of derived objects add to that of their original."""


def other_mesh(context: bpy.types.Context) -> bpy.types.Object | None:
    """The one selected mesh object besides the active one, else the original that it is named after."""
    obj = context.object
    others = [other for other in context.selected_objects if other != obj and other.type == "MESH"]
    if len(others) == 1:
        return others[0]
    return original_of(obj) if obj is not None and not others else None


def original_of(obj: bpy.types.Object) -> bpy.types.Object | None:
    """The mesh object that this one was made from, by its name."""
    end = max(obj.name.rfind(mark) for mark in _MARKS)
    source = bpy.data.objects.get(obj.name[:end]) if end > 0 else None
    return source if source is not None and source != obj and source.type == "MESH" else None


def place(obj: bpy.types.Object, other: bpy.types.Object) -> str:
    """How the two objects stand to each other, and their scale, as JSON: what distances in the scene depend on."""
    own, reference = (np.array(item.matrix_world, dtype=np.float64) for item in (obj, other))
    stretch = reference[:3, :3].T @ reference[:3, :3]  # of the reference, whatever its rotation
    relative = np.linalg.pinv(reference) @ own
    return json.dumps([round(float(value), 9) for value in (*relative.ravel(), *stretch.ravel())])


def store(
    obj: bpy.types.Object,
    other: bpy.types.Object,
    numbers: Mapping[str, Any],
    fingerprints: tuple[str, str],
    where: str,
) -> None:
    """Put a comparison on the mesh of `obj`. fingerprints: of both meshes; where: their `place`, or ""."""
    group = storage.data_of(bridge.mesh_of(obj)).comparison
    group.numbers, group.other = json.dumps(dict(numbers)), other.name
    group.fingerprint, group.other_fingerprint = fingerprints
    group.place = where


def load(mesh: bpy.types.Mesh) -> dict[str, Any] | None:
    """What was measured, or None where nothing was."""
    text = storage.data_of(mesh).comparison.numbers
    return _parse(text) if text else None


@lru_cache(maxsize=4)
def _parse(text: str) -> dict[str, Any]:
    numbers: dict[str, Any] = json.loads(text)
    return numbers


def why_stale(obj: bpy.types.Object) -> str:
    """Why the last comparison no longer holds, for the panel; "" while it does (or in Edit Mode, when unknown)."""
    group = storage.data_of(bridge.mesh_of(obj)).comparison
    other: bpy.types.Object | None = bpy.data.objects.get(group.other)
    if other is None or other.type != "MESH":
        return f"{group.other!r} is gone or renamed"
    if obj.mode == "EDIT" or other.mode == "EDIT":
        return ""
    if storage.has_changed(obj, group.fingerprint):
        return "Changed since: compare again"
    if storage.has_changed(other, group.other_fingerprint):
        return "The other mesh has changed: compare again"
    if group.place and not np.allclose(json.loads(group.place), json.loads(place(obj, other)), atol=_SAME):
        return "Moved since: compare again"
    return ""


def store_distances(mesh: bpy.types.Mesh, values: NDArray[Any] | None, *, signed: bool) -> None:
    """Leave the distances (V,) on the vertices as a named attribute, in place of those of the last comparison."""
    for name in (Attributes.DISTANCE, Attributes.SIGNED_DISTANCE):
        layer: bpy.types.Attribute | None = mesh.attributes.get(name)
        if layer is not None:
            mesh.attributes.remove(layer)
    if values is not None:
        bridge.write_attribute(mesh, Attributes.SIGNED_DISTANCE if signed else Attributes.DISTANCE, values)


def distances(mesh: bpy.types.Mesh) -> tuple[NDArray[Any], bool] | None:
    """The distances (V,) of the last comparison and whether they have signs; None where the mesh has none."""
    for name in (Attributes.SIGNED_DISTANCE, Attributes.DISTANCE):
        values = bridge.read_attribute(mesh, name)
        if values is not None and values.ndim == 1:
            return values, name == Attributes.SIGNED_DISTANCE
    return None
