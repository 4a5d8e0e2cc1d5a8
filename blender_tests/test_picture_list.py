# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of pictures that a mesh is fitted to: files, order, cameras; and images that are not saved."""

from __future__ import annotations

import importlib

import bpy
import numpy as np
import pytest
from mathutils import Vector
from PIL import Image
from test_fit_pictures import add_camera, settings

ops = bpy.ops.spherical_cow


def test_files_are_added_in_order_with_the_cameras_of_their_names(extension, tmp_path) -> None:
    for name in ("shot10", "shot2", "Left"):
        Image.new("RGB", (8, 6), (255, 0, 0)).save(tmp_path / f"{name}.png")
    (tmp_path / "text.png").write_text("no image")
    left = add_camera("left", Vector((1.0, 0.0, 0.0)), Vector())
    files = [{"name": f"{name}.png"} for name in ("shot10", "Left", "shot2")]
    images = len(bpy.data.images)
    with pytest.raises(RuntimeError, match="not an image"):
        ops.pictures_add(directory=str(tmp_path), files=[*files, {"name": "text.png"}])
    assert len(bpy.data.images) == images and not settings().pictures
    assert ops.pictures_add(directory=str(tmp_path), files=files) == {"FINISHED"}
    entries = settings().pictures
    assert [entry.image.name for entry in entries] == ["Left.png", "shot2.png", "shot10.png"]
    assert [entry.camera for entry in entries] == [left, None, None]
    assert settings().active_picture == 0 and ops.picture_move(direction="UP") == {"CANCELLED"}
    settings().active_picture = 2
    assert ops.picture_move(direction="UP") == {"FINISHED"} and settings().active_picture == 1
    assert [entry.image.name for entry in entries] == ["Left.png", "shot10.png", "shot2.png"]
    assert ops.picture_remove() == {"FINISHED"} and len(entries) == 2
    assert ops.picture_new() == {"FINISHED"} and entries[2].image is None
    assert ops.picture_remove(every=True) == {"FINISHED"} and not len(entries) and not ops.picture_remove.poll()
    assert not ops.fit_pictures.poll()


def test_cameras_are_assigned_by_name_or_order(extension) -> None:
    for name in ("a", "b", "c"):
        settings().pictures.add().image = bpy.data.images.new(name, 4, 4)
    with pytest.raises(RuntimeError, match="no camera"):
        ops.pictures_cameras()
    cameras = {name: add_camera(name, Vector((1.0, 0.0, 0.0)), Vector()) for name in ("Cam 10", "Cam 2")}
    with pytest.raises(RuntimeError, match="2 cameras for 3 pictures"):
        ops.pictures_cameras()
    cameras["Cam 1"] = add_camera("Cam 1", Vector((1.0, 0.0, 0.0)), Vector())
    assert ops.pictures_cameras() == {"FINISHED"}
    assert [entry.camera.name for entry in settings().pictures] == ["Cam 1", "Cam 2", "Cam 10"]
    cameras["Cam 10"].name = "B"
    assert ops.pictures_cameras() == {"FINISHED"}
    assert settings().pictures[1].camera.name == "B" and settings().pictures[0].camera.name == "Cam 1"


def test_a_painted_picture_that_is_not_saved_is_read_whole(extension) -> None:
    views = importlib.import_module(f"{extension}.networks.views")
    image = bpy.data.images.new("Painted", 64, 32)
    image.pixels.foreach_set(np.tile(np.float32((0.25, 0.5, 0.75, 1.0)), 64 * 32))
    assert np.allclose(views.pixels_of(image, 100).mean(axis=(0, 1)), (0.25, 0.5, 0.75, 1.0), atol=0.01)
    image.pack()
    small = views.pixels_of(image, 512)
    assert small.shape == (16, 32, 4) and np.allclose(small.mean(axis=(0, 1)), (0.25, 0.5, 0.75, 1.0), atol=0.01)
