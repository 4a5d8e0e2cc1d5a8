# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface from curvature density and area distortion alone: no positions."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
from spherical_cow.channels import ALL_CHANNELS
from spherical_cow.codec import decode, encode
from spherical_cow.geometry.curvature import curvature_density
from spherical_cow.geometry.measure import area, vertex_areas
from spherical_cow.harmonics.container import AREA_DISTORTION, CURVATURE_DENSITY
from spherical_cow.mesh import FloatArray, Mesh
from spherical_cow.sphere.distortion import area_distortion
from spherical_cow.sphere.parametrize import parametrize

from .errors import error_between, quantities
from .report import Row
from .setup import Setup
from .timing import best_of

MEAN = 0.0015
LMAX = 128
OTHERS = ("homer",)


def run(setup: Setup) -> Iterator[Row]:
    """Exact features on the source's connectivity, then features through coefficients."""
    if find_spec("spherical_cow.intrinsic") is None:
        yield Row("from curvature", remark="skipped: this build has no decoder from curvature")
        return
    name = setup.meshes.cow()
    names = [name] if setup.quick else [name, *(each for each in OTHERS if each in setup.meshes.sources)]
    for each in names:
        setup.log(f"{each}, exact features")
        yield _exact(each, setup.meshes.get(each), MEAN if each == name else None)
    setup.log(f"{name}, features of degree {LMAX}")
    yield _coded(name, setup.meshes.get(name))


def _exact(name: str, mesh: Mesh, mean: float | None) -> Row:
    from spherical_cow.intrinsic import surface_from_curvature

    sphere = parametrize(mesh, "conformal")
    features = np.log(area_distortion(mesh, sphere)), curvature_density(mesh, sphere)
    solved, timing = best_of(lambda: surface_from_curvature(sphere, mesh.faces, *features, area(mesh)), 1)
    rebuilt = mesh.with_vertices(moved_onto(solved, mesh.vertices, vertex_areas(mesh)))
    error = error_between(mesh, rebuilt)
    return Row(
        f"{name}, exact features, source connectivity, moved rigidly",
        (*quantities(error, mean), *timing.quantities()),
        details={"error": error.to_dict()},
    )


def _coded(name: str, mesh: Mesh) -> Row:
    channels = [channel for channel in ALL_CHANNELS if channel in (CURVATURE_DENSITY, AREA_DISTORTION)]
    shape = encode(mesh, LMAX, "conformal", channels=channels)
    rebuilt, timing = best_of(lambda: decode(shape, "source", from_curvature=True), 1)
    error = error_between(mesh, rebuilt)
    return Row(
        f"{name}, features of lmax {LMAX}, source connectivity",
        (*quantities(error), *timing.quantities()),
        details={"error": error.to_dict()},
    )


def moved_onto(points: FloatArray, target: FloatArray, weights: FloatArray) -> FloatArray:
    """`points` (V, 3) moved and turned, not scaled nor mirrored, onto `target` (V, 3) (Kabsch 1976)."""
    weights = weights / weights.sum()
    here, there = points - weights @ points, target - weights @ target
    u, _, vt = np.linalg.svd((here * weights[:, None]).T @ there)
    turn = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    return np.asarray(here @ turn + weights @ target)
