# SPDX-License-Identifier: GPL-3.0-or-later
"""How symmetric a surface is about every direction at once: its spread over directions, turned in harmonic space."""

from __future__ import annotations

from functools import lru_cache

import ducc0
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..harmonics.layout import degrees_and_orders
from ..harmonics.transforms import ACCURACY, threads, to_angles
from ..mesh import FloatArray, IntArray

LMAX = 16
PRIMES = (2, 3, 5, 7, 11)
"""Every rotation of order 2 … 12 has a power whose order is one of these."""

_SHELLS = 6
_REACH = 2.0
"""The farthest shell, in units of the root mean square radius."""

_DIRECTIONS = 1500
_NEIGHBOURHOOD = np.radians(9.0)


def hemisphere(count: int = _DIRECTIONS) -> FloatArray:
    """(count, 3) unit vectors with z > 0, evenly spread (Fibonacci)."""
    place = np.arange(count) + 0.5
    z, longitude = 1.0 - place / count, np.pi * (1.0 + np.sqrt(5.0)) * place
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(longitude), radius * np.sin(longitude), z], axis=1)


def candidates(points: FloatArray, count: int) -> tuple[FloatArray, dict[int, FloatArray]]:
    """Directions about which points (N, 3) of a surface, centred, may be symmetric, best first.

    Returns normals of planes (n, 3), and for each prime order of `PRIMES`, and 0 for all angles, directions of axes
    (n, 3); n ≤ count. In coordinates with a direction as z, a function's power in the harmonics with l + m even is
    that of its part which is symmetric under the reflection, and in those with m divisible by n, under the rotations of
    order n: the symmetry descriptors of Kazhdan, Funkhouser and Rusinkiewicz (2004).
    """
    directions = hemisphere()
    power = _power_about(directions, _shell_coefficients(points))
    degree, order = degrees_and_orders(LMAX)
    planes = power @ ((degree + order) % 2 == 0).astype(np.float64)
    axes = {prime: power @ (order % prime == 0).astype(np.float64) for prime in PRIMES}
    axes[0] = power @ (order == 0).astype(np.float64)
    nearby = _neighbours()
    return directions[_peaks(planes, nearby, count)], {
        order: directions[_peaks(values, nearby, count)] for order, values in axes.items()
    }


def _shell_coefficients(points: FloatArray) -> NDArray[np.complex128]:
    """(K, n) `alm` of the share of the points in each direction, in overlapping shells; without degree 0.

    Spherical harmonic shape functions (Kazhdan, Funkhouser and Rusinkiewicz 2003), with the high degrees damped.
    """
    radius = np.linalg.norm(points, axis=1)
    reach = _REACH * np.sqrt(np.square(radius).mean())
    place = np.minimum(radius / reach, 1.0) * (_SHELLS - 1)
    hats = np.clip(1.0 - np.abs(place[None, :] - np.arange(_SHELLS)[:, None]), 0.0, None)
    angles = to_angles(points / np.maximum(radius, 1e-300)[:, None])
    alm = [
        ducc0.sht.adjoint_synthesis_general(
            map=np.ascontiguousarray(hat[None] / len(points)),
            spin=0,
            lmax=LMAX,
            loc=angles,
            epsilon=ACCURACY,
            nthreads=threads(),
        )[0]
        for hat in hats
    ]
    degree, _ = degrees_and_orders(LMAX)
    damping = np.where(degree == 0, 0.0, np.exp(-0.5 * (degree / (0.6 * LMAX)) ** 2))
    return np.asarray(np.stack(alm) * damping)


def _power_about(directions: FloatArray, alm: NDArray[np.complex128]) -> FloatArray:
    """(D, n) the power of each degree and order m ≥ 0 in coordinates that have a direction (D, 3) as z.

    One turn about z, and one about y by its eigenvectors: exp(iθ J_y) = U exp(iθ h) Uᴴ with h = −l … l.
    """
    theta, phi = np.arccos(np.clip(directions[:, 2], -1.0, 1.0)), np.arctan2(directions[:, 1], directions[:, 0])
    degree, _ = degrees_and_orders(LMAX)
    power = np.zeros((len(directions), len(degree)))
    for l in range(1, LMAX + 1):  # noqa: E741
        half = alm[:, degree == l]  # orders 0 … l
        m = np.arange(1, l + 1)
        full = np.concatenate([((-1.0) ** m * half[:, 1:].conj())[:, ::-1], half], axis=1)
        h = np.arange(-l, l + 1)
        vectors = _eigenvectors(l)
        turned = full.astype(np.complex64)[None] * np.exp(1j * phi[:, None, None] * h).astype(np.complex64)
        turned = (turned @ vectors.conj()) * np.exp(1j * theta[:, None, None] * h).astype(np.complex64)
        turned = turned @ vectors.T
        both = np.square(turned.real).sum(axis=1) + np.square(turned.imag).sum(axis=1)
        power[:, (degree == l)] = both[:, l:] * np.where(np.arange(l + 1) == 0, 1.0, 2.0)
    total = power.sum(axis=1, keepdims=True)
    return np.divide(power, total, out=np.zeros_like(power), where=total > 0.0)


@lru_cache(maxsize=LMAX)
def _eigenvectors(l: int) -> NDArray[np.complex64]:  # noqa: E741
    """(2l+1, 2l+1) columns: eigenvectors of J_y in the basis of orders −l … l, for the eigenvalues −l … l."""
    m = np.arange(-l, l)
    step = 0.5 * np.sqrt((l - m) * (l + m + 1.0))
    values, vectors = np.linalg.eigh(np.diag(1j * step, 1) - np.diag(1j * step, -1))
    return np.asarray(vectors[:, np.argsort(values)], dtype=np.complex64)


@lru_cache(maxsize=1)
def _neighbours() -> tuple[IntArray, ...]:
    """For each direction of `hemisphere` the indices of those near it or near its opposite."""
    directions = hemisphere()
    tree = cKDTree(np.concatenate([directions, -directions]))
    near = tree.query_ball_point(directions, 2.0 * np.sin(0.5 * _NEIGHBOURHOOD))
    return tuple(np.asarray(indices) % len(directions) for indices in near)


def _peaks(values: FloatArray, nearby: tuple[IntArray, ...], count: int) -> IntArray:
    """Indices of the highest local maxima, best first."""
    top = np.array([values[index] >= values[near].max() for index, near in enumerate(nearby)])
    peaks = np.flatnonzero(top)
    return np.asarray(peaks[np.argsort(-values[peaks], kind="stable")][:count])
