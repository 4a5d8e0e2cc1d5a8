# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry through its operators: what is found, kept and shown, and that nothing is left behind."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from conftest import activate, made_once, positions, set_positions

ops = bpy.ops.spherical_cow


@pytest.fixture
def box() -> bpy.types.Object:
    return make_box()


def make_box() -> bpy.types.Object:
    """A box of three different sides, turned and moved inside its mesh, so that no plane is one of the coordinates."""
    bpy.ops.mesh.primitive_cube_add()
    obj = bpy.context.object
    obj.name = "Box"
    set_positions(obj, positions(obj) @ (np.diag([1.0, 0.7, 0.4]) @ turn()) + np.array([3.0, 1.0, 0.0]))
    return obj


def turn() -> np.ndarray:
    c, s = np.cos(0.7), np.sin(0.7)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
        [[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]]
    )


@pytest.fixture
def lump(box) -> bpy.types.Object:
    return make_lump(box)


def make_lump(box: bpy.types.Object) -> bpy.types.Object:
    """A box with one plane and nothing else: two corners of one edge are pulled out unevenly."""
    points = positions(box)
    local = (points - np.array([3.0, 1.0, 0.0])) @ turn().T
    local[(local[:, 0] > 0.0) & (local[:, 1] > 0.0), :2] += 0.6
    set_positions(box, local @ turn() + np.array([3.0, 1.0, 0.0]))
    return box


@pytest.fixture
def detected() -> bpy.types.Object:
    """The lump after its plane was found."""
    return made_once("detected", make_detected)[0]


def make_detected() -> list[bpy.types.Object]:
    lump = make_lump(make_box())
    assert ops.detect_symmetry() == {"FINISHED"}
    return [lump]


def group(obj: bpy.types.Object):
    return obj.data.spherical_cow.symmetries


def test_a_box_has_three_planes_and_three_axes(box):
    assert ops.detect_symmetry() == {"FINISHED"}
    rows = group(box).elements
    assert [row.kind for row in rows] == ["PLANE"] * 3 + ["AXIS"] * 3
    assert all(row.order == 2 for row in rows if row.kind == "AXIS") and all(row.counts for row in rows)
    assert group(box).kind == "two planes" and group(box).parameters == 0.25
    normals = np.array([row.direction for row in rows if row.kind == "PLANE"])
    assert np.allclose(np.sort(np.abs(normals @ turn().T), axis=1), [[0.0, 0.0, 1.0]] * 3, atol=1e-4)
    assert np.allclose(
        [np.dot(row.direction, np.subtract(row.point, (3.0, 1.0, 0.0))) for row in rows[:3]], 0.0, atol=1e-4
    )


def test_lines_follow_the_object_and_go_without_trace(detected):
    assert [row.kind for row in group(detected).elements] == ["PLANE"]
    before = len(bpy.data.objects), len(bpy.data.meshes)
    assert not ops.hide_symmetry.poll()
    assert ops.show_symmetry() == {"FINISHED"}
    guide = group(detected).guide
    assert guide.parent == detected and guide.hide_render and not guide.data.polygons
    assert bpy.context.object == detected and detected.select_get() and not guide.select_get()
    row = group(detected).elements[0]
    height = (positions(guide) - np.array(row.point)) @ np.array(row.direction)
    assert len(height) > 8 and np.abs(height).max() < 1e-5
    detected.location.x += 5.0
    bpy.context.view_layer.update()
    assert np.allclose(guide.matrix_world, detected.matrix_world)
    ops.show_symmetry(only_chosen=True)
    assert len(bpy.data.objects) == before[0] + 1  # shown again, not twice
    ops.hide_symmetry()
    assert (len(bpy.data.objects), len(bpy.data.meshes)) == before and group(detected).guide is None


def test_the_lines_of_a_copy_are_its_own(detected):
    ops.show_symmetry()
    copy = detected.copy()
    copy.data = detected.data.copy()
    bpy.context.collection.objects.link(copy)
    activate(copy)
    assert not ops.hide_symmetry.poll()
    ops.show_symmetry()
    assert group(copy).guide != group(detected).guide
    ops.hide_symmetry()
    assert group(detected).guide.parent == detected


def test_lines_that_the_user_deleted_can_be_shown_again(detected):
    ops.show_symmetry()
    bpy.data.objects.remove(group(detected).guide)
    assert not ops.hide_symmetry.poll()
    assert ops.show_symmetry() == {"FINISHED"}


def test_heat_map(lump):
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.subdivide(number_cuts=6)
    bpy.ops.object.mode_set(mode="OBJECT")
    points = positions(lump)
    dented = int(np.argmax(points[:, 2]))
    points[dented] += 0.3
    set_positions(lump, points)
    ops.detect_symmetry()
    assert ops.symmetry_heat_map() == {"FINISHED"}
    error = np.empty(len(points), np.float32)
    lump.data.attributes["symmetry_error"].data.foreach_get("value", error)
    assert np.argmax(error) == dented and np.median(error) < 0.01 < error.max()
    assert lump.data.spherical_cow.shown == "symmetry_error"
    assert lump.data.color_attributes.active_color.name == "Spherical Cow Display"


def test_without_symmetry_the_nearest_plane_is_listed(box):
    local = (positions(box) - np.array([3.0, 1.0, 0.0])) @ turn().T
    local += np.random.default_rng(3).normal(scale=0.25, size=local.shape)
    set_positions(box, local)
    ops.detect_symmetry()
    assert group(box).kind == "none" and group(box).parameters == 1.0
    assert [(row.kind, row.counts) for row in group(box).elements] in ([], [("PLANE", False)])


def test_the_threshold_decides(lump):
    points = positions(lump)
    points[0] += 0.08
    set_positions(lump, points)
    ops.detect_symmetry(threshold=0.01)
    assert group(lump).kind == "none"
    ops.detect_symmetry(threshold=4.0)
    assert group(lump).kind != "none"


def test_it_survives_undo_save_and_edits(lump, tmp_path):
    bpy.ops.ed.undo_push(message="before")
    ops.detect_symmetry()
    ops.show_symmetry()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "box.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "box.blend"))
    obj = bpy.data.objects["Box"]
    assert len(group(obj).elements) == 1 and group(obj).guide == bpy.data.objects["Box Symmetry"]
    activate(obj)
    set_positions(obj, positions(obj) * 2.0)
    assert ops.show_symmetry.poll()


def test_greyed_out_before_detection_and_clear_for_an_empty_mesh(box):
    assert not ops.show_symmetry.poll() and not ops.symmetry_heat_map.poll()
    box.data.clear_geometry()
    with pytest.raises(RuntimeError, match="empty"):
        ops.detect_symmetry()
    assert not group(box).fingerprint
