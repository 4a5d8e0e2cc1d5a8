# SPDX-License-Identifier: GPL-3.0-or-later
"""SPHARM-PDM's `.coef` (Styner et al. 2006): text `{ N,{x, y, z}, … }` with six decimals.

Of degree l, entry l² is order 0, l² + 2m - 1 the cosine and l² + 2m the sine of order m. The harmonics are
√((2l+1)/4π (l-m)!/(l+m)!) P_lm(cos θ) cos mφ or sin mφ, with the Condon–Shortley phase in P, and *without* a factor
√2 for m > 0. Its own programs compute (l+m)! in doubles, which overflows at l = m = 86.

Beside `NAME.coef` they leave the mesh `NAME.vtk`: an icosahedron, cut, each vertex v of it put where the harmonics have
the direction -v. The twelve corners come first, so they test the convention and not only the surface.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from scipy.special import sph_harm_y

from ..errors import HarmonicsFileError
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.conventions import degrees_flat, from_flat, to_flat
from ..harmonics.transforms import synthesize
from ..mesh import FloatArray, IntArray
from . import checks
from .content import Content, Format, WriteOptions, Written
from .text import read_text, write_text
from .vtk import read_vtk_points

HIGHEST_DEGREE = 85
LARGEST_COUNT = (512 + 1) ** 2
ROUNDING, LOST = 5e-7, 1e-3
"""Of the six decimals, at most; and the error of a surface relative to its size above which writing is refused."""
MESH_AGREEMENT = 1e-3
"""Of the mesh beside the file with the surface, relative to its size: both are rounded text."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_TRIPLE = re.compile(rf"\{{\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\}}")
_REMEDY = "Give a .coef file as SPHARM-PDM writes it."
_SHORT, _LONG = np.sqrt((1.0 - 1.0 / np.sqrt(5.0)) / 2.0), np.sqrt((1.0 + 1.0 / np.sqrt(5.0)) / 2.0)
CORNERS = np.array(
    [
        *((-_SHORT, 0.0, _LONG), (_SHORT, 0.0, _LONG), (-_SHORT, 0.0, -_LONG), (_SHORT, 0.0, -_LONG)),
        *((0.0, _LONG, _SHORT), (0.0, _LONG, -_SHORT), (0.0, -_LONG, _SHORT), (0.0, -_LONG, -_SHORT)),
        *((_LONG, _SHORT, 0.0), (-_LONG, _SHORT, 0.0), (_LONG, -_SHORT, 0.0), (-_LONG, -_SHORT, 0.0)),
    ]
)
"""The icosahedron, in the order of the first vertices of its meshes."""
_TURNED = np.array([-1.0, -1.0, 1.0])
"""Between LPS, which ITK uses, and RAS, in which newer versions write meshes."""


def read(path: Path) -> list[Content]:
    """The surface in a `.coef` file, tested against the mesh beside it if there is one. Raises `HarmonicsFileError`."""
    values = _parse(read_text(path), path.name)
    harmonics = Harmonics(from_flat(_from_order(values), "ortho", -1), POSITION)
    checks.require_own_terms(path.name, harmonics, lambda lmax, points: _evaluate(values, lmax, points))
    checks.require_decay(path.name, harmonics)
    beside = path.with_suffix(".vtk")
    notes = _compare_with_mesh(harmonics, beside) if beside.is_file() else ("No mesh lies beside the file to test it.",)
    return [Content(path.stem, harmonics, notes=(*notes, *checks.surface_notes(harmonics)))]


def write(content: Content, path: Path, options: WriteOptions) -> Written:
    """The positions. Raises `HarmonicsFileError` above degree 85, and for shapes too small for six decimals."""
    harmonics = content.positions()
    if harmonics.lmax > HIGHEST_DEGREE:
        raise HarmonicsFileError(
            f"SPHARM-PDM cannot compute harmonics of degree {harmonics.lmax}: its factorials overflow.",
            f"Cut the degree at {HIGHEST_DEGREE} (--lmax {HIGHEST_DEGREE}).",
        )
    size = float(np.sqrt((harmonics.coefficients[:, harmonics.degrees() > 0] ** 2).sum()))
    error = ROUNDING * (harmonics.lmax + 1) / max(size, 1e-300)  # of many independent roundings, at worst
    if error > LOST:
        raise HarmonicsFileError(
            f"The format keeps six decimals, which would change this shape by {100 * error:.2g} %.",
            "Scale the mesh up first, from metres to millimetres, say.",
        )
    values = _to_order(to_flat(harmonics.coefficients, "ortho", -1))
    rows = ",\n".join("{" + ", ".join(f"{number:.6f}" for number in row) + "}" for row in values)
    write_text(path, f"{{ {len(values)},{rows}}}")
    left_out = [name for name in content.harmonics.channels if name not in POSITION]
    return Written((path,), (f"The format has no place for {', '.join(left_out)}.",) if left_out else ())


def _parse(text: str, name: str) -> FloatArray:
    """(N, 3) the triples of a file."""
    head = re.match(r"\s*\{\s*(\d{1,9})\s*,", text)
    if head is None:
        raise HarmonicsFileError(f"{name} does not begin with '{{ N,'.", _REMEDY)
    body = text[head.end() :]
    rows = _TRIPLE.findall(body)
    if re.fullmatch(r"[\s,]*\}\s*", _TRIPLE.sub("", body)) is None or not rows:
        raise HarmonicsFileError(f"{name} is damaged or cut short: it is not a list of {{x, y, z}}.", _REMEDY)
    count = int(head[1])
    if len(rows) != count or int(np.sqrt(count)) ** 2 != count or count > LARGEST_COUNT:
        raise HarmonicsFileError(
            f"{name} claims {count} coefficients and has {len(rows)}; it must be a square up to {LARGEST_COUNT}.",
            _REMEDY,
        )
    values = np.array(rows, dtype=np.float64)
    if not np.isfinite(values).all():
        raise HarmonicsFileError(f"{name} holds numbers that are too large.", _REMEDY)
    return values


def _places(lmax: int) -> tuple[IntArray, FloatArray]:
    """For each entry of the flat order, its place in the file, and what the file's number is multiplied by."""
    degree, order = degrees_flat(lmax)
    place = degree**2 + np.where(order > 0, 2 * order - 1, -2 * order)
    return place, np.where(order == 0, 1.0, 1.0 / np.sqrt(2.0))


def _from_order(values: FloatArray) -> FloatArray:
    """Triples (N, 3) of a file → orthonormal flat coefficients (3, N) with the phase."""
    place, factor = _places(int(np.sqrt(len(values))) - 1)
    return np.ascontiguousarray(values[place].T * factor)


def _to_order(flat: FloatArray) -> FloatArray:
    """The inverse of `_from_order`."""
    place, factor = _places(int(np.sqrt(flat.shape[1])) - 1)
    values = np.empty((flat.shape[1], 3))
    values[place] = (flat / factor).T
    return values


def _evaluate(values: FloatArray, lmax: int, points: FloatArray) -> FloatArray:
    """(N, 3) by the format's own formula."""
    theta, phi = np.arccos(points[:, 2]), np.arctan2(points[:, 1], points[:, 0])
    total = np.zeros((len(points), 3))
    for degree in range(lmax + 1):
        for order in range(degree + 1):
            harmonic = sph_harm_y(degree, order, theta, phi)
            if order == 0:
                total += harmonic.real[:, None] * values[degree**2]
            else:
                total += harmonic.real[:, None] * values[degree**2 + 2 * order - 1]
                total += harmonic.imag[:, None] * values[degree**2 + 2 * order]
    return total


def _compare_with_mesh(harmonics: Harmonics, path: Path) -> tuple[str, ...]:
    """Notes; raises `HarmonicsFileError` where the mesh beside the coefficients is another surface."""
    points = read_vtk_points(path)
    cuts = np.sqrt((len(points) - 2) / 10.0) if len(points) >= 12 else 0.5
    if cuts != np.floor(cuts):
        return (f"{path.name} has {len(points)} vertices, so it is no SPHARM mesh; it was not used as a test.",)
    ours = synthesize(harmonics, -CORNERS)
    size = float(np.ptp(points, axis=0).max())
    if np.abs(ours * _TURNED - points[:12]).max() <= MESH_AGREEMENT * size < np.abs(ours - points[:12]).max():
        return (f"{path.name} is in other axes (x and y negated: RAS beside LPS), and otherwise agrees.",)
    checks.require_equal(
        path.with_suffix(".coef").name, ours / size, points[:12] / size, MESH_AGREEMENT, f"the mesh {path.name}"
    )
    return (f"Agrees with {path.name}.",)


FORMAT = Format("spharm-pdm", "SPHARM-PDM coefficients", (".coef",), read, write)
