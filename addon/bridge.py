# SPDX-License-Identifier: GPL-3.0-or-later
"""Between Blender's meshes and `core.Mesh`: the only place that moves arrays in and out of Blender."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .core.errors import InvalidMesh
from .core.mesh import Mesh
from .idnames import Attributes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Reading:
    """A Blender mesh as triangles.

    mesh: all vertices in Blender's order; `color` (V, 3) is linear RGB, where there is a colour attribute.
    polygon: (F,) the polygon that each triangle is part of.
    fingerprint: changes when a vertex moves or the connectivity changes (see `fingerprint`).
    """

    mesh: Mesh
    polygon: IntArray
    fingerprint: str


def mesh_of(obj: bpy.types.Object) -> bpy.types.Mesh:
    """The data of a mesh object; what is no mesh has been refused before."""
    assert isinstance(obj.data, bpy.types.Mesh)
    return obj.data


def read(obj: bpy.types.Object, *, use_modifiers: bool = False) -> Reading:
    """The mesh of an object, in its own (local) coordinates; polygons become triangles.

    In Edit Mode the unfinished edits are taken along. With `use_modifiers` it is what the modifiers make.
    Raises `InvalidMesh` when the object is not a mesh.
    """
    if obj.type != "MESH":
        raise InvalidMesh(f"{obj.name!r} is not a mesh.", "Select a mesh object.")
    with _data(obj, use_modifiers) as data:
        faces, polygon = triangles(data)
        colors = read_color(data)
        mesh = Mesh(positions(data), faces, {} if colors is None else {"color": colors})
        return Reading(mesh, polygon, fingerprint(data))


@contextmanager
def _data(obj: bpy.types.Object, use_modifiers: bool) -> Iterator[bpy.types.Mesh]:
    if obj.mode == "EDIT":
        obj.update_from_editmode()
    if use_modifiers:
        evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
        try:
            yield evaluated.to_mesh()
        finally:
            evaluated.to_mesh_clear()
    elif obj.mode == "EDIT":  # attributes of a mesh under edit cannot be read; those of a copy can
        copy = mesh_of(obj).copy()
        try:
            yield copy
        finally:
            bpy.data.meshes.remove(copy)
    else:
        yield obj.data


@contextmanager
def object_mode(obj: bpy.types.Object) -> Iterator[None]:
    """Within, the object is in Object Mode, where its attributes can be written; then in its old mode."""
    mode = obj.mode
    if mode == "OBJECT":
        yield
        return
    with bpy.context.temp_override(object=obj, active_object=obj, selected_objects=[obj]):
        bpy.ops.object.mode_set(mode="OBJECT")
        try:
            yield
        finally:
            bpy.ops.object.mode_set(mode=mode)


def current_fingerprint(obj: bpy.types.Object) -> str:
    """The fingerprint of the object's own mesh now, edits in Edit Mode among them."""
    with _data(obj, False) as data:
        return fingerprint(data)


def _get(collection: Any, name: str, shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
    array: NDArray[Any] = np.empty(shape, dtype)
    collection.foreach_get(name, array.ravel())
    return array


def positions(data: bpy.types.Mesh) -> FloatArray:
    """(V, 3) vertex positions, local."""
    return _positions(data).astype(np.float64)


def _positions(data: bpy.types.Mesh) -> NDArray[np.float32]:
    # Through the attribute it is one copy of memory: a hundred times faster than through `vertices`.
    layer: Any = data.attributes.get("position")
    if layer is None or len(layer.data) != len(data.vertices):
        return _get(data.vertices, "co", (len(data.vertices), 3), np.float32)
    return _get(layer.data, "vector", (len(data.vertices), 3), np.float32)


def _corner_vertices(data: bpy.types.Mesh) -> NDArray[np.int32]:
    layer: Any = data.attributes.get(".corner_vert")
    if layer is None or len(layer.data) != len(data.loops):
        return _get(data.loops, "vertex_index", (len(data.loops),), np.int32)
    return _get(layer.data, "value", (len(data.loops),), np.int32)


def corner_vertices(data: bpy.types.Mesh) -> IntArray:
    """(C,) the vertex of each corner of the polygons."""
    return _corner_vertices(data).astype(np.int64)


def triangles(data: bpy.types.Mesh) -> tuple[IntArray, IntArray]:
    """(faces (F, 3), polygon (F,)): the polygons cut into triangles as Blender draws them."""
    data.calc_loop_triangles()
    count = len(data.loop_triangles)
    faces = _get(data.loop_triangles, "vertices", (count, 3), np.int32)
    polygon = _get(data.loop_triangles, "polygon_index", (count,), np.int32)
    return faces.astype(np.int64), polygon.astype(np.int64)


@dataclass(frozen=True)
class Connectivity:
    """How a mesh hangs together.

    loop_start, loop_total: (P,) of each polygon. corner_edge, corner_polygon: (C,) of each corner.
    triangle_corners, triangle_vertices: (F, 3); triangle_polygon: (F,), in the order of `triangles`.
    """

    loop_start: IntArray
    loop_total: IntArray
    corner_edge: IntArray
    corner_polygon: IntArray
    triangle_corners: IntArray
    triangle_vertices: IntArray
    triangle_polygon: IntArray


def connectivity(data: bpy.types.Mesh) -> Connectivity:
    """Polygons, corners and triangles of a mesh."""
    faces, polygon = triangles(data)
    corners = _get(data.loop_triangles, "loops", (len(faces), 3), np.int32).astype(np.int64)
    start = _get(data.polygons, "loop_start", (len(data.polygons),), np.int32).astype(np.int64)
    total = _get(data.polygons, "loop_total", (len(data.polygons),), np.int32).astype(np.int64)
    edge = _get(data.loops, "edge_index", (len(data.loops),), np.int32).astype(np.int64)
    return Connectivity(start, total, edge, np.repeat(np.arange(len(total)), total), corners, faces, polygon)


def replace_geometry(
    data: bpy.types.Mesh,
    vertices: FloatArray,
    edges: IntArray,
    corner_vertex: IntArray,
    corner_edge: IntArray,
    loop_start: IntArray,
) -> None:
    """Another geometry in the same data-block, which loses all attributes; call `refresh` at the end.

    vertices (V, 3), edges (E, 2), corner_vertex and corner_edge (C,), loop_start (P,).
    """
    data.clear_geometry()
    data.vertices.add(len(vertices))
    data.edges.add(len(edges))
    data.loops.add(len(corner_vertex))
    data.polygons.add(len(loop_start))
    data.attributes["position"].data.foreach_set("vector", np.ascontiguousarray(vertices, np.float32).ravel())
    data.edges.foreach_set("vertices", np.ascontiguousarray(edges, np.int32).ravel())
    data.loops.foreach_set("vertex_index", corner_vertex.astype(np.int32))
    data.loops.foreach_set("edge_index", corner_edge.astype(np.int32))
    data.polygons.foreach_set("loop_start", loop_start.astype(np.int32))


def refresh(data: bpy.types.Mesh) -> None:
    """Let Blender see that the mesh has changed."""
    data.update()


def edge_indices(obj: bpy.types.Object, pairs: IntArray) -> IntArray:
    """Indices of the edges between pairs (n, 2) of vertices; pairs without an edge are left out."""
    if not len(pairs):
        return np.empty(0, np.int64)
    with _data(obj, False) as data:
        ends = _get(data.edges, "vertices", (len(data.edges), 2), np.int32).astype(np.int64)
        size = len(data.vertices)
    return np.flatnonzero(np.isin(_edge_keys(ends, size), _edge_keys(pairs, size)))


def _edge_keys(pairs: IntArray, size: int) -> IntArray:
    return pairs.min(axis=1) * size + pairs.max(axis=1)


def select(data: bpy.types.Mesh, kind: str, indices: NDArray[Any]) -> None:
    """Select these vertices, edges or polygons ("VERT", "EDGE", "FACE") and what they are made of, only."""
    names: dict[str, Any] = {"VERT": data.vertices, "EDGE": data.edges, "FACE": data.polygons}
    vertices = np.zeros(len(data.vertices), bool)
    chosen = np.zeros(len(names[kind]), dtype=np.bool_)
    chosen[indices] = True
    if kind == "VERT":
        vertices = chosen
    elif kind == "EDGE":
        ends = _get(data.edges, "vertices", (len(data.edges), 2), np.int32)
        vertices[ends[chosen]] = True
        data.edges.foreach_set("select", chosen)
    else:
        total = _get(data.polygons, "loop_total", (len(data.polygons),), np.int32)
        vertices[_corner_vertices(data)[np.repeat(chosen, total)]] = True
        data.polygons.foreach_set("select", chosen)
    data.vertices.foreach_set("select", vertices)


def read_color(data: bpy.types.Mesh) -> FloatArray | None:
    """(V, 3) linear RGB of the active colour attribute, or None where there is none.

    Byte colours are decoded from sRGB; colours of corners are averaged at their vertex.
    """
    layer = data.color_attributes.active_color
    if layer is None or layer.name == Attributes.SHOWN or not len(layer.data):
        return None
    values = _get(layer.data, "color", (len(layer.data), 4), np.float32)[:, :3].astype(np.float64)
    if layer.domain == "POINT":
        return values
    corner_vertex = _corner_vertices(data)
    count = np.maximum(np.bincount(corner_vertex, minlength=len(data.vertices)), 1)
    sums = [np.bincount(corner_vertex, values[:, k], len(data.vertices)) for k in range(3)]
    return np.stack(sums, axis=1) / count[:, None]


def fingerprint(data: bpy.types.Mesh) -> str:
    """A short text that changes when positions or connectivity change; about 5 ms for a million faces."""
    points = _positions(data).ravel().view(np.uint32)
    corners = _corner_vertices(data).view(np.uint32)
    return f"{len(data.vertices)}.{len(data.polygons)}.{_checksum(points):x}.{_checksum(corners):x}"


def _checksum(words: NDArray[np.uint32]) -> int:
    """A sum modulo 2⁶⁴ that depends on the order: each word times an odd number of its place."""
    weight = np.arange(1, 2 * len(words), 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return int((words.astype(np.uint64) * weight).sum(dtype=np.uint64))


def write_positions(data: bpy.types.Mesh, vertices: NDArray[np.floating[Any]]) -> None:
    """Move the vertices to `vertices` (V, 3)."""
    layer = data.attributes["position"]
    layer.data.foreach_set("vector", np.ascontiguousarray(vertices, np.float32).ravel())
    data.update()


def write_key(key: bpy.types.ShapeKey, vertices: NDArray[np.floating[Any]]) -> None:
    """Set the positions (V, 3) of a shape key."""
    key.data.foreach_set("co", np.ascontiguousarray(vertices, np.float32).ravel())


def read_attribute(data: bpy.types.Mesh, name: str) -> NDArray[np.float32] | None:
    """(V,) or (V, 3) values of a point attribute, or None where there is none of that size."""
    layer: Any = data.attributes.get(name)
    if layer is None or layer.domain != "POINT" or len(layer.data) != len(data.vertices):
        return None
    if layer.data_type == "FLOAT_VECTOR":
        return _get(layer.data, "vector", (len(layer.data), 3), np.float32)
    if layer.data_type == "FLOAT":
        return _get(layer.data, "value", (len(layer.data),), np.float32)
    return None


def write_attribute(data: bpy.types.Mesh, name: str, values: NDArray[np.floating[Any]]) -> None:
    """Put (V,) numbers or (V, 3) vectors on the vertices under this name, in place of what was there."""
    kind = "FLOAT" if values.ndim == 1 else "FLOAT_VECTOR"
    layer = _layer(data.attributes, name, kind)
    field = "value" if values.ndim == 1 else "vector"
    layer.data.foreach_set(field, np.ascontiguousarray(values, np.float32).ravel())


def _layer(layers: Any, name: str, kind: str) -> Any:
    old = layers.get(name)
    if old is not None and (old.domain != "POINT" or old.data_type != kind):
        layers.remove(old)
        old = None
    return old if old is not None else layers.new(name, kind, "POINT")


def write_color(data: bpy.types.Mesh, name: str, rgb: NDArray[np.floating[Any]]) -> None:
    """Put (V, 3) linear RGB on the vertices as a float colour attribute; it becomes the active one."""
    rgba = np.ones((len(rgb), 4), np.float32)
    rgba[:, :3] = rgb
    layer = _layer(data.color_attributes, name, "FLOAT_COLOR")
    layer.data.foreach_set("color", rgba.ravel())
    index = data.color_attributes.find(name)
    data.color_attributes.active_color_index = index
    data.color_attributes.render_color_index = index


def write_uv(data: bpy.types.Mesh, name: str, uv: NDArray[np.floating[Any]]) -> None:
    """Put `uv` (F, 3, 2), v up, on the corners of triangles as the UV map of this name; it becomes the active one."""
    layer: Any = data.uv_layers.get(name) or data.uv_layers.new(name=name, do_init=False)
    layer.uv.foreach_set("vector", np.ascontiguousarray(uv, np.float32).ravel())
    data.uv_layers.active = layer
    layer.active_render = True


def flagged(data: bpy.types.Mesh, name: str) -> IntArray:
    """Indices of the polygons for which this boolean face attribute is true."""
    layer: Any = data.attributes.get(name)
    if layer is None or layer.domain != "FACE" or layer.data_type != "BOOLEAN":
        return np.empty(0, np.int64)
    return np.flatnonzero(_get(layer.data, "value", (len(layer.data),), np.bool_))


def new_mesh(name: str, mesh: Mesh, *, smooth: bool = True) -> bpy.types.Mesh:
    """A new Blender mesh of these triangles, shaded smooth or flat; the `color` attribute comes along."""
    data = bpy.data.meshes.new(name)
    _fill(data, mesh, smooth)
    return data


def set_triangles(data: bpy.types.Mesh, mesh: Mesh) -> None:
    """Other triangles in the same data-block, shaded smooth; it loses all attributes, and keeps its materials."""
    data.clear_geometry()
    _fill(data, mesh, smooth=True)
    data.update()


def _fill(data: bpy.types.Mesh, mesh: Mesh, smooth: bool) -> None:
    if not mesh.n_vertices:  # an empty mesh has no attributes either
        return
    data.vertices.add(mesh.n_vertices)
    data.loops.add(3 * mesh.n_faces)
    data.polygons.add(mesh.n_faces)
    data.loops.foreach_set("vertex_index", mesh.faces.astype(np.int32).ravel())
    data.polygons.foreach_set("loop_start", np.arange(0, 3 * mesh.n_faces, 3, dtype=np.int32))
    data.update(calc_edges=True)
    if smooth:
        data.shade_smooth()
    else:
        data.shade_flat()
    write_positions(data, mesh.vertices)
    if "color" in mesh.attributes:
        write_color(data, Attributes.COLOR, mesh.attributes["color"])


def new_lines(name: str, points: FloatArray, edges: IntArray) -> bpy.types.Mesh:
    """A new Blender mesh of edges (E, 2) between points (N, 3), without faces."""
    data = bpy.data.meshes.new(name)
    data.vertices.add(len(points))
    data.edges.add(len(edges))
    data.edges.foreach_set("vertices", np.ascontiguousarray(edges, np.int32).ravel())
    write_positions(data, points)
    return data
