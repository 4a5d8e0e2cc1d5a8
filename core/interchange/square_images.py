# SPDX-License-Identifier: GPL-3.0-or-later
"""mesh2sh's square images: a tensor (1 + K, L+1, L+1) of vertex density, curvature, area distortion, perhaps R, G, B.

The squares are packed as ours: entry (i, j) has l = max(i, j), m = j - i. The harmonics are 4π-normalised with the
Condon–Shortley phase, and live on the sphere point-reflected: its θ = 0 is SHTOOLS' south pole, and φ is turned by
180°; together (-1)^l (-1)^m. The density is a probability, of integral 1. The curvature is 2H of the mesh scaled to
area 1. The area distortion is log(sphere area / surface area), ours the negative. There are no positions: a surface is
solved for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import HarmonicsFileError
from ..files import atomic_write
from ..harmonics.container import AREA_DISTORTION, COLOR, CURVATURE_DENSITY, VERTEX_DENSITY, Harmonics
from ..harmonics.conventions import to_flat
from ..harmonics.transforms import analyse_grid, synthesize_grid
from ..mesh import FloatArray
from . import checks
from .content import Content, Format, WriteOptions, Written
from .curvature import UNIT_CURVATURE, half_density, unit_curvature
from .text import read_npy, read_npz

KEYS = ("sh_coefficients", "coefficients", "arr_0")
DENSITY = 1.0 / (4.0 * np.pi)
DENSITY_SHARE = 0.35
"""How far the mean of the density may be from that of a probability: its kernel is integrated on a coarse grid. Another
normalisation would change it by a factor 3.5."""
TOTAL = (0.5, 2.0)
"""Limits of the area that the area distortion adds up to, which is 1."""
_CHANNELS = (VERTEX_DENSITY, UNIT_CURVATURE, AREA_DISTORTION, *COLOR)
_NEEDED = (VERTEX_DENSITY, CURVATURE_DENSITY, AREA_DISTORTION)
_REMEDY = "Give mesh2sh's sh_coefficients, saved by numpy.save(path, sh_coefficients.numpy())."


def read(path: Path) -> list[Content]:
    """The functions, in our terms. Raises `HarmonicsFileError` where density or area are not what mesh2sh's are."""
    tensor = read_npz(path, KEYS) if path.suffix.lower() == ".npz" else read_npy(path)
    if tensor.ndim != 3 or tensor.shape[1] != tensor.shape[2] or tensor.shape[0] not in (3, 6) or tensor.shape[1] < 2:
        raise HarmonicsFileError(f"{path.name} has the shape {tensor.shape}, not (3 or 6, L+1, L+1).", _REMEDY)
    turned = _turned(tensor)
    harmonics = Harmonics(turned, _CHANNELS[: len(tensor)])
    checks.require_own_terms(path.name, harmonics, lambda lmax, points: _evaluate(tensor, lmax, points))
    turned[2] *= -1.0
    _require_meaning(turned, path.name)
    turned[0] /= DENSITY
    density = half_density(turned[1], turned[2])
    channels = (*_CHANNELS[: len(tensor)], CURVATURE_DENSITY)
    return [Content(path.stem, Harmonics(np.concatenate([turned, density[None]]), channels))]


def write(content: Content, path: Path, options: WriteOptions) -> Written:
    """Density, curvature, area distortion and colours. Raises `HarmonicsFileError` where one of these is missing."""
    if not content.harmonics.has(_NEEDED):
        missing = [name for name in _NEEDED if name not in content.harmonics.channels]
        raise HarmonicsFileError(
            f"mesh2sh's images need the channels {', '.join(missing)}.",
            f"Encode with --method conformal --channels {' '.join(_NEEDED)} color.",
        )
    colors = COLOR if content.harmonics.has(COLOR) else ()
    values = content.harmonics.select((*_NEEDED, *colors)).coefficients.copy()
    values[0] *= DENSITY
    if UNIT_CURVATURE in content.harmonics.channels:
        values[1] = content.harmonics.select([UNIT_CURVATURE]).coefficients[0]
    else:
        values[1] = unit_curvature(values[1], values[2])
    values[2] *= -1.0
    tensor = _turned(values).astype(np.float32 if path.suffix.lower() == ".npy" else np.float64)
    with atomic_write(path) as temporary:
        if path.suffix.lower() == ".npz":
            np.savez(temporary, sh_coefficients=tensor)
        else:
            np.save(temporary, tensor, allow_pickle=False)
    return Written((path,), ("mesh2sh has no place for positions; a surface is solved for from curvature and area.",))


def _turned(tensor: FloatArray) -> FloatArray:
    """Between the two conventions, either way: (-1)^(l + m)."""
    index = np.arange(tensor.shape[1])
    parity = np.maximum(index[:, None], index) + index - index[:, None]
    return np.asarray(tensor * np.where(parity % 2 == 0, 1.0, -1.0))


def _evaluate(tensor: FloatArray, lmax: int, points: FloatArray) -> FloatArray:
    """mesh2sh's own way: latitude θ - 90°, longitude φ + 180°, and harmonics with the phase."""
    flat = to_flat(tensor[:, : lmax + 1, : lmax + 1])  # only the order: the numbers stay
    return np.asarray(np.sqrt(4.0 * np.pi) * checks.real_harmonics(lmax, -points) @ flat.T)


def _require_meaning(turned: FloatArray, name: str) -> None:
    mean = float(turned[0, 0, 0])
    if abs(mean / DENSITY - 1.0) > DENSITY_SHARE:
        raise HarmonicsFileError(
            f"The density of {name} has the mean {mean:.3g}, where a probability on the sphere has {DENSITY:.3g}.",
            "The channels may come in another order, or have another normalisation.",
        )
    log_area = synthesize_grid(turned[2:3], max(2 * turned.shape[1], 8))
    total = float(analyse_grid(np.exp(np.clip(log_area, -60.0, 60.0)), 0)[0, 0, 0])  # the mean over the sphere
    if not TOTAL[0] <= total <= TOTAL[1]:
        raise HarmonicsFileError(
            f"The area distortion of {name} adds up to {total:.3g} times the area of the surface.",
            "The channels may come in another order, or have another normalisation.",
        )


def owns(path: Path) -> bool:
    """All archives and arrays that nobody before it wanted."""
    return True


FORMAT = Format("mesh2sh", "mesh2sh square images", (".npy", ".npz"), read, write, owns)
