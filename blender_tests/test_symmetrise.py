# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetrize through its operators: geometry, vertices and harmonics, with all that a mesh carries."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from conftest import activate, positions, set_positions
from scipy.spatial import cKDTree

ops = bpy.ops.spherical_cow


@pytest.fixture
def lumpy() -> bpy.types.Object:
    """A ball of quads and triangles with a bump at +x, UVs, colours, a material and a group on its right side."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=12)
    obj = bpy.context.object
    points = positions(obj)
    bump = 1.0 + 0.3 * np.exp(-4.0 * np.square(points - [0.8, 0.5, 0.2]).sum(axis=1))
    set_positions(obj, points * bump[:, None])
    obj.vertex_groups.new(name="Arm.L").add(np.flatnonzero(points[:, 0] > 0.1).tolist(), 0.75, "REPLACE")
    obj.vertex_groups.new(name="Arm.R")
    color = obj.data.color_attributes.new("Paint", "FLOAT_COLOR", "POINT")
    color.data.foreach_set("color", np.column_stack([0.5 + 0.3 * points, np.ones(len(points))]).ravel())
    obj.data.materials.append(bpy.data.materials.new("Skin"))
    return obj


def require_symmetric(points: np.ndarray, axis: int = 0, tolerance: float = 1e-6) -> np.ndarray:
    """(V,) the partners of vertices that mirror each other."""
    mirrored = points * np.where(np.arange(3) == axis, -1.0, 1.0)
    distance, partner = cKDTree(points).query(mirrored)
    assert distance.max() < tolerance
    return partner


def weights(obj: bpy.types.Object, name: str) -> np.ndarray:
    index = obj.vertex_groups[name].index
    return np.array([sum(g.weight for g in v.groups if g.group == index) for v in obj.data.vertices])


def colors(obj: bpy.types.Object) -> np.ndarray:
    values = np.empty((len(obj.data.vertices), 4), np.float32)
    obj.data.color_attributes["Paint"].data.foreach_get("color", values.ravel())
    return values


def uvs(obj: bpy.types.Object) -> np.ndarray:
    values = np.empty((len(obj.data.loops), 2), np.float32)
    obj.data.uv_layers.active.data.foreach_get("uv", values.ravel())
    return values


@pytest.mark.parametrize("side", ["POSITIVE", "NEGATIVE", "AVERAGE"])
def test_geometry_mirrors_one_half_with_all_it_carries(lumpy, side):
    before = positions(lumpy)
    assert ops.symmetrise(plane="X", method="GEOMETRY", side=side) == {"FINISHED"}
    points = positions(lumpy)
    partner = require_symmetric(points)
    assert {len(polygon.vertices) for polygon in lumpy.data.polygons} == {3, 4}  # quads stay quads
    assert lumpy.data.validate() is False
    sign = {"POSITIVE": 1.0, "NEGATIVE": -1.0, "AVERAGE": 0.0}[side]
    kept = before[sign * before[:, 0] > 0.1]
    assert not len(kept) or cKDTree(points).query(kept)[0].max() == 0.0
    np.testing.assert_allclose(colors(lumpy)[partner], colors(lumpy), atol=1e-6)
    left, right = weights(lumpy, "Arm.L"), weights(lumpy, "Arm.R")
    np.testing.assert_allclose(left[partner], right, atol=1e-6)
    assert (left.max() > 0.7) == (side != "NEGATIVE")
    assert [slot.name for slot in lumpy.material_slots] == ["Skin"]
    assert not [layer.name for layer in lumpy.data.attributes if "place" in layer.name]


def test_a_found_plane_in_any_pose(lumpy):
    assert ops.symmetrise(plane="X", method="GEOMETRY") == {"FINISHED"}
    c, s = np.cos(0.6), np.sin(0.6)
    rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    turned = positions(lumpy) * [1.0, 0.7, 1.4] @ rotation.T + np.array([0.3, 0.1, 0.0])
    dented = turned + 0.05 * np.exp(-20.0 * np.square(turned - turned[5]).sum(axis=1))[:, None]
    set_positions(lumpy, dented)
    assert ops.detect_symmetry(threshold=2.0) == {"FINISHED"}
    assert ops.symmetrise(plane="DETECTED", method="GEOMETRY") == {"FINISHED"}
    row = bpy.context.object.data.spherical_cow.symmetries.elements[0]
    normal, point = np.array(row.direction), np.array(row.point)
    points = positions(bpy.context.object).astype(float)
    mirrored = points - 2.0 * ((points - point) @ normal)[:, None] * normal
    assert cKDTree(points).query(mirrored)[0].max() < 1e-5
    assert np.abs(normal @ rotation).max() > 0.99 and lumpy == bpy.context.object


@pytest.mark.parametrize("method", ["GEOMETRY", "INDEX"])
def test_normals_of_its_own_are_mirrored_too(lumpy, method):
    tilted = np.array([corner.vector[:] for corner in lumpy.data.corner_normals]) + np.array([0.0, 0.4, 0.3])
    tilted /= np.linalg.norm(tilted, axis=1, keepdims=True)
    lumpy.data.normals_split_custom_set(tilted.astype(np.float32).tolist())
    ops.symmetrise(plane="X", method=method)
    partner, found = require_symmetric(positions(lumpy)), {}
    assert lumpy.data.has_custom_normals
    for polygon in lumpy.data.polygons:
        for index in polygon.loop_indices:
            corner = (frozenset(polygon.vertices), lumpy.data.loops[index].vertex_index)
            found[corner] = np.array(lumpy.data.corner_normals[index].vector)
    for (face, vertex), normal in found.items():
        image = found[frozenset(int(partner[i]) for i in face), int(partner[vertex])]
        np.testing.assert_allclose(image, normal * [-1.0, 1.0, 1.0], atol=0.02)  # Blender packs them
    assert not [layer.name for layer in lumpy.data.attributes if "spherical_cow_" in layer.name]


@pytest.mark.parametrize("uv", ["SHARE", "MIRROR"])
def test_uv_maps_are_shared_or_mirrored(lumpy, uv):
    ops.symmetrise(plane="X", method="GEOMETRY", uvs=uv)
    points = positions(lumpy)
    partner = require_symmetric(points)
    vertex = np.array([loop.vertex_index for loop in lumpy.data.loops])
    flat = uvs(lumpy)
    centre = {frozenset(p.vertices): flat[list(p.loop_indices)].mean(axis=0) for p in lumpy.data.polygons}
    checked = 0
    for polygon in lumpy.data.polygons:
        if points[list(polygon.vertices), 0].mean() > 0.05:
            u, v = centre[frozenset(polygon.vertices)]
            there = centre[frozenset(int(partner[i]) for i in polygon.vertices)]
            np.testing.assert_allclose(there, [u, v] if uv == "SHARE" else [1.0 - u, v], atol=1e-5)
            checked += 1
    assert checked > 50 and len(vertex) == len(flat)


@pytest.mark.parametrize("side", ["POSITIVE", "AVERAGE"])
def test_vertices_move_to_their_partners_and_keep_their_numbers(lumpy, side):
    before, faces = positions(lumpy), [tuple(p.vertices) for p in lumpy.data.polygons]
    assert ops.symmetrise(plane="X", method="INDEX", side=side) == {"FINISHED"}
    assert [tuple(p.vertices) for p in lumpy.data.polygons] == faces
    points = positions(lumpy)
    partner = require_symmetric(points)
    if side == "POSITIVE":
        right = before[:, 0] > 0.05
        np.testing.assert_allclose(points[right], before[right], atol=1e-6)
    np.testing.assert_allclose(colors(lumpy)[partner], colors(lumpy), atol=1e-6)
    left, right_weights = weights(lumpy, "Arm.L"), weights(lumpy, "Arm.R")
    np.testing.assert_allclose(left[partner], right_weights, atol=1e-6)
    assert [group.name for group in lumpy.vertex_groups] == ["Arm.L", "Arm.R"] and left.max() > 0.3


def test_what_does_not_correspond_is_said_and_nothing_changes(blob):
    before = positions(blob)
    set_positions(blob, before + 0.2 * np.random.default_rng(0).random(before.shape))
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    blob.data.polygons[3].select = True
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.poke()
    bpy.ops.object.mode_set(mode="OBJECT")
    points = positions(blob)
    with pytest.raises(RuntimeError, match="do not correspond"):
        ops.symmetrise(plane="X", method="INDEX")
    np.testing.assert_array_equal(positions(blob), points)
    with pytest.raises(RuntimeError, match="no coefficients"):
        ops.symmetrise(plane="X", method="HARMONIC")
    blob.shape_key_add(name="Basis")
    with pytest.raises(RuntimeError, match="shape keys"):
        ops.symmetrise(plane="X", method="GEOMETRY")


def test_left_and_right_are_measured(lumpy):
    assert ops.measure_left_right(plane="X", method="INDEX") == {"FINISHED"}
    group = lumpy.data.spherical_cow.left_right
    assert group.by_index and group.about == "X" and 0.0 < group.mean < group.max
    assert 0.0 < group.surface_mean < group.hausdorff <= group.max + 1e-6
    ops.symmetrise(plane="X", method="GEOMETRY")
    ops.measure_left_right(plane="X", method="GEOMETRY")
    assert group.hausdorff < 1e-6 and not group.by_index


def test_harmonics_make_an_object_with_a_slider(encoded):
    encoded.data.uv_layers.new(name="Map")
    before = positions(encoded)
    assert ops.symmetrise(plane="X", method="HARMONIC") == {"FINISHED"}
    made = bpy.context.object
    assert made != encoded and made.name == f"{encoded.name} Symmetric" and "Map" in made.data.uv_layers
    np.testing.assert_array_equal(positions(encoded), before)
    assert made.data.uv_layers.active.name == encoded.data.uv_layers.active.name
    flat = np.empty((len(made.data.loops), 2), np.float32)
    made.data.uv_layers["Symmetric"].data.foreach_get("uv", flat.ravel())
    assert 0.0 <= flat.min() < 0.02 and 0.98 < flat.max() <= 1.0
    keys = made.data.shape_keys.key_blocks
    symmetric, original = (np.empty((len(before), 3), np.float32) for _ in range(2))
    keys["Symmetric"].data.foreach_get("co", symmetric.ravel())
    keys["Asymmetry"].data.foreach_get("co", original.ravel())
    assert keys["Asymmetry"].value == 0.0 and keys["Asymmetry"].slider_max == 3.0
    assert np.linalg.norm(original - before, axis=1).mean() < 0.01
    assert cKDTree(symmetric).query(symmetric * [-1.0, 1.0, 1.0])[0].mean() < cKDTree(original).query(
        original * [-1.0, 1.0, 1.0])[0].mean()  # fmt: skip
    group = made.data.spherical_cow
    assert group.role == "RECONSTRUCTION" and group.lmax == 12
    activate(made)
    keys["Asymmetry"].value = 2.0
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = made.evaluated_get(graph).to_mesh()
    there = np.array([vertex.co for vertex in shown.vertices])
    np.testing.assert_allclose(there, 2.0 * original - symmetric, atol=1e-4)
