# SPDX-License-Identifier: GPL-3.0-or-later
"""Perceptual colour maps, as linear RGB for meshes and sRGB for pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .errors import InvalidParameter
from .mesh import FloatArray
from .meshfile.color import linear_to_srgb, srgb_to_linear

_TABLES = {
    "viridis": (
        "44015446075a470d6047136547186b481e6f482374482878472d7c46327f453782433c844241864046883e4a893c4f8a"
        "3a538b38578c365c8d34608d32648e31688e2f6c8e2d708e2c748e2a778e297b8e277f8e26838e24878e238a8d218e8d"
        "20928c1f968b1f9a8a1f9d891fa18721a58623a98426ac812ab07f2fb47c35b7793bbb7542be714ac26d52c5695ac864"
        "63cb5f6cce5976d05480d34d8ad54794d8419fda3aa9dc33b4dd2cbfdf25cae01fd4e21adfe318e9e41af3e61efde725"
    ),
    "magma": (
        "00000402010a04031206051a0a08220f0b2b130d34180f3e1d114823115129115b30116437106c3e0f72450f764b117a"
        "52137c58157e5f187f651a806b1d81721f817822817e24828526818b2981922b81982d809f2f7fa5317eac337cb3357a"
        "b93878c03a76c63d74cd3f71d3436ed9466bdf4a68e44f65e95462ed5a5ff1605df4675cf66e5cf8765cfa7e5efb8560"
        "fc8d63fd9567fd9c6bfea470feab75feb37afeba80fec286fec98dfed193fed89afddfa1fde7a8fceeb0fcf5b7fcfdbf"
    ),
}
"""64 evenly spaced sRGB colours each, as hexadecimal. Viridis and magma by Nathaniel Smith, Stéfan van der
Walt and Eric Firing (CC0); between the entries they are interpolated, at most 1/255 from the originals."""

COLOUR_MAPS = (*_TABLES, "blue_red")


def colour_map(values: ArrayLike, vmin: float, vmax: float, name: str = "viridis") -> FloatArray:
    """(N, 3) linear RGB of values (N,): `vmin` and below give the first colour of the map, `vmax` the last.

    name: "viridis" and "magma" for amounts, "blue_red" (pale at the middle) for values around a zero.
        Values that are NaN become mid grey; an empty range (vmin = vmax) gives the middle colour.

    Raises `InvalidParameter` for a name that is not in `COLOUR_MAPS`, or limits that are not finite.
    """
    return srgb_to_linear(srgb_map(values, vmin, vmax, name))


def srgb_map(values: ArrayLike, vmin: float, vmax: float, name: str = "viridis") -> FloatArray:
    """(…, 3) as `colour_map`, for values of any shape, in sRGB (ready for a picture)."""
    if name not in COLOUR_MAPS:
        raise InvalidParameter(f"There is no colour map {name!r}.", f"Choose from {', '.join(COLOUR_MAPS)}.")
    if not (np.isfinite(vmin) and np.isfinite(vmax)):
        raise InvalidParameter(f"The range {vmin:g} to {vmax:g} is not finite.", "Give two numbers.")
    array = np.asarray(values, dtype=np.float64)
    span = vmax - vmin
    position = np.full(array.shape, 0.5) if span == 0 else np.clip((array - vmin) / span, 0.0, 1.0)
    missing = np.isnan(array)
    position = np.where(missing, 0.0, position)
    colours = _blue_red(position) if name == "blue_red" else _from_table(position, _TABLES[name])
    colours[missing] = 0.5
    return colours


def _from_table(position: FloatArray, table: str) -> FloatArray:
    colours = np.frombuffer(bytes.fromhex(table), dtype=np.uint8).reshape(-1, 3) / 255.0
    at = np.linspace(0.0, 1.0, len(colours))
    return np.stack([np.interp(position, at, column) for column in colours.T], axis=-1)


def _blue_red(position: FloatArray) -> FloatArray:
    """Blue over near-white to red, lightness symmetric and linear on both sides in Oklab (Ottosson 2020)."""
    away = 2.0 * position - 1.0
    strength = np.abs(away)
    chroma = 0.16 * strength * (1.6 - 0.6 * strength)
    hue = np.where(away < 0.0, np.radians(255.0), np.radians(27.0))
    lab = np.stack([0.97 - 0.50 * strength, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    return linear_to_srgb(_oklab_to_linear(lab))


def _oklab_to_linear(lab: FloatArray) -> FloatArray:
    to_lms = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ]
    )
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    return np.asarray((lab @ to_lms.T) ** 3 @ to_rgb.T)
