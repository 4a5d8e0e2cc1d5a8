# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that say what a shape is like, whatever its place, direction, size and parametrisation.

Turning the parameter sphere or the object in space mixes the coefficients of one degree among themselves, so their
power is kept (Kazhdan, Funkhouser and Rusinkiewicz 2003). Of the positions more is kept: the three singular values of
the (3, 2 l + 1) coefficients of each degree, whose squares sum to the power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..harmonics.container import COLOR, CURVATURE_DENSITY, POSITION, Harmonics
from ..harmonics.spectrum import power_spectrum
from ..mesh import FloatArray
from ..shape import Shape

KINDS = ("form", "power", "color", "curvature")
"""Singular values of the positions in each degree; their power; that of the colours; that of the curvature density."""


_FLOOR = 0.03
"""Amplitudes of the form well above this share of the size are compared by their ratio, those below hardly count: else
degree 1 or the noise would decide."""


def form_descriptor(harmonics: Harmonics) -> FloatArray:
    """(L, 3) singular values of the positions in the degrees 1 to L, largest first, over the root mean square radius.

    Their squares sum to 1. Raises `InvalidParameter` for shapes without positions, degree 1, or extent.
    """
    positions = harmonics.select(POSITION).coefficients
    if harmonics.lmax < 1:
        raise InvalidParameter("The shape has no degree 1.", "Encode it with a higher degree.")
    degrees = harmonics.degrees().ravel()
    flat = positions.reshape(3, -1)
    products = (flat[:, None] * flat[None, :]).reshape(9, -1)
    per_degree = np.stack([np.bincount(degrees, row) for row in products], axis=1).reshape(-1, 3, 3)[1:]
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(per_degree)[:, ::-1], 0.0))
    return _scaled(values, float(np.linalg.norm(values)))


def descriptor(shape: Shape | Harmonics, kind: str = "form", lmax: int | None = None) -> FloatArray:
    """(n,) numbers of which the Euclidean distance tells how unlike two shapes are.

    kind: "form" (what the surface is like), "power" (the same by power alone), "color" or "curvature", for which the
    shape must have those channels. lmax: degrees up to this one. Raises `InvalidParameter` for another word or channel.
    """
    harmonics = shape if isinstance(shape, Harmonics) else shape.harmonics
    if lmax is not None:
        harmonics = harmonics.truncate(lmax)
    if kind == "form":
        return np.log1p(form_descriptor(harmonics).ravel() / _FLOOR)
    if kind == "power":
        return np.asarray(np.log1p(np.linalg.norm(form_descriptor(harmonics), axis=1) / _FLOOR))
    if kind == "color":
        return np.asarray(np.sqrt(power_spectrum(harmonics.select(COLOR))).ravel())
    if kind == "curvature":
        return np.asarray(np.sqrt(power_spectrum(harmonics.select([CURVATURE_DENSITY]))).ravel())
    raise InvalidParameter(f"There is no kind of likeness {kind!r}.", f"Choose from {', '.join(KINDS)}.")


def distance_matrix(shapes: Sequence[Shape | Harmonics], kind: str = "form") -> FloatArray:
    """(N, N) distances between the descriptors of the shapes, over the degrees that all have."""
    if not shapes:
        return np.zeros((0, 0))
    highest = min((one if isinstance(one, Harmonics) else one.harmonics).lmax for one in shapes)
    rows = np.stack([descriptor(one, kind, highest) for one in shapes])
    return np.asarray(np.linalg.norm(rows[:, None] - rows[None], axis=2))


@dataclass(frozen=True)
class Likeness:
    """A shape of a collection, and its distance to the one that was asked about."""

    name: str
    distance: float


def most_similar(
    query: Shape | Harmonics,
    collection: Sequence[Shape | Harmonics],
    names: Sequence[str],
    *,
    kind: str = "form",
    count: int | None = None,
) -> list[Likeness]:
    """The shapes of a collection that are most like a query, nearest first."""
    distances = distance_matrix([query, *collection], kind)[0, 1:]
    order = np.argsort(distances, kind="stable")[:count]
    return [Likeness(names[number], float(distances[number])) for number in order]


def _scaled(values: FloatArray, size: float) -> FloatArray:
    if not size > 0.0:
        raise InvalidParameter("The shape is a single point: it has no degree above 0.", "Leave it out.")
    return np.asarray(values / size)
