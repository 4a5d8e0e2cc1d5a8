# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices: planes through an object with the distance from its surface as colour, which follow their settings."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import bridge, storage
from ..core.errors import InvalidParameter, SphericalCowError
from ..core.mesh import Mesh
from ..idnames import Attributes
from ..transforms import placed, require_solid, world_matrix

if TYPE_CHECKING:
    from ..core.fields.field import MeshField
    from ..core.fields.section import Section
    from ..properties.networks.sdf_tools import SPHERICAL_COW_PG_slice

MATERIAL = "Spherical Cow Slice"
QUICK = 60_000
"""Triangles of an object up to which a slice follows its sliders."""


def group_of(mesh: bpy.types.Mesh) -> SPHERICAL_COW_PG_slice:
    """What a mesh says of the slice that it is."""
    return storage.data_of(mesh).slice


def is_slice(obj: bpy.types.Object | None) -> bool:
    """Whether the object is a slice."""
    return obj is not None and obj.type == "MESH" and bool(group_of(bridge.mesh_of(obj)).source)


def mesh_of_group(group: bpy.types.PropertyGroup) -> bpy.types.Mesh:
    """The mesh that a group is of."""
    mesh = group.id_data
    assert isinstance(mesh, bpy.types.Mesh)
    return mesh


def source_of(mesh: bpy.types.Mesh) -> bpy.types.Object | None:
    """The object that a slice is of, or None where it is gone or renamed."""
    found: bpy.types.Object | None = bpy.data.objects.get(group_of(mesh).source)
    return found if found is not None and found.type == "MESH" else None


def key_of(obj: bpy.types.Object) -> str:
    """What a slice depends on: the mesh, and where it stands."""
    place = [round(float(value), 6) for value in world_matrix(obj).ravel()]
    return f"{bridge.current_fingerprint(obj)} {json.dumps(place)}"


def why_stale(mesh: bpy.types.Mesh) -> str:
    """Why a slice no longer shows its object as it is, for the panel; "" while it does."""
    source = source_of(mesh)
    if source is None:
        return f"{group_of(mesh).source!r} is gone or renamed"
    return "" if group_of(mesh).key == key_of(source) else "The object has changed or moved: update"


def world_mesh(obj: bpy.types.Object, use_modifiers: bool = True) -> Mesh:
    """The triangles of an object where they stand in the scene.

    Raises `InvalidParameter` for one that is scaled to nothing.
    """
    require_solid(obj)
    return placed(bridge.read(obj, use_modifiers=use_modifiers).mesh, obj)


@lru_cache(maxsize=2)
def _field(vertices: bytes, faces: bytes) -> MeshField:
    # The key is the mesh itself, so a changed one can never get a wrong answer.
    from ..core.fields.field import MeshField

    return MeshField(Mesh(np.frombuffer(vertices).reshape(-1, 3), np.frombuffer(faces, np.int64).reshape(-1, 3)))


def cut(source: bpy.types.Object, axis: str, position: float, resolution: int) -> Section:
    """The section of an object as it stands. Raises `InvalidMesh` where it has no inside."""
    from ..core.fields.section import section

    mesh = world_mesh(source)
    field = _field(mesh.vertices.tobytes(), mesh.faces.tobytes())
    return section(field, axis, position, resolution)


def recut(mesh: bpy.types.Mesh) -> None:
    """A setting of the slice has changed: cut again, where that takes no more than a moment."""
    source = source_of(mesh)
    if source is None:
        return
    group = group_of(mesh)
    try:
        if len(bridge.mesh_of(source).loops) > 3 * QUICK:
            raise InvalidParameter("The object is too large to follow a slider.", "Press Update.")
        found = cut(source, group.axis, group.position, group.resolution)
    except SphericalCowError:
        group.key = ""  # the panel says that the slice is not up to date
        return
    store(mesh, found, source)


def store(mesh: bpy.types.Mesh, found: Section, source: bpy.types.Object) -> None:
    """Put a section of the scene onto the mesh of a slice: places, distances and colours."""
    group = group_of(mesh)
    height, width = found.values.shape
    if (group.height, group.width) == (height, width) and len(mesh.vertices) == height * width:
        bridge.write_positions(mesh, found.points)
    else:
        quads = found.faces
        triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        bridge.set_triangles(mesh, Mesh(found.points, triangles))
    bridge.write_attribute(mesh, Attributes.SIGNED_DISTANCE, found.values.ravel())
    group.height, group.width = height, width
    group.smallest, group.largest = float(found.values.min()), float(found.values.max())
    group.source, group.key = source.name, key_of(source)
    recolor(mesh)


def recolor(mesh: bpy.types.Mesh) -> None:
    """Colour a slice anew from its distances."""
    from ..core.meshfile.color import srgb_to_linear
    from ..core.section_colours import section_colours

    group, values = group_of(mesh), bridge.read_attribute(mesh, Attributes.SIGNED_DISTANCE)
    if values is None or len(values) != group.height * group.width:
        return
    grid: NDArray[Any] = values.astype(np.float64).reshape(group.height, group.width)
    colors = srgb_to_linear(section_colours(grid, group.limit, group.spacing, lines=group.lines))
    bridge.write_color(mesh, Attributes.SHOWN, colors.reshape(-1, 3))
    mesh.update()


def material() -> bpy.types.Material:
    """The material of slices: their colours, without light."""
    found: bpy.types.Material | None = bpy.data.materials.get(MATERIAL)
    if found is not None:
        return found
    made = bpy.data.materials.new(MATERIAL)
    made.use_nodes = True
    tree = made.node_tree
    assert tree is not None
    tree.nodes.clear()
    color, light = tree.nodes.new("ShaderNodeAttribute"), tree.nodes.new("ShaderNodeEmission")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    color.attribute_name = Attributes.SHOWN
    light.location, output.location = (200.0, 0.0), (400.0, 0.0)
    tree.links.new(color.outputs["Color"], light.inputs["Color"])
    tree.links.new(light.outputs["Emission"], output.inputs["Surface"])
    return made
