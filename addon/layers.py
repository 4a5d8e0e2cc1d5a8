# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a mesh carries besides its shape, as arrays: read before a mesh is rewritten, put back after.

Attributes of all kinds and domains (UV maps, colours, sharp edges, seams, creases, material of each face …),
vertex groups, custom normals, and which UV map and colours are the active ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .idnames import Attributes

_FIELDS: Mapping[str, tuple[str, int, type]] = {
    "FLOAT": ("value", 1, np.float32),
    "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_VECTOR": ("vector", 3, np.float32),
    "FLOAT_COLOR": ("color", 4, np.float32),
    "BYTE_COLOR": ("color_srgb", 4, np.float32),
    "QUATERNION": ("value", 4, np.float32),
    "FLOAT4X4": ("value", 16, np.float32),
    "BOOLEAN": ("value", 1, np.bool_),
    "INT": ("value", 1, np.int32),
    "INT8": ("value", 1, np.int32),
    "INT16_2D": ("value", 2, np.int32),
    "INT32_2D": ("value", 2, np.int32),
}
"""Type of an attribute → (name of its values, how many for each element, their type)."""

SMOOTH = frozenset({"FLOAT", "FLOAT2", "FLOAT_VECTOR", "FLOAT_COLOR", "BYTE_COLOR"})
"""Types that have a middle; the value of the others comes from the nearest element."""

_STRUCTURE = {"position", ".edge_verts", ".corner_vert", ".corner_edge", "custom_normal", Attributes.REPAIRED}
_SELECTION = (".select_", ".uv_select_")


@dataclass(frozen=True)
class Layer:
    """One attribute: values (n,) or (n, k), one row for each element of its domain."""

    name: str
    domain: str
    kind: str
    values: NDArray[Any]


@dataclass(frozen=True)
class Groups:
    """Vertex groups: names, which are locked, the active one; and entry by entry vertex, group and weight."""

    names: tuple[str, ...]
    locked: tuple[bool, ...]
    active: int
    vertex: NDArray[np.int64]
    group: NDArray[np.int64]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class Choices:
    """Names of the UV maps, colours and attribute that are the active, rendered or cloned ones; "" for none."""

    uv_active: str
    uv_render: str
    uv_clone: str
    color_active: str
    color_render: str
    attribute: str


def read_layers(data: bpy.types.Mesh) -> list[Layer]:
    """All attributes but those that make the shape itself, and the selection."""
    found = []
    for attribute in data.attributes:
        if attribute.name in _STRUCTURE or attribute.name.startswith(_SELECTION):
            continue
        values = _read(attribute)
        if values is not None:
            found.append(Layer(attribute.name, attribute.domain, attribute.data_type, values))
    return found


def _read(attribute: Any) -> NDArray[Any] | None:
    if attribute.data_type == "STRING":
        return np.array([item.value for item in attribute.data], object)
    if attribute.data_type not in _FIELDS:
        return None
    field, width, dtype = _FIELDS[attribute.data_type]
    values: NDArray[Any] = np.zeros((len(attribute.data), width), dtype)
    attribute.data.foreach_get(field, values.ravel())
    return values[:, 0].copy() if width == 1 else values


def write_layer(data: bpy.types.Mesh, layer: Layer) -> None:
    """Put an attribute on a mesh, in place of one of that name; the values must fit the mesh."""
    old: Any = data.attributes.get(layer.name)
    if old is not None and (old.domain != layer.domain or old.data_type != layer.kind):
        data.attributes.remove(old)
        old = None
    made: Any = data.attributes
    attribute: Any = old if old is not None else made.new(layer.name, layer.kind, layer.domain)
    if layer.kind == "STRING":
        for item, value in zip(attribute.data, layer.values, strict=True):
            item.value = value
        return
    field, _, dtype = _FIELDS[layer.kind]
    attribute.data.foreach_set(field, np.ascontiguousarray(layer.values, dtype).ravel())


def read_choices(data: bpy.types.Mesh) -> Choices:
    """Which layers are the active ones."""
    maps, colors = data.uv_layers, data.color_attributes
    render = next((layer.name for layer in maps if layer.active_render), "")
    clone = next((layer.name for layer in maps if layer.active_clone), "")
    return Choices(
        uv_active=maps.active.name if maps.active is not None else "",
        uv_render=render,
        uv_clone=clone,
        color_active=colors.active_color.name if colors.active_color is not None else "",
        color_render=_name(colors, colors.render_color_index),
        attribute=data.attributes.active.name if data.attributes.active is not None else "",
    )


def _name(layers: Any, index: int) -> str:
    return layers[index].name if 0 <= index < len(layers) else ""


def write_choices(data: bpy.types.Mesh, choices: Choices) -> None:
    """Make the layers of these names the active ones, where they are there."""
    maps, colors = data.uv_layers, data.color_attributes
    if choices.uv_active in maps:
        maps.active = maps[choices.uv_active]
    if choices.uv_render in maps:
        maps[choices.uv_render].active_render = True
    if choices.uv_clone in maps:
        maps[choices.uv_clone].active_clone = True
    if choices.color_active in colors:
        colors.active_color_index = colors.find(choices.color_active)
    if choices.color_render in colors:
        colors.render_color_index = colors.find(choices.color_render)
    if choices.attribute in data.attributes:
        data.attributes.active = data.attributes[choices.attribute]


def read_groups(obj: bpy.types.Object, data: bpy.types.Mesh) -> Groups:
    """The vertex groups of an object and the weights in its mesh."""
    groups = obj.vertex_groups
    entries = [(v.index, g.group, g.weight) for v in data.vertices for g in v.groups] if len(groups) else []
    table = np.array(entries, np.float64).reshape(-1, 3)
    inside = table[:, 1] < len(groups)
    return Groups(
        tuple(group.name for group in groups),
        tuple(group.lock_weight for group in groups),
        groups.active_index,
        table[inside, 0].astype(np.int64),
        table[inside, 1].astype(np.int64),
        table[inside, 2].astype(np.float32),
    )


def write_groups(obj: bpy.types.Object, groups: Groups) -> None:
    """Make exactly these vertex groups, on vertices that have none yet."""
    present = {group.name for group in obj.vertex_groups}
    for index, name in enumerate(groups.names):
        if name not in present:
            obj.vertex_groups.new(name=name)
        group = obj.vertex_groups[name]
        mine = groups.group == index
        _assign(group, groups.vertex[mine], groups.weight[mine])
        group.lock_weight = groups.locked[index]
    if groups.names:
        obj.vertex_groups.active_index = groups.active


def _assign(group: bpy.types.VertexGroup, vertices: NDArray[np.int64], weights: NDArray[np.float32]) -> None:
    """One call for each weight that occurs: there is no way to set different weights together."""
    order = np.argsort(weights, kind="stable")
    values, starts = np.unique(weights[order], return_index=True)
    for value, chosen in zip(values, np.split(vertices[order], starts[1:]), strict=True):
        group.add(chosen.tolist(), float(value), "REPLACE")


def read_normals(data: bpy.types.Mesh) -> NDArray[np.float32] | None:
    """(C, 3) the normal of each corner where the mesh has its own ones, or None."""
    if not data.has_custom_normals:
        return None
    values = np.empty((len(data.loops), 3), np.float32)
    data.corner_normals.foreach_get("vector", values.ravel())
    return values


def write_normals(data: bpy.types.Mesh, normals: NDArray[np.float32]) -> None:
    """Give each corner its own normal (C, 3); where it is zero, the one that Blender computes."""
    data.normals_split_custom_set(normals.tolist())


def write_slots(data: bpy.types.Mesh, slots: NDArray[Any]) -> None:
    """The material slot (F,) of each face."""
    data.polygons.foreach_set("material_index", slots.astype(np.int32))


def cloud_positions(cloud: Any) -> NDArray[np.float64]:
    """(N, 3) the points of a point cloud, local."""
    layer = cloud.attributes.get("position")
    points = np.empty((0 if layer is None else len(layer.data), 3), np.float32)
    if layer is not None:
        layer.data.foreach_get("vector", points.ravel())
    return points.astype(np.float64)
