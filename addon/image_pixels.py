# SPDX-License-Identifier: GPL-3.0-or-later
"""Between Blender's images and arrays of pixels: the only place that moves these in and out of Blender."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray


def read_pixels(image: bpy.types.Image) -> NDArray[np.float32]:
    """(H, W, channels) the pixels of an image as Blender keeps them, row 0 on top."""
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, image.channels)[::-1]


def new_image(name: str, pixels: NDArray[np.floating[Any]]) -> bpy.types.Image:
    """An image data-block of `pixels` (H, W, 3 or 4), sRGB in [0, 1], row 0 on top; packed in the file.

    An image of that name is replaced in place, so that its users keep it.
    """
    height, width, depth = pixels.shape
    image: bpy.types.Image | None = bpy.data.images.get(name)
    if image is None:
        image = bpy.data.images.new(name, width, height, alpha=depth == 4)
    rgba = set_pixels(image, pixels)
    image.pack()
    _set_preview(image, rgba)
    return image


def set_pixels(image: bpy.types.Image, pixels: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Other pixels (H, W, 3 or 4), row 0 on top, in an image data-block, which takes their size; not packed yet.

    Gives them as Blender has them: (H, W, 4), row 0 at the bottom.
    """
    height, width, depth = pixels.shape
    if tuple(image.size) != (width, height):
        image.scale(width, height)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[:, :, :depth] = pixels[::-1]
    image.pixels.foreach_set(rgba.ravel())
    image.update()
    return rgba


PREVIEW = 320
"""Pixels of the longer side of a preview; Blender's own are small, and skip pixels rather than average them."""


def _set_preview(image: bpy.types.Image, rgba: NDArray[np.float32]) -> None:
    """Show `rgba` (H, W, 4), row 0 at the bottom, where Blender shows the image as an icon."""
    factor = max(1, -(-max(rgba.shape[:2]) // PREVIEW))
    height, width = (size // factor for size in rgba.shape[:2])
    blocks = rgba[: height * factor, : width * factor].reshape(height, factor, width, factor, 4)
    preview = image.preview_ensure()
    if preview is not None:
        preview.image_size = (width, height)
        preview.image_pixels_float.foreach_set(blocks.mean(axis=(1, 3)).ravel())
