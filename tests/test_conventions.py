# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders and normalisations of SciPy, e3nn and pyshtools, against their own formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import sph_harm_y
from spherical_cow.errors import InvalidParameter
from spherical_cow.harmonics.conventions import (
    degrees_flat,
    from_e3nn,
    from_flat,
    from_scipy,
    to_e3nn,
    to_flat,
    to_scipy,
)
from spherical_cow.harmonics.layout import to_cilm
from spherical_cow.harmonics.transforms import synthesize

LMAX = 7
COEFFICIENTS = np.random.default_rng(0).standard_normal((2, LMAX + 1, LMAX + 1))
POINTS = np.random.default_rng(1).standard_normal((9, 3))
POINTS /= np.linalg.norm(POINTS, axis=1, keepdims=True)
VALUES = synthesize(COEFFICIENTS, POINTS)


def e3nn_by_hand(v: np.ndarray) -> np.ndarray:
    """e3nn's harmonics of degrees 0 to 2, "component", as its documentation writes them out: y is the polar axis."""
    x, y, z = v.T
    one = np.sqrt(3.0) * np.stack([x, y, z], axis=1)
    two = np.sqrt(15.0) * np.stack(
        [x * z, x * y, (y**2 - (x**2 + z**2) / 2.0) / np.sqrt(3.0), y * z, (z**2 - x**2) / 2.0], axis=1
    )
    return np.concatenate([np.ones((len(v), 1)), one, two], axis=1)


def test_scipys_harmonics_give_the_same_values() -> None:
    degree, order = degrees_flat(LMAX)
    theta, phi = np.arccos(POINTS[:, 2:]), np.arctan2(POINTS[:, 1:2], POINTS[:, :1])
    values = sph_harm_y(degree, order, theta, phi) @ to_scipy(COEFFICIENTS).T
    np.testing.assert_allclose(values, VALUES, atol=1e-10)
    np.testing.assert_allclose(from_scipy(to_scipy(COEFFICIENTS)), COEFFICIENTS, atol=1e-14)


@pytest.mark.parametrize(("normalization", "size"), [("component", [1, 1, 1]), ("norm", [1, 3, 5]), ("integral", None)])
def test_e3nns_harmonics_give_the_same_values(normalization: str, size: list[int] | None) -> None:
    low = COEFFICIENTS[:, :3, :3]
    squares = np.full(9, 4.0 * np.pi) if size is None else np.repeat(size, [1, 3, 5]).astype(float)
    flat = to_e3nn(low, normalization)  # type: ignore[arg-type]
    np.testing.assert_allclose((e3nn_by_hand(POINTS) / np.sqrt(squares)) @ flat.T, synthesize(low, POINTS), atol=1e-10)
    np.testing.assert_allclose(from_e3nn(flat, normalization), low, atol=1e-13)  # type: ignore[arg-type]


def test_without_turning_e3nn_wants_y_z_x() -> None:
    low = COEFFICIENTS[:, :3, :3]
    values = e3nn_by_hand(POINTS[:, [1, 2, 0]]) @ to_e3nn(low, turn_axes=False).T
    np.testing.assert_allclose(values, synthesize(low, POINTS), atol=1e-10)
    assert np.abs(e3nn_by_hand(POINTS) @ to_e3nn(low, turn_axes=False).T - synthesize(low, POINTS)).max() > 0.1


@pytest.mark.parametrize("normalization", ["4pi", "ortho", "schmidt"])
@pytest.mark.parametrize("csphase", [1, -1])
def test_flat_orders_agree_with_pyshtools(normalization: str, csphase: int) -> None:
    pyshtools = pytest.importorskip("pyshtools")
    coeffs = pyshtools.SHCoeffs.from_array(to_cilm(COEFFICIENTS[0])).convert(normalization, csphase)
    flat = to_flat(COEFFICIENTS, normalization, csphase)[0]  # type: ignore[arg-type]
    degree, order = degrees_flat(LMAX)
    theirs = np.where(order >= 0, coeffs.coeffs[0, degree, np.abs(order)], coeffs.coeffs[1, degree, np.abs(order)])
    np.testing.assert_allclose(flat, theirs, rtol=1e-12)
    np.testing.assert_allclose(from_flat(flat[None], normalization, csphase)[0], COEFFICIENTS[0], rtol=1e-12)  # type: ignore[arg-type]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="normalisation"):
        to_flat(COEFFICIENTS, "mean")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="phase"):
        to_flat(COEFFICIENTS, "ortho", 0)
    with pytest.raises(InvalidParameter, match="e3nn"):
        to_e3nn(COEFFICIENTS, "4pi")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match=r"\(L\+1\)²"):
        from_flat(np.zeros((1, 8)))
    with pytest.raises(InvalidParameter, match="real function"):
        from_scipy(np.arange(9)[None] * (1 + 1j))
