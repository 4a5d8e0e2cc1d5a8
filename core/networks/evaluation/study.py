# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network keeps of a shape beside grids of voxels: the study of Mescheder et al. 2019, section 4.1.

Voxels are best at what is coarse, and grow with the cube of their resolution; a network has one size.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ...errors import Cancelled, InvalidParameter, SphericalCowError
from ...files import csv_text
from ...geometry.inside import contains
from ...mesh import FloatArray, Mesh
from ...plot import Curve, draw_log_plot
from ...progress import Progress, part, silent
from ..inputs.points import unit_cube
from ..runtime import require_torch
from .scores import overlap

NETWORKS: tuple[Literal["occupancy", "distance"], ...] = ("occupancy", "distance")
RESOLUTIONS = (16, 32, 64, 128)
POINTS = 100_000
PADDED = 1.1
"""Edge of the cube of the points, in longest sides of the shape."""

MOST_RESOLUTION = 1024
_COLOURS = ("#2563eb", "#d97706")


@dataclass(frozen=True)
class Kept:
    """How well one representation keeps one shape. representation: "voxels" or a network; resolution: of the voxels,
    0 for a network; bytes: a bit for each voxel, or four bytes for each parameter."""

    shape: str
    representation: str
    resolution: int
    iou: float
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Study:
    """All shapes in all representations. errors: shape → why it could not be measured."""

    rows: tuple[Kept, ...]
    errors: dict[str, str]

    def means(self) -> list[tuple[str, int, float, float, float]]:
        """(representation, resolution, mean IoU, mean bytes, mean seconds), the voxels first."""
        kinds = dict.fromkeys((row.representation, row.resolution) for row in self.rows)
        found = []
        for kind in kinds:
            same = [row for row in self.rows if (row.representation, row.resolution) == kind]
            values = ([getattr(row, name) for row in same] for name in ("iou", "bytes", "seconds"))
            iou, size, seconds = (float(np.mean(value)) for value in values)
            found.append((*kind, iou, size, seconds))
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        heads = ("representation", "resolution", "iou", "bytes", "seconds")
        means = [dict(zip(heads, line, strict=True)) for line in self.means()]
        return {"mean": means, "rows": [asdict(row) for row in self.rows], "errors": self.errors}

    def csv(self) -> str:
        """A line for each shape and representation."""
        heads = ("shape", "representation", "resolution", "iou", "bytes", "seconds")
        return csv_text(heads, [[getattr(row, head) for head in heads] for row in self.rows])

    def table(self) -> list[str]:
        """Lines for people: means over the shapes."""
        lines = [f"{'representation':20}{'mean IoU':>10}{'size':>12}{'time':>10}"]
        for name, resolution, iou, size, seconds in self.means():
            what = f"{name} {resolution}³" if resolution else name
            lines.append(f"{what:20}{iou:10.4f}{size / 1024:9.1f} KB{seconds:8.1f} s")
        return lines

    def plot(self, size: tuple[int, int] = (1280, 800)) -> FloatArray:
        """(H, W, 3) sRGB: what is missing to an IoU of 1, over the resolution; the network is a level line."""
        voxels = sorted(line[1:3] for line in self.means() if line[1])
        networks = [line for line in self.means() if not line[1]]
        resolutions = np.array([one for one, _ in voxels], dtype=float)
        curves = [Curve("voxels", resolutions, 1.0 - np.array([iou for _, iou in voxels]), _COLOURS[0])]
        for name, _, iou, _, _ in networks:
            level = np.full(2, 1.0 - iou)
            curves.append(Curve(f"{name} network", np.array([1.0, resolutions.max()]), level, _COLOURS[1], dashed=True))
        return draw_log_plot(curves, "What is lost of the shapes", "voxels along an edge", "1 - IoU", size)


def study(
    shapes: Iterable[tuple[str, Mesh]],
    resolutions: Sequence[int] = RESOLUTIONS,
    network: str = "occupancy",
    *,
    steps: int = 0,
    points: int = POINTS,
    seed: int = 0,
    progress: Progress = silent,
) -> Study:
    """Keep each closed mesh in voxels and in a network that is overfitted to it, and measure both.

    IoU by random points in the cube padded by 0.1; a voxel is full where its centre is inside. network: a decoder of
    Occupancy Networks with 64 channels, or a distance field on a hash grid, one for each shape. steps: of its
    training; 0 for what suits it. A shape that fails does not stop the others. Raises `InvalidParameter`, and
    `MissingLibrary` without PyTorch.
    """
    if network not in NETWORKS:
        raise InvalidParameter(f"There is no network {network!r}.", f"Choose from {', '.join(NETWORKS)}.")
    if points < 1 or steps < 0 or any(not 1 <= one <= MOST_RESOLUTION for one in resolutions):
        raise InvalidParameter("The study cannot be made with such numbers.", "Give 1 to 1024 voxels along an edge.")
    require_torch()
    given, rows, errors = list(shapes), list[Kept](), dict[str, str]()
    for number, (name, mesh) in enumerate(given):
        step = part(progress, number / len(given), (number + 1) / len(given))
        try:
            rows += _kept(name, mesh, resolutions, network, steps, points, seed, step)
        except Cancelled:
            raise
        except SphericalCowError as error:
            errors[name] = str(error)
    return Study(tuple(rows), errors)


def voxel_overlap(mesh: Mesh, points: FloatArray, occupied: np.ndarray, resolution: int) -> float:  # type: ignore[type-arg]
    """IoU of the voxels of a mesh in the unit cube, `resolution` along each edge, at points (N, 3).

    Only voxels that have a point in them are looked at.
    """
    cell = np.floor((points + 0.5) * resolution)
    within = ((cell >= 0) & (cell < resolution)).all(axis=1)
    full = np.zeros(len(points), np.bool_)
    full[within] = contains(mesh, (cell[within] + 0.5) / resolution - 0.5)
    return overlap(full, occupied)


def _kept(
    name: str,
    mesh: Mesh,
    resolutions: Sequence[int],
    network: str,
    steps: int,
    points: int,
    seed: int,
    progress: Progress,
) -> list[Kept]:
    progress(0.0, f"{name}: voxels")
    place = unit_cube(mesh)
    own = place.inverse.apply_to(mesh)
    where = PADDED * (np.random.default_rng(seed + 1).random((points, 3)) - 0.5)
    occupied = contains(own, where)
    rows = []
    for resolution in resolutions:
        begin = time.perf_counter()
        iou = voxel_overlap(own, where, occupied, resolution)
        size = -(-(resolution**3) // 8)
        rows.append(Kept(name, "voxels", resolution, iou, size, time.perf_counter() - begin))
    begin = time.perf_counter()
    found, parameters = _fitted(own, network, where, steps, seed, part(progress, 0.1, 1.0))
    rows.append(Kept(name, network, 0, overlap(found, occupied), 4 * parameters, time.perf_counter() - begin))
    return rows


def _fitted(
    mesh: Mesh, network: str, where: FloatArray, steps: int, seed: int, progress: Progress
) -> tuple[np.ndarray, int]:  # type: ignore[type-arg]
    """Whether points are inside as a network has learned it, and how many numbers it has."""
    if network == "occupancy":
        from ..occupancy.overfit import OverfitSettings, overfit

        settings = OverfitSettings(seed=seed, steps=steps or OverfitSettings.steps)
        taught = overfit(mesh, settings, progress)
        return taught.inside(where), taught.parameters
    from ..distance.fit import fit
    from ..distance.settings import FitSettings

    epochs = steps or 5
    settings_of_fit = FitSettings(samples=100_000, epochs=epochs, seed=seed)
    fitted = fit(mesh, settings_of_fit, progress, device="cpu", judged=False)
    return fitted.distance(where) < 0.0, int(fitted.parameters)
