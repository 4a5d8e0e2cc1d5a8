# SPDX-License-Identifier: GPL-3.0-or-later
"""A small picture through the current camera, of a scene of its own that a worker renders: no scene is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from .. import jobs
from ..core.errors import InvalidParameter, OutputError

SIZE = 256
"""Pixels along an edge of a picture; the network sees 224."""

_WANTED = 160
"""Pixels of the longest side of an object that will be cut out."""
_LARGEST = 2048
_NAME = "Spherical Cow Picture"


def request(
    context: bpy.types.Context,
    obj: bpy.types.Object | None,
    folder: Path,
    *,
    closely: bool,
    cameras: Sequence[bpy.types.Object | None] = (),
) -> jobs.Request:
    """Write the scene of each picture to the folder; the worker gives `pixels_0`, …, transparent where nothing is.

    obj: alone in even light; with None, the scene with its own lights. closely: the object will be cut out of the
    picture, so only its part is rendered, and finely enough. cameras: others than that of the scene, a picture each.
    Raises `InvalidParameter` where there is no camera, or it does not see the object, and `OutputError` for a folder
    that cannot be written.
    """
    looking = cameras or [context.scene.camera]
    if any(camera is None or camera.type != "CAMERA" for camera in looking):
        raise InvalidParameter("The scene has no camera.", "Add one (Shift-A), or take an image.")
    if obj is not None and obj.hide_render:
        raise InvalidParameter(f"{obj.name!r} is hidden in renders.", "Show it in renders.")
    for edited in context.scene.objects if obj is None else [obj]:
        if edited.mode == "EDIT":
            edited.update_from_editmode()
    file = folder / "scene.blend"
    with ExitStack() as stack:
        scenes = []
        for camera in looking:
            scene = stack.enter_context(_scene_of(context.scene, camera, obj))
            _set_up(scene)
            if obj is not None:
                _aim(scene, camera, obj, closely)
            scenes.append(scene)
        try:
            bpy.data.libraries.write(str(file), set(scenes), path_remap="ABSOLUTE")
        except (OSError, RuntimeError) as error:
            raise OutputError(f"The scene cannot be handed over: {error}.", "Make room on the disk.") from error
        names = [scene.name for scene in scenes]
    parameters = {
        "file": str(file),
        "scenes": names,
        "changed_images": _changed_images(folder),
        "renderer": "scripts.blender_picture",
    }
    return jobs.Request("take_pictures", parameters, in_blender=True, compiles=False)


def _changed_images(folder: Path) -> dict[str, str]:
    """Name → file of the pixels, for images that are not saved as they are now: the scene's file lacks those."""
    files = {}
    for number, image in enumerate(bpy.data.images):
        if image.is_dirty and image.users and image.library is None and image.source in ("FILE", "GENERATED"):
            file = folder / f"image-{number}"
            with suppress(RuntimeError):
                image.save(filepath=str(file), save_copy=True)
            if file.is_file():
                files[image.name] = str(file)
    return files


@contextmanager
def _scene_of(
    scene: bpy.types.Scene, camera: bpy.types.Object, obj: bpy.types.Object | None
) -> Iterator[bpy.types.Scene]:
    """A copy of the scene, or a new one with the object in even light; gone afterwards, with all that it needed."""
    if obj is None:
        copy = scene.copy()
        copy.camera = camera
        try:
            yield copy
        finally:
            bpy.data.scenes.remove(copy)
        return
    made: Any = bpy.data.scenes.new(_NAME)
    world, light = bpy.data.worlds.new(_NAME), bpy.data.lights.new(_NAME, "SUN")
    lamp = bpy.data.objects.new(_NAME, light)
    try:
        made.camera, made.world = camera, world
        made.frame_float = scene.frame_float
        world.color = (0.7, 0.7, 0.7)
        light.energy = 2.0
        # From above, behind the left shoulder of who looks.
        lamp.matrix_world = camera.matrix_world.normalized() @ Matrix.Rotation(-0.6, 4, "X") @ _TURN
        for item in (camera, obj, lamp):
            made.collection.objects.link(item)
        made.view_layers[0].update()  # else Blender 5.2 crashes when it writes the new scene
        yield made
    finally:
        bpy.data.scenes.remove(made)
        bpy.data.lights.remove(light)  # and the lamp with it
        bpy.data.worlds.remove(world)


_TURN = Matrix.Rotation(-0.5, 4, "Y")


def _set_up(scene: Any) -> None:
    """Small, quick, transparent, colours as they are, and nothing of what else a render may do."""
    render = scene.render
    render.use_file_extension = True
    if hasattr(render.image_settings, "media_type"):  # from Blender 5.0 on, it decides which formats there are
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode, render.image_settings.color_depth = "RGBA", "8"
    render.resolution_x = render.resolution_y = SIZE
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.resolution_percentage, render.film_transparent = 100, True
    for name in (
        "use_border",
        "use_crop_to_border",
        "use_compositing",
        "use_sequencer",
        "use_multiview",
        "use_freestyle",
        "use_motion_blur",
        "use_stamp",
        "use_simplify",
        "use_overwrite",
        "use_placeholder",
    ):
        setattr(render, name, name == "use_overwrite")
    with suppress(TypeError):  # colour management of the user's own may have no such
        scene.view_settings.view_transform = "Standard"
        scene.view_settings.look = "None"
    scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0


def _aim(scene: Any, camera: bpy.types.Object, obj: bpy.types.Object, closely: bool) -> None:
    """Look where the object is; only there, and finely, if closely. Raises `InvalidParameter` where it is not seen."""
    corners = [obj.matrix_world @ Vector(corner) for corner in obj.bound_box]
    seen = np.array([world_to_camera_view(scene, camera, corner) for corner in corners])
    if (seen[:, 2] <= 0.0).all():
        raise InvalidParameter(f"{obj.name!r} is behind the camera.", "Turn the camera to it.")
    low, high = np.clip(seen[:, :2].min(axis=0), 0.0, 1.0), np.clip(seen[:, :2].max(axis=0), 0.0, 1.0)
    if (seen[:, 2] > 0.0).all() and (high - low).min() <= 0.0 and (high - low).max() < 1.0:
        raise InvalidParameter(f"{obj.name!r} is not in the picture of the camera.", "Turn the camera to it.")
    if not closely or (seen[:, 2] <= 0.0).any():
        return
    share = max(float((high - low).max()), 1e-3)
    size = int(min(max(_WANTED / share, 64), _LARGEST))
    margin = 2.0 / size
    render = scene.render
    render.resolution_x = render.resolution_y = size
    render.use_border = True
    render.border_min_x, render.border_min_y = (float(value) for value in np.clip(low - margin, 0.0, 1.0))
    render.border_max_x, render.border_max_y = (float(value) for value in np.clip(high + margin, 0.0, 1.0))
