# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitted distance field of a mesh: kept on the mesh data-block, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import bridge, storage

if TYPE_CHECKING:
    from ..properties.networks.fit_sdf import SPHERICAL_COW_PG_fitted


def group_of(mesh: bpy.types.Mesh) -> SPHERICAL_COW_PG_fitted:
    """What a mesh says of its fitted field."""
    return storage.data_of(mesh).fitted


def has_field(obj: bpy.types.Object | None) -> bool:
    """Whether the object carries a fitted field. Quick: the field itself is not looked at."""
    return obj is not None and obj.type == "MESH" and group_of(bridge.mesh_of(obj)).size > 0


def store(mesh: bpy.types.Mesh, content: bytes, report: Mapping[str, Any], network: str, preset: str) -> None:
    """Put a fitted field on a mesh, as the bytes of its file. report: what `core` measured."""
    group = group_of(mesh)
    group.content, group.size = content, len(content)
    short = {name: value for name, value in report.items() if name != "losses"}
    group.report, group.network, group.preset = json.dumps(short), network, preset


def store_source(mesh: bpy.types.Mesh, source: bpy.types.Object, fingerprint: str, *, with_modifiers: bool) -> None:
    """Note which object the field was fitted to, as it was then."""
    group = group_of(mesh)
    group.source, group.source_fingerprint, group.with_modifiers = source.name, fingerprint, with_modifiers


def note_extracted(mesh: bpy.types.Mesh, resolution: int, level: float) -> None:
    """Note that the mesh is what the field gives with these settings."""
    group = group_of(mesh)
    group.resolution, group.level, group.fingerprint = resolution, level, bridge.fingerprint(mesh)


def array_of(mesh: bpy.types.Mesh) -> NDArray[np.uint8]:
    """The bytes of the field (N,), to hand to the worker."""
    return np.frombuffer(group_of(mesh).content, np.uint8)


def report_of(mesh: bpy.types.Mesh) -> dict[str, Any]:
    """How well the field was fitted; empty where that is not known."""
    return _parse(group_of(mesh).report or "{}")


@lru_cache(maxsize=8)
def _parse(text: str) -> dict[str, Any]:
    numbers: dict[str, Any] = json.loads(text)
    return numbers


def why_stale(obj: bpy.types.Object) -> str:
    """What has changed since the field was fitted, or its mesh was taken from it, for the panel; "" for nothing."""
    group = group_of(bridge.mesh_of(obj))
    source: bpy.types.Object | None = bpy.data.objects.get(group.source) if group.source else None
    if source is not None and source.type == "MESH" and storage.has_changed(source, group.source_fingerprint):
        return f"{source.name!r} has changed: fit it again"
    if storage.has_changed(obj, group.fingerprint):
        return "This mesh was edited, the field was not: extract again"
    return ""
