# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape codes in Blender: where they are kept, and the surface that the slider between two members shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import bridge, storage, transforms
from ..core.errors import CheckpointError, InvalidParameter
from ..core.mesh import Mesh

if TYPE_CHECKING:
    from ..core.networks.deepsdf.codes import ShapeCodes
    from ..properties.networks.codes import SPHERICAL_COW_PG_codes


def group_of(mesh: bpy.types.Mesh) -> SPHERICAL_COW_PG_codes:
    """The shape codes of a mesh, with their slider."""
    group: SPHERICAL_COW_PG_codes = storage.data_of(mesh).codes
    return group


def has_codes(obj: bpy.types.Object | None) -> bool:
    """Whether the object shows shape codes."""
    return obj is not None and obj.type == "MESH" and bool(group_of(bridge.mesh_of(obj)).key)


def holders(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The objects of the scene that show shape codes."""
    return [obj for obj in context.scene.objects if has_codes(obj)]


def sources(context: bpy.types.Context, active: bpy.types.Object | None) -> list[bpy.types.Object]:
    """The selected meshes without shape codes; the active one first, if among them."""
    found = [obj for obj in context.selected_objects if obj.type == "MESH" and not has_codes(obj)]
    return sorted(found, key=lambda obj: (obj != active, obj.name))


def pair(
    context: bpy.types.Context, active: bpy.types.Object | None, chosen: bpy.types.Object | None = None
) -> tuple[bpy.types.Object | None, bpy.types.Object | None]:
    """(the object with the codes, the mesh to fit): the active one is one of them.

    Beside an active mesh the codes are the chosen ones, the selected ones, or the only ones of the scene; beside active
    codes the mesh is the first selected one.
    """
    if has_codes(active):
        return active, next(iter(sources(context, active)), None)
    there = holders(context)
    selected = [obj for obj in there if obj in context.selected_objects]
    if chosen in there:
        return chosen, active
    return (selected or there)[0] if len(selected) == 1 or len(there) == 1 else None, active


def seen_from(active: bpy.types.Object, obj: bpy.types.Object) -> Mesh:
    """The mesh of an object, scaled and turned as it looks in the scene beside the active one; where it stands does not
    count. Raises `InvalidParameter` for an object that is scaled to nothing."""
    mesh = bridge.read(obj, use_modifiers=obj.mode == "OBJECT").mesh
    matrix = transforms.seen_from(active, obj)
    matrix[:3, 3] = 0.0
    return transforms.moved(mesh, matrix)


def why_not_live(mesh: bpy.types.Mesh) -> str:
    """Why the slider does not move this mesh, in words for the panel; "" when it does."""
    if not group_of(mesh).key:
        return "Train shape codes first: the new object has the slider"
    if mesh.shape_keys is not None:
        return "The mesh has shape keys: remove them to use the slider again"
    if mesh.is_editmode:
        return "Leave Edit Mode first"
    return ""


def store(mesh: bpy.types.Mesh, content: bytes, report: Mapping[str, Any]) -> None:
    """Make a mesh the place of shape codes: their bytes, their members, and what is known of them.

    report: `loss` and `f1`, each where it is known. Raises `CheckpointError` for damage.
    """
    key = hashlib.sha256(content).hexdigest()
    codes = _parse(storage.Stored(key, lambda: content))
    group = group_of(mesh)
    group.content, group.key = content, key
    group.loss, group.f1 = float(report.get("loss", group.loss)), float(report.get("f1", group.f1))
    group.parameters, group.code = codes.decoder.layout.parameters, codes.decoder.layout.code
    group.members.clear()
    for name in codes.names:
        item = group.members.add()
        item.name, item.f1 = name, codes.f1_of(name)


def content_array(mesh: bpy.types.Mesh) -> NDArray[np.uint8]:
    """The bytes of the codes as (N,) uint8, to hand to the worker."""
    return np.frombuffer(group_of(mesh).content, np.uint8)


def load(mesh: bpy.types.Mesh) -> ShapeCodes:
    """The codes that a mesh carries. Raises `InvalidParameter` where there are none, `CheckpointError` for damage."""
    group = group_of(mesh)
    if not group.key:
        raise InvalidParameter(f"{mesh.name!r} shows no shape codes.", "Train some first.")
    return _parse(storage.Stored(group.key, lambda: group.content))


@lru_cache(maxsize=2)
def _parse(stored: storage.Stored) -> ShapeCodes:
    from ..core.networks.deepsdf.codes_file import codes_from_bytes

    return codes_from_bytes(stored.content(), "What is stored on this mesh")


def blend_of(mesh: bpy.types.Mesh) -> dict[str, float]:
    """Name → weight of what the slider asks for. A name that is unknown counts as the first member."""
    group = group_of(mesh)
    names = [member.name for member in group.members]
    first, second = (name if name in names else names[0] for name in (group.first, group.second))
    return {first: 1.0} if first == second else {first: 1.0 - group.weight, second: group.weight}


def show(mesh: bpy.types.Mesh, first: str, second: str, weight: float) -> None:
    """Put the slider between two members, and show what is there."""
    group = group_of(mesh)
    group.resting = True  # else each of these would look for the surface
    group.first, group.second, group.weight = first, second, weight
    group.resting = False
    refresh(mesh)


def refresh(mesh: bpy.types.Mesh) -> None:
    """Show a first look at what the slider asks for; nothing where it does not move the mesh, or would take long."""
    group = group_of(mesh)
    if group.resting or why_not_live(mesh):
        return
    from ..core.fields.extraction import Extraction

    try:
        codes = load(mesh)
        cells = codes.quick_resolution()
        if not cells:
            group.cells = 0
            return
        made = codes.mesh(codes.blend(blend_of(mesh)), Extraction(cells, 2))
    except (CheckpointError, InvalidParameter):
        return  # the panel says why: its buttons fail with the same words
    set_surface(mesh, made, cells)


def set_surface(mesh: bpy.types.Mesh, made: Mesh, cells: int) -> None:
    """Show a surface that was found on a grid of so many cells."""
    bridge.set_triangles(mesh, made)
    group_of(mesh).cells = cells
