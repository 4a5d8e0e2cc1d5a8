# SPDX-License-Identifier: GPL-3.0-or-later
"""Check and Encode on all selected meshes."""

from __future__ import annotations

import importlib

import bpy
import pytest
from conftest import activate, add_blob

ops = bpy.ops.spherical_cow


@pytest.fixture
def three(blob):
    """Two blobs and a torus, all selected; the first is active."""
    other = add_blob("Other", subdivisions=3)
    bpy.ops.mesh.primitive_torus_add(major_segments=12, minor_segments=6)
    torus = bpy.context.object
    activate(blob)
    for obj in (other, torus):
        obj.select_set(True)
    return blob, other, torus


def test_encode_all_selected_goes_on_after_a_failure(three):
    blob, other, torus = three
    assert ops.encode(lmax=6, all_selected=True) == {"FINISHED"}
    assert [obj.data.spherical_cow.lmax for obj in three] == [6, 6, 0]
    assert "sphere_position" in other.data.attributes and bpy.context.object is blob
    session = bpy.context.window_manager.spherical_cow
    assert session.uid == str(torus.session_uid) and "genus" in session.found


def test_check_all_selected(three):
    assert ops.check(all_selected=True, self_intersections=False) == {"FINISHED"}
    assert [obj.data.spherical_cow.check.passed for obj in three] == [True, True, False]
    assert all(obj.data.spherical_cow.check.rows for obj in three)


def test_only_the_active_one_otherwise(three):
    ops.encode(lmax=4)
    assert [obj.data.spherical_cow.lmax for obj in three] == [4, 0, 0]


def test_when_all_fail_it_is_an_error_that_names_each(three):
    *_, torus = three
    activate(torus)
    with pytest.raises(RuntimeError, match=r"0 of 1 meshes\n.*Torus"):
        ops.encode(lmax=4, all_selected=True)


def test_nothing_selected_is_said(blob):
    blob.select_set(False)
    with pytest.raises(RuntimeError, match="No mesh is selected"):
        ops.encode(lmax=4, all_selected=True)


def test_objects_of_one_mesh_count_once(blob, extension):
    twin = blob.copy()
    bpy.context.collection.objects.link(twin)
    twin.select_set(True)
    batch = importlib.import_module(f"{extension}.operators.batch")
    assert len(batch.selected_meshes(bpy.context)) == 1


def test_one_undo_step_takes_all_back(three):
    names = [obj.name for obj in three[:2]]
    bpy.ops.ed.undo_push(message="Before")
    ops.encode("EXEC_DEFAULT", True, lmax=4, all_selected=True)
    assert [bpy.data.objects[name].data.spherical_cow.lmax for name in names] == [4, 4]
    bpy.ops.ed.undo()
    assert [bpy.data.objects[name].data.spherical_cow.lmax for name in names] == [0, 0]


def test_all_are_claimed_and_released_together(three, extension):
    jobs = importlib.import_module(f"{extension}.jobs")
    blob, other, torus = three
    job = jobs.claim(blob, "spherical_cow.encode", iter_nothing(), [other])
    assert jobs.running(other) is job and jobs.running(torus) is None
    with pytest.raises(RuntimeError, match="poll"):
        ops.encode()
    jobs.release(job)
    assert jobs.running(blob) is None and jobs.running(other) is None


def iter_nothing():
    yield
