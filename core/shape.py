# SPDX-License-Identifier: GPL-3.0-or-later
"""`Shape`: what `encode` gives and `decode` takes — coefficients, sphere map and certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InvalidParameter
from .harmonics.container import Harmonics
from .mesh import FloatArray, IntArray


@dataclass(frozen=True)
class Source:
    """Facts about the encoded mesh: counts, area, |volume|, centre (3,), bounding-box diagonal."""

    n_vertices: int
    n_faces: int
    area: float
    volume: float
    centre: tuple[float, float, float]
    diagonal: float


@dataclass(frozen=True)
class Certificate:
    """What an encode proves about itself. Distances are relative to the bounding-box diagonal.

    method: "balanced", "authalic", "conformal" or "cmcf"; "given" for a map from elsewhere, "imported" for a file of
        coefficients.
    flips: triangles with a signed spherical area that is not positive (0 in every shape we return).
    area_sum: sum of the signed spherical areas over 4π (1 when the sphere is covered once).
    angle_distortion: area-weighted mean change of the corner angles, in degrees.
    area_distortion: area-weighted mean of |log(sphere area / surface area)|, both scaled to the same total.
    fit_error_rel, fit_hausdorff_rel: mean (both ways) and Hausdorff distance between the source surface and
        the reconstruction, measured between surfaces, not at the vertices.
    seconds: stage → wall time.
    """

    method: str
    flips: int
    area_sum: float
    angle_distortion: float
    area_distortion: float
    fit_error_rel: float
    fit_hausdorff_rel: float
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The certificate as JSON-ready data."""
        return {**asdict(replace(self, seconds={})), "seconds": dict(self.seconds)}


@dataclass(frozen=True)
class Shape:
    """An encoded mesh.

    harmonics: the coefficients. Position channels are in the units of the source.
    source: facts of the source mesh. certificate: its quality.
    sphere: (V, 3) unit vectors of the source vertices, or None in a compact shape.
    faces: (F, 3) the source's faces, `sphere[faces]` oriented outward, or None in a compact shape.
    """

    harmonics: Harmonics
    source: Source
    certificate: Certificate
    sphere: FloatArray | None = None
    faces: IntArray | None = None

    @property
    def lmax(self) -> int:
        """The highest degree of the coefficients."""
        return self.harmonics.lmax

    def with_harmonics(self, harmonics: Harmonics) -> Shape:
        """The same shape with other coefficients (after a filter)."""
        return replace(self, harmonics=harmonics)

    def compact(self) -> Shape:
        """Without the sphere positions and faces of the source."""
        return replace(self, sphere=None, faces=None)

    def require_sphere(self) -> tuple[FloatArray, IntArray]:
        """(sphere (V, 3), faces (F, 3)); raises `InvalidParameter` for a compact shape."""
        if self.sphere is None or self.faces is None:
            raise InvalidParameter(
                "This shape was saved without its sphere map (compact).",
                "Rebuild on an icosphere or with a number of vertices, or encode again without --compact.",
            )
        return self.sphere, self.faces

    def save(self, path: str | Path, *, compact: bool = False) -> None:
        """Write `*.harmonics.npz` (see `shapefile.save_shape`)."""
        from .shapefile import save_shape

        save_shape(self.compact() if compact else self, path)


def source_of(vertices: FloatArray, faces: IntArray, area: float, volume: float, centre: FloatArray) -> Source:
    """The facts of a mesh with vertices (V, 3) and faces (F, 3)."""
    x, y, z = (float(value) for value in centre)
    diagonal = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    return Source(len(vertices), len(faces), float(area), abs(float(volume)), (x, y, z), diagonal)
