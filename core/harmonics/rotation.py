# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation of functions on the sphere, in harmonic space."""

from __future__ import annotations

import ducc0
import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .container import Harmonics
from .layout import from_alm, to_alm
from .transforms import threads

TOLERANCE = 1e-9
"""How far the entries of `matrix @ matrix.T` may be from the identity."""
_SMALL = 128
"""Up to this degree several threads take longer than one."""


def rotate(harmonics: Harmonics, matrix: FloatArray) -> Harmonics:
    """Every channel f turned to f'(x) = f(R⁻¹ x): what lay in direction d then lies in direction R d.

    matrix: (3, 3) the rotation R. The values of the channels do not change, so x, y and z still describe the
    same surface, reached from other points of the sphere.

    Raises `InvalidParameter` unless the matrix is a rotation: orthonormal, and no reflection.
    """
    psi, theta, phi = euler_angles(matrix)
    workers = 1 if harmonics.lmax <= _SMALL else threads()
    rotated = [
        ducc0.sht.rotate_alm(alm, harmonics.lmax, psi, theta, phi, nthreads=workers)
        for alm in to_alm(harmonics.coefficients)
    ]
    return Harmonics(from_alm(np.stack(rotated), harmonics.lmax), harmonics.channels)


def euler_angles(matrix: FloatArray) -> tuple[float, float, float]:
    """(ψ, θ, φ) in radians with R = Rz(φ) Ry(θ) Rz(ψ), for a rotation matrix (3, 3).

    Raises `InvalidParameter` unless the matrix is a rotation.
    """
    rotation = np.asarray(matrix, dtype=np.float64)
    if rotation.shape != (3, 3) or not np.isfinite(rotation).all():
        raise InvalidParameter("A rotation is a matrix of 3 × 3 numbers.", "Give such a matrix.")
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > TOLERANCE or np.linalg.det(rotation) < 0.0:
        raise InvalidParameter(
            "The matrix is not a rotation: it scales, shears or mirrors.",
            "Normalise it, or mirror the mesh itself.",
        )
    sine = np.hypot(rotation[0, 2], rotation[1, 2])
    theta = np.arctan2(sine, rotation[2, 2])
    if sine > 1e-12:
        phi = np.arctan2(rotation[1, 2], rotation[0, 2])
        psi = np.arctan2(rotation[2, 1], -rotation[2, 0])
    else:
        # The axis z is kept or turned over: only φ + ψ or φ - ψ means anything.
        phi = 0.0
        psi = np.arctan2(rotation[1, 0], rotation[1, 1])
    return float(psi), float(theta), float(phi)
