# SPDX-License-Identifier: GPL-3.0-or-later
"""How coefficients change when functions on the sphere are turned by a little."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray
from .layout import degrees_and_orders, from_alm, to_alm


def generators(coefficients: FloatArray) -> FloatArray:
    """(3, K, L+1, L+1) rates of change of compact coefficients (K, L+1, L+1), per radian about x, y and z.

    With f'(d) = f(R⁻¹ d) and R the rotation about the vector w, f' = f + ∑ wₐ · generators(f)[a] + O(|w|²). They
    are −i times the operators of angular momentum, which only mix neighbouring orders of one degree.
    """
    lmax = coefficients.shape[-1] - 1
    degree, order = degrees_and_orders(lmax)
    alm = to_alm(coefficients)
    index = np.full((lmax + 2, lmax + 2), len(degree))
    index[degree, order] = np.arange(len(degree))
    padded = np.concatenate([alm, np.zeros((len(alm), 1), dtype=alm.dtype)], axis=1)
    up = np.sqrt((degree + order + 1.0) * (degree - order)) * padded[:, index[degree, order + 1]]
    # Below order 0 stand the conjugates of the orders above it, since the functions are real.
    below = np.where(order > 0, padded[:, index[degree, np.abs(order - 1)]], -padded[:, index[degree, 1]].conj())
    down = np.sqrt((degree - order + 1.0) * (degree + order)) * below
    about_x, about_y, about_z = -0.5j * (down + up), 0.5 * (up - down), -1j * order * alm
    return np.stack([from_alm(part, lmax) for part in (about_x, about_y, about_z)])


def generators_in_space(positions: FloatArray) -> FloatArray:
    """(3, 3, L+1, L+1) the same for the surface of positions (3, L+1, L+1) that is itself turned, per radian."""
    return np.cross(np.eye(3)[:, :, None, None], positions[None], axis=1)
