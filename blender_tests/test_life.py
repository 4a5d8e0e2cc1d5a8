# SPDX-License-Identifier: GPL-3.0-or-later
"""What an encoded object outlives: save and reload, undo and redo, duplicate, append, many cycles."""

from __future__ import annotations

import re

import bpy
import numpy as np
import pytest
from conftest import activate, add_blob, coefficients, positions

ops = bpy.ops.spherical_cow


def test_save_and_reload_gives_the_same_numbers(encoded, tmp_path):
    ops.reconstruct(sampling="icosphere", frequency=6)
    live = bpy.context.object
    live.data.spherical_cow.equaliser.gains[2] = 1.25
    numbers, points = coefficients(encoded), positions(live).copy()
    error = encoded.data.spherical_cow.fit_error
    path = str(tmp_path / "cow.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    source, live = bpy.data.objects["Blob"], bpy.data.objects["Blob Reconstruction"]
    assert np.array_equal(coefficients(source), numbers)
    assert source.data.spherical_cow.fit_error == error
    assert np.array_equal(positions(live), points)
    live.data.spherical_cow.equaliser.gains[2] = 1.0
    live.data.spherical_cow.equaliser.gains[2] = 1.25
    assert np.array_equal(positions(live), points)
    source.hide_set(False)
    activate(source)
    assert ops.reconstruct() == {"FINISHED"}


def test_undo_and_redo_of_every_step(blob):
    bpy.ops.ed.undo_push(message="Start")
    bpy.ops.spherical_cow.encode("EXEC_DEFAULT", True, lmax=8)
    bpy.ops.spherical_cow.reconstruct("EXEC_DEFAULT", True, sampling="icosphere", frequency=4)
    assert "Blob Reconstruction" in bpy.data.objects
    bpy.ops.ed.undo()
    assert "Blob Reconstruction" not in bpy.data.objects
    data = bpy.data.objects["Blob"].data
    assert data.spherical_cow.lmax == 8 and not bpy.data.objects["Blob"].hide_get()
    bpy.ops.ed.undo()
    data = bpy.data.objects["Blob"].data
    assert data.spherical_cow.lmax == 0 and "sphere_position" not in data.attributes
    bpy.ops.ed.redo()
    bpy.ops.ed.redo()
    live = bpy.data.objects["Blob Reconstruction"]
    assert live.data.spherical_cow.lmax == 8 and bpy.data.objects["Blob"].hide_get()
    points = positions(live).copy()
    live.data.spherical_cow.equaliser.degree = 1
    live.data.spherical_cow.equaliser.degree = 8
    assert np.allclose(positions(live), points, atol=1e-6)


def test_a_duplicate_is_independent(encoded):
    bpy.ops.object.duplicate()
    copy = bpy.context.object
    assert copy.data is not encoded.data
    assert np.array_equal(coefficients(copy), coefficients(encoded))
    ops.encode(lmax=4)
    assert encoded.data.spherical_cow.lmax == 12


def test_append_brings_everything(encoded, tmp_path):
    numbers = coefficients(encoded)
    path = tmp_path / "herd.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.append(filepath=str(path / "Object" / "Blob"), directory=str(path / "Object"), filename="Blob")
    blob = bpy.data.objects["Blob"]
    assert np.array_equal(coefficients(blob), numbers)
    activate(blob)
    assert ops.reconstruct() == {"FINISHED"}


def test_a_linked_object_is_left_alone(encoded, tmp_path):
    path = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.link(filepath=str(path / "Object" / "Blob"), directory=str(path / "Object"), filename="Blob")
    bpy.context.view_layer.objects.active = bpy.data.objects["Blob"]
    assert not ops.encode.poll()


def test_an_edit_makes_the_result_stale(encoded, extension):
    import importlib

    storage = importlib.import_module(f"{extension}.storage")
    assert not storage.is_stale(encoded)
    encoded.data.vertices[7].co.x += 0.01
    assert storage.is_stale(encoded)
    encoded.data.vertices[7].co.x -= 0.01
    ops.encode(lmax=8)
    assert not storage.is_stale(encoded)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.flip_normals()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert storage.is_stale(encoded)


def memory() -> float:
    """MiB that Blender itself says it has allocated."""
    bpy.context.preferences.view.show_statusbar_memory = True
    text = bpy.context.scene.statistics(bpy.context.view_layer)
    found = re.search(r"Memory: ([\d.]+) (KiB|MiB|GiB)", text)
    assert found, text
    return float(found[1]) * {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}[found[2]]


def test_encode_and_undo_200_times_does_not_grow(encoded, extension):
    """The writing half of an encode, 200 times; the worker is another process and leaves nothing here."""
    import importlib

    storage = importlib.import_module(f"{extension}.storage")
    mesh = encoded.data
    fingerprint = mesh.spherical_cow.fingerprint
    bpy.ops.ed.undo_push(message="Start")
    start = memory()
    for _ in range(200):
        mesh = bpy.data.objects["Blob"].data
        shape, fields = storage.load_shape(mesh, full=True), storage.scalars(mesh)
        storage.store_shape(mesh, shape, role="SOURCE", fingerprint=fingerprint, scalars=fields)
        storage.write_fields(mesh, shape.sphere, fields)
        bpy.ops.ed.undo_push(message="Encode")
        bpy.ops.ed.undo()
    assert memory() - start < 50.0


def test_real_encode_and_undo_cycles_leave_no_files(blob, extension):
    from pathlib import Path

    jobs = Path(bpy.utils.extension_path_user(extension, path="jobs"))
    bpy.ops.ed.undo_push(message="Start")
    start = memory()
    for _ in range(3):
        bpy.ops.spherical_cow.encode("EXEC_DEFAULT", True, lmax=6)
        bpy.ops.ed.undo()
    assert memory() - start < 10.0
    assert not list(jobs.glob("job-*"))


def test_a_sphere_beside_and_colors(encoded):
    assert ops.show_attribute(attribute="curvature_density") == {"FINISHED"}
    data = encoded.data.spherical_cow
    assert data.shown == "curvature_density" and data.shown_min == -data.shown_max < 0.0
    layer = encoded.data.color_attributes.active_color
    assert (layer.name, layer.domain, layer.data_type) == ("Spherical Cow Display", "POINT", "FLOAT_COLOR")
    assert ops.show_on_sphere(attribute="log_area_distortion") == {"FINISHED"}
    sphere = bpy.context.object
    points = positions(sphere).astype(float)
    radius = np.linalg.norm(points - 0.5 * (points.min(axis=0) + points.max(axis=0)), axis=1)
    assert sphere.name == "Blob Sphere" and sphere is not encoded
    assert np.ptp(radius) < 0.02 * radius.mean()


def test_attributes_that_are_not_there_are_refused(encoded):
    with pytest.raises(RuntimeError, match="no colors"):
        ops.show_attribute(attribute="rgb")
    encoded.data.attributes.remove(encoded.data.attributes["vertex_density"])
    with pytest.raises(RuntimeError, match="vertex_density"):
        ops.show_attribute(attribute="vertex_density")


def test_display_colors_are_not_encoded_as_colors(encoded):
    ops.show_attribute(attribute="curvature_density")
    ops.encode(lmax=6)
    assert "r" not in encoded.data.spherical_cow.channels.split()


def test_no_mesh_no_button():
    bpy.context.view_layer.objects.active = None
    for name in ("check", "encode", "reconstruct", "bands_to_shape_keys", "show_attribute", "save_shape"):
        assert not getattr(ops, name).poll()
    add_blob()
    assert ops.encode.poll() and not ops.save_shape.poll()
