# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct through its operator: the three samplings, both bases, and what is kept."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from conftest import activate, positions

ops = bpy.ops.spherical_cow


def test_on_the_source_keeps_uvs_weights_and_materials(blob):
    mesh = blob.data
    mesh.materials.append(bpy.data.materials.new("One"))
    mesh.materials.append(bpy.data.materials.new("Two"))
    mesh.polygons[5].material_index = 1
    uv = np.random.default_rng(0).random((len(mesh.loops), 2)).astype(np.float32)
    mesh.uv_layers.new(name="Map").data.foreach_set("uv", uv.ravel())
    blob.vertex_groups.new(name="Head").add([3, 4], 0.5, "REPLACE")
    ops.encode(lmax=16)
    original = positions(blob).copy()
    assert ops.reconstruct(sampling="source") == {"FINISHED"}
    copy = bpy.context.object
    assert copy.data is not mesh and copy.name == "Blob Reconstruction"
    assert np.array_equal(positions(blob), original) and blob.hide_get()
    assert 0.0 < np.abs(positions(copy) - original).max() < 0.02
    again = np.empty_like(uv)
    copy.data.uv_layers["Map"].data.foreach_get("uv", again.ravel())
    assert np.array_equal(again, uv)
    assert copy.vertex_groups["Head"].weight(3) == 0.5
    assert len(copy.data.materials) == 2 and copy.data.polygons[5].material_index == 1


def test_on_an_icosphere(encoded):
    assert ops.reconstruct(sampling="icosphere", frequency=8, hide_original=False) == {"FINISHED"}
    copy = bpy.context.object
    assert len(copy.data.vertices) == 642 and len(copy.data.polygons) == 1280
    assert not encoded.hide_get()
    assert tuple(copy.dimensions) == pytest.approx(tuple(encoded.dimensions), rel=0.02)


def test_on_an_adapted_mesh(encoded):
    assert ops.reconstruct(sampling="adaptive", count=500) == {"FINISHED"}
    copy = bpy.context.object
    assert len(copy.data.vertices) == 500 and len(copy.data.polygons) == 996
    assert tuple(copy.dimensions) == pytest.approx(tuple(encoded.dimensions), rel=0.03)


def test_from_curvature(blob):
    ops.encode(lmax=24, method="conformal")
    encoded = blob
    assert ops.reconstruct(sampling="source", basis="CURVATURE") == {"FINISHED"}
    copy = bpy.context.object
    error = np.linalg.norm(positions(copy) - positions(encoded), axis=1).mean()
    assert error < 0.05 * np.linalg.norm(encoded.dimensions)
    assert not copy.data.spherical_cow.live


def test_missing_channels_are_named(blob):
    ops.encode(lmax=6, channels=set())
    with pytest.raises(RuntimeError, match="Density"):
        ops.reconstruct(sampling="adaptive", count=100)
    with pytest.raises(RuntimeError, match="Curvature"):
        ops.reconstruct(basis="CURVATURE")


def test_shape_keys_are_kept_on_the_original(blob):
    blob.shape_key_add(name="Basis")
    blob.shape_key_add(name="Smile").data[0].co.x += 1.0
    ops.encode(lmax=8)
    ops.reconstruct()
    assert bpy.context.object.data.shape_keys is None
    assert [key.name for key in blob.data.shape_keys.key_blocks] == ["Basis", "Smile"]


def test_an_edited_source_is_refused_in_words(encoded):
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    encoded.data.polygons[0].select = True
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.delete(type="VERT")
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(RuntimeError, match="other vertices"):
        ops.reconstruct(sampling="source")
    assert ops.reconstruct(sampling="icosphere", frequency=4) == {"FINISHED"}


def test_parent_and_collections(encoded):
    parent = bpy.data.objects.new("Parent", None)
    collection = bpy.data.collections.new("Herd")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(encoded)
    collection.objects.link(parent)
    encoded.parent, parent.location.x = parent, 3.0
    bpy.context.view_layer.update()
    ops.reconstruct(sampling="icosphere", frequency=4)
    copy = bpy.context.object
    bpy.context.view_layer.update()
    assert np.allclose(copy.matrix_world, encoded.matrix_world, atol=1e-6)
    assert collection in copy.users_collection


def test_reconstruct_is_greyed_out_before_encode(blob):
    activate(blob)
    assert not ops.reconstruct.poll()
