# SPDX-License-Identifier: GPL-3.0-or-later
"""`Harmonics`: named channels of spherical-harmonic coefficients in the compact layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from .layout import resized

NORMALIZATION = "4pi"
"""Real harmonics, 4π-normalised, no Condon–Shortley phase: pyshtools' defaults."""

POSITION = ("x", "y", "z")
COLOR = ("r", "g", "b")
CURVATURE_DENSITY = "curvature_density"
AREA_DISTORTION = "log_area_distortion"
VERTEX_DENSITY = "vertex_density"
SCALARS = (CURVATURE_DENSITY, AREA_DISTORTION, VERTEX_DENSITY)


@dataclass(frozen=True)
class Harmonics:
    """K channels of real spherical-harmonic coefficients up to degree `lmax`.

    coefficients: (K, lmax + 1, lmax + 1) float64, compact layout: entry (i, j) has degree
        `l = max(i, j)` and order `m = j - i`; m > 0 are cosine terms, m < 0 sine terms.
    channels: K different names.

    Raises `InvalidParameter` for wrong shapes, values that are not finite, or repeated names.
    """

    coefficients: NDArray[np.float64]
    channels: tuple[str, ...]

    def __post_init__(self) -> None:
        array = np.ascontiguousarray(self.coefficients, dtype=np.float64)
        names = tuple(str(name) for name in self.channels)
        if array.ndim != 3 or array.shape[1] != array.shape[2] or array.shape[1] < 1:
            raise InvalidParameter(f"Coefficients have shape {array.shape}.", "Give (K, lmax+1, lmax+1).")
        if len(names) != len(array) or len(set(names)) != len(names):
            raise InvalidParameter(
                f"{len(array)} channels of coefficients have the names {names}.",
                "Give each channel one name of its own.",
            )
        if not np.isfinite(array).all():
            raise InvalidParameter("Some coefficients are not numbers (NaN or infinite).", "Encode the mesh again.")
        object.__setattr__(self, "coefficients", array)
        object.__setattr__(self, "channels", names)

    @property
    def lmax(self) -> int:
        """The highest degree."""
        return self.coefficients.shape[1] - 1

    def has(self, names: Sequence[str]) -> bool:
        """Whether all of these channels are here."""
        return set(names) <= set(self.channels)

    def select(self, names: Sequence[str]) -> Harmonics:
        """Only these channels, in this order. Raises `InvalidParameter` for one that is absent."""
        for name in names:
            if name not in self.channels:
                raise InvalidParameter(
                    f"There is no channel {name!r}; there are {', '.join(self.channels)}.",
                    "Encode again with that channel.",
                )
        rows = [self.channels.index(name) for name in names]
        return Harmonics(self.coefficients[rows], tuple(names))

    def truncate(self, lmax: int) -> Harmonics:
        """Only degrees up to `lmax` (at least 0; more than there are leaves it as it is)."""
        if lmax < 0:
            raise InvalidParameter(f"Degree {lmax} is negative.", "Give a degree of 0 or more.")
        size = min(lmax, self.lmax) + 1
        return Harmonics(self.coefficients[:, :size, :size], self.channels)

    def padded(self, lmax: int) -> Harmonics:
        """The same functions with degrees up to `lmax`: zeros where there were none. It is never cut."""
        return self if lmax <= self.lmax else Harmonics(resized(self.coefficients, lmax), self.channels)

    def degrees(self) -> NDArray[np.int64]:
        """(lmax+1, lmax+1) int64: the degree l of each entry of the compact layout."""
        index = np.arange(self.lmax + 1)
        return np.maximum(index[:, None], index[None, :])
