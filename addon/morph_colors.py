# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours that follow shape keys, by geometry nodes: live, animated and rendered without this extension.

Geometry nodes see the mesh after its shape keys, but not the values of the keys. They are found again from the
positions: with a vector field d for each key (`core.blending.weights.weight_fields`), the value of key i is the sum of
dᵢ · (position − basis). No driver is needed, and copies of the object each follow their own keys.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge
from .idnames import Attributes

MODIFIER = "Morph Colors"
_COLOR, _DUAL, _BASIS = "morph_color_{}", ".morph_dual_{}", ".morph_basis_{}"
_PREFIXES = (".morph_", "morph_color_")


def write(mesh: bpy.types.Mesh, vertices: NDArray[Any], colors: NDArray[Any]) -> None:
    """Leave the colours of each shape, and the fields that tell the values of the keys, on the mesh.

    vertices, colors: (N, V, 3) of the first shape, then of the others.
    """
    from .core.blending.weights import weight_fields

    for number, rgb in enumerate(colors):
        bridge.write_color(mesh, _COLOR.format(number), rgb)
    for number, dual in enumerate(weight_fields(vertices), 1):
        bridge.write_attribute(mesh, _DUAL.format(number), dual)
        bridge.write_attribute(mesh, _BASIS.format(number), np.einsum("vk,vk->v", dual, vertices[0]))
    bridge.write_color(mesh, Attributes.COLOR, colors[0])


def add_modifier(obj: bpy.types.Object, count: int) -> None:
    """Let the colours of an object with `count` keys follow them, before all that its other modifiers do."""
    modifier: Any = obj.modifiers.new(MODIFIER, "NODES")
    modifier.node_group = _group(count)
    obj.modifiers.move(len(obj.modifiers) - 1, 0)


def remove(obj: bpy.types.Object) -> None:
    """Take the modifier off, and the fields that it needs; the blended colours stay as they are."""
    modifier: bpy.types.Modifier | None = obj.modifiers.get(MODIFIER)
    if modifier is not None:
        obj.modifiers.remove(modifier)
    layers = bridge.mesh_of(obj).attributes
    for name in [layer.name for layer in layers if layer.name.startswith(_PREFIXES)]:
        layers.remove(layers[name])


def _group(count: int) -> bpy.types.NodeTree:
    """The nodes for that many keys, shared by all morphs that have as many."""
    name = f"{MODIFIER} {count}"
    found: bpy.types.NodeTree | None = bpy.data.node_groups.get(name)
    if found is not None and found.bl_idname == "GeometryNodeTree" and found.library is None:
        return found
    tree: Any = bpy.data.node_groups.new(name, "GeometryNodeTree")
    tree.is_modifier = True
    for side in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=side, socket_type="NodeSocketGeometry")
    _Builder(tree).build(count)
    result: bpy.types.NodeTree = tree
    return result


class _Builder:
    """Puts nodes into a tree, one column after the other."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def build(self, count: int) -> None:
        """Geometry in, geometry with blended colours out."""
        enter, leave = self.node("NodeGroupInput", 0, 0), self.node("NodeGroupOutput", 8, 0)
        geometry, position = enter.outputs[0], self.node("GeometryNodeInputPosition", 0, 1).outputs[0]
        first = self.attribute(_COLOR.format(0), "FLOAT_VECTOR", 5, 1)
        total = first
        for number in range(1, count + 1):
            row = 2 * number
            dual = self.attribute(_DUAL.format(number), "FLOAT_VECTOR", 0, row)
            basis = self.attribute(_BASIS.format(number), "FLOAT", 0, row + 1)
            along = self.vector("DOT_PRODUCT", position, dual, 1, row, output="Value")
            value = self.sum(geometry, self.difference(along, basis, 2, row), 3, row)
            other = self.attribute(_COLOR.format(number), "FLOAT_VECTOR", 4, row)
            change = self.vector("SUBTRACT", other, first, 5, row)
            total = self.vector("ADD", total, self.scaled(change, value, 6, row), 7, row)
        total = self.vector("MINIMUM", self.vector("MAXIMUM", total, None, 7, 0), (1.0, 1.0, 1.0), 7, 1)
        self.tree.links.new(self.store(geometry, total), leave.inputs[0])

    def node(self, kind: str, column: int, row: int) -> Any:
        made = self.tree.nodes.new(kind)
        made.location = (220 * column, -220 * row)
        return made

    def connect(self, socket: Any, value: Any) -> None:
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        elif value is not None:
            socket.default_value = value

    def attribute(self, name: str, kind: str, column: int, row: int) -> Any:
        node = self.node("GeometryNodeInputNamedAttribute", column, row)
        node.data_type = kind
        node.inputs["Name"].default_value = name
        return _shown(node.outputs, "Attribute")

    def vector(self, operation: str, a: Any, b: Any, column: int, row: int, output: str = "Vector") -> Any:
        node = self.node("ShaderNodeVectorMath", column, row)
        node.operation = operation
        self.connect(node.inputs[0], a)
        self.connect(node.inputs[1], b)
        return _shown(node.outputs, output)

    def scaled(self, vector: Any, factor: Any, column: int, row: int) -> Any:
        node = self.node("ShaderNodeVectorMath", column, row)
        node.operation = "SCALE"
        self.connect(node.inputs[0], vector)
        self.connect(_shown(node.inputs, "Scale"), factor)
        return _shown(node.outputs, "Vector")

    def difference(self, a: Any, b: Any, column: int, row: int) -> Any:
        node = self.node("ShaderNodeMath", column, row)
        node.operation = "SUBTRACT"
        self.connect(node.inputs[0], a)
        self.connect(node.inputs[1], b)
        return node.outputs[0]

    def sum(self, geometry: Any, value: Any, column: int, row: int) -> Any:
        node = self.node("GeometryNodeAttributeStatistic", column, row)
        node.data_type, node.domain = "FLOAT", "POINT"
        self.connect(node.inputs["Geometry"], geometry)
        self.connect(_shown(node.inputs, "Attribute"), value)
        return _shown(node.outputs, "Sum")

    def store(self, geometry: Any, color: Any) -> Any:
        node = self.node("GeometryNodeStoreNamedAttribute", 8, 1)
        node.data_type, node.domain = "FLOAT_COLOR", "POINT"
        self.connect(node.inputs["Geometry"], geometry)
        self.connect(node.inputs["Name"], str(Attributes.COLOR))
        self.connect(_shown(node.inputs, "Value"), color)
        return node.outputs["Geometry"]


def _shown(sockets: Any, name: str) -> Any:
    """The socket of that name for the type that the node is set to; older versions hide one for each other type."""
    return next(socket for socket in sockets if socket.name == name and socket.enabled)
