# SPDX-License-Identifier: GPL-3.0-or-later
"""SDF Tools through their operators: the right bodies, where the objects stand, and slices that follow."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest
from conftest import activate, positions, set_positions

ops = bpy.ops.spherical_cow
BALL = 4.0 / 3.0 * np.pi
SIZE = {"resolution": 40}


def ball(name="Ball", x=0.0, radius=1.0):
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=4, radius=radius, location=(x, 0.0, 0.0))
    bpy.context.object.name = name
    return bpy.context.object


def pair():
    """Two unit balls whose centres are a unit apart; the first one active, both selected."""
    second, first = ball("Second", 1.0), ball("First")
    activate(first)
    second.select_set(True)
    return first, second


def volume(obj):
    """Of the mesh as it stands in the scene; fails for one that is open."""
    with_edges = bmesh.new()
    with_edges.from_mesh(obj.data)
    assert all(len(edge.link_faces) == 2 for edge in with_edges.edges)
    found = with_edges.calc_volume(signed=True)
    with_edges.free()
    return found * obj.matrix_world.to_3x3().determinant()


def in_scene(obj):
    matrix = np.array(obj.matrix_world)
    return positions(obj) @ matrix[:3, :3].T + matrix[:3, 3]


def colors(obj):
    layer = obj.data.color_attributes.active_color
    values = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", values.ravel())
    return values[:, :3]


def distances(obj):
    values = np.empty(len(obj.data.vertices), np.float32)
    obj.data.attributes["signed_distance"].data.foreach_get("value", values)
    return values


def test_grown_and_hollow(extension):
    source = ball()
    assert ops.sdf_tool(tool="offset", distance=0.25, **SIZE) == {"FINISHED"}
    made = bpy.context.object
    assert made.name == "Ball Offset" and source.hide_get() and made != source
    assert volume(made) == pytest.approx(BALL * 1.25**3, rel=0.02)
    source.hide_set(False)
    activate(source)
    assert ops.sdf_tool(tool="shell", thickness=0.05, side="inside", hide_original=False, **SIZE) == {"FINISHED"}
    assert not source.hide_get()
    assert volume(bpy.context.object) == pytest.approx(BALL * (1.0 - 0.95**3), rel=0.06)


def test_two_bodies_with_their_materials(extension):
    first, second = pair()
    for obj, name in ((first, "Red"), (second, "Blue")):
        obj.data.materials.append(bpy.data.materials.new(name))
    second.scale = (1.0, 2.0, 1.0)  # not even: the result is in units of the scene all the same
    second.rotation_euler = (0.0, 0.0, 0.3)
    first.rotation_euler = (0.5, 0.0, 0.0)
    bpy.context.view_layer.update()
    assert ops.sdf_tool(tool="union", **SIZE) == {"FINISHED"}
    made = bpy.context.object
    assert made.name == "First Union" and first.hide_get() and second.hide_get()
    assert [material.name for material in made.data.materials] == ["Red", "Blue"]
    points, index = in_scene(made), np.zeros(len(made.data.polygons), np.int32)
    made.data.polygons.foreach_get("material_index", index)
    assert np.ptp(points[:, 1]) == pytest.approx(3.9, abs=0.15)  # of an ellipsoid with the half axes 1, 2 and 1
    assert 0.3 < index.mean() < 0.9
    middle = np.array([made.matrix_world @ face.center for face in made.data.polygons])
    assert middle[index == 1][:, 0].mean() > middle[index == 0][:, 0].mean() + 0.5
    assert volume(made) > 1.3 * BALL
    assert np.allclose(made.scale, 1.0)


def test_sharp_and_smooth(extension):
    first, second = pair()
    ops.sdf_tool(tool="difference", hide_original=False, **SIZE)
    cut = bpy.context.object
    assert volume(cut) == pytest.approx(11.0 / 12.0 * np.pi, rel=0.03)
    assert any(edge.use_edge_sharp for edge in cut.data.edges)
    activate(first)
    second.select_set(True)
    ops.sdf_tool(tool="union", radius=0.6, **SIZE)
    assert volume(bpy.context.object) > 27.0 / 12.0 * np.pi + 0.05
    assert not any(edge.use_edge_sharp for edge in bpy.context.object.data.edges)


def test_errors_are_said_and_change_nothing(extension):
    bpy.ops.mesh.primitive_plane_add()
    before = set(bpy.data.objects.keys()), set(bpy.data.meshes.keys())
    with pytest.raises(RuntimeError, match="no inside"):
        ops.sdf_tool(tool="offset", distance=0.1)
    source = ball()
    before = set(bpy.data.objects.keys()), set(bpy.data.meshes.keys())
    with pytest.raises(RuntimeError, match="needs two objects"):
        ops.sdf_tool(tool="union")
    with pytest.raises(RuntimeError, match="Nothing is left"):
        ops.sdf_tool(tool="offset", distance=-2.0, **SIZE)
    source.scale = (0.0, 1.0, 1.0)
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="scaled to nothing"):
        ops.sdf_tool(tool="offset", distance=0.1)
    assert (set(bpy.data.objects.keys()), set(bpy.data.meshes.keys())) == before
    assert bpy.context.object == source and not source.hide_get()


def test_what_modifiers_make_counts(extension):
    source = ball()
    source.modifiers.new("Double", "ARRAY").relative_offset_displace = (2.0, 0.0, 0.0)
    ops.sdf_tool(tool="offset", distance=0.1, hide_original=False, **SIZE)
    assert volume(bpy.context.object) == pytest.approx(2.0 * BALL * 1.1**3, rel=0.04)


def test_undo_takes_the_new_object_away(extension):
    ball()
    bpy.ops.ed.undo_push(message="before")
    ops.sdf_tool("EXEC_DEFAULT", True, tool="offset", distance=0.1, resolution=16)
    bpy.ops.ed.undo()
    assert "Ball Offset" not in bpy.data.objects and not bpy.data.objects["Ball"].hide_get()
    bpy.ops.ed.redo()
    assert "Ball Offset" in bpy.data.objects


def test_a_slice_shows_distances_and_follows_its_sliders(extension):
    source = ball(x=3.0)
    source.scale = (1.0, 1.0, 2.0)
    bpy.context.view_layer.update()
    assert ops.sdf_slice() == {"FINISHED"}
    plane = bpy.context.object
    group = plane.data.spherical_cow.slice
    assert plane.name == "Ball Slice" and group.source == "Ball" and not source.hide_get()
    assert np.allclose(positions(plane)[:, 2], 0.0, atol=1e-6)
    assert positions(plane)[:, 0].mean() == pytest.approx(3.0, abs=1e-3)
    at = positions(plane)
    assert np.allclose(distances(plane), np.hypot(at[:, 0] - 3.0, at[:, 1]) - 1.0, atol=0.03)
    inside = distances(plane) < -0.3
    assert colors(plane)[inside, 2].mean() > colors(plane)[inside, 0].mean() + 0.1
    group.position = 1.0
    assert np.allclose(positions(plane)[:, 2], 2.0, atol=1e-3) and distances(plane).min() > -0.02
    group.axis = "x"
    assert np.ptp(positions(plane)[:, 0]) < 1e-5 and np.ptp(positions(plane)[:, 2]) > 4.0
    group.axis, group.position, group.resolution = "y", 0.5, 32
    assert len(plane.data.vertices) == group.width * group.height and max(group.width, group.height) == 32
    before = colors(plane).copy()
    group.limit = 0.2
    assert np.abs(colors(plane) - before).max() > 0.1
    assert plane.data.materials[0].name == "Spherical Cow Slice"


def test_a_slice_knows_when_it_is_stale_and_is_cut_again(extension):
    import importlib

    slices = importlib.import_module(f"{extension}.networks.slices")
    source = ball()
    ops.sdf_slice()
    plane = bpy.context.object
    assert slices.why_stale(plane.data) == ""
    source.location.x = 5.0
    bpy.context.view_layer.update()
    assert "moved" in slices.why_stale(plane.data)
    assert ops.sdf_slice() == {"FINISHED"}
    assert bpy.context.object == plane and positions(plane)[:, 0].mean() == pytest.approx(5.0, abs=1e-3)
    set_positions(source, 2.0 * positions(source))
    assert "changed" in slices.why_stale(plane.data)
    source.name = "Other"
    assert "gone or renamed" in slices.why_stale(plane.data)
    with pytest.raises(RuntimeError, match="gone or renamed"):
        ops.sdf_slice()


def test_a_slice_lives_in_the_file(extension, tmp_path):
    ball()
    ops.sdf_slice()
    bpy.context.object.data.spherical_cow.slice.position = 0.25
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "slice.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "slice.blend"))
    plane = bpy.data.objects["Ball Slice"]
    assert np.allclose(positions(plane)[:, 2], -0.5, atol=1e-3)
    plane.data.spherical_cow.slice.position = 0.5
    assert np.allclose(positions(plane)[:, 2], 0.0, atol=1e-6)
