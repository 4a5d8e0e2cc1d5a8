# SPDX-License-Identifier: GPL-3.0-or-later
"""Align through its operators: objects and meshes, several at once, standard poses, parameter spheres."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from conftest import activate, add_blob, coefficients, positions
from mathutils import Euler, Matrix, Quaternion

ops = bpy.ops.spherical_cow
TURN = Quaternion((0.6, -0.3, 0.5, 0.2)).normalized()


def world(obj) -> np.ndarray:
    bpy.context.view_layer.update()
    matrix = np.array(obj.matrix_world)
    return positions(obj) @ matrix[:3, :3].T + matrix[:3, 3]


def placed_blob(name: str, scale: float = 1.0, place=(5.0, -2.0, 1.0)):
    obj = add_blob(name, 3)
    obj.rotation_mode = "QUATERNION"
    obj.rotation_quaternion, obj.location, obj.scale = TURN, place, (scale,) * 3
    bpy.context.view_layer.update()
    return obj


def select(active, *others) -> None:
    activate(active)
    for other in others:
        other.select_set(True)


@pytest.mark.parametrize("method", ["harmonic", "principal"])
def test_an_object_is_brought_onto_the_active_one(blob, method):
    other = placed_blob("Other")
    mesh_before, active_before = positions(other).copy(), np.array(blob.matrix_world)
    select(blob, other)
    assert ops.align(method=method) == {"FINISHED"}
    np.testing.assert_allclose(np.array(other.matrix_world), np.eye(4), atol=0.03)
    assert np.array_equal(positions(other), mesh_before) and np.array_equal(np.array(blob.matrix_world), active_before)
    told = other.data.spherical_cow.aligned
    assert told.target == blob.name and told.error < 0.01
    assert told.angle == pytest.approx(np.degrees(TURN.angle), abs=2.0)
    assert bpy.context.object == blob and other.select_get()


def test_size_parent_and_several_at_once(blob):
    first, second = placed_blob("First", 2.5), placed_blob("Second", 0.3, (0.0, 4.0, 0.0))
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.collection.objects.link(parent)
    parent.rotation_euler, parent.location, parent.scale = Euler((0.3, 0.2, 1.0)), (3.0, 1.0, 0.0), (2.0, 2.0, 2.0)
    second.parent = first
    first.parent = parent
    bpy.context.view_layer.update()
    select(blob, first, second)
    assert ops.align(scaling=True) == {"FINISHED"}
    for obj in (first, second):
        np.testing.assert_allclose(np.array(obj.matrix_world), np.eye(4), atol=0.03)
    assert parent.location.x == 3.0


def test_the_mesh_moves_with_its_shape_keys_and_its_coefficients(blob):
    other = placed_blob("Other")
    activate(other)
    ops.encode(lmax=8)
    other.shape_key_add(name="Basis")
    key = other.shape_key_add(name="Wide")
    key.data[0].co.x += 1.0
    object_before, stored = np.array(other.matrix_world), coefficients(other)
    select(blob, other)
    assert ops.align(change="MESH") == {"FINISHED"}
    assert np.array_equal(np.array(other.matrix_world), object_before)
    source = positions(add_blob("Same", 3))
    np.testing.assert_allclose(world(other), source, atol=0.03)
    offset = np.array(key.data[0].co) - np.array(other.data.shape_keys.key_blocks[0].data[0].co)
    assert np.linalg.norm(offset) == pytest.approx(1.0, abs=1e-3) and abs(offset[0]) < 0.99
    assert not np.allclose(coefficients(other), stored, atol=0.1)
    assert other.data.spherical_cow.fingerprint == fingerprint(other)
    activate(other)
    other.shape_key_clear()
    ops.reconstruct(hide_original=False)
    np.testing.assert_allclose(positions(bpy.context.object), positions(other), atol=0.1)


def fingerprint(obj) -> str:
    import importlib

    from conftest import MODULE

    return importlib.import_module(f"{MODULE}.bridge").fingerprint(obj.data)


def test_what_cannot_be_moved_is_refused_before_anything_moves(blob):
    other = placed_blob("Other")
    activate(blob)
    assert not ops.align.poll()
    select(blob, other)
    twin = other.copy()
    bpy.context.collection.objects.link(twin)
    before = np.array(other.matrix_world)
    with pytest.raises(RuntimeError, match="shared by 2 objects"):
        ops.align(change="MESH")
    bpy.data.objects.remove(twin)
    blob.parent = other
    with pytest.raises(RuntimeError, match="its parent"):
        ops.align()
    blob.parent = None
    other.scale.x = 0.0
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="scaled to nothing"):
        ops.align()
    other.scale.x = 1.0
    bpy.context.view_layer.update()
    np.testing.assert_allclose(np.array(other.matrix_world), before, atol=1e-6)
    hold = other.constraints.new("LIMIT_LOCATION")
    hold.use_min_x, hold.min_x = True, 4.0
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="constraints"):
        ops.align()
    bpy.context.view_layer.update()
    np.testing.assert_allclose(np.array(other.matrix_world), before, atol=1e-6)
    empty = bpy.data.objects.new("Empty Mesh", bpy.data.meshes.new("Empty Mesh"))
    bpy.context.collection.objects.link(empty)
    select(blob, empty)
    with pytest.raises(RuntimeError, match="no vertices"):
        ops.align()
    assert "no vertices" in bpy.context.window_manager.spherical_cow.found


@pytest.mark.parametrize("change", ["OBJECT", "MESH"])
def test_normalise(change):
    other = placed_blob("Other", 1.7)
    matrix = np.array(other.matrix_world)
    select(other)
    assert ops.normalise(center="bounds", size="box", axes=True, change=change) == {"FINISHED"}
    points = world(other)
    np.testing.assert_allclose(points.max(axis=0) + points.min(axis=0), 0.0, atol=1e-5)
    sides = np.ptp(points, axis=0)
    assert sides.max() == pytest.approx(1.0, abs=1e-5) and sides.argmax() == 0
    assert np.array_equal(np.array(other.matrix_world), matrix) == (change == "MESH")


def test_normalise_says_why_not_and_changes_none(blob):
    bpy.ops.mesh.primitive_plane_add()
    plane = bpy.context.object
    blob.location.x = 3.0
    select(blob, plane)
    with pytest.raises(RuntimeError, match=r"Plane.*encloses no volume"):
        ops.normalise(center="volume", size="volume")
    assert blob.location.x == 3.0
    assert ops.normalise(center="area", size="area") == {"FINISHED"}
    assert plane.scale.x == pytest.approx(0.5, rel=1e-5)


def sphere_positions(obj) -> np.ndarray:
    layer = obj.data.attributes["sphere_position"]
    array = np.empty((len(layer.data), 3), np.float32)
    layer.data.foreach_get("vector", array.ravel())
    return array


def stored_map(obj) -> np.ndarray:
    import io

    with np.load(io.BytesIO(obj.data.spherical_cow.map), allow_pickle=False) as file:
        return file["sphere"]


def difference(one, two) -> float:
    return float(np.linalg.norm(coefficients(one)[:3] - coefficients(two)[:3]))


def test_parameter_spheres_are_turned_with_all_that_is_stored(encoded):
    other = placed_blob("Other")
    activate(other)
    ops.encode(lmax=12)
    sphere, vertices, before = stored_map(other), positions(other).copy(), difference(encoded, other)
    select(encoded, other)
    assert ops.align_parameters(reference="any_pose") == {"FINISHED"}
    assert np.array_equal(positions(other), vertices)
    told = other.data.spherical_cow.aligned
    assert told.sphere_target == encoded.name and 0.0 <= told.sphere_error < 0.02
    assert difference(encoded, other) < max(0.1 * before, 0.2)
    np.testing.assert_allclose(sphere_positions(other), stored_map(other), atol=1e-6)
    turn = np.linalg.lstsq(sphere, stored_map(other), rcond=None)[0].T
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert not other.data.spherical_cow.flips
    activate(other)
    assert ops.reconstruct(sampling="source", hide_original=False) == {"FINISHED"}
    copy = bpy.context.object
    np.testing.assert_allclose(positions(copy), vertices, atol=0.05)
    # A reconstruction on new vertices has only the attribute: it turns, and the sliders still give the same surface.
    activate(other)
    ops.reconstruct(sampling="icosphere", frequency=6)
    even = bpy.context.object
    surface = positions(even).copy()
    assert ops.align_parameters(reference="ellipsoid") == {"FINISHED"}
    even.data.spherical_cow.equaliser.cutoff = 11
    even.data.spherical_cow.equaliser.cutoff = 12
    np.testing.assert_allclose(positions(even), surface, atol=1e-5)


def test_parameter_spheres_need_something_to_align_to(encoded):
    activate(encoded)
    before = coefficients(encoded)
    with pytest.raises(RuntimeError, match="no second shape"):
        ops.align_parameters(reference="scene")
    assert np.array_equal(coefficients(encoded), before)
    blob = add_blob("Plain", 2)
    activate(blob)
    assert not ops.align_parameters.poll()


def test_undo_brings_the_object_back(blob):
    other = placed_blob("Other")
    select(blob, other)
    bpy.ops.ed.undo_push(message="before")
    matrix = np.array(other.matrix_world)
    ops.align()
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    again = bpy.data.objects["Other"]
    np.testing.assert_allclose(np.array(again.matrix_world), matrix, atol=1e-6)
    assert not again.data.spherical_cow.aligned.target
    assert Matrix(matrix.tolist()).is_negative is False
