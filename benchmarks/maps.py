# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps to the sphere: every method on every mesh."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from spherical_cow.errors import SphericalCowError
from spherical_cow.geometry.measure import oriented_outward
from spherical_cow.geometry.spherical import spherical_areas
from spherical_cow.mesh import FloatArray, Mesh
from spherical_cow.sphere.distortion import flips, mean_angle_distortion, mean_area_distortion
from spherical_cow.sphere.parametrize import METHODS, parametrize

from .report import Quantity, Row
from .setup import Setup
from .timing import best_of

AUTHALIC, EXCEPTIONS = 0.35, 2
"""Bound on the mean absolute logarithm of the area distortion, on all meshes but so many."""
AREA = 1e-9
SECONDS = {"spot": 0.25, "igea": 17.0}
"""Wall times of the balanced map that must not be exceeded."""
LARGE = 100_000
QUICK_METHODS = ("balanced", "authalic")


def run(setup: Setup) -> Iterator[Row]:
    """One row for each mesh and method, then how many meshes each method could map."""
    mapped: dict[str, int] = {}
    distortions: dict[str, list[float]] = {}
    methods = QUICK_METHODS if setup.quick else METHODS
    names = [name for name in setup.meshes.names() if not (setup.quick and setup.meshes.get(name).n_vertices > LARGE)]
    for name in names:
        mesh = oriented_outward(setup.meshes.get(name))
        for method in methods:
            setup.log(f"{name}, {method}")
            row = _row(setup, name, mesh, method)
            yield row
            if row.quantities:
                mapped[method] = mapped.get(method, 0) + 1
                area = next(quantity.value for quantity in row.quantities if quantity.name == "area distortion")
                distortions.setdefault(method, []).append(area)
    for method in methods:
        yield _summary(method, len(names), mapped.get(method, 0), distortions.get(method, []))


def _row(setup: Setup, name: str, mesh: Mesh, method: str) -> Row:
    what = f"{name} ({mesh.n_vertices:,} vertices), {method}"
    try:
        sphere, timing = best_of(lambda: parametrize(mesh, method), setup.repeats)
    except SphericalCowError as error:
        return Row(what, remark=f"refused: {error.found}")
    most = SECONDS.get(name) if method == "balanced" else None
    return Row(what, (*map_quantities(mesh, sphere), *timing.quantities(most)))


def map_quantities(mesh: Mesh, sphere: FloatArray, *, bounded: bool = True) -> tuple[Quantity, ...]:
    """Flips, covered area, angle and area distortion of a map; flips and area with their bounds."""
    covered = float(spherical_areas(sphere, mesh.faces).sum() / (4.0 * np.pi))
    return (
        Quantity("flips", flips(sphere, mesh.faces), "count", 0 if bounded else None),
        Quantity("area off by", abs(covered - 1.0), most=AREA if bounded else None),
        Quantity("angle", mean_angle_distortion(mesh, sphere), "°"),
        Quantity("area distortion", mean_area_distortion(mesh, sphere)),
    )


def _summary(method: str, tried: int, mapped: int, distortions: list[float]) -> Row:
    promised = method != "cmcf"
    quantities = [Quantity("mapped", mapped, "count", least=tried if promised else None)]
    if distortions:
        quantities.append(Quantity("median area distortion", float(np.median(distortions))))
        quantities.append(Quantity("largest area distortion", max(distortions)))
    if method == "authalic":
        over = sum(value > AUTHALIC for value in distortions)
        quantities.append(Quantity(f"meshes over {AUTHALIC}", over, "count", EXCEPTIONS))
    return Row(f"{method}, {tried} meshes", tuple(quantities))
