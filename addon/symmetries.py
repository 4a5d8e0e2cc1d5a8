# SPDX-License-Identifier: GPL-3.0-or-later
"""The symmetries of a mesh: kept on the mesh data-block, and the lines that show them in the viewport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, storage
from .core.symmetry.elements import Axis, Element, Plane

if TYPE_CHECKING:
    from .properties.symmetry import SPHERICAL_COW_PG_symmetries, SPHERICAL_COW_PG_symmetry


def of(mesh: bpy.types.Mesh) -> SPHERICAL_COW_PG_symmetries:
    """What is kept on a mesh."""
    return storage.data_of(mesh).symmetries


def store(mesh: bpy.types.Mesh, found: Mapping[str, Any], fingerprint: str) -> None:
    """Put what `core.symmetry.detect` found, as its `to_dict` gives it, on a mesh.

    Where no plane is within the threshold the nearest one is kept as well; it does not count.
    """
    group = of(mesh)
    group.elements.clear()
    centre = np.array(found["centre"])
    for items in (found["planes"], found["axes"]):
        for number, item in enumerate(items, 1):
            row = group.elements.add()
            _fill(row, item, centre)
            row.name, row.counts = _title(row, number), True
    if not found["planes"] and found["nearest_plane"] is not None:
        row = group.elements.add()
        _fill(row, found["nearest_plane"], centre)
        row.name = "Nearest plane"
    group.active = 0
    group.kind, group.parameters, group.threshold = found["kind"], found["parameters"], found["threshold"]
    group.fingerprint = fingerprint


def _fill(row: SPHERICAL_COW_PG_symmetry, item: Mapping[str, Any], centre: NDArray[Any]) -> None:
    if "normal" in item:
        plane = Plane(np.array(item["normal"]), item["offset"])
        row.kind, row.direction = "PLANE", plane.normal
        row.point = centre - plane.distance(centre) * plane.normal
    else:
        row.kind, row.order = "AXIS", item["order"]
        row.direction, row.point = item["direction"], item["point"]
    row.error, row.largest, row.score = item["error"], item["largest"], item["score"]
    row.family = item["family"]


def _title(row: SPHERICAL_COW_PG_symmetry, number: int) -> str:
    """What a row is called in the list, numbered as on the command line."""
    if row.kind == "PLANE":
        return "Any plane through the axis" if row.family else f"Plane {number}"
    if row.family and row.order:
        return "2-fold axes across"
    return f"Axis {number}, {row.order}-fold" if row.order else f"Axis {number}, any angle"


def element_of(row: SPHERICAL_COW_PG_symmetry) -> Element:
    """A row as a plane or an axis of the library, in the coordinates of the mesh."""
    direction, point = (np.array(vector, dtype=np.float64) for vector in (row.direction, row.point))
    return Plane.through(point, direction) if row.kind == "PLANE" else Axis(direction, point, row.order)


def chosen(mesh: bpy.types.Mesh) -> Element | None:
    """The plane or axis that is chosen in the list, or None where nothing was found."""
    group = of(mesh)
    return element_of(group.elements[group.active]) if 0 <= group.active < len(group.elements) else None


def is_stale(obj: bpy.types.Object) -> bool:
    """Whether the mesh has changed since its symmetries were found (unknown during Edit Mode, then False)."""
    return storage.has_changed(obj, of(bridge.mesh_of(obj)).fingerprint)


def guide_of(obj: bpy.types.Object) -> bpy.types.Object | None:
    """The object of the lines that show symmetries of this object, or None where there is none.

    A copy of the object names the lines of the original, which are not its own.
    """
    guide = of(bridge.mesh_of(obj)).guide
    return guide if guide is not None and guide.parent == obj else None


def show(context: bpy.types.Context, obj: bpy.types.Object, elements: list[Element]) -> bpy.types.Object:
    """Draw lines for these elements: an object of edges, which is moved with `obj`, and is never rendered."""
    from .core.symmetry.guides import guides

    points, edges = guides(bridge.read(obj).mesh, elements)
    hide(obj)
    data = bridge.new_lines(f"{obj.name} Symmetry", points, edges)
    guide: bpy.types.Object = bpy.data.objects.new(data.name, data)
    guide.parent = obj
    guide.hide_render = guide.show_in_front = True
    for collection in obj.users_collection or (context.scene.collection,):
        collection.objects.link(guide)
    of(bridge.mesh_of(obj)).guide = guide
    return guide


def hide(obj: bpy.types.Object) -> bool:
    """Remove the lines; whether there were any."""
    guide = guide_of(obj)
    of(bridge.mesh_of(obj)).guide = None
    if guide is None:
        return False
    data = guide.data
    bpy.data.objects.remove(guide)
    if isinstance(data, bpy.types.Mesh) and not data.users:
        bpy.data.meshes.remove(data)
    return True
