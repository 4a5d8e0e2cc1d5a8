# SPDX-License-Identifier: GPL-3.0-or-later
"""Power per degree, and the bands of degrees that the equaliser works on."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .container import Harmonics


def power_spectrum(harmonics: Harmonics) -> FloatArray:
    """(K, lmax+1) sum of the squared coefficients of each degree: the power of a 4π-normalised expansion.

    The sum over all degrees is the mean square of the function over the sphere (Parseval). It does not
    change when the function is rotated.
    """
    degrees = harmonics.degrees().ravel()
    squares = (harmonics.coefficients**2).reshape(len(harmonics.channels), -1)
    return np.stack([np.bincount(degrees, row, minlength=harmonics.lmax + 1) for row in squares])


def bands(lmax: int) -> list[tuple[int, int]]:
    """Octaves of degrees, both ends included: (0, 0), (1, 1), (2, 3), (4, 7), … up to `lmax`.

    Raises `InvalidParameter` for a negative degree.
    """
    if lmax < 0:
        raise InvalidParameter(f"Degree {lmax} is negative.", "Give a degree of 0 or more.")
    result, low = [(0, 0)], 1
    while low <= lmax:
        result.append((low, min(2 * low - 1, lmax)))
        low *= 2
    return result
