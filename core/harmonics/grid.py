# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields on a Gauss–Legendre grid: directions, tangent frames, means, gradients."""

from __future__ import annotations

import ducc0
import numpy as np

from ..mesh import FloatArray
from .layout import to_alm
from .transforms import analyse_grid, gauss_legendre_grid, threads


class SphereGrid:
    """The grid of `gauss_legendre_grid(degree)` as a list of N points.

    points: (N, 3) unit vectors. south, east: (N, 3) the tangent unit vectors along growing colatitude and longitude.
    weights: (N,) shares of the area of the sphere; their sum is 1.
    """

    def __init__(self, degree: int) -> None:
        colatitudes, columns = gauss_legendre_grid(degree)
        self._shape = (len(colatitudes), columns)
        longitudes = 2.0 * np.pi * np.arange(columns) / columns
        theta, phi = (angle.ravel() for angle in np.meshgrid(colatitudes, longitudes, indexing="ij"))
        zero = np.zeros_like(theta)
        self.points = _columns(np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta))
        self.south = _columns(np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), -np.sin(theta))
        self.east = _columns(-np.sin(phi), np.cos(phi), zero)
        row = np.asarray(ducc0.misc.GL_weights(len(colatitudes), columns)) / (4.0 * np.pi)
        self.weights = np.repeat(row, columns)

    def mean(self, values: FloatArray) -> float:
        """The mean over the sphere of values (N,)."""
        return float(self.weights @ values)

    def analyse(self, values: FloatArray, lmax: int) -> FloatArray:
        """Compact coefficients (K, lmax+1, lmax+1) of values (N, K)."""
        return analyse_grid(np.ascontiguousarray(values.T).reshape(-1, *self._shape), lmax)

    def gradient(self, coefficients: FloatArray) -> FloatArray:
        """(K, 2, N) derivatives towards south and east of functions (K, L+1, L+1), per radian."""
        lmax, (rows, columns) = coefficients.shape[-1] - 1, self._shape
        fields = [
            ducc0.sht.synthesis_2d(
                alm=alm[None],
                spin=1,
                lmax=lmax,
                mode="DERIV1",
                geometry="GL",
                ntheta=rows,
                nphi=columns,
                nthreads=threads(),
            )
            for alm in to_alm(coefficients)
        ]
        return np.stack(fields).reshape(len(coefficients), 2, -1)

    def tangent(self, components: FloatArray) -> FloatArray:
        """(N, 3) the vectors with these components (N, 2) towards south and east."""
        return components[:, :1] * self.south + components[:, 1:] * self.east


def _columns(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    return np.stack([x, y, z], axis=1)
