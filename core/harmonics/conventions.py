# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's orders, normalisations and axes: arrays in, arrays out, no library of theirs needed.

Flat order: entry l² + l + m of (L+1)² holds degree l and order m, -l ≤ m ≤ l, sine terms at m < 0. Compact is our
own square, see `layout`. `docs/interchange.md` has the table of who uses what.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray
from .container import Harmonics
from .rotation import rotate

Normalization = Literal["4pi", "ortho", "schmidt"]
E3nnNormalization = Literal["component", "integral", "norm"]

TO_E3NN_AXES = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""(x, y, z) ↦ (z, x, y): e3nn's polar axis is y, so its harmonics at v are the usual ones at this turn of v."""

_E3NN: dict[str, Normalization] = {"component": "4pi", "integral": "ortho", "norm": "schmidt"}
REAL = 1e-9
"""How far complex coefficients may be from those of a real function, relative to the largest."""


def degrees_flat(lmax: int) -> tuple[IntArray, IntArray]:
    """Degree and order ((L+1)²,) of each entry of the flat order."""
    index = np.arange((lmax + 1) ** 2)
    degree = np.floor(np.sqrt(index)).astype(np.int64)
    return degree, index - degree * (degree + 1)


def scale_of(degree: IntArray, order: IntArray, normalization: str, csphase: int) -> FloatArray:
    """What our coefficients (4π-normalised, no phase) are multiplied by to be those of another convention.

    normalization: "4pi" (mean square over the sphere 1), "ortho" (integral of the square 1), "schmidt" (mean square
    1/(2l+1)). csphase: 1 for none, -1 for the Condon–Shortley factor (-1)^m, as in pyshtools. Harmonics of a smaller
    norm need larger coefficients. Raises `InvalidParameter` for others.
    """
    factors = {
        "4pi": np.ones(len(degree)),
        "ortho": np.full(len(degree), np.sqrt(4.0 * np.pi)),
        "schmidt": np.sqrt(2.0 * degree + 1.0),
    }
    if normalization not in factors:
        raise InvalidParameter(f"There is no normalisation {normalization!r}.", f"Choose from {', '.join(factors)}.")
    if csphase not in (1, -1):
        raise InvalidParameter(f"A phase of {csphase} makes no sense.", "Give 1 (without) or -1 (Condon–Shortley).")
    return factors[normalization] * (np.where(order % 2 == 0, 1.0, -1.0) if csphase == -1 else 1.0)


def to_flat(coefficients: FloatArray, normalization: Normalization = "4pi", csphase: int = 1) -> FloatArray:
    """Compact (K, L+1, L+1) → flat (K, (L+1)²), in a stated convention; see `scale_of` for the names and errors.

    ("ortho", -1) is flowshape's; ("4pi", 1) pyshtools' default.
    """
    row, column, degree, order = _places(coefficients.shape[-1] - 1)
    return np.ascontiguousarray(coefficients[:, row, column] * scale_of(degree, order, normalization, csphase))


def from_flat(flat: ArrayLike, normalization: Normalization = "4pi", csphase: int = 1) -> FloatArray:
    """Flat (K, (L+1)²) → compact (K, L+1, L+1): the inverse of `to_flat`.

    Raises `InvalidParameter` when the number of entries is no square.
    """
    values = np.asarray(flat, dtype=np.float64)
    lmax = lmax_of(values)
    row, column, degree, order = _places(lmax)
    coefficients = np.zeros((len(values), lmax + 1, lmax + 1))
    coefficients[:, row, column] = values / scale_of(degree, order, normalization, csphase)
    return coefficients


def to_scipy(coefficients: FloatArray) -> NDArray[np.complex128]:
    """Compact (K, L+1, L+1) → complex flat (K, (L+1)²) a with f = Σ a[l² + l + m] `sph_harm_y(l, m, θ, φ)`.

    `scipy.special`'s harmonics are complex, orthonormal and have the Condon–Shortley phase.
    """
    flat = to_flat(coefficients, "ortho", -1)
    degree, order = degrees_flat(coefficients.shape[-1] - 1)
    mirrored = degree * (degree + 1) - order
    cosine = np.where(order >= 0, flat, flat[:, mirrored])
    sine = np.where(order < 0, flat, flat[:, mirrored])
    positive = (cosine - 1j * sine) / np.sqrt(2.0)
    sign = np.where(order % 2 == 0, 1.0, -1.0)
    return np.where(order == 0, flat + 0j, np.where(order > 0, positive, sign * positive.conj()))


def from_scipy(complex_flat: ArrayLike) -> FloatArray:
    """The inverse of `to_scipy`. Raises `InvalidParameter` for coefficients of a function that is not real."""
    values = np.asarray(complex_flat, dtype=np.complex128)
    lmax = lmax_of(values)
    degree, order = degrees_flat(lmax)
    mirrored = values[:, degree * (degree + 1) - order]
    sign = np.where(order % 2 == 0, 1.0, -1.0)
    if np.abs(mirrored - sign * values.conj()).max() > REAL * max(float(np.abs(values).max()), 1e-300):
        raise InvalidParameter(
            "These are not the coefficients of a real function: a(l, -m) is not (-1)^m times the conjugate of a(l, m).",
            "Check the order of the entries and the phase.",
        )
    flat = np.where(
        order > 0, np.sqrt(2.0) * values.real, np.where(order < 0, -np.sqrt(2.0) * mirrored.imag, values.real)
    )
    return from_flat(flat, "ortho", -1)


def to_e3nn(
    coefficients: FloatArray, normalization: E3nnNormalization = "component", *, turn_axes: bool = True
) -> FloatArray:
    """Compact (K, L+1, L+1) → (K, (L+1)²) a with f(v) = Σ a[l² + l + m] `e3nn.o3.spherical_harmonics(l, v)[m + l]`.

    normalization: of those harmonics: "component" (e3nn's default; Σ_m Y² = 2l+1), "integral" or "norm".
    turn_axes: e3nn takes y for the polar axis. True: v is (x, y, z) as everywhere, and the coefficients are turned,
        which is what equivariant layers need. False: only reordered; then v must be given to e3nn as (y, z, x).

    Raises `InvalidParameter` for another normalisation.
    """
    turned = _turned(coefficients, TO_E3NN_AXES) if turn_axes else coefficients
    return to_flat(turned, _e3nn(normalization))


def from_e3nn(flat: ArrayLike, normalization: E3nnNormalization = "component", *, turn_axes: bool = True) -> FloatArray:
    """The inverse of `to_e3nn`, with the same settings."""
    coefficients = from_flat(flat, _e3nn(normalization))
    return _turned(coefficients, TO_E3NN_AXES.T) if turn_axes else coefficients


def lmax_of(flat: NDArray[np.generic]) -> int:
    """The highest degree of flat coefficients (K, (L+1)²). Raises `InvalidParameter` for another shape."""
    size = flat.shape[-1] if flat.ndim == 2 else 0
    lmax = int(np.sqrt(size)) - 1
    if size == 0 or (lmax + 1) ** 2 != size:
        raise InvalidParameter(
            f"Coefficients of shape {flat.shape} are not (K, (L+1)²).", "Give all orders of a degree."
        )
    return lmax


def _places(lmax: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Row and column in the compact square, degree and order, of each entry of the flat order."""
    degree, order = degrees_flat(lmax)
    row = np.where(order >= 0, degree - order, degree)
    return row, np.where(order >= 0, degree, degree + order), degree, order


def _e3nn(normalization: str) -> Normalization:
    if normalization not in _E3NN:
        raise InvalidParameter(f"e3nn has no normalisation {normalization!r}.", f"Choose from {', '.join(_E3NN)}.")
    return _E3NN[normalization]


def _turned(coefficients: FloatArray, matrix: FloatArray) -> FloatArray:
    names = tuple(str(index) for index in range(len(coefficients)))
    return rotate(Harmonics(coefficients, names), matrix).coefficients
