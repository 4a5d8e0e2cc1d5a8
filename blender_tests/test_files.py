# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures, files in and out, the sample cow."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from conftest import coefficients, positions

ops = bpy.ops.spherical_cow


def test_save_and_load(encoded, tmp_path):
    path = tmp_path / "blob.harmonics.npz"
    assert ops.save_shape(filepath=str(path)) == {"FINISHED"}
    assert ops.load_shape(filepath=str(path)) == {"FINISHED"}
    new = bpy.context.object
    assert new.name == "blob" and len(new.data.vertices) == len(encoded.data.vertices)
    assert np.array_equal(coefficients(new), coefficients(encoded))
    new.data.spherical_cow.equaliser.degree = 1
    assert ops.reconstruct(sampling="source") == {"FINISHED"}


def test_a_compact_file_opens_on_an_icosphere(encoded, tmp_path):
    path = tmp_path / "small.npz"
    ops.save_shape(filepath=str(path), compact=True)
    ops.load_shape(filepath=str(path))
    assert len(bpy.context.object.data.vertices) == 10 * 32**2 + 2
    with pytest.raises(RuntimeError, match="sphere map"):
        ops.reconstruct(sampling="source")


def test_shtools_text(encoded, tmp_path):
    assert ops.save_shape(filepath=str(tmp_path / "blob.sh")) == {"FINISHED"}
    names = sorted(path.name for path in tmp_path.iterdir())
    assert "blob_x.sh" in names and "blob_vertex_density.sh" in names


def test_shtools_files_open_as_a_set(encoded, tmp_path):
    ops.save_shape(filepath=str(tmp_path / "blob.sh"))
    assert ops.load_shape(filepath=str(tmp_path / "blob_x.sh")) == {"FINISHED"}
    assert bpy.context.object.data.spherical_cow.live
    assert tuple(bpy.context.object.dimensions) == pytest.approx(tuple(encoded.dimensions), rel=0.02)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_refused_and_nothing_is_made(encoded, tmp_path, content):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    objects, meshes = len(bpy.data.objects), len(bpy.data.meshes)
    with pytest.raises(RuntimeError):
        ops.load_shape(filepath=str(path))
    assert (len(bpy.data.objects), len(bpy.data.meshes)) == (objects, meshes)


def test_saving_where_one_may_not(encoded, tmp_path):
    with pytest.raises(RuntimeError):
        ops.save_shape(filepath=str(tmp_path / "no such folder" / "blob.npz"))


def test_pictures(encoded):
    assert ops.coefficient_images() == {"FINISHED"}
    image = bpy.data.images["Blob x"]
    assert min(image.size) >= 13 and image.packed_file
    assert bpy.data.images["Blob power spectrum"].size[0] > 100
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    assert 0.0 <= pixels.min() < pixels.max() <= 1.0
    count = len(bpy.data.images)
    ops.coefficient_images()
    assert len(bpy.data.images) == count


def test_off_files(tmp_path):
    path = tmp_path / "tetra.off"
    path.write_text("OFF\n4 4 6\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 1 2 3\n3 0 3 2\n")
    assert ops.import_off(filepath=str(path)) == {"FINISHED"}
    assert len(bpy.context.object.data.polygons) == 4 and bpy.context.object.name == "tetra"
    (tmp_path / "bad.off").write_text("no")
    with pytest.raises(RuntimeError):
        ops.import_off(filepath=str(tmp_path / "bad.off"))


def test_dropped_files_are_opened_together(encoded, tmp_path):
    for name in ("one.npz", "two.npz"):
        ops.save_shape(filepath=str(tmp_path / name))
    ops.load_shape(directory=str(tmp_path), files=[{"name": "one.npz"}, {"name": "two.npz"}])
    assert {"one", "two"} <= set(bpy.data.objects.keys())


def test_the_sample_cow():
    assert ops.add_cow() == {"FINISHED"}
    cow = bpy.context.object
    assert cow.data.color_attributes.active_color is not None and cow.data.materials[0].node_tree
    assert ops.encode(lmax=16) == {"FINISHED"}
    assert cow.data.spherical_cow.flips == 0 and cow.data.spherical_cow.fit_error < 0.01
    assert np.isfinite(positions(cow)).all()


@pytest.mark.parametrize(
    ("name", "file_format", "error"),
    [("a.psh", "AUTO", 1e-3), ("a.coef", "SPHARM_PDM", 1e-5), ("a.txt", "AUTO", None), ("a.csv", "AICSSHPARAM", 5e-3)],
)
def test_other_formats(encoded, tmp_path, name, file_format, error):
    assert ops.save_shape(filepath=str(tmp_path / name), file_format=file_format, bits=12) == {"FINISHED"}
    assert ops.load_shape(filepath=str(tmp_path / name)) == {"FINISHED"}
    new = bpy.context.object
    assert new != encoded and new.data.spherical_cow.live
    if error is not None:  # flowshape has no size
        ops.reconstruct(sampling="icosphere", frequency=32)
        assert tuple(new.dimensions) == pytest.approx(tuple(encoded.dimensions), rel=0.02)
        low = min(len(coefficients(new)[0]), 6)
        assert np.abs(coefficients(new)[:3, :low, :low] - coefficients(encoded)[:3, :low, :low]).max() < max(
            error, 1e-3
        ) or (
            file_format == "AICSSHPARAM"  # which has another map
        )


def test_the_beginning_of_a_progressive_file_opens(encoded, tmp_path):
    ops.save_shape(filepath=str(tmp_path / "a.psh"), bits=16)
    data = (tmp_path / "a.psh").read_bytes()
    (tmp_path / "b.psh").write_bytes(data[: int(0.8 * len(data))])
    ops.load_shape(filepath=str(tmp_path / "b.psh"))
    assert 1 < bpy.context.object.data.spherical_cow.lmax < 12


def test_the_choice_of_a_format_names_the_file(extension):
    from importlib import import_module

    module = import_module(f"{extension}.operators.coefficients")
    registry = import_module(f"{extension}.core.interchange.registry")
    choices = import_module(f"{extension}.choices")
    names = [module.format_name(item[0]) for item in choices.SHAPE_FORMATS[1:]]
    assert sorted(names) == sorted(entry.name for entry in registry.FORMATS)
    assert {f"*{ending}" for ending in registry.ENDINGS} == set(module.GLOB.split(";"))
    assert module.fitting_name("/x/cow.harmonics.npz", "SPHARM_PDM").endswith("cow.coef")
    assert module.fitting_name("/x/cow.psh", "HARMONICS").endswith("cow.harmonics.npz")
