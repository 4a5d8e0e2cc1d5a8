# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours in mesh files: sRGB to linear and back, and textures sampled at the vertices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MeshFileError
from ..mesh import FloatArray, IntArray

Pixels = NDArray[np.uint8]


def srgb_to_linear(values: NDArray[Any]) -> FloatArray:
    """sRGB in [0, 1] (any shape) as linear light (IEC 61966-2-1)."""
    clipped = np.clip(np.asarray(values, dtype=np.float64), 0.0, 1.0)
    return np.where(clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(values: NDArray[Any]) -> FloatArray:
    """Linear light in [0, 1] (any shape) as sRGB; clipped to [0, 1]."""
    clipped = np.clip(np.asarray(values, dtype=np.float64), 0.0, 1.0)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1.0 / 2.4) - 0.055)


def color_bytes(color: FloatArray) -> NDArray[np.uint8]:
    """(V, 3) linear RGB as sRGB bytes."""
    scaled = np.rint(linear_to_srgb(np.nan_to_num(color)) * 255.0)
    return np.asarray(scaled, dtype=np.uint8)


def open_texture(file: Path) -> Pixels:
    """(H, W, 3) sRGB bytes of an image file. Raises `MeshFileError` when it cannot be read."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            return texture_pixels(image)
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        raise MeshFileError(
            f"The texture {file.name} cannot be read.",
            "Put the image beside the mesh file, or save it again.",
        ) from error


def texture_pixels(image: Any) -> Pixels:
    """(H, W, 3) sRGB bytes of a Pillow image."""
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def sample_texture(pixels: Pixels, uv: FloatArray) -> FloatArray:
    """(N, 3) linear RGB of `pixels` (H, W, 3) at `uv` (N, 2), bilinear in linear light.

    v points up, (0, 0) is the bottom left corner of the image, which repeats beyond [0, 1].
    """
    height, width = pixels.shape[:2]
    uv = np.nan_to_num(uv, posinf=0.0, neginf=0.0)
    x, y = uv[:, 0] * width - 0.5, (1.0 - uv[:, 1]) * height - 0.5
    left, top = np.floor(x), np.floor(y)
    fx, fy = (x - left)[:, None], (y - top)[:, None]
    columns = [np.mod(left + k, width).astype(np.int64) for k in (0, 1)]
    rows = [np.mod(top + k, height).astype(np.int64) for k in (0, 1)]
    linear = srgb_to_linear(np.arange(256) / 255.0)
    near = [[linear[pixels[row, column]] for column in columns] for row in rows]
    upper, lower = (left_one * (1.0 - fx) + right_one * fx for left_one, right_one in near)
    return np.asarray(upper * (1.0 - fy) + lower * fy)


def mean_at_vertices(vertex: IntArray, values: FloatArray, n_vertices: int) -> FloatArray:
    """(V, 3) mean of `values` (N, 3) over the corners at each vertex (N,); white where there are none."""
    count = np.bincount(vertex, minlength=n_vertices)
    total = np.stack([np.bincount(vertex, values[:, k], n_vertices) for k in range(3)], axis=1)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], 1.0)
