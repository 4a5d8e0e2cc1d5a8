# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a repaired mesh in the place of the old one, with everything that the old one carried.

A repair works on triangles and says where each comes from. Polygons whose triangles are all still there stay
the polygons that they were, with all attributes to the bit. What is new takes its values from the nearest point of
the old surface. Nothing here computes geometry: it only looks up and mixes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, layers
from .idnames import Attributes
from .layers import Groups, Layer

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Repaired:
    """What the worker gives back; indices are of the old mesh's vertices and triangles, -1 for what is new.

    vertices (V, 3), faces (F, 3): the result. vertex_source (V,), face_source (F,): the same one in the old mesh.
    turned (F,): whether that triangle looks to the other side now. vertex_face (V,), vertex_weights (V, 3): nearest
    triangle to each vertex and the point in it. nearest_face (F,), corner_weights (F, 3, 3): nearest triangle to each
    triangle, and the points in it for its corners.
    """

    vertices: Floats
    faces: Ints
    vertex_source: Ints
    face_source: Ints
    turned: Bools
    vertex_face: Ints
    vertex_weights: Floats
    nearest_face: Ints
    corner_weights: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Repaired:
        """From the arrays of the worker's answer, by name."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def without_collapsed(self) -> Repaired:
        """Without triangles that name a vertex twice, which Blender does not allow."""
        good = (self.faces != np.roll(self.faces, 1, axis=1)).all(axis=1)
        if good.all():
            return self
        per_face = ("faces", "face_source", "turned", "nearest_face", "corner_weights")
        return replace(self, **{name: getattr(self, name)[good] for name in per_face})

    def is_same_as(self, data: bpy.types.Mesh) -> bool:
        """Whether vertices and triangles are those of the mesh that was read, all of them, in the same order."""
        count, n_triangles = len(data.vertices), len(data.loops) - 2 * len(data.polygons)
        same = np.array_equal(self.vertex_source, np.arange(count))
        return same and np.array_equal(self.face_source, np.arange(n_triangles)) and not self.turned.any()


@dataclass(frozen=True)
class Blend:
    """For each new element a mixture of three old ones: indices (n, 3), weights (n, 3)."""

    indices: Ints
    weights: Floats

    @property
    def first(self) -> Ints:
        """(n,) the old element with the largest weight."""
        return np.take_along_axis(self.indices, self.weights.argmax(axis=1)[:, None], axis=1)[:, 0]

    @property
    def exact(self) -> Bools:
        """(n,) whether it is an old element, unmixed."""
        return np.asarray(self.weights.max(axis=1) == 1.0)

    def mix(self, values: NDArray[Any]) -> NDArray[Any]:
        """(n,) or (n, k) the mixture of old values; those of a single old element unchanged to the bit."""
        result = values[self.first]
        some = ~self.exact
        weights = self.weights[some].reshape(-1, 3, *([1] * (values.ndim - 1)))
        result[some] = (values[self.indices[some]] * weights).sum(axis=1)
        return result

    def pick(self, layer: Layer) -> NDArray[Any]:
        """The values of an attribute: mixed where its kind has a middle, else of the nearest."""
        return self.mix(layer.values) if layer.kind in layers.SMOOTH else layer.values[self.first]


@dataclass(frozen=True)
class Plan:
    """The new polygon mesh, and where each of its elements takes its values from.

    corner_vertex, corner_edge (C,), loop_start (P,), edges (E, 2): the connectivity.
    vertex, corner: mixtures of old vertices and corners. polygon (P,): old polygon.
    old_edge (C,): the old edge from each corner to the next, or -1; edges that were welded have several.
    kept (C,): corners that are as they were. repaired (P,): polygons that are new or turned.
    """

    corner_vertex: Ints
    corner_edge: Ints
    loop_start: Ints
    edges: Ints
    vertex: Blend
    corner: Blend
    polygon: Ints
    old_edge: Ints
    kept: Bools
    repaired: Bools


def plan(old: bridge.Connectivity, new: Repaired) -> Plan:
    """Decide on the new polygons, in the order of the new triangles; nothing is written."""
    corners = Blend(
        np.repeat(old.triangle_corners[new.nearest_face], 3, axis=0), new.corner_weights.reshape(-1, 3)
    )  # of the triangles, three after three
    whole, loop_vertex = _whole_polygons(old, new, corners.first.reshape(-1, 3))
    source_polygon = old.triangle_polygon[new.nearest_face]
    in_whole = (new.face_source >= 0) & whole[source_polygon]
    # A polygon appears where its first triangle was.
    polygons, first = np.unique(source_polygon[in_whole], return_index=True)
    first = np.flatnonzero(in_whole)[first]
    single = np.flatnonzero(~in_whole)
    sizes = np.concatenate([old.loop_total[polygons], np.full(len(single), 3)])
    order = np.argsort(np.concatenate([first, single]), kind="stable")
    triangle = np.concatenate([first, single])[order]

    loops = _corners_of(old, polygons, new.turned[first])
    exact = Blend(np.repeat(loops[:, None], 3, axis=1), np.tile([1.0, 0.0, 0.0], (len(loops), 1)))
    rows = (3 * single[:, None] + np.arange(3)).ravel()
    take = _ragged(np.cumsum(sizes)[order] - sizes[order], sizes[order])
    corner = Blend(
        np.concatenate([exact.indices, corners.indices[rows]])[take],
        np.concatenate([exact.weights, corners.weights[rows]])[take],
    )
    is_old = np.repeat(new.face_source[triangle] >= 0, sizes[order])
    turned = new.turned[triangle]
    corner_vertex = np.concatenate([loop_vertex[loops], new.faces[single].ravel()])[take]
    loop_start = np.cumsum(sizes[order]) - sizes[order]
    old_edge = _old_edges(old, corner.first, is_old, loop_start, sizes[order])
    edges, corner_edge = _edges(corner_vertex, loop_start, sizes[order], old_edge)
    return Plan(
        corner_vertex,
        corner_edge,
        loop_start,
        edges,
        _vertices(old, new),
        corner,
        source_polygon[triangle],
        old_edge,
        is_old & ~np.repeat(turned, sizes[order]),
        (new.face_source[triangle] < 0) | turned,
    )


def _vertices(old: bridge.Connectivity, new: Repaired) -> Blend:
    indices, weights = old.triangle_vertices[new.vertex_face], new.vertex_weights.copy()
    same = new.vertex_source >= 0
    indices[same] = new.vertex_source[same, None]
    weights[same] = (1.0, 0.0, 0.0)
    return Blend(indices, weights)


def _whole_polygons(old: bridge.Connectivity, new: Repaired, corners: Ints) -> tuple[Bools, Ints]:
    """Which old polygons (P,) still have all their triangles, on as many vertices; and the new vertex of each old
    corner (C,), -1 where it is gone. corners (F, 3): the old corner of each new triangle's corner."""
    is_old = new.face_source >= 0
    source, faces, corners = new.face_source[is_old], new.faces[is_old], corners[is_old]
    loop_vertex = np.full(len(old.corner_polygon), -1)
    loop_vertex[corners] = faces
    count = len(old.loop_total)
    seen = np.bincount(source, minlength=len(old.triangle_polygon))
    total = np.bincount(old.triangle_polygon, minlength=count)
    whole = (total > 0) & (np.bincount(old.triangle_polygon, seen == 1, count) == total)
    polygon = old.triangle_polygon[source]
    agree = (loop_vertex[corners] == faces).all(axis=1)
    whole[polygon[~agree]] = False
    turns = np.bincount(polygon, new.turned[is_old], count)
    whole &= (turns == 0) | (turns == total)
    whole[old.corner_polygon[loop_vertex < 0]] = False
    base = len(new.vertices) + 1
    key = np.sort(old.corner_polygon * base + loop_vertex + 1)
    whole[key[1:][key[1:] == key[:-1]] // base] = False  # two corners at one vertex
    return whole, loop_vertex


def _ragged(starts: Ints, sizes: Ints) -> Ints:
    """The ranges [start, start + size) one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - sizes), sizes) + np.arange(total)


def _corners_of(old: bridge.Connectivity, polygons: Ints, turned: Bools) -> Ints:
    """The old corners of these polygons, those of turned ones backwards from the same first corner."""
    start, size = old.loop_start[polygons], old.loop_total[polygons]
    forward = _ragged(start, size)
    place = forward - np.repeat(start, size)
    back = np.repeat(start, size) + (-place) % np.repeat(size, size)
    return np.where(np.repeat(turned, size), back, forward)


def _next(starts: Ints, sizes: Ints) -> Ints:
    """(C,) for each corner the one after it in its polygon."""
    follow = np.arange(int(sizes.sum())) + 1
    follow[starts + sizes - 1] = starts
    return follow


def _old_edges(old: bridge.Connectivity, corner: Ints, is_old: Bools, starts: Ints, sizes: Ints) -> Ints:
    """(C,) the old edge from each new corner to the next, or -1. corner: the old corner of each new one."""
    follow = corner[_next(starts, sizes)]
    after = _next(old.loop_start, old.loop_total)
    edge = np.where(after[corner] == follow, old.corner_edge[corner], -1)
    edge = np.where(after[follow] == corner, old.corner_edge[follow], edge)
    return np.where(is_old, edge, -1)


def _edges(corner_vertex: Ints, starts: Ints, sizes: Ints, old_edge: Ints) -> tuple[Ints, Ints]:
    """(edges (E, 2), edge of each corner (C,)); old ones first, in the old order."""
    pairs = np.sort(np.stack([corner_vertex, corner_vertex[_next(starts, sizes)]], axis=1), axis=1)
    size = int(pairs.max(initial=0)) + 1
    keys, inverse = np.unique(pairs[:, 0] * size + pairs[:, 1], return_inverse=True)
    source = np.full(len(keys), np.iinfo(np.int64).max)
    known = old_edge >= 0
    np.minimum.at(source, inverse[known], old_edge[known])
    order = np.lexsort((keys, source))
    number = np.empty(len(keys), np.int64)
    number[order] = np.arange(len(keys))
    return np.stack(np.divmod(keys[order], size), axis=1), number[inverse]


def rewrite(obj: bpy.types.Object, data: bpy.types.Mesh, new: Repaired) -> None:
    """Replace the geometry of `data`, the mesh of `obj` in Object Mode, by the repaired one, and select what changed.

    Materials, vertex groups, attributes, custom normals (of corners that are as they were) and our own properties
    stay. The face attribute `repaired` marks what is new or turned. Loose edges go. Shape keys must not be there.
    """
    new = new.without_collapsed()
    todo = plan(bridge.connectivity(data), new)
    found, choices = layers.read_layers(data), layers.read_choices(data)
    groups, normals = layers.read_groups(obj, data), layers.read_normals(data)
    bridge.replace_geometry(data, new.vertices, todo.edges, todo.corner_vertex, todo.corner_edge, todo.loop_start)
    for layer in found:
        layers.write_layer(data, replace(layer, values=_values(layer, todo)))
    layers.write_layer(data, Layer(Attributes.REPAIRED, "FACE", "BOOLEAN", todo.repaired))
    layers.write_choices(data, choices)
    layers.write_groups(obj, _move_groups(groups, todo.vertex))
    bridge.refresh(data)
    if normals is not None:
        layers.write_normals(data, np.where(todo.kept[:, None], normals[todo.corner.first], np.float32(0.0)))
    bridge.select(data, "FACE", np.flatnonzero(todo.repaired))


def _values(layer: Layer, todo: Plan) -> NDArray[Any]:
    if layer.domain == "POINT":
        return todo.vertex.pick(layer)
    if layer.domain == "CORNER":
        return todo.corner.pick(layer)
    if layer.domain == "FACE":
        return layer.values[todo.polygon]
    return _edge_values(layer, todo)


def _edge_values(layer: Layer, todo: Plan) -> NDArray[Any]:
    """New edges have none; of welded ones, one that is marked counts more than one that is not."""
    blank = b"" if layer.kind == "STRING" else 0
    values = np.full((len(todo.edges), *layer.values.shape[1:]), blank, layer.values.dtype)
    known = todo.old_edge >= 0
    edge, found = todo.corner_edge[known], layer.values[todo.old_edge[known]]
    values[edge] = found
    marked = (found != blank).any(axis=tuple(range(1, found.ndim)))
    values[edge[marked]] = found[marked]
    return values


def _move_groups(groups: Groups, vertex: Blend) -> Groups:
    """The weights on the new vertices; one that is mixed is in a group where its weight there is not zero."""
    entries: list[tuple[Ints, Ints, NDArray[np.float32]]] = []
    size = int(max(vertex.indices.max(initial=-1), groups.vertex.max(initial=-1))) + 1
    for index in range(len(groups.names)):
        mine = groups.group == index
        weights, member = np.zeros(size, np.float32), np.zeros(size, bool)
        weights[groups.vertex[mine]], member[groups.vertex[mine]] = groups.weight[mine], True
        mixed = vertex.mix(weights)
        chosen = np.flatnonzero(np.where(vertex.exact, member[vertex.first], mixed > 0.0))
        entries.append((chosen, np.full(len(chosen), index), mixed[chosen]))
    if not entries:
        return groups
    columns = [np.concatenate(parts) for parts in zip(*entries, strict=True)]
    return replace(groups, vertex=columns[0], group=columns[1], weight=columns[2])
