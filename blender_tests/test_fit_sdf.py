# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit SDF through its operators: a field on the mesh, meshes out of it, and what it outlives."""

from __future__ import annotations

import importlib
import time

import bpy
import numpy as np
import pytest
from conftest import activate, add_blob, positions, set_positions

ops = bpy.ops.spherical_cow
QUICK = {"network": "mlp", "loss": "l1", "samples": 1000, "epochs": 80, "resolution": 24}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file with a blob and the object that was fitted to it; made once."""
    return tmp_path_factory.mktemp("fit") / "fitted.blend"


@pytest.fixture
def fitted(extension, file):
    if not file.exists():
        if reason := importlib.import_module(f"{extension}.networks.runtime").why_not():
            pytest.skip(reason)
        blob = add_blob()
        blob.location, blob.rotation_euler, blob.scale = (1.0, 2.0, 3.0), (0.3, 0.0, 0.5), (2.0, 2.0, 2.0)
        blob.data.materials.append(bpy.data.materials.new("Stone"))
        assert ops.fit_sdf(**QUICK) == {"FINISHED"}
        bpy.ops.wm.save_as_mainfile(filepath=str(file))
    bpy.ops.wm.open_mainfile(filepath=str(file))
    return bpy.data.objects["Blob SDF"]


def group_of(obj):
    return obj.data.spherical_cow.fitted


def stale(extension, obj):
    return importlib.import_module(f"{extension}.networks.fitted_fields").why_stale(obj)


def test_the_new_object_is_where_the_source_is_and_carries_the_field(extension, fitted):
    source = bpy.data.objects["Blob"]
    assert bpy.context.object == fitted and source.hide_get()
    assert np.allclose(np.array(fitted.matrix_world), np.array(source.matrix_world), atol=1e-5)
    assert [material.name for material in fitted.data.materials] == ["Stone"]
    size = np.abs(positions(source)).mean(axis=0)
    assert np.allclose(np.abs(positions(fitted)).mean(axis=0), size, rtol=0.3)
    group = group_of(fitted)
    assert group.size == len(group.content) < 1_000_000
    assert group.source == "Blob" and group.network == "mlp" and group.preset == "small"
    report = importlib.import_module(f"{extension}.networks.fitted_fields").report_of(fitted.data)
    assert 0.0 <= report["f1_near"] <= 1.0 and 0.5 < report["f1_volume"] <= 1.0
    assert stale(extension, fitted) == ""


def test_another_mesh_of_the_same_field(extension, fitted, here):
    before, content = len(fitted.data.vertices), group_of(fitted).content
    size = np.abs(positions(fitted)).mean()
    assert ops.extract_sdf(resolution=40, level=0.05) == {"FINISHED"}
    assert len(fitted.data.vertices) > 2 * before and np.abs(positions(fitted)).mean() > size
    assert group_of(fitted).content == content and group_of(fitted).level == pytest.approx(0.05)
    assert [material.name for material in fitted.data.materials] == ["Stone"]
    assert stale(extension, fitted) == ""
    set_positions(fitted, 1.1 * positions(fitted))
    assert "edited" in stale(extension, fitted)


def test_it_says_when_the_original_has_changed(extension, fitted):
    source = bpy.data.objects["Blob"]
    set_positions(source, 1.5 * positions(source))
    assert "fit it again" in stale(extension, fitted)


def test_a_file_there_and_back(fitted, here, tmp_path):
    path = tmp_path / "blob.safetensors"
    assert ops.save_sdf(filepath=str(path)) == {"FINISHED"}
    assert path.read_bytes() == group_of(fitted).content
    bpy.context.scene.spherical_cow.networks.fit_sdf.resolution = 24
    assert ops.load_sdf(filepath=str(path)) == {"FINISHED"}
    loaded = bpy.context.object
    assert loaded != fitted and loaded.name == "blob" and group_of(loaded).content == group_of(fitted).content
    assert group_of(loaded).network == "mlp" and '"f1_near"' in group_of(loaded).report
    assert np.allclose(positions(loaded).mean(axis=0), positions(fitted).mean(axis=0), atol=0.05)


def test_a_wrong_file_is_refused_in_words(fitted, here, tmp_path):
    before = set(bpy.data.objects.keys())
    (tmp_path / "wrong.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(RuntimeError, match="damaged"):
        ops.load_sdf(filepath=str(tmp_path / "wrong.safetensors"))
    with pytest.raises(RuntimeError, match="cannot be read"):
        ops.load_sdf(filepath=str(tmp_path / "missing.safetensors"))
    assert set(bpy.data.objects.keys()) == before


def test_tools_take_the_field_of_an_object_in_place_of_its_mesh(fitted, here):
    set_positions(fitted, 0.1 * positions(fitted))  # so that the mesh is another
    assert ops.sdf_tool(tool="offset", distance=0.0, resolution=24, use_fields=True) == {"FINISHED"}
    made = bpy.context.object
    assert np.allclose(made.scale, 1.0)
    assert np.abs(positions(made)).mean() > 1.5 * np.abs(positions(bpy.data.objects["Blob"])).mean()


def test_only_what_carries_a_field_can_be_extracted(extension, fitted):
    activate(bpy.data.objects["Blob"])
    assert not ops.extract_sdf.poll() and not ops.save_sdf.poll() and ops.fit_sdf.poll()


def test_it_survives_append_copy_and_undo(fitted, file):
    content = group_of(fitted).content
    copy = fitted.copy()
    copy.data = fitted.data.copy()
    assert group_of(copy).content == content
    bpy.ops.ed.undo_push(message="before")
    group_of(bpy.data.objects["Blob SDF"]).content = b"other"
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert group_of(bpy.data.objects["Blob SDF"]).content == content
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with bpy.data.libraries.load(str(file)) as (_, wanted):
        wanted.objects = ["Blob SDF"]
    assert group_of(wanted.objects[0]).content == content and "Blob" not in bpy.data.objects


def test_twelve_megabytes_are_kept_and_cost_little(extension, tmp_path):
    fields = importlib.import_module(f"{extension}.networks.fitted_fields")
    blob = add_blob()
    content = np.random.default_rng(0).integers(0, 256, 12_300_000, np.uint8).tobytes()
    fields.store(blob.data, content, {"f1_near": 0.99}, "hash", "full")
    fields.note_extracted(blob.data, 128, 0.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "large.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "large.blend"))
    blob = bpy.data.objects["Blob"]
    assert group_of(blob).content == content
    for step in range(4):
        blob.location.x = step
        bpy.ops.ed.undo_push(message=f"move {step}")
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert group_of(bpy.data.objects["Blob"]).content == content
    start = time.process_time()
    for _ in range(100):
        assert fields.has_field(bpy.data.objects["Blob"]) and fields.report_of(bpy.data.objects["Blob"].data)
    assert time.process_time() - start < 0.2, "the panel never reads the bytes"
