# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole road at once: encode at degree 300, keep only the coefficients, rebuild with 20,000 vertices."""

from __future__ import annotations

from collections.abc import Iterator

from spherical_cow.codec import decode, encode
from spherical_cow.mesh import Mesh
from spherical_cow.progress import Stages
from spherical_cow.shapefile import shape_from_bytes, shape_to_bytes

from .errors import error_between, quantities
from .report import Quantity, Row
from .setup import Setup
from .timing import best_of

LMAX, N_VERTICES = 300, 20_000
MEAN, HAUSDORFF, SECONDS = 0.0002, 0.006, 6.0


def run(setup: Setup) -> Iterator[Row]:
    """Map, positions, colours and vertex density at degree 300; a compact file; an adapted mesh from it."""
    name = setup.meshes.cow()
    mesh = setup.meshes.get(name)
    runs: list[tuple[dict[str, float], int]] = []

    def road() -> Mesh:
        stages = Stages()
        with stages("encode"):
            shape = encode(mesh, LMAX)
        with stages("file"):
            content = shape_to_bytes(shape.compact())
            compact = shape_from_bytes(content)
        with stages("decode"):
            rebuilt = decode(compact, "adaptive", N_VERTICES)
        runs.append(({**shape.certificate.seconds, **stages.seconds}, len(content)))
        return rebuilt

    rebuilt, timing = best_of(road, setup.repeats)
    error = error_between(mesh, rebuilt)
    seconds, size = min(runs, key=lambda each: each[0]["encode"] + each[0]["decode"])
    yield Row(
        f"{name}, lmax {LMAX}, {N_VERTICES:,} adapted vertices from coefficients alone",
        (*quantities(error, MEAN, HAUSDORFF), *timing.quantities(SECONDS)),
        details={"error": error.to_dict(), "stages": seconds, "file_bytes": size},
    )
    yield Row(
        "… of which",
        tuple(Quantity(stage, value, "s") for stage, value in seconds.items() if value >= 0.0005),
    )
