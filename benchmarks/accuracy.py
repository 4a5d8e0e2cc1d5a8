# SPDX-License-Identifier: GPL-3.0-or-later
"""How close the surface of the coefficients is to the source, at several degrees."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from spherical_cow.codec import decode, encode
from spherical_cow.shape import Shape

from .errors import error_between, error_on_source, quantities
from .report import Row
from .setup import Setup
from .timing import best_of

MEAN = {64: 0.00065, 128: 0.00026}
HAUSDORFF = {256: 0.0035}
FRESH_MEAN, FRESH_HAUSDORFF = 0.001, 0.02
COW_MEAN, COW_HAUSDORFF, COW_SECONDS = 0.00025, 0.005, 1.0
FREQUENCY, N_VERTICES = 64, 40_000
"""Fresh meshes: an icosphere of 40,962 vertices, and an adapted mesh of about as many."""


def run(setup: Setup) -> Iterator[Row]:
    """Errors at degrees 64, 128 and 256 on the source's connectivity, and at 64 on fresh meshes."""
    yield _cow(setup)
    for name in setup.meshes.compared():
        mesh = setup.meshes.get(name)
        for lmax in (64,) if setup.quick else (64, 128, 256):
            setup.log(f"{name}, degree {lmax}")
            shape, timing = best_of(partial(encode, mesh, lmax), 1)
            error = error_on_source(mesh, shape)
            yield Row(
                f"{name}, lmax {lmax}",
                (*quantities(error, MEAN.get(lmax), HAUSDORFF.get(lmax)), *timing.quantities()),
                details={"error": error.to_dict(), "certificate": shape.certificate.to_dict()},
            )
            if lmax == 64:
                yield from _fresh(name, setup, shape)


def _cow(setup: Setup) -> Row:
    """Positions and colour of one small mesh, the case that everybody tries first."""
    name = setup.meshes.cow()
    mesh = setup.meshes.get(name)
    channels = ["position", "color"] if "color" in mesh.attributes else ["position"]
    shape, timing = best_of(lambda: encode(mesh, 64, channels=channels), setup.repeats)
    error = error_on_source(mesh, shape)
    return Row(
        f"{name} encode, lmax 64, {' + '.join(channels)}",
        (*quantities(error, COW_MEAN, COW_HAUSDORFF), *timing.quantities(COW_SECONDS)),
        details={"error": error.to_dict(), "certificate": shape.certificate.to_dict()},
    )


def _fresh(name: str, setup: Setup, shape: Shape) -> Iterator[Row]:
    mesh = setup.meshes.get(name)
    for sampling, size in (("icosphere", FREQUENCY), ("adaptive", N_VERTICES)):
        rebuilt = decode(shape, sampling, size)
        error = error_between(mesh, rebuilt)
        yield Row(
            f"{name}, lmax 64, fresh {sampling} mesh",
            quantities(error, FRESH_MEAN, FRESH_HAUSDORFF),
            details={"error": error.to_dict(), "n_vertices": rebuilt.n_vertices},
        )
