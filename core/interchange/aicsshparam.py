# SPDX-License-Identifier: GPL-3.0-or-later
"""aicsshparam's tables (Viana et al. 2023): a CSV with columns `shcoeffs_L{l}M{m}C` and `…S`, a row for each shape.

The function is the *distance from the centre* in a direction, in voxels, so only star-shaped bodies fit: each ray
meets the surface once. SHTOOLS' 4π normalisation without phase, but the longitude is π + atan2(y, x): that is (-1)^m.
Entries with m > l are there, and 0. Where the centre was (its `transform`) is not among the columns; ours are
`transform_xc`, `transform_yc`, `transform_zc`. Its grid counts both of its end points, so what it fits is stretched by
up to 1/128.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import HarmonicsFileError
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.layout import from_cilm, to_cilm
from ..harmonics.transforms import analyse_grid, gauss_legendre_grid, synthesize, synthesize_grid
from ..mesh import FloatArray
from . import checks
from .content import Content, Format, WriteOptions, Written
from .star import radial_function
from .text import LARGEST_DEGREE, read_text, write_text

COLUMN = re.compile(r"^(.*?)shcoeffs_L(\d{1,4})M(\d{1,4})([CS])(.*)$")
CENTRE = ("transform_xc", "transform_yc", "transform_zc")
CHECK = re.compile(r"^check_radius_(\d+)_(\d+)$")
RADIUS = "radius"

_REMEDY = "Give a table with columns shcoeffs_L0M0C, shcoeffs_L0M0S …, a row for each shape."


def read(path: Path) -> list[Content]:
    """Every row, and every set of columns of a row. Raises `HarmonicsFileError`, naming the row."""
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path))))
    except csv.Error as error:
        raise HarmonicsFileError(f"{path.name} is not a table: {error}.", _REMEDY) from error
    sets = _sets(list(rows[0] if rows else ()))
    if not sets:
        raise HarmonicsFileError(f"{path.name} has no columns shcoeffs_L…M…C and a row below them.", _REMEDY)
    contents = []
    for number, row in enumerate(rows):
        for (before, after), cells in sets.items():
            words = [word.strip("_ ") for word in (before, after)]
            label = " ".join(word for word in (path.stem, str(number) if len(rows) > 1 else "", *words) if word)
            contents.append(_content(label, row, cells))
    return contents


def write(content: Content, path: Path, options: WriteOptions) -> Written:
    """One row: the distances from the centroid. Raises `HarmonicsFileError` for a body that is not star-shaped."""
    positions = content.positions()
    radius, centre = radial_function(positions, positions.lmax)
    cilm = to_cilm(_turned(radius))
    size = len(radius)
    row = {
        f"shcoeffs_L{degree}M{order}{letter}": repr(float(cilm[part, degree, order]))
        for part, letter in enumerate("CS")
        for degree in range(size)
        for order in range(size)
    }
    row |= {name: repr(float(value)) for name, value in zip(CENTRE, centre, strict=True)}
    values = synthesize(radius[None], checks.directions())[:, 0]
    row |= {
        f"check_radius_{theta}_{phi}": repr(float(value))
        for (theta, phi), value in zip(checks.ANGLES.tolist(), values, strict=True)
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    write_text(path, text.getvalue())
    return Written((path,), ("Only the distance from the centre is kept: colours and the map to the sphere are not.",))


def _sets(columns: list[str]) -> dict[tuple[str, str], dict[tuple[int, int, int], str]]:
    """The sets of coefficients, by what stands before and after their names: (part, degree, order) → column."""
    sets: dict[tuple[str, str], dict[tuple[int, int, int], str]] = {}
    for column in columns:
        hit = COLUMN.match(column or "")
        if hit:
            cells = sets.setdefault((hit[1], hit[5]), {})
            cells["CS".index(hit[4]), int(hit[2]), int(hit[3])] = column
    return sets


def _content(name: str, row: Mapping[str, str], cells: Mapping[tuple[int, int, int], str]) -> Content:
    lmax = max(degree for _, degree, _ in cells)
    if lmax > LARGEST_DEGREE or len(cells) < (lmax + 1) ** 2:
        raise HarmonicsFileError(f"The columns of {name} are not all there up to degree {lmax}.", _REMEDY)
    cilm = np.zeros((2, lmax + 1, max(lmax, *(order for *_, order in cells)) + 1))
    for place, column in cells.items():
        cilm[place] = _number(row, column, name)
    degree, order = np.arange(lmax + 1)[:, None], np.arange(cilm.shape[2])
    size = float(np.abs(cilm).max())
    if np.abs(np.where(order > degree, cilm, 0.0)).max() > 1e-6 * size or np.abs(cilm[1, :, 0]).max() > 1e-6 * size:
        raise HarmonicsFileError(
            f"{name} has values where aicsshparam has none (orders above the degree, or sines of order 0).",
            "Degrees and orders may be exchanged.",
        )
    radius = _turned(from_cilm(cilm[:, :, : lmax + 1]))
    _require_radius(name, radius, cilm, row)
    centre = [_number(row, key, name) if row.get(key) else 0.0 for key in CENTRE]
    return Content(
        name,
        from_radius(radius, np.array(centre)),
        notes=()
        if any(row.get(k) for k in CENTRE)
        else ("The file does not say where the centre is; it is put at the origin.",),
    )


def _number(row: Mapping[str, str], column: str, name: str) -> float:
    try:
        value = float(row[column])
        if not np.isfinite(value):
            raise ValueError
    except (ValueError, TypeError, KeyError) as error:
        raise HarmonicsFileError(f"{column} of {name} is {row.get(column)!r}, not a number.", _REMEDY) from error
    return value


def _turned(radius: FloatArray) -> FloatArray:
    """Between its longitude and the usual one, either way: (-1)^m."""
    index = np.arange(len(radius))
    return np.asarray(radius * np.where((index - index[:, None]) % 2 == 0, 1.0, -1.0))


def _require_radius(name: str, radius: FloatArray, cilm: FloatArray, row: Mapping[str, str]) -> None:
    """Raise `HarmonicsFileError` for a function that is no distance, or that differs from the check columns."""
    checks.require_own_terms(
        name, Harmonics(radius[None], (RADIUS,)), lambda lmax, points: _evaluate(cilm, lmax, points)
    )
    if not synthesize_grid(radius[None], max(2 * len(radius), 16)).min() > 0.0:
        raise HarmonicsFileError(
            f"{name} is no distance from a centre: it is negative somewhere.",
            "The normalisation or the phase may be another, or these are not coefficients of a radius.",
        )
    stated = [
        (int(hit[1]), int(hit[2]), _number(row, hit[0], name)) for key in row if key and (hit := CHECK.match(key))
    ]
    if stated:
        table = np.array(stated)
        ours = synthesize(radius[None], checks.directions(table[:, :2]))
        checks.require_equal(name, ours, table[:, 2:], checks.STATED, "its check columns")


def _evaluate(cilm: FloatArray, lmax: int, points: FloatArray) -> FloatArray:
    """(N, 1) by the format's own formula: cosines and sines of m (π + atan2(y, x)), 4π, without the phase."""
    harmonics = checks.real_harmonics(lmax, points * [-1.0, -1.0, 1.0]) * np.sqrt(4.0 * np.pi)
    total = np.zeros((len(points), 1))
    for degree in range(lmax + 1):
        middle = degree * (degree + 1)
        for order in range(degree + 1):
            phase = (-1.0) ** order
            total[:, 0] += phase * harmonics[:, middle + order] * cilm[0, degree, order]
            if order:
                total[:, 0] += phase * harmonics[:, middle - order] * cilm[1, degree, order]
    return total


def from_radius(radius: FloatArray, centre: FloatArray) -> Harmonics:
    """x, y and z (degree L+1, exact) of the surface with the distance `radius` (L+1, L+1) from `centre` (3,)."""
    lmax = len(radius)
    colatitudes, n_longitudes = gauss_legendre_grid(lmax)
    longitudes = 2.0 * np.pi * np.arange(n_longitudes) / n_longitudes
    theta, phi = np.meshgrid(colatitudes, longitudes, indexing="ij")
    unit = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    coefficients = analyse_grid(unit * synthesize_grid(radius[None], lmax), lmax)
    coefficients[:, 0, 0] += centre
    return Harmonics(coefficients, POSITION)


FORMAT = Format("aicsshparam", "aicsshparam table", (".csv",), read, write)
