# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of any mode, from files and arrays, as 8-bit RGB on white."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ...errors import ImageError
from ...files import expanded

MOST_PIXELS = 100_000_000
"""Pixels of a file, at most; JPEG is read smaller and may have more."""

_EXACT = 16_000_000
"""Pixels up to which a picture is resized in one go, as the published code does; larger ones are averaged first."""
_STRIP = 4_000_000
_ENOUGH = 1024
"""Pixels along the shorter edge that a JPEG which is too large is read with, at least."""
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Flat:
    """A picture on white. rgb: mode RGB. alpha: mode L, where something is transparent, else None. shrunk: how many
    pixels along an edge of the picture as it was given are one here."""

    rgb: Image.Image
    alpha: Image.Image | None = None
    shrunk: int = 1


def flat_from_file(path: Path) -> Flat:
    """The (first) picture of a file, upright. Raises `ImageError`."""
    path = expanded(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise ImageError(f"The image {path.name} {what}.", "Choose an image.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return _flat_file(image, path)
    except UnidentifiedImageError as error:
        raise ImageError(f"{path.name} is not an image.", "Choose a PNG or JPEG.") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path.name) from error
    except ImageError:
        raise
    except Exception as error:  # Pillow's readers raise whatever their formats make them
        raise ImageError(f"{path.name} is damaged or cannot be read: {error}.", "Save the image again.") from error


def _flat_file(image: Image.Image, path: Path) -> Flat:
    turn, whole = _TURNS.get(image.getexif().get(_ORIENTATION, 1)), max(image.size)
    if image.width * image.height > _EXACT:
        image.draft("RGB", (_ENOUGH, _ENOUGH))  # JPEG alone can be read smaller; nothing happens to others
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(f"{path.name} ({image.width} × {image.height} pixels)")
    image.load()
    flat = _flat(image)
    flat = replace(flat, shrunk=flat.shrunk * max(round(whole / max(*image.size, 1)), 1))
    if turn is None:
        return flat
    alpha = None if flat.alpha is None else flat.alpha.transpose(turn)
    return Flat(flat.rgb.transpose(turn), alpha, flat.shrunk)


def _too_large(name: str) -> ImageError:
    return ImageError(
        f"The image {name} is too large.", "Scale it down; networks see a few hundred pixels along an edge."
    )


def flat_from_array(image: NDArray[np.generic]) -> Flat:
    """An array (H, W) or (H, W, 1 to 4) as a picture; (1, 3 or 4, H, W) is understood as well. Raises `ImageError`."""
    values = np.asarray(image)
    if values.ndim == 3 and values.shape[0] in (1, 3, 4) and values.shape[2] not in (1, 2, 3, 4):
        values = np.moveaxis(values, 0, 2)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim != 3 or values.shape[2] not in (1, 2, 3, 4) or values.dtype.kind not in "biuf":
        raise ImageError(
            f"An array of shape {np.shape(image)} and type {values.dtype} is no image.",
            "Give (height, width) or (height, width, 1 to 4) of numbers.",
        )
    if not values.size:
        raise ImageError("The image is empty.", "Give one with at least one pixel.")
    if values.shape[0] * values.shape[1] > MOST_PIXELS:
        raise _too_large(f"of {values.shape[1]} × {values.shape[0]} pixels")
    data = np.ascontiguousarray(bytes_of(values))
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[data.shape[2]]
    return _flat(Image.fromarray(data[:, :, 0] if mode == "L" else data, mode=None))


def bytes_of(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers of any type as bytes; floats are in [0, 1], unless they are whole numbers up to 255.

    Raises `ImageError` for values that are not numbers, or beyond 16 bits.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if low < 0 or high > 65535:
            raise ImageError(f"The image has values from {low} to {high}.", "Give bytes, or numbers of 16 bits.")
        wide = high > 255 or values.dtype.itemsize == 2
        return ((values.astype(np.uint32) + 128) // 257 if wide else values).astype(np.uint8)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise ImageError(f"{bad} values of the image are not numbers (NaN or infinite).", "Mend them first.")
    brightest = float(values.max())
    if 1.0 < brightest <= 255.0 and values.min() >= 0.0 and bool((values == np.rint(values)).all()):
        return values.astype(np.uint8)
    return np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)


def _flat(image: Image.Image) -> Flat:
    """On white, and averaged down where it is large: strip by strip, so that no second picture of its size is made."""
    if image.width < 1 or image.height < 1:
        raise ImageError("The image is empty.", "Give one with at least one pixel.")
    pixels = image.width * image.height
    if image.mode in ("I", "F"):
        image = _grey(image)  # as a whole: what its numbers mean is told by the largest
    if pixels <= _EXACT:
        return _on_white(image)
    factor = int(np.ceil(np.sqrt(pixels / _EXACT)))
    across, rows = min(factor, image.width), min(factor, image.height)
    step = max(_STRIP // image.width, 1) // rows * rows or rows
    size = -(-image.width // across), -(-image.height // rows)
    rgb, alpha = Image.new("RGB", size), Image.new("L", size, 255)
    transparent = False
    for top in range(0, image.height, step):
        strip = _on_white(image.crop((0, top, image.width, min(top + step, image.height))))
        rgb.paste(strip.rgb.reduce((across, rows)), (0, top // rows))
        if strip.alpha is not None:
            transparent = True
            alpha.paste(strip.alpha.reduce((across, rows)), (0, top // rows))
    return Flat(rgb, alpha if transparent else None, factor)


def _on_white(image: Image.Image) -> Flat:
    if image.mode.startswith("I;16"):
        return Flat(_grey(image).convert("RGB"))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        alpha = rgba.getchannel("A")
        if alpha.getextrema() == (255, 255):
            return Flat(rgba.convert("RGB"))
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Flat(Image.alpha_composite(white, rgba).convert("RGB"), alpha)
    return Flat(image if image.mode == "RGB" else image.convert("RGB"))


def _grey(image: Image.Image) -> Image.Image:
    """A grey picture of 16 or 32 bits, or of floats, as bytes."""
    return Image.fromarray(bytes_of(np.asarray(image)))
