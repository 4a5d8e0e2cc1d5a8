# SPDX-License-Identifier: GPL-3.0-or-later
"""Distances on a plane as a picture: blue inside, red outside, with lines at even steps and a dark one at zero."""

from __future__ import annotations

import numpy as np

from .colour_map import srgb_map
from .errors import InvalidParameter
from .mesh import FloatArray

LINES = 10
"""Lines between zero and the end of the scale, where no spacing is given."""

_LINE, _ZERO = 0.75, 0.15
"""Brightness of the lines, and of the surface."""


def section_colours(values: FloatArray, limit: float = 0.0, spacing: float = 0.0, *, lines: bool = True) -> FloatArray:
    """(H, W, 3) sRGB of distances (H, W): blue inside, pale at the surface, red outside.

    limit: the distance where the scale ends; 0 for the largest inside or a third of the largest outside. spacing: of
    the lines; 0 for a tenth of the limit. Lines are a point wide, whatever the slope. Raises `InvalidParameter` for
    negative lengths.
    """
    if not (0.0 <= limit < np.inf and 0.0 <= spacing < np.inf):
        raise InvalidParameter("Lengths of the colors are negative.", "Give positive lengths, or 0 to choose.")
    limit = limit or fitting_limit(values)
    colours = srgb_map(values, -limit, limit, "blue_red")
    if not lines:
        return colours
    step = spacing or limit / LINES
    slope = np.maximum(np.hypot(*np.gradient(values)), 1e-300)
    nearest = np.abs(values - step * np.round(values / step))
    colours = colours * _strokes(nearest / slope, 0.5, _LINE)
    return np.asarray(colours * _strokes(np.abs(values) / slope, 1.0, _ZERO))


def fitting_limit(values: FloatArray) -> float:
    """A length at which the scale of these distances can end."""
    inside, outside = float(-values.min()), float(values.max())
    return max(inside, outside / 3.0) or 1.0


def _strokes(away: FloatArray, width: float, brightness: float) -> FloatArray:
    """(H, W, 1) how bright a point is, so many points away from a line of this half width."""
    cover = np.clip(width + 0.5 - away, 0.0, 1.0)
    return np.asarray(1.0 - (1.0 - brightness) * cover)[..., None]
