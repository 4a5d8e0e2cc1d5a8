# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a symmetric mesh in place, with everything that it carries: UV maps, colours, materials, vertex groups.

By geometry Blender's own `bmesh.ops.symmetrize` cuts and welds, in coordinates in which the plane is x = 0; where the
vertices lie in the end is then set from their places before, so that the kept half does not move by a rounding error.
By index nothing but values changes: each vertex and corner takes those of its partner.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bmesh
import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, layers
from .core.symmetry.elements import Plane
from .idnames import Attributes
from .layers import Groups, Layer

_SNAP = 1e-5
"""Vertices this near to the plane, as a part of the diagonal, are welded there: Blender's floats have seven digits."""
_PLACE, _NORMAL = ".spherical_cow_place", ".spherical_cow_normal"
UV_MAP = "Symmetric"
"""Name of the UV map that is cut along the mirror."""


def cut_and_mirror(obj: bpy.types.Object, plane: Plane, side: str, uvs: str) -> int:
    """Replace one half of the mesh of an object in Object Mode by the mirror image of the other.

    side: "positive" or "negative", the half that is kept. uvs: "SHARE" or "MIRROR", see `choices.UV_SIDES`.
    Gives the number of vertices.
    """
    from .core.symmetry.left_right import in_frame

    data = bridge.mesh_of(obj)
    normals = layers.read_normals(data)
    if normals is not None:
        layers.write_layer(data, Layer(_NORMAL, "CORNER", "FLOAT_VECTOR", normals))
    bm = bmesh.new()
    try:
        bm.from_mesh(data)
        place = bm.verts.layers.float_vector.new(_PLACE)
        points = bridge.positions(data)
        for vertex, here, local in zip(bm.verts, points, in_frame(points, plane), strict=True):
            vertex[place] = here
            vertex.co = local
        reach = max(float(np.linalg.norm(np.ptp(points, axis=0))), 1e-9) * _SNAP
        direction: Any = "X" if side == "positive" else "-X"
        bmesh.ops.symmetrize(bm, input=[*bm.verts, *bm.edges, *bm.faces], direction=direction, dist=reach)
        sign = 1.0 if side == "positive" else -1.0
        height = sign * np.array([vertex.co.x for vertex in bm.verts])
        final = np.array([vertex[place] for vertex in bm.verts]).reshape(-1, 3)
        middle, image = np.abs(height) <= reach, height < -reach
        final[middle] -= plane.distance(final[middle])[:, None] * plane.normal
        final[image] = plane.reflect(final[image])
        for vertex, there in zip(bm.verts, final, strict=True):
            vertex.co = there
        bm.verts.layers.float_vector.remove(place)
        _turn_groups(obj, bm, image)
        if uvs == "MIRROR":
            _mirror_uvs(bm, image)
        bm.normal_update()
        bm.to_mesh(data)
    finally:
        bm.free()
    data.update()
    if normals is not None:
        _write_mirrored_normals(data, plane, sign)
    return len(data.vertices)


def _write_mirrored_normals(data: bpy.types.Mesh, plane: Plane, sign: float) -> None:
    """The corner normals that came along, those of the images reflected, as the mesh's own ones again."""
    layer = next(layer for layer in layers.read_layers(data) if layer.name == _NORMAL)
    height = np.where(_faces_kept(data, sign * plane.distance(bridge.positions(data))), 1.0, -1.0)
    reflected = layer.values - 2.0 * (layer.values @ plane.normal)[:, None] * plane.normal
    data.attributes.remove(data.attributes[_NORMAL])
    layers.write_normals(data, np.where(height[:, None] > 0.0, layer.values, reflected).astype(np.float32))


def _turn_groups(obj: bpy.types.Object, bm: bmesh.types.BMesh, image: NDArray[np.bool_]) -> None:
    """On the images, weights of a group named for one side go to that of the other: Arm.L to Arm.R."""
    deform, other = bm.verts.layers.deform.active, other_sides(tuple(group.name for group in obj.vertex_groups))
    if deform is None or (other == np.arange(len(other))).all():
        return
    for vertex, turned in zip(bm.verts, image, strict=True):
        if turned:
            weights: Any = vertex[deform]
            found = weights.items()
            weights.clear()
            for index, weight in found:
                weights[int(other[index])] = weight


def other_sides(names: tuple[str, ...]) -> NDArray[np.int64]:
    """(G,) for each name of a vertex group the number of the one for the other side, or its own."""
    number = {name: index for index, name in enumerate(names)}
    return np.array([number.get(bpy.utils.flip_name(name), index) for name, index in number.items()], np.int64)


def _mirror_uvs(bm: bmesh.types.BMesh, image: NDArray[np.bool_]) -> None:
    """Turn the UV islands of the images over: u becomes 1 − u, within the tile of each face."""
    bm.verts.index_update()
    faces = [face for face in bm.faces if any(image[vertex.index] for vertex in face.verts)]
    for layer in bm.loops.layers.uv.values():
        for face in faces:
            tile = np.floor(np.mean([loop[layer].uv.x for loop in face.loops]))
            for loop in face.loops:
                loop[layer].uv.x = 2.0 * tile + 1.0 - loop[layer].uv.x


def add_uvs(data: bpy.types.Mesh, values: NDArray[Any]) -> None:
    """A UV map of its own (C, 2), besides those that are there; the active one stays so."""
    active = data.uv_layers.active.name if data.uv_layers.active is not None else UV_MAP
    layers.write_layer(data, Layer(UV_MAP, "CORNER", "FLOAT2", values))
    data.uv_layers.active = data.uv_layers[active]


def move_to_partners(
    obj: bpy.types.Object,
    plane: Plane,
    vertices: NDArray[Any],
    vertex_partner: NDArray[np.int64],
    corner_partner: NDArray[np.int64],
    side: str,
    uvs: str,
) -> None:
    """Move the vertices, and give vertices and corners the values of their partners.

    vertices (V, 3): where they go. side: the half whose values are kept, or "average"; UV maps are never averaged,
    then the positive half's are kept. Own attributes of this extension, and those without a middle, stay.
    """
    from .core.symmetry.symmetrise import own_share, shared

    data = bridge.mesh_of(obj)
    height = plane.distance(bridge.positions(data))
    share = own_share(height, vertex_partner, side)
    corner_vertex = bridge.corner_vertices(data)
    face_side = _faces_kept(data, height if side != "negative" else -height)
    by_corner = share[corner_vertex]
    if side != "average":  # around a vertex in the mirror the face decides
        alone = (vertex_partner == np.arange(len(vertex_partner)))[corner_vertex]
        by_corner = np.where(alone, face_side, by_corner)
    normals = layers.read_normals(data)
    for layer in layers.read_layers(data):
        if layer.kind not in layers.SMOOTH or layer.name in set(Attributes):
            continue
        if layer.domain == "POINT":
            _write(data, layer, shared(layer.values, share, vertex_partner))
        elif layer.domain == "CORNER" and layer.kind == "FLOAT2":
            _write(data, layer, _partner_uvs(layer.values, corner_partner, face_side, uvs))
        elif layer.domain == "CORNER":
            _write(data, layer, shared(layer.values, by_corner, corner_partner))
    groups = layers.read_groups(obj, data)
    if groups.names:
        obj.vertex_groups.clear()
        layers.write_groups(obj, _shared_groups(groups, share, vertex_partner))
    bridge.write_positions(data, vertices)
    if normals is not None:
        images = normals[corner_partner] - 2.0 * (normals[corner_partner] @ plane.normal)[:, None] * plane.normal
        mixed = by_corner[:, None] * normals + (1.0 - by_corner[:, None]) * images
        mixed /= np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
        layers.write_normals(data, mixed.astype(np.float32))


def _write(data: bpy.types.Mesh, layer: Layer, values: NDArray[Any]) -> None:
    layers.write_layer(data, replace(layer, values=values))


def _faces_kept(data: bpy.types.Mesh, height: NDArray[Any]) -> NDArray[np.bool_]:
    """(C,) for each corner whether its face is mostly on the kept side."""
    shape = bridge.connectivity(data)
    total = np.bincount(shape.corner_polygon, height[bridge.corner_vertices(data)], len(data.polygons))
    return np.asarray((total >= 0.0)[shape.corner_polygon])


def _partner_uvs(
    values: NDArray[Any], partner: NDArray[np.int64], face_kept: NDArray[np.bool_], uvs: str
) -> NDArray[Any]:
    """(C, 2) the corners of faces on the other side take the place of their partners, turned over if so wished."""
    taken = values[partner].copy()
    if uvs == "MIRROR":
        tile = np.floor(taken[:, 0])
        taken[:, 0] = 2.0 * tile + 1.0 - taken[:, 0]
    return np.where(face_kept[:, None], values, taken)


def _shared_groups(groups: Groups, share: NDArray[Any], partner: NDArray[np.int64]) -> Groups:
    weights = np.zeros((len(share), len(groups.names)))
    weights[groups.vertex, groups.group] = groups.weight
    turned = weights[partner][:, other_sides(groups.names)]
    mixed = (share[:, None] * weights + (1.0 - share[:, None]) * turned).astype(np.float32)
    vertex, group = np.nonzero(mixed > 0.0)
    return replace(groups, vertex=vertex, group=group, weight=mixed[vertex, group])
