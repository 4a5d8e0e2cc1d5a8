# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of an object: its colours, where it is in them, and the camera; cut out at the size that is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ...datasets.arrays import Camera
from ...errors import ImageError, InvalidParameter
from ...mesh import FloatArray
from ..inputs.background import background_of, bounds_of, object_mask
from ..inputs.pictures import Flat, flat_from_array, flat_from_file

SmallArray = NDArray[np.floating[Any]]
"""Of single precision, where much is kept."""

_MARGIN = 0.08
"""Room around the object in a cut-out, as a share of its longer side."""
_HOLE = 0.005
"""Holes in a mask that are smaller than this share of the object are parts that look like the background."""
_SPECK = 0.002
"""Parts of a mask that are smaller than this share of the object are dirt."""
_WHOLE = 0.995
"""Share of the picture beyond which there is no background."""
_FRAMED = 0.6
"""Share of the border, standing out from its own colour, beyond which that is no background."""
_MOST = 2_000_000
"""Pixels beyond which a picture is averaged down: no more are looked at."""
_FEWEST = 12
"""Pixels that an object has at least."""


@dataclass(frozen=True)
class Shot:
    """A picture of the object.

    pixels: (H, W, 3) sRGB in [0, 1], row 0 on top. mask: (H, W) in [0, 1], how much of each pixel the object covers.
    camera: in pixels of this picture; None where it is not known. name: for messages. reduced: how many pixels along an
    edge of the picture as it was given are one here.
    """

    pixels: SmallArray
    mask: SmallArray
    camera: Camera | None = None
    name: str = "The picture"
    reduced: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.mask.shape[1], self.mask.shape[0]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the object."""
        found = bounds_of(self.mask > 0.5)
        assert found is not None  # a shot without an object is not made
        return found


@dataclass(frozen=True)
class CutOut:
    """The square around the object in a shot. pixels: (N, N, 3) sRGB, mask: (N, N). known: (N, N) bool, what lies
    within the picture. camera: in pixels of the cut-out."""

    pixels: FloatArray
    mask: FloatArray
    known: NDArray[np.bool_]
    camera: Camera


def shot_from(
    image: str | Path | NDArray[np.generic],
    mask: str | Path | NDArray[np.generic] | None = None,
    camera: Camera | None = None,
    name: str = "",
) -> Shot:
    """The shot of an image: a file, or an array as `inputs.network_view` takes it.

    mask: white where the object is, of the same size; None where the image is transparent around the object, or its
    background has one colour. Raises `ImageError` for what is no image, and where no object is to be seen.
    """
    title = name or (Path(image).name if isinstance(image, str | Path) else "The picture")
    whole = _flat(image)
    flat = _reduced(whole, max(math.ceil(math.sqrt(whole.rgb.width * whole.rgb.height / _MOST)), 1))
    reduced = flat.shrunk
    if camera is not None and reduced > 1:
        camera = Camera(np.diag([1.0 / reduced, 1.0 / reduced, 1.0]) @ camera.matrix, camera.world)
    if mask is None:
        covered, solid = _own_mask(flat, title)
    else:
        covered = _given_mask(_flat(mask), flat, title)
        solid = covered
    covered = np.where(_cleaned(covered > 0.5), np.maximum(covered, solid), np.where(covered > 0.5, 0.0, covered))
    share = float((covered > 0.5).mean())
    if share > _WHOLE:
        raise ImageError(
            f"{title} shows no background: the object fills it.", "Make the background transparent, or give a mask."
        )
    if (covered > 0.5).sum() < _FEWEST:
        raise ImageError(
            f"{title} shows no object: nothing stands out from the background.",
            "Make the background transparent or plain, or give a mask.",
        )
    return Shot(_without_white(flat), covered.astype(np.float32), camera, title, reduced)


def shots_from(
    images: Sequence[str | Path | NDArray[np.generic]],
    masks: Sequence[str | Path | NDArray[np.generic]] = (),
    cameras: Sequence[Camera] = (),
) -> list[Shot]:
    """The shots of images; masks and cameras are as many as the images, or none.

    Raises `InvalidParameter` for other numbers of them, and what `shot_from` raises.
    """
    for what, given in (("masks", masks), ("cameras", cameras)):
        if given and len(given) != len(images):
            raise InvalidParameter(
                f"There are {_many(len(images), 'pictures')} and {_many(len(given), what)}.",
                f"Give as many {what} as pictures.",
            )
    if not len(images):
        raise InvalidParameter("There is no picture.", "Give one or several.")
    return [
        shot_from(
            image,
            masks[number] if masks else None,
            cameras[number] if cameras else None,
            "" if isinstance(image, str | Path) else f"Picture {number + 1}",
        )
        for number, image in enumerate(images)
    ]


def cut_out(shot: Shot, camera: Camera, size: int) -> CutOut:
    """The square around the object at `size` pixels along an edge, averaged down; `camera` is that of the shot."""
    left, top, right, bottom = shot.box
    side = max(right - left, bottom - top) * (1.0 + 2.0 * _MARGIN)
    x, y = 0.5 * (left + right - side), 0.5 * (top + bottom - side)
    scale = size / side
    to_cut = np.array([[scale, 0.0, -x * scale], [0.0, scale, -y * scale], [0.0, 0.0, 1.0]])
    square = x, y, side
    mask = np.clip(_resized(shot.mask, square, size), 0.0, 1.0)
    covered = [_resized(shot.pixels[:, :, channel] * shot.mask, square, size) for channel in range(3)]
    pixels = np.stack(covered, axis=2) / np.maximum(mask, 1e-3)[:, :, None]
    known = _resized(np.ones(shot.mask.shape, np.float32), square, size) > 0.99
    return CutOut(np.clip(pixels, 0.0, 1.0), mask, known, Camera(to_cut @ camera.matrix, camera.world))


def _many(number: int, things: str) -> str:
    return f"{number} {things if number != 1 else things[:-1]}"


def _flat(image: str | Path | NDArray[np.generic]) -> Flat:
    return flat_from_array(image) if isinstance(image, np.ndarray) else flat_from_file(Path(image))


def _reduced(flat: Flat, factor: int) -> Flat:
    if factor == 1:
        return flat
    alpha = None if flat.alpha is None else flat.alpha.reduce(factor)
    return Flat(flat.rgb.reduce(factor), alpha, flat.shrunk * factor)


def _own_mask(flat: Flat, title: str) -> tuple[FloatArray, FloatArray]:
    """How much of each pixel is the object, and how much where it is solid."""
    if flat.alpha is not None:
        alpha = np.asarray(flat.alpha, np.float64) / 255.0
        return alpha, alpha
    mask = object_mask(flat, background_of(flat)).astype(np.float64)
    if np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean() > _FRAMED:
        raise ImageError(
            f"{title} has no plain background: most of its border stands out from any one color.",
            "Make the background transparent, or give a mask.",
        )
    return mask, np.ones_like(mask)


def _given_mask(mask: Flat, flat: Flat, title: str) -> FloatArray:
    own, wanted = ([side * some.shrunk for side in some.rgb.size] for some in (mask, flat))
    if max(abs(a - b) for a, b in zip(own, wanted, strict=True)) >= max(mask.shrunk, flat.shrunk):
        raise ImageError(
            f"{title} has {wanted[0]} × {wanted[1]} pixels, and its mask {own[0]} × {own[1]}.",
            "Give masks of the size of their pictures.",
        )
    layer = mask.rgb.convert("L") if mask.alpha is None else mask.alpha
    return np.asarray(layer.resize(flat.rgb.size, Image.Resampling.BOX), np.float64) / 255.0


def _cleaned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without specks and small holes."""
    least = mask.sum()
    kept = _without_small(mask, _SPECK * least)
    return ~_without_small(~kept, _HOLE * least)


def _without_small(mask: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if not count:
        return mask
    sizes = np.bincount(labels.ravel())
    large = sizes >= min(least, sizes[1:].max())
    large[0] = False
    return np.asarray(large[labels])


def _without_white(flat: Flat) -> SmallArray:
    """(H, W, 3) the colours, from which the white is taken again that was put behind what is half transparent."""
    pixels = np.asarray(flat.rgb, np.float32) / np.float32(255.0)
    if flat.alpha is None:
        return pixels
    alpha = np.asarray(flat.alpha, np.float32)[:, :, None] / np.float32(255.0)
    return np.clip((pixels - (1.0 - alpha)) / np.maximum(alpha, np.float32(0.1)), 0.0, 1.0)


def _resized(layer: SmallArray, square: tuple[float, float, float], size: int) -> FloatArray:
    """(size, size) the square (x, y, side) of a layer (H, W), zero beyond it."""
    x, y, side = square
    pad = max(int(np.ceil(max(-x, -y, x + side - layer.shape[1], y + side - layer.shape[0], 0.0))), 0) + 2
    image = Image.fromarray(np.pad(layer, pad).astype(np.float32))
    box = (x + pad, y + pad, x + pad + side, y + pad + side)
    shrinks = side > size
    kind = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(image.resize((size, size), kind, box=box), np.float64)
