# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-tests on import: is the file what its format says, and did we read it as its own program would?

Three kinds of test, each of which catches something else:

- *In its own terms*: a few points are evaluated by the formula of the format, with SciPy's harmonics, and must agree
  with what our conversion gives. It catches a wrong conversion, never a wrong file.
- *Against numbers in or beside the file*: check points that we write, or the mesh that the other program leaves beside
  its coefficients. It catches every wrong convention that changes the surface.
- *Is it possible at all*: an outward surface, coefficients that fall off, a radius or density that is positive, entries
  that must be 0. It catches gross mistakes only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import sph_harm_y

from ..errors import HarmonicsFileError
from ..geometry.measure import signed_volume
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.conventions import degrees_flat
from ..harmonics.transforms import synthesize
from ..mesh import FloatArray, Mesh
from ..sphere.icosphere import icosphere

ANGLES = np.array([(20, 10), (45, 80), (70, 155), (95, 215), (120, 300), (155, 345)])
"""Colatitude and longitude in degrees of the points that are evaluated: in general position, in all octants but few."""
TESTED_LMAX = 48
"""Degrees above this one are left out of the test in a format's own terms: one formula holds for all."""
AGREEMENT = 1e-7
"""Of two evaluations, relative to the size of the values."""
STATED = 2e-5
"""Of check points in a file, whose text may be short."""
FREQUENCY = 24
NOTE_INSIDE_OUT = (
    "The surface is inside out as it is stored: the file may count longitudes the other way, or be of a mirrored shape."
)


def directions(angles: FloatArray = ANGLES) -> FloatArray:
    """(N, 3) unit vectors of colatitudes and longitudes (N, 2) in degrees."""
    theta, phi = np.radians(angles).T
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)


def real_harmonics(lmax: int, points: FloatArray) -> FloatArray:
    """(N, (lmax+1)²) orthonormal real harmonics with the Condon–Shortley phase, in the flat order, from SciPy's."""
    degree, order = degrees_flat(lmax)
    theta = np.arccos(np.clip(points[:, 2], -1.0, 1.0))
    phi = np.arctan2(points[:, 1], points[:, 0])
    values = sph_harm_y(degree, np.abs(order), theta[:, None], phi[:, None])
    part = np.where(order >= 0, values.real, values.imag)
    return np.asarray(part * np.where(order == 0, 1.0, np.sqrt(2.0)))


def require_own_terms(what: str, harmonics: Harmonics, by_the_format: Callable[[int, FloatArray], FloatArray]) -> None:
    """Raise `HarmonicsFileError` where our reading of a file and the format's own formula differ.

    by_the_format: (highest degree to use, directions (N, 3)) → values (N, K) by the format's formula.
    """
    lmax = min(harmonics.lmax, TESTED_LMAX)
    points = directions()
    ours, theirs = synthesize(harmonics.truncate(lmax), points), by_the_format(lmax, points)
    require_equal(what, ours, theirs, AGREEMENT, "its own formula")


def require_equal(what: str, ours: FloatArray, theirs: FloatArray, tolerance: float, source: str) -> None:
    """Raise `HarmonicsFileError` where values (N, K) differ by more than `tolerance` of their size."""
    size = max(float(np.abs(theirs).max()), 1e-300)
    error = float(np.abs(ours - theirs).max()) / size
    if not error <= tolerance:
        raise HarmonicsFileError(
            f"{what} does not have the convention that it claims: read that way, it differs by {100 * error:.2g} % "
            f"from {source}.",
            "Its normalisation, phase or order may be another; name the right format with --from.",
        )


def check_lines(harmonics: Harmonics) -> list[str]:
    """A line for each of `ANGLES`: `check θ φ: value …`, one value for each channel."""
    values = synthesize(harmonics, directions())
    return [
        f"check {theta:g} {phi:g}: {' '.join(f'{value:.9e}' for value in row)}"
        for (theta, phi), row in zip(ANGLES, values, strict=True)
    ]


def require_check_lines(what: str, harmonics: Harmonics, lines: Sequence[str]) -> bool:
    """Compare with what `check_lines` wrote; whether there was any. Raises `HarmonicsFileError` where they differ."""
    found = [re.search(r"check (\S+) (\S+): (.+)", line) for line in lines]
    rows = [[float(word) for word in (hit[1], hit[2], *hit[3].split())] for hit in found if hit]
    if not rows or any(len(row) != 2 + len(harmonics.channels) for row in rows):
        return False
    table = np.array(rows)
    require_equal(what, synthesize(harmonics, directions(table[:, :2])), table[:, 2:], STATED, "its check points")
    return True


def require_surface(what: str, harmonics: Harmonics) -> None:
    """Raise `HarmonicsFileError` for positions that no outward surface has, for formats that have no other test."""
    if not signed_volume(surface(harmonics)) > 0.0:
        raise HarmonicsFileError(
            f"The surface of {what} is inside out, so its convention is not the one that it claims.",
            "Sines and cosines, axes, or the sign of longitudes may be exchanged.",
        )
    require_decay(what, harmonics)


def require_decay(what: str, harmonics: Harmonics) -> None:
    """Raise `HarmonicsFileError` where high degrees are as strong as low ones: then the order of entries is wrong."""
    degree, half = harmonics.degrees(), max(harmonics.lmax // 2, 2)
    positions = harmonics.select(POSITION).coefficients
    low, high = (float((positions[:, where] ** 2).sum()) for where in ((degree > 0) & (degree <= half), degree > half))
    if high > low:
        raise HarmonicsFileError(
            f"The coefficients of {what} do not fall off with the degree, as those of every surface do.",
            "Its order of entries may be another; name the right format with --from.",
        )


def surface_notes(harmonics: Harmonics) -> tuple[str, ...]:
    """What is odd about a surface in a format that leaves its orientation open."""
    return () if signed_volume(surface(harmonics)) >= 0.0 else (NOTE_INSIDE_OUT,)


def surface(harmonics: Harmonics, frequency: int = FREQUENCY) -> Mesh:
    """The positions on an icosphere."""
    sphere = icosphere(frequency)
    return Mesh(synthesize(harmonics.select(POSITION), sphere.vertices), sphere.faces)
