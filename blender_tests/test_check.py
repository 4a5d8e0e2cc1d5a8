# SPDX-License-Identifier: GPL-3.0-or-later
"""Check and its Select buttons."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest
from conftest import activate

ops = bpy.ops.spherical_cow


def rows(extension, obj):
    import importlib

    return {row.name: row for row in importlib.import_module(f"{extension}.storage").load_check(obj.data)}


def wrong(extension, obj) -> set[str]:
    return {name for name, row in rows(extension, obj).items() if not row.ok}


def test_a_good_mesh_passes(blob, extension):
    assert ops.check() == {"FINISHED"}
    assert blob.data.spherical_cow.check.passed and not wrong(extension, blob)
    assert len(rows(extension, blob)) >= 8
    assert all(row.text for row in rows(extension, blob).values())


def hole(obj: bpy.types.Object) -> None:
    mesh = bmesh.new()
    mesh.from_mesh(obj.data)
    mesh.faces.ensure_lookup_table()
    bmesh.ops.delete(mesh, geom=[mesh.faces[10]], context="FACES_ONLY")
    mesh.to_mesh(obj.data)
    mesh.free()


def test_a_hole_is_found_and_its_edges_selected(blob, extension):
    hole(blob)
    assert ops.check() == {"FINISHED"}
    assert not blob.data.spherical_cow.check.passed
    found = wrong(extension, blob)
    row = next(row for row in rows(extension, blob).values() if not row.ok and row.name == "closed")
    assert found and row.count == 3
    assert ops.select_problem(row=row.name) == {"FINISHED"}
    assert blob.mode == "EDIT"
    assert sum(edge.select for edge in bmesh.from_edit_mesh(blob.data).edges) == 3


def test_polygons_are_selected_not_their_triangles(extension):
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    mesh = bmesh.new()
    mesh.from_mesh(cube.data)
    mesh.verts.new((5.0, 5.0, 5.0))
    mesh.to_mesh(cube.data)
    mesh.free()
    ops.check()
    row = next(row for row in rows(extension, cube).values() if not row.ok and row.kind == "VERT")
    ops.select_problem(row=row.name)
    chosen = [vertex for vertex in bmesh.from_edit_mesh(cube.data).verts if vertex.select]
    assert len(chosen) == 1 and chosen[0].co.x == pytest.approx(5.0)


def test_two_parts_and_a_handle_are_told_apart(blob, extension):
    bpy.ops.mesh.primitive_torus_add(major_segments=12, minor_segments=6)
    torus = bpy.context.object
    ops.check()
    handle = wrong(extension, torus)
    activate(blob)
    copy = blob.data.copy()
    mesh = bmesh.new()
    mesh.from_mesh(blob.data)
    mesh.from_mesh(copy)
    mesh.to_mesh(blob.data)
    mesh.free()
    ops.check()
    parts = wrong(extension, blob)
    assert handle and parts and handle != parts


def test_flipped_faces(blob, extension):
    mesh = bmesh.new()
    mesh.from_mesh(blob.data)
    mesh.faces.ensure_lookup_table()
    mesh.faces[3].normal_flip()
    mesh.to_mesh(blob.data)
    mesh.free()
    ops.check()
    assert not blob.data.spherical_cow.check.passed and wrong(extension, blob)


def test_stale_after_an_edit(blob, extension):
    import importlib

    storage = importlib.import_module(f"{extension}.storage")
    ops.check()
    assert not storage.check_is_stale(blob)
    blob.data.vertices[0].co.z += 1.0
    assert storage.check_is_stale(blob)
    assert not ops.select_problem.poll()


def test_check_in_edit_mode_stays_there(blob):
    bpy.ops.object.mode_set(mode="EDIT")
    assert ops.check() == {"FINISHED"} and blob.mode == "EDIT"
    assert np.isfinite(len(blob.data.vertices))
