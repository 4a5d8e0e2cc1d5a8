# SPDX-License-Identifier: GPL-3.0-or-later
"""flowshape's vectors (van Bavel et al. 2023): entry l² + l + m, degrees *below* `max_degree`, `.npy` or text.

Orthonormal real harmonics with the Condon–Shortley phase. (N, 3) are positions of a surface of area 4π around its
centroid; (N,) is the curvature half-density, our `curvature_density`, from which alone there is no surface here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import HarmonicsFileError
from ..geometry.measure import area, area_centroid
from ..harmonics.container import CURVATURE_DENSITY, POSITION, Harmonics
from ..harmonics.conventions import from_flat, to_flat
from ..mesh import FloatArray
from . import checks
from .content import Content, Format, WriteOptions, Written
from .text import map_npy, read_npy, read_text, require_numbers, write_text

AREA, CENTRE = (0.6, 1.15), 0.1
"""A cut at a low degree loses area, and a fit that overshoots gains some; the centroid moves a little. A wrong
normalisation changes the area by 4π, a wrong order by as much as that."""
_REMEDY = "Give a vector (N,) or (N, 3) of max_degree² weights, as flowshape makes them."


def read(path: Path) -> list[Content]:
    """Positions, or the curvature. Raises `HarmonicsFileError` unless the surface has area 4π around 0."""
    lines: list[str] = []
    if path.suffix.lower() == ".npy":
        table = read_npy(path)
    else:
        lines = read_text(path).splitlines()
        table = _table([line for line in lines if line.strip() and not line.lstrip().startswith("#")], path.name)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[1] not in (1, 3) or not len(table) or int(np.sqrt(len(table))) ** 2 != len(table):
        raise HarmonicsFileError(f"{path.name} has the shape {table.shape}, not that of flowshape's weights.", _REMEDY)
    channels = POSITION if table.shape[1] == 3 else (CURVATURE_DENSITY,)
    harmonics = Harmonics(from_flat(table.T, "ortho", -1), channels)
    checks.require_own_terms(path.name, harmonics, lambda lmax, points: _evaluate(table, lmax, points))
    checks.require_check_lines(path.name, harmonics, [line for line in lines if line.lstrip().startswith("#")])
    if channels == POSITION:
        _require_normalized(harmonics, path.name)
    return [Content(path.stem, harmonics)]


def write(content: Content, path: Path, options: WriteOptions) -> Written:
    """Positions, moved to the centroid and scaled to area 4π; without positions, the curvature."""
    harmonics, notes = content.harmonics, tuple[str, ...]()
    if not harmonics.has(POSITION) and CURVATURE_DENSITY in harmonics.channels:
        harmonics = harmonics.select([CURVATURE_DENSITY])
    else:
        harmonics, notes = _normalized(content.positions())
    table = to_flat(harmonics.coefficients, "ortho", -1).T
    table = table[:, 0] if table.shape[1] == 1 else table
    if path.suffix.lower() == ".npy":
        from ..files import atomic_write

        with atomic_write(path) as temporary:
            np.save(temporary, np.ascontiguousarray(table), allow_pickle=False)
    else:
        head = [f"flowshape weights: ortho, csphase: -1, max_degree: {harmonics.lmax + 1}"]
        comments = "".join(f"# {line}\n" for line in (*head, *checks.check_lines(harmonics)))
        rows = np.atleast_2d(table.T).T
        write_text(path, comments + "".join(" ".join(f"{value:.17g}" for value in row) + "\n" for row in rows))
    return Written((path,), notes)


def _table(lines: list[str], name: str) -> FloatArray:
    try:
        rows = [[float(word) for word in line.replace(",", " ").split()] for line in lines]
        return require_numbers(np.array(rows, dtype=np.float64), name)
    except ValueError as error:
        raise HarmonicsFileError(f"{name} is not a table of numbers with equally long rows.", _REMEDY) from error


def _evaluate(table: FloatArray, lmax: int, points: FloatArray) -> FloatArray:
    return checks.real_harmonics(lmax, points) @ table[: (lmax + 1) ** 2]


def _require_normalized(harmonics: Harmonics, name: str) -> None:
    mesh = checks.surface(harmonics)
    size = area(mesh) / (4.0 * np.pi)
    away = float(np.linalg.norm(area_centroid(mesh))) if size > 0.0 else 0.0
    if not AREA[0] <= size <= AREA[1] or away > CENTRE:
        raise HarmonicsFileError(
            f"{name} is not what flowshape makes: its surface has {size:.3g} times the area 4π, with its centroid "
            f"{away:.2g} from 0.",
            "flowshape scales meshes to area 4π around 0. The file may have another normalisation or order.",
        )
    checks.require_surface(name, harmonics)


def _normalized(harmonics: Harmonics) -> tuple[Harmonics, tuple[str, ...]]:
    mesh = checks.surface(harmonics, 64)
    centre, scale = area_centroid(mesh), float(np.sqrt(area(mesh) / (4.0 * np.pi)))
    coefficients = harmonics.coefficients.copy()
    coefficients[:, 0, 0] -= centre
    place = ", ".join(f"{value:.6g}" for value in centre)
    note = f"The format has no place for size and position: they were divided by {scale:.6g} around ({place})."
    return Harmonics(coefficients / scale, harmonics.channels), (note,)


def owns(path: Path) -> bool:
    """Whether a `.npy` file has one or two axes; squares have three."""
    if path.suffix.lower() != ".npy":
        return True
    try:
        return bool(map_npy(path).ndim < 3)
    except HarmonicsFileError:
        return True


FORMAT = Format("flowshape", "flowshape weights", (".txt", ".npy"), read, write, owns)
