# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as networks were given them: RGB on white, resized as Pillow does, numbers in [0, 1].

Equal to the published chain of `Resize(224)` and `ToTensor` of torchvision, without torchvision.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 16_384
"""Pixels along a side beyond which a picture is refused."""


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a picture of any mode; what is transparent becomes white. Raises `DatasetError`."""
    return _read(path, on_white)


def read_mask(path: str | Path) -> NDArray[np.uint8]:
    """(H, W) a picture of greys, or how opaque one with transparency is. Raises `DatasetError`, also for neither."""

    def mask_of(image: Image) -> Image:
        if "A" in image.getbands() or "transparency" in image.info:
            return image.convert("RGBA").getchannel("A")
        if image.mode not in ("L", "1"):
            raise DatasetError(
                f"{path} is no mask: it is neither grey nor transparent anywhere.",
                "Make the data again: `dataset make` writes masks; or save pictures with a transparent background.",
            )
        return image.convert("L")

    return _read(path, mask_of)


def _read(path: str | Path, change: Callable[[Image], Image]) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if max(image.size) > LARGEST:
                raise DatasetError(f"{path} is {image.width} × {image.height}.", f"At most {LARGEST} a side.")
            return np.asarray(change(image))
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.", "Check the name.") from error
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{path} is not a picture, or is cut short.", "Render or save it again.") from error


def on_white(image: Image) -> Image:
    """The picture in RGB, 8 bits: grey becomes RGB, and what is transparent becomes white."""
    from PIL import Image as Images

    if image.mode.startswith(("I", "F")):  # more than 8 bits
        values = np.asarray(image, dtype=np.float64)
        wide = image.mode.startswith("I;16") or values.max(initial=0.0) > 255.0
        top = 65535.0 if wide else 255.0 if values.max(initial=0.0) > 1.0 or image.mode == "I" else 1.0
        grey = np.clip(np.nan_to_num(values) / top * 255.0, 0.0, 255.0).round().astype(np.uint8)
        return Images.fromarray(grey).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        straight = image.convert("RGBA")
        white = Images.new("RGBA", straight.size, (255, 255, 255, 255))
        return Images.alpha_composite(white, straight).convert("RGB")
    return image.convert("RGB")


def network_input(image: NDArray[np.uint8], size: int = 224) -> NDArray[np.float32]:
    """(3, h, w) float32 in [0, 1] of a picture (H, W, 3): its shorter side becomes `size`, as `Resize(size)` does."""
    height, width = image.shape[:2]
    short = min(height, width)
    shape = (size * width // short, size * height // short) if short else (size, size)
    return _as_tensor(_resized(image, *shape))


def squeezed_input(image: NDArray[np.uint8], size: int = 224) -> NDArray[np.float32]:
    """(3, size, size) float32 in [0, 1] of a picture (H, W, 3): both sides become `size`, as `Resize((size, size))`."""
    return _as_tensor(_resized(image, size, size))


def _resized(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    from PIL import Image

    if image.shape[:2] == (height, width):
        return image
    resampling: Any = Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize((width, height), resampling))


def _as_tensor(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ascontiguousarray(image.transpose(2, 0, 1)).astype(np.float32) / np.float32(255.0)
