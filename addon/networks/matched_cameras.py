# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras through which an object lies over a picture."""

from __future__ import annotations

from typing import Any

import bpy
from mathutils import Matrix
from numpy.typing import NDArray

from .. import image_pixels
from ..core.datasets.pinhole import Pinhole

SENSOR = 36.0
"""Millimetres, of both edges: the picture is square."""

_OPACITY = 0.6


def add_camera(
    context: bpy.types.Context, name: str, camera: Pinhole, place: Matrix, picture: NDArray[Any]
) -> bpy.types.Object:
    """A new camera as the library's, with the picture as its background; it becomes the scene's where that has none.

    place: of the object that it sees. picture: (H, H, 3) sRGB in [0, 1], row 0 on top. The lens is for the render size
    that the scene has: the picture takes all of its shorter edge.
    """
    data: Any = bpy.data.cameras.new(name)
    wide = _aspect(context.scene) >= 1.0
    data.sensor_fit = "VERTICAL" if wide else "HORIZONTAL"
    data.sensor_width = data.sensor_height = SENSOR
    data.lens = camera.focal * SENSOR
    data.shift_x, data.shift_y = camera.shift
    _set_background(data, picture)
    obj = bpy.data.objects.new(name, data)
    context.collection.objects.link(obj)
    obj.matrix_world = (place @ Matrix(camera.pose.tolist())).normalized()
    distance = (obj.matrix_world.translation - place.translation).length
    data.clip_start, data.clip_end = min(0.1, 0.1 * distance), max(1000.0, 10.0 * distance)
    data.display_size = 0.25 * place.median_scale
    if context.scene.camera is None:
        context.scene.camera = obj
    return obj


def _aspect(scene: bpy.types.Scene) -> float:
    render = scene.render
    return (render.resolution_x * render.pixel_aspect_x) / (render.resolution_y * render.pixel_aspect_y)


def _set_background(data: bpy.types.Camera, picture: NDArray[Any]) -> None:
    image = bpy.data.images.new(f"{data.name} Picture", picture.shape[1], picture.shape[0])
    image_pixels.set_pixels(image, picture)
    image.pack()
    background = data.background_images.new()
    background.image = image
    background.frame_method, background.alpha, background.display_depth = "FIT", _OPACITY, "BACK"
    data.show_background_images = True
