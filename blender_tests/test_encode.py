# SPDX-License-Identifier: GPL-3.0-or-later
"""Encode through its operator: what it stores, what it refuses, and that the mesh stays as it was."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest
from conftest import activate, add_blob, coefficients, positions

ops = bpy.ops.spherical_cow


def test_encode_stores_certificate_and_attributes(blob):
    before = positions(blob).copy()
    assert ops.encode(lmax=16) == {"FINISHED"}
    data = blob.data.spherical_cow
    assert (data.lmax, data.role, data.flips, data.method) == (16, "SOURCE", 0, "balanced")
    assert data.area_sum == pytest.approx(1.0, abs=1e-6)
    assert 0.0 < data.fit_error < 0.01
    assert np.array_equal(positions(blob), before)
    for name in ("curvature_density", "log_area_distortion", "vertex_density", "angle_distortion"):
        assert blob.data.attributes[name].domain == "POINT"
    sphere = np.empty((len(before), 3), np.float32)
    blob.data.attributes["sphere_position"].data.foreach_get("vector", sphere.ravel())
    assert np.allclose(np.linalg.norm(sphere, axis=1), 1.0, atol=1e-6)


def test_degree_zero_is_the_centre_and_more_degrees_fit_better(blob):
    ops.encode(lmax=4)
    coarse = blob.data.spherical_cow.fit_error
    ops.encode(lmax=16)
    assert blob.data.spherical_cow.fit_error < 0.5 * coarse
    assert np.abs(coefficients(blob)[:3, 0, 0]).max() < 0.5


def test_target_takes_the_smallest_degree(blob):
    assert ops.encode(lmax=32, use_target=True, target=0.5) == {"FINISHED"}
    data = blob.data.spherical_cow
    assert data.lmax < 32 and data.fit_error <= 0.005


def test_channels(blob):
    ops.encode(lmax=8, channels={"curvature"})
    names = ["x", "y", "z", "curvature_density", "log_area_distortion"]
    assert blob.data.spherical_cow.channels.split() == names


@pytest.mark.parametrize("method", ["authalic", "conformal", "cmcf"])
def test_every_map(blob, method):
    assert ops.encode(lmax=8, method=method) == {"FINISHED"}
    assert blob.data.spherical_cow.method == method and blob.data.spherical_cow.flips == 0


def test_a_torus_is_refused_with_the_reason_and_a_way_out(blob):
    bpy.ops.mesh.primitive_torus_add(major_segments=16, minor_segments=8)
    torus = bpy.context.object
    with pytest.raises(RuntimeError, match="genus"):
        ops.encode(lmax=8)
    assert torus.data.spherical_cow.lmax == 0 and not len(torus.data.attributes.get("sphere_position", ()))
    session = bpy.context.window_manager.spherical_cow
    assert session.found and session.remedy and session.fix == "spherical_cow.check"
    assert session.operator == "spherical_cow.encode"
    ops.dismiss()
    assert not session.found


def test_bad_meshes_are_refused_in_words(blob):
    empty = bpy.data.objects.new("Empty", bpy.data.meshes.new("Empty"))
    bpy.context.collection.objects.link(empty)
    activate(empty)
    with pytest.raises(RuntimeError, match="empty"):
        ops.encode(lmax=8)
    activate(blob)
    blob.data.vertices[0].co.x = float("nan")
    with pytest.raises(RuntimeError, match="not numbers"):
        ops.encode(lmax=8)
    assert blob.data.spherical_cow.lmax == 0


def test_ngons_stay_ngons(blob):
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=9)
    sphere = bpy.context.object
    faces = [tuple(polygon.vertices) for polygon in sphere.data.polygons]
    assert max(map(len, faces)) == 4
    assert ops.encode(lmax=8) == {"FINISHED"}
    assert ops.reconstruct(sampling="source") == {"FINISHED"}
    copy = bpy.context.object
    assert copy is not sphere and [tuple(polygon.vertices) for polygon in copy.data.polygons] == faces


def test_edit_mode_takes_unfinished_edits_and_comes_back(blob):
    bpy.ops.object.mode_set(mode="EDIT")
    edited = bmesh.from_edit_mesh(blob.data)
    for vertex in edited.verts:
        vertex.co.x *= 2.0
    bmesh.update_edit_mesh(blob.data)
    assert ops.encode(lmax=8) == {"FINISHED"}
    assert blob.mode == "EDIT"
    bpy.ops.object.mode_set(mode="OBJECT")
    assert "sphere_position" in blob.data.attributes
    width = np.ptp(positions(blob)[:, 0])
    ops.reconstruct()
    assert np.ptp(positions(bpy.context.object)[:, 0]) == pytest.approx(width, rel=0.05)


def test_modifiers_only_on_request(blob):
    blob.modifiers.new("Subdivision", "SUBSURF").levels = 1
    count = len(blob.data.vertices)
    ops.encode(lmax=8)
    assert "sphere_position" in blob.data.attributes and not blob.data.spherical_cow.with_modifiers
    ops.encode(lmax=8, use_modifiers=True)
    assert len(blob.data.vertices) == count and len(blob.modifiers) == 1
    assert ops.reconstruct(sampling="source") == {"FINISHED"}
    copy = bpy.context.object
    assert len(copy.data.vertices) > 3 * count and not copy.modifiers


def test_transforms_do_not_matter(blob):
    ops.encode(lmax=8)
    plain = coefficients(blob)
    for scale, turn in (((2.0, 0.5, 1.0), 0.3), ((-1.0, 1.0, 1.0), 0.0)):
        blob.scale, blob.rotation_euler.x, blob.location.y = scale, turn, 5.0
        bpy.context.view_layer.update()
        ops.encode(lmax=8)
        assert np.allclose(coefficients(blob), plain, atol=1e-9)
        ops.reconstruct(sampling="icosphere", frequency=6)
        assert np.allclose(bpy.context.object.matrix_world, blob.matrix_world, atol=1e-6)
        blob.hide_set(False)
        activate(blob)


@pytest.mark.parametrize("kind", ["FLOAT_COLOR", "BYTE_COLOR"])
@pytest.mark.parametrize("domain", ["POINT", "CORNER"])
def test_colors_of_every_kind_come_back(blob, kind, domain):
    layer = blob.data.color_attributes.new("Paint", kind, domain)
    layer.data.foreach_set("color", np.tile(np.float32([0.25, 0.5, 0.75, 1.0]), len(layer.data)))
    blob.data.color_attributes.active_color = layer
    ops.encode(lmax=4, channels={"color"})
    rgb = coefficients(blob)[3:6]
    assert np.allclose(rgb[:, 0, 0], [0.25, 0.5, 0.75], atol=0.01)
    ops.reconstruct(sampling="icosphere", frequency=4)
    new = bpy.context.object.data.color_attributes.active_color
    values = np.empty((len(new.data), 4), np.float32)
    new.data.foreach_get("color", values.ravel())
    assert new.data_type == "FLOAT_COLOR" and np.allclose(values[:, :3], [0.25, 0.5, 0.75], atol=0.02)


def test_two_objects_do_not_mix(blob):
    other = add_blob("Other", subdivisions=3)
    ops.encode(lmax=6)
    activate(blob)
    ops.encode(lmax=8)
    assert (blob.data.spherical_cow.lmax, other.data.spherical_cow.lmax) == (8, 6)
