# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of the steps that large meshes and live tools depend on."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from spherical_cow.codec import encode
from spherical_cow.geometry.measure import face_areas
from spherical_cow.harmonics.container import POSITION, VERTEX_DENSITY, Harmonics
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.harmonics.spectrum import power_spectrum
from spherical_cow.harmonics.transforms import analyse, synthesize
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import full_report
from spherical_cow.sphere.adaptive import adaptive_sphere
from spherical_cow.sphere.icosphere import icosphere
from spherical_cow.topology import check

from .report import Quantity, Row
from .setup import Setup
from .timing import Timing, best_of

ROOT = Path(__file__).resolve().parents[1]
FREQUENCY, LMAX = 224, 512  # 501,762 vertices
FIT_SECONDS, SYNTHESIS_SECONDS = 3.0, 0.5
ROTATED_LMAX, ROTATE_SECONDS, SPECTRUM_CHANGE = 256, 0.1, 1e-13
ADAPTIVE_SECONDS = {20_000: 1.0, 200_000: 20.0}
QUALITY = 0.93
SLIDER_VERTICES, SLIDER_LMAX, SLIDER_SECONDS = 20_000, 64, 0.04
LARGE_FACES, LARGE_LMAX, LARGE_SECONDS, LARGE_BYTES = 1_000_000, 128, 240.0, 4e9
CHECK_SECONDS = 4.0
COMPARED_FREQUENCY, COMPARE_SECONDS = 71, 5.0  # 100,820 faces


def run(setup: Setup) -> Iterator[Row]:
    """Fit and synthesis, rotation, a slider's update, adapted meshes, comparisons, and meshes of a million faces."""
    yield from _transforms(setup)
    yield _rotation(setup)
    yield from _density(setup)
    yield _comparison(setup)
    yield from _million(setup)


def _transforms(setup: Setup) -> Iterator[Row]:
    sphere = icosphere(FREQUENCY // 4 if setup.quick else FREQUENCY)
    lmax = LMAX // 4 if setup.quick else LMAX
    x, y, z = sphere.vertices.T
    values = sphere.vertices * (1.0 + 0.2 * np.sin(9.0 * x) * np.sin(7.0 * y + z))[:, None]
    setup.log("fit and synthesis")
    coefficients, timing = best_of(lambda: analyse(sphere.vertices, sphere.faces, values, lmax), setup.repeats)
    yield Row(
        f"fit {sphere.n_vertices:,} vertices, lmax {lmax}, 3 channels", timing.quantities(_bound(setup, FIT_SECONDS))
    )
    _, timing = best_of(lambda: synthesize(coefficients, sphere.vertices), setup.repeats)
    yield Row(
        f"synthesis of {sphere.n_vertices:,} vertices, lmax {lmax}, 3 channels",
        timing.quantities(_bound(setup, SYNTHESIS_SECONDS)),
    )
    directions = sphere.vertices[:SLIDER_VERTICES]
    few = coefficients[:, : SLIDER_LMAX + 1, : SLIDER_LMAX + 1]
    _, timing = best_of(lambda: synthesize(few, directions), 10)
    yield Row(
        f"update of a slider, {len(directions):,} vertices, lmax {SLIDER_LMAX} (its mathematics)",
        timing.quantities(SLIDER_SECONDS),
    )


def _rotation(setup: Setup) -> Row:
    random = np.random.default_rng(0)
    # Power that falls with the degree, as that of a shape does.
    degree = np.arange(ROTATED_LMAX + 1.0)
    decay = (1.0 + np.maximum(degree[:, None], degree)) ** -2.0
    harmonics = Harmonics(random.standard_normal((3, ROTATED_LMAX + 1, ROTATED_LMAX + 1)) * decay, POSITION)
    matrix = np.linalg.qr(random.standard_normal((3, 3)))[0]
    matrix *= np.sign(np.linalg.det(matrix))
    setup.log("rotation")
    rotated, timing = best_of(lambda: rotate(harmonics, matrix), max(setup.repeats, 5))
    before, after = power_spectrum(harmonics), power_spectrum(rotated)
    change = float((np.abs(after - before) / before).max())
    return Row(
        f"rotate lmax {ROTATED_LMAX}, 3 channels",
        (*timing.quantities(ROTATE_SECONDS), Quantity("change of a degree's power", change, most=SPECTRUM_CHANGE)),
    )


def _density(setup: Setup) -> Iterator[Row]:
    name = setup.meshes.cow()
    shape = encode(setup.meshes.get(name), 64)
    density = shape.harmonics.select([VERTEX_DENSITY])
    for count in (20_000,) if setup.quick else (20_000, 200_000):
        setup.log(f"adapted mesh, {count:,} vertices")
        mesh, timing = best_of(partial(adaptive_sphere, density, count), setup.repeats)
        yield Row(
            f"adapted mesh of {count:,} vertices, density of {name}",
            (*timing.quantities(ADAPTIVE_SECONDS[count]), Quantity("mean quality", _quality(mesh), least=QUALITY)),
        )


def _quality(mesh: Mesh) -> float:
    """Mean of 4√3 area / Σ edge² over the triangles: 1 for regular ones."""
    points = mesh.vertices[mesh.faces]
    squares = np.square(np.roll(points, -1, axis=1) - points).sum(axis=(1, 2))
    return float((4.0 * np.sqrt(3.0) * face_areas(mesh) / squares).mean())


def _comparison(setup: Setup) -> Row:
    """Every measure of two meshes with bumps, one with finer ones: distances, F-score, normals, volumes."""
    sphere = icosphere(COMPARED_FREQUENCY // 3 if setup.quick else COMPARED_FREQUENCY)
    x, y, z = sphere.vertices.T
    coarse = 1.0 + 0.2 * np.sin(5.0 * x) * np.sin(7.0 * y + z)
    fine = coarse * (1.0 + 0.01 * np.sin(25.0 * x) * np.sin(17.0 * y + z))
    a, b = (sphere.with_vertices(sphere.vertices * radius[:, None]) for radius in (coarse, fine))
    setup.log(f"comparison of {a.n_faces:,} faces")
    report, timing = best_of(lambda: full_report(a, b), setup.repeats)
    return Row(
        f"compare two meshes of {a.n_faces:,} faces, every measure",
        timing.quantities(_bound(setup, COMPARE_SECONDS)),
        details=report.to_dict(),
    )


def _million(setup: Setup) -> Iterator[Row]:
    least = LARGE_FACES // 10 if setup.quick else LARGE_FACES
    name, mesh = setup.meshes.with_faces(least)
    setup.log(f"check of {mesh.n_faces:,} faces")
    _, timing = best_of(lambda: check(mesh, self_intersections=False), setup.repeats)
    yield Row(
        f"check {mesh.n_faces:,} faces ({name} subdivided), no self-intersections", timing.quantities(CHECK_SECONDS)
    )
    what = f"encode {mesh.n_faces:,} faces ({name} subdivided), lmax {LARGE_LMAX}"
    setup.log(f"{what}, in a process of its own")
    result = _encode_alone(mesh)
    quantities = [*Timing(result["seconds"], result["cpu_seconds"]).quantities(LARGE_SECONDS)]
    if result["peak_bytes"] is not None:
        quantities.append(Quantity("peak memory", result["peak_bytes"], "GB", LARGE_BYTES))
    quantities.append(Quantity("flips", result["flips"], "count", 0))
    yield Row(what, tuple(quantities), details=result)
    yield Row("… of which", tuple(Quantity(stage, value, "s") for stage, value in result["stages"].items()))


def _encode_alone(mesh: Mesh) -> dict[str, Any]:
    """What `benchmarks.large` measures."""
    with tempfile.TemporaryDirectory(prefix="spherical-cow-benchmark-") as folder:
        path = Path(folder) / "mesh.npz"
        np.savez(path, vertices=mesh.vertices, faces=mesh.faces)
        command = [sys.executable, "-m", "benchmarks.large", str(path), str(LARGE_LMAX)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _bound(setup: Setup, seconds: float) -> float | None:
    """Quick runs measure something smaller, for which there is no bound."""
    return None if setup.quick else seconds
