# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender can show to a network: pictures from files, image data-blocks and the camera; points and surfaces of
objects."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import bridge, image_pixels, jobs, layers
from ..core.errors import ImageError, InvalidMesh, InvalidParameter
from . import camera_picture

VIEW = "Network Input"
"""The image data-block that shows what the network sees."""

SOLID_TYPES = ("MESH", "CURVE", "SURFACE", "META", "FONT")
POINT_TYPES = (*SOLID_TYPES, "POINTCLOUD")

_LARGE = 16_000_000
"""Pixels beyond which an image data-block is scaled down, in a copy, before its pixels are read as floats."""


def picture_in_file(path: str) -> Path:
    """The file of an image. Raises `InvalidParameter` without a path."""
    if not path.strip():
        raise InvalidParameter("No image is chosen.", "Choose a file.")
    return Path(bpy.path.abspath(path))


def picture_in_image(image: bpy.types.Image | None) -> NDArray[np.floating[Any]]:
    """The pixels of an image data-block, as of `pixels_of`. Raises `InvalidParameter` without one, and `ImageError`."""
    if image is None:
        raise InvalidParameter("No image is chosen.", "Choose one, or open a file.")
    return pixels_of(image)


def picture_of_camera(
    context: bpy.types.Context, obj: bpy.types.Object | None, *, closely: bool
) -> Generator[jobs.Step, None, NDArray[Any]]:
    """The pixels that the camera sees: of one object alone in even light, or with None of the scene as it is.

    closely: the object will be cut out. Blender is read at the first step; another process renders.

    Raises `InvalidParameter` where there is no camera, or it does not see the object.
    """
    place = jobs.user_folder("jobs")
    with tempfile.TemporaryDirectory(prefix="job-", dir=place, ignore_cleanup_errors=True) as folder:
        request = camera_picture.request(context, obj, Path(folder), closely=closely)
        rendered = yield from jobs.work(request)
    return rendered.arrays["pixels_0"]


def pixels_of(image: bpy.types.Image, most: int = _LARGE) -> NDArray[np.floating[Any]]:
    """(H, W, 4) sRGB in [0, 1] with straight alpha, row 0 on top. Raises `ImageError` for one without pixels.

    most: pixels beyond which a smaller copy of it is read.
    """
    width, height = image.size
    if image.type in ("RENDER_RESULT", "COMPOSITING"):
        raise ImageError(f"The pixels of {image.name!r} cannot be read.", "Save it as a file, or take the camera.")
    if not width or not height:
        raise ImageError(f"{image.name!r} has no pixels.", "Is its file there?")
    with _moderate(image, most) as small:
        given = image_pixels.read_pixels(small)
    rgba = np.ones((*given.shape[:2], 4), np.float32)
    if given.shape[2] in (1, 2):
        rgba[:, :, :3] = given[:, :, :1]
    else:
        rgba[:, :, :3] = given[:, :, :3]
    if given.shape[2] in (2, 4) and image.alpha_mode != "NONE":
        rgba[:, :, 3] = given[:, :, -1]
    return _display(rgba) if image.is_float else rgba


@contextmanager
def _moderate(image: bpy.types.Image, most: int) -> Iterator[bpy.types.Image]:
    """The image, or while within a smaller copy of one that has more pixels. What is painted and not saved yet would
    be missing in a copy."""
    width, height = image.size
    factor = (width * height / most) ** 0.5
    if factor <= 1.0 or image.is_dirty:
        yield image
        return
    copy = image.copy()
    try:
        copy.scale(max(int(width / factor), 1), max(int(height / factor), 1))
        yield copy
    finally:
        bpy.data.images.remove(copy)


def _display(rgba: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear colours, multiplied by alpha as Blender keeps floats, as sRGB with straight alpha."""
    from ..core.meshfile.color import linear_to_srgb

    alpha = rgba[:, :, 3:]
    straight = np.divide(rgba[:, :, :3], alpha, out=np.zeros_like(rgba[:, :, :3]), where=alpha > 1e-6)
    rgba[:, :, :3] = linear_to_srgb(np.clip(straight.astype(np.float64), 0.0, 1.0))
    return rgba


def show_view(pixels: NDArray[Any]) -> bpy.types.Image:
    """Keep what the network sees as the image data-block `VIEW`."""
    image = image_pixels.new_image(VIEW, pixels)
    image.use_fake_user = True
    return image


def surface_of(obj: bpy.types.Object | None, *, needs_faces: bool) -> dict[str, NDArray[Any]]:
    """`vertices` (V, 3) and `faces` (F, 3) of an object with its modifiers, in its own coordinates.

    needs_faces: whether points alone are not enough. Raises `InvalidParameter` without a fitting object and
    `InvalidMesh` for one without geometry.
    """
    types = SOLID_TYPES if needs_faces else POINT_TYPES
    if obj is None or obj.type not in types:
        what = "a mesh" if needs_faces else "a mesh or a point cloud"
        raise InvalidParameter(f"This network needs {what}.", f"Make {what} the active object.")
    if obj.mode == "EDIT":
        obj.update_from_editmode()
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    if obj.type == "POINTCLOUD":
        found = {"vertices": layers.cloud_positions(evaluated.data), "faces": np.zeros((0, 3), np.int64)}
    else:
        mesh = evaluated.to_mesh()
        try:
            faces, _ = bridge.triangles(mesh)
            found = {"vertices": bridge.positions(mesh), "faces": faces}
        finally:
            evaluated.to_mesh_clear()
    if not len(found["vertices"]) or (needs_faces and not len(found["faces"])):
        lacks = "faces" if len(found["vertices"]) else "vertices"
        raise InvalidMesh(f"{obj.name!r} has no {lacks}.", "Choose an object with geometry.")
    return found


def image_named(name: str) -> bpy.types.Image | None:
    """The image data-block of that name."""
    found: bpy.types.Image | None = bpy.data.images.get(name)
    return found
