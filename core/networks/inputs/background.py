# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a picture is the object, and which the background: by transparency, or by the colour of the border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from .pictures import Flat

Colour = tuple[int, int, int]
Bounds = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two are beyond the object."""

_APART = 20
"""Steps of 255 by which a colour differs from the background, in one channel at least."""
_OPAQUE = 16
"""Alpha, of 255, of what is part of the object."""
_SPECK = 1e-4
"""Share of the picture's pixels below which something apart is dirt."""


def background_of(flat: Flat) -> Colour:
    """The median colour of the border; white where the picture is transparent there."""
    pixels = np.asarray(flat.rgb)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = (int(value) for value in np.median(border, axis=0))
    return red, green, blue


def object_mask(flat: Flat, background: Colour) -> NDArray[np.bool_]:
    """(H, W) what stands out from the background."""
    if flat.alpha is not None:
        return np.asarray(flat.alpha) >= _OPAQUE
    return ~_alike(flat.rgb, background)


def _alike(image: Image.Image, colour: Colour) -> NDArray[np.bool_]:
    pixels, alike = np.asarray(image), np.ones((image.height, image.width), bool)
    for channel in range(3):  # one at a time, which needs less memory
        alike &= np.abs(pixels[:, :, channel].astype(np.int16) - colour[channel]) < _APART
    return alike


def bounds_of(mask: NDArray[np.bool_]) -> Bounds | None:
    """The box around what is in the mask, specks of dirt left out; None where there is nothing."""
    labels, count = ndimage.label(mask, np.ones((3, 3), int))
    if not count:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    kept = np.flatnonzero(sizes >= min(_SPECK * mask.size, sizes.max()))
    boxes = ndimage.find_objects(labels)
    rows, columns = zip(*(boxes[number] for number in kept), strict=True)
    return (
        min(part.start for part in columns),
        min(part.start for part in rows),
        max(part.stop for part in columns),
        max(part.stop for part in rows),
    )


def painted_white(flat: Flat, background: Colour) -> Image.Image:
    """The picture with what is like the background, and hangs together with the border, in white."""
    labels, _ = ndimage.label(_alike(flat.rgb, background))
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    outside = np.isin(labels, border[border > 0])
    pixels = np.asarray(flat.rgb).copy()
    pixels[outside] = 255
    return Image.fromarray(pixels)
