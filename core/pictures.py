# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of coefficients: their amplitudes as an image, their power as a plot.

Pictures are arrays (H, W, 3) of sRGB in [0, 1], row 0 on top, for a file or for Blender.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .colour_map import COLOUR_MAPS, colour_map, srgb_map
from .errors import InvalidParameter
from .files import atomic_write
from .harmonics.container import COLOR, POSITION, Harmonics
from .harmonics.spectrum import power_spectrum
from .mesh import FloatArray
from .plot import Curve, draw_log_plot

__all__ = ["COLOUR_MAPS", "coefficient_image", "colour_map", "save_png", "spectrum_plot"]

DECADES = 8.0
"""Range of amplitudes in a coefficient image; smaller ones take the darkest colour."""

_STYLES = {
    **dict(zip(POSITION, (("#d1495b", False), ("#3f9142", False), ("#2b6cb0", False)), strict=True)),
    **dict(zip(COLOR, (("#e08a96", True), ("#86bf88", True), ("#7fa8d6", True)), strict=True)),
    "curvature_density": ("#7d4fa3", False),
    "log_area_distortion": ("#d98324", False),
    "vertex_density": ("#4a4a4a", False),
}
_OTHERS = ("#0f8b8d", "#a23b72", "#8f7a1f", "#5b5f97")


def coefficient_image(coefficients: FloatArray, name: str = "magma", size: int = 512) -> FloatArray:
    """(H, W, 3) sRGB: the compact layout as a picture of log amplitudes.

    coefficients: (L+1, L+1). Degree 0 is at the upper left, m = 0 on the diagonal, cosine terms above it,
        sine terms below. The scale ends at the largest amplitude of degree 1 or more (degree 0 is only an
        offset), and spans the amplitudes that are there, at most `DECADES` powers of ten. Zeros take its
        lowest colour.
    size: each coefficient is a square of pixels, so that the picture has at least this many a side.

    Raises `InvalidParameter` for another shape, or an unknown colour map.
    """
    if coefficients.ndim != 2 or coefficients.shape[0] != coefficients.shape[1] or not coefficients.size:
        raise InvalidParameter(
            f"One channel of coefficients has shape (L+1, L+1), not {coefficients.shape}.",
            "Give the coefficients of a single channel.",
        )
    amplitude = np.abs(coefficients)
    low, high = amplitude_range(amplitude)
    with np.errstate(divide="ignore"):
        picture = srgb_map(np.log10(amplitude), low, high, name)
    repeat = max(1, -(-size // len(amplitude)))
    return picture.repeat(repeat, axis=0).repeat(repeat, axis=1)


def amplitude_range(amplitude: FloatArray) -> tuple[float, float]:
    """log10 of the amplitudes (L+1, L+1) at the two ends of the colour map of `coefficient_image`."""
    detail = amplitude.ravel()[1:] if amplitude.size > 1 else amplitude.ravel()
    positive = detail[detail > 0.0]
    if not len(positive):
        return -DECADES, 0.0
    high = float(np.log10(positive.max()))
    low = max(float(np.log10(np.percentile(positive, 2.0))), high - DECADES)
    return min(low, high - 1.0), high


def spectrum_plot(
    harmonics: Harmonics, title: str = "Power spectrum", size: tuple[int, int] = (1280, 800)
) -> FloatArray:
    """(H, W, 3) sRGB: the power of each degree of each channel, on logarithmic axes.

    Degree 0 (the mean) has no place on them. The stripes are the bands of `spectrum.bands`.
    size: (width, height) in pixels.
    """
    power = power_spectrum(harmonics)
    degrees = np.arange(1, harmonics.lmax + 1)
    others = iter(_OTHERS * (1 + len(power) // len(_OTHERS)))
    curves = []
    for channel, row in zip(harmonics.channels, power, strict=True):
        colour, dashed = _STYLES[channel] if channel in _STYLES else (next(others), False)
        curves.append(Curve(channel.replace("_", " "), degrees, row[1:], colour, dashed))
    return draw_log_plot(curves, title, "degree l", "power", size)


def save_png(picture: FloatArray, path: str | Path) -> None:
    """Write a picture (H, W, 3) of sRGB in [0, 1] as PNG. Raises `OutputError` when that fails."""
    from PIL import Image

    pixels = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    with atomic_write(path) as temporary:
        Image.fromarray(pixels).save(temporary, format="PNG", optimize=True)
