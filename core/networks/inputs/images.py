# SPDX-License-Identifier: GPL-3.0-or-later
"""Any picture as the square of few pixels that a network sees, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import InvalidParameter
from ...mesh import FloatArray
from .background import background_of, bounds_of, object_mask, painted_white
from .pictures import Flat, flat_from_array, flat_from_file

SIZE = 224
"""Pixels along an edge of what most networks see."""

FINEST = 1024
"""Pixels along an edge of what people see of the same part of a picture."""

TRAINED_FILL = 0.6
"""Share of the edge of the picture that an object takes in the pictures that the published networks learned from."""

_SMALL, _LARGE, _ASIDE, _SQUEEZED = 0.3, 0.97, 0.15, 1.1
_NEAR_WHITE = 0.06


@dataclass(frozen=True)
class Framing:
    """How a picture is brought to the square that the network sees.

    crop: cut to the object and put it into the middle, with its proportions; otherwise the whole picture is squeezed
    to a square, as published. fill: how much of the edge the longest side of the object takes then. whiten: paint a
    plain background white.
    """

    crop: bool = False
    fill: float = TRAINED_FILL
    whiten: bool = False

    def __post_init__(self) -> None:
        if not 0.1 <= self.fill <= 1.0:
            raise InvalidParameter(f"The object cannot fill {self.fill:g} of the picture.", "Give 0.1 to 1.")


@dataclass(frozen=True)
class View:
    """What a network sees. pixels: (size, size, 3) in [0, 1], row 0 on top. remarks: why it may not understand it."""

    pixels: FloatArray
    remarks: tuple[str, ...] = ()


def network_view(
    image: str | Path | NDArray[np.generic], framing: Framing | None = None, size: int | None = SIZE
) -> View:
    """What the network will see of an image: the same part of it for any size.

    image: a file, or an array (H, W) or (H, W, 1, 2, 3 or 4) of bytes, 16-bit numbers, or floats in [0, 1]; an alpha
    channel comes last. What is transparent becomes white. Files of any mode do, turned as their EXIF says; large ones
    are read in bounded memory. size: pixels along an edge; None for as many as the picture has
    there, at most `FINEST`. Without a framing the pixels are those of the published
    code (bilinear `Resize`, `ToTensor`); an array that is as the network sees it already is given back unchanged.

    Raises `ImageError` for what is no image, is empty, too large, or has values that are not numbers.
    """
    chosen = framing or Framing()
    if isinstance(image, np.ndarray):
        if chosen == Framing() and (seen := _seen_already(image, size)) is not None:
            return View(seen)
        return _framed(flat_from_array(image), chosen, size)
    return _framed(flat_from_file(Path(image)), chosen, size)


def _seen_already(image: NDArray[np.generic], size: int | None) -> FloatArray | None:
    if image.shape != (size, size, 3) or image.dtype.kind != "f":
        return None
    values = image.astype(np.float64)
    return values if values.min() >= 0.0 and values.max() <= 1.0 else None  # NaN is refused on the other way


def _framed(flat: Flat, framing: Framing, wanted: int | None) -> View:
    background = background_of(flat)
    white = float(np.abs(np.asarray(background) - 255.0).max()) <= 255.0 * _NEAR_WHITE
    mask = object_mask(flat, background)
    box = bounds_of(mask)
    remarks = _remarks(flat, framing, white, box)
    picture = flat.rgb
    if framing.whiten and not white:
        picture, background = painted_white(flat, background), (255, 255, 255)
    elif white:
        background = (255, 255, 255)
    own = _side(box, framing.fill) if framing.crop and box is not None else max(picture.size)
    size = wanted or min(round(own), FINEST)
    if framing.crop:
        seen = _centred(picture, box or (0, 0, *picture.size), framing.fill if box else 1.0, background, size)
    else:
        seen = picture.resize((size, size), Image.Resampling.BILINEAR)
    return View((np.asarray(seen, np.float32) / np.float32(255.0)).astype(np.float64), remarks)


def _centred(
    picture: Image.Image,
    box: tuple[int, int, int, int],
    fill: float,
    background: tuple[int, int, int],
    edge: int,
) -> Image.Image:
    """The square around the middle of `box`, of which the longest side of the box takes the share `fill`."""
    left, top, right, bottom = box
    side = _side(box, fill)
    x, y = (left + right - side) / 2.0, (top + bottom - side) / 2.0
    part = max(x, 0.0), max(y, 0.0), min(x + side, picture.width), min(y + side, picture.height)
    scale = edge / side
    edges = [round((part[i] - (x, y)[i % 2]) * scale) for i in range(4)]
    size = max(edges[2] - edges[0], 1), max(edges[3] - edges[1], 1)
    seen = Image.new("RGB", (edge, edge), background)
    seen.paste(picture.resize(size, Image.Resampling.BILINEAR, box=part), (edges[0], edges[1]))
    return seen


def _side(box: tuple[int, int, int, int], fill: float) -> float:
    """Pixels of the picture along an edge of that square."""
    return max(box[2] - box[0], box[3] - box[1], 1) / fill


def _remarks(flat: Flat, framing: Framing, white: bool, box: tuple[int, int, int, int] | None) -> tuple[str, ...]:
    width, height = flat.rgb.size
    found = []
    if not white and not framing.whiten:
        found.append(
            "The background is not white; the networks have seen objects on white only. Make it transparent, or have it"
            " painted white"
        )
    if box is None:
        found.append("Nothing stands out from the background")
    elif not framing.crop:
        share = max((box[2] - box[0]) / width, (box[3] - box[1]) / height)
        aside = max(abs(box[0] + box[2] - width) / width, abs(box[1] + box[3] - height) / height) / 2.0
        if share < _SMALL:
            found.append(f"The object takes only {share:.0%} of the picture. Crop to it")
        elif share <= _LARGE and aside > _ASIDE:
            found.append("The object is not in the middle. Crop to it")
        if max(width, height) > _SQUEEZED * min(width, height):
            found.append(f"The picture of {width} × {height} is squeezed to a square. Crop to the object")
    if box is not None and white and max((box[2] - box[0]) / width, (box[3] - box[1]) / height) > _LARGE:
        found.append("The object reaches the edge of the picture: is all of it there?")
    return tuple(found)
