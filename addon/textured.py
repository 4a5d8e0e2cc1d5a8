# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes with a picture on them: UV map, material and image, all kept in the .blend; and their colours at the vertices.

The image is found by its node in the material, so that it is the same one after saving, copying and appending.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, image_pixels, messages
from .core.mesh import Mesh
from .idnames import Attributes

UV_MAP = "UVMap"
_NODE = "Spherical Cow Texture"
_ROUGHNESS = 0.8
"""Of the material: the picture has the light in it already."""

Arrays = Mapping[str, NDArray[Any]]
"""`vertices` (V, 3) and `faces` (F, 3); where there are such, `color` (V, 3) linear RGB at the vertices, `uv`
(F, 3, 2) of each corner with v up, and `texture` (H, W, 3) sRGB in [0, 1], row 0 on top."""


def textured_object(context: bpy.types.Context, name: str, arrays: Arrays) -> bpy.types.Object:
    """A new object at the 3D cursor, selected and active."""
    return messages.place(context, textured_mesh(name, arrays), name)


def textured_mesh(name: str, arrays: Arrays) -> bpy.types.Mesh:
    """A new mesh with all that `arrays` has."""
    data = bridge.new_mesh(name, _mesh_of(arrays))
    _dress(data, arrays, live=False)
    return data


def update(obj: bpy.types.Object, arrays: Arrays, *, live: bool = False) -> None:
    """Give an object other arrays in place: it keeps its material and image, and what hangs on it.

    live: others will follow at once, so the image is not packed into the file yet. A mesh with other faces replaces
    the old one; otherwise only vertices move.
    """
    data, mesh = bridge.mesh_of(obj), _mesh_of(arrays)
    with bridge.object_mode(obj):
        if _is_on(data, mesh):
            bridge.write_positions(data, mesh.vertices)
            if "color" in mesh.attributes:
                bridge.write_color(data, Attributes.COLOR, mesh.attributes["color"])
        else:
            bridge.set_triangles(data, mesh)
        _dress(data, arrays, live=live)
        bridge.refresh(data)


def image_of(data: bpy.types.Mesh) -> bpy.types.Image | None:
    """The picture on a mesh, or None."""
    node = _node_of(data)
    image: bpy.types.Image | None = None if node is None else node.image
    return image


def _mesh_of(arrays: Arrays) -> Mesh:
    colors = {"color": arrays["color"]} if "color" in arrays else {}
    return Mesh(arrays["vertices"], arrays["faces"], colors)


def _is_on(data: bpy.types.Mesh, mesh: Mesh) -> bool:
    """Whether the mesh has those vertices and faces, so that they need only be moved."""
    if (len(data.vertices), len(data.loops)) != (mesh.n_vertices, 3 * mesh.n_faces):
        return False
    return bool(np.array_equal(bridge.corner_vertices(data), mesh.faces.ravel()))


def _dress(data: bpy.types.Mesh, arrays: Arrays, *, live: bool) -> None:
    if "uv" in arrays:
        bridge.write_uv(data, UV_MAP, arrays["uv"])
    if "texture" not in arrays:
        return
    node = _node_of(data)
    if node is None:
        node = _new_material(data)
    height, width = arrays["texture"].shape[:2]
    if node.image is None:
        node.image = bpy.data.images.new(f"{data.name} Texture", width, height)
    image_pixels.set_pixels(node.image, arrays["texture"])
    if not live:
        node.image.pack()


def _node_of(data: bpy.types.Mesh) -> Any:
    for material in data.materials:
        tree = material.node_tree if material is not None else None
        if tree is not None and _NODE in tree.nodes:
            return tree.nodes[_NODE]
    return None


def _new_material(data: bpy.types.Mesh) -> Any:
    """A material that shows an image, which its node, given back, still lacks."""
    material = bpy.data.materials.new(data.name)
    material.use_nodes = True
    tree = material.node_tree
    assert tree is not None
    shader: Any = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    node: Any = tree.nodes.new("ShaderNodeTexImage")
    node.name = node.label = _NODE
    node.extension = "EXTEND"
    node.location = (shader.location.x - 300.0, shader.location.y)
    tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = _ROUGHNESS
    tree.nodes.active = node  # which Solid shading shows, by Color ▸ Texture
    data.materials.append(material)
    return node
