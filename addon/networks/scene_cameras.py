# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras of the scene as the library knows them."""

from __future__ import annotations

import bpy
import numpy as np

from ..core.datasets.arrays import Camera
from ..core.errors import InvalidParameter
from ..core.geometry.upright import Z_TO_Y

_AXES = np.diag([1.0, -1.0, -1.0])
"""From Blender's camera (x right, y up, z towards who looks) to the library's (x right, y down, z away), and back."""


def camera_of(context: bpy.types.Context, obj: bpy.types.Object, width: int, height: int) -> Camera:
    """The camera `obj` where it is now, for its picture of so many pixels; the world has y up, in units of the scene.

    What Blender computes for a render of that size is taken: lens, sensor fit, shift, and the aspect of the scene's
    pixels. Raises `InvalidParameter` for an object that is no camera, and for one that is not in perspective.
    """
    if obj.type != "CAMERA":
        raise InvalidParameter(f"{obj.name!r} is not a camera.", "Choose a camera.")
    data: bpy.types.Camera = obj.data
    if data.type != "PERSP":
        found = f"{obj.name!r} is not a perspective camera."
        raise InvalidParameter(found, "Set its type to Perspective, or choose another.")
    render = context.scene.render
    clip = np.array(
        obj.calc_matrix_camera(
            context.evaluated_depsgraph_get(),
            x=width,
            y=height,
            scale_x=render.pixel_aspect_x,
            scale_y=render.pixel_aspect_y,
        )
    )
    to_pixels = np.array([[width / 2.0, 0.0, width / 2.0], [0.0, -height / 2.0, height / 2.0], [0.0, 0.0, 1.0]])
    matrix = to_pixels @ clip[[0, 1, 3], :3] @ _AXES
    view = np.linalg.inv(np.array(obj.matrix_world.normalized(), np.float64))[:3]
    turn = np.eye(4)
    turn[:3, :3] = Z_TO_Y.T
    return Camera(matrix, _AXES @ view @ turn)


def scaled(camera: Camera, across: float, down: float) -> Camera:
    """The same camera for the same picture that is larger by these factors, or smaller."""
    return Camera(np.diag([across, down, 1.0]) @ camera.matrix, camera.world)
