# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures in CIELAB, which the original could be trained for."""

from __future__ import annotations

import numpy as np

from ...mesh import FloatArray
from ...meshfile.color import linear_to_srgb

_WHITE = np.array([0.950456, 1.0, 1.088754])
_TO_RGB = np.array(
    [
        [3.24048134, -1.53715152, -0.49853633],
        [-0.96925495, 1.87599, 0.04155593],
        [0.05564664, -0.20404134, 1.05731107],
    ]
)
_BEND = 6.0 / 29.0
_LIGHTEST, _MOST_COLOUR = 100.0, 110.0


def rgb_of(outputs: FloatArray) -> FloatArray:
    """(…, 3) sRGB in [0, 1] of what the network gives in [0, 1]: lightness, and the two colours about one half."""
    light = _LIGHTEST * outputs[..., 0]
    red, blue = (_MOST_COLOUR * (2.0 * outputs[..., k] - 1.0) for k in (1, 2))
    middle = (light + 16.0) / 116.0
    bent = np.stack([middle + red / 500.0, middle, middle - blue / 200.0], axis=-1)
    xyz = _WHITE * np.where(bent > _BEND, bent**3, 3.0 * _BEND**2 * (bent - 4.0 / 29.0))
    return linear_to_srgb(xyz @ _TO_RGB.T)
