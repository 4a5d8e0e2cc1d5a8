# SPDX-License-Identifier: GPL-3.0-or-later
"""*Make genus 0* on two hundred constructed broken meshes and on real ones, and other tools on the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from spherical_cow.codec import encode
from spherical_cow.errors import SphericalCowError
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.repairs.run import repair
from spherical_cow.repairs.traced import Traced
from spherical_cow.repairs.volume.remesh import remesh_volume
from spherical_cow.sphere.distortion import flips
from spherical_cow.topology import check

from .broken import all_cases, find_case
from .judge import judge
from .meshes import ENDINGS, FOLDER
from .peers.repairing import TOOLS, Tool, repaired_by
from .report import Quantity, Row
from .setup import Setup
from .timing import peak_memory
from .workers import Done, run_jobs

LIMIT = 240.0
"""Seconds for one mesh: repair, encode and all that is measured about them."""
DEGREE = 32
MEAN = 0.003
SECONDS = {"unchanged": 5.0, "surface": 5.0, "volume": 30.0}
"""By method, for one mesh."""
PEER_FACES = 60_000
"""Other tools get meshes of at most so many faces."""


@dataclass(frozen=True)
class Job:
    """name: of a case, or of a file. path: the file; "" for a constructed case."""

    name: str
    kind: str
    path: str = ""
    sheet: bool = False

    def mesh(self) -> Mesh:
        """Built, or read."""
        return read_mesh(Path(self.path)) if self.path else find_case(self.name).mesh


def run(setup: Setup) -> Iterator[Row]:
    """A row for each mesh, summaries of the kinds and of all, then a row for each other tool."""
    jobs = find_jobs(setup)
    results = []
    for done in run_jobs(measure, jobs, LIMIT):
        setup.log(f"{done.job.name}: {done.failure or 'done'}")
        yield _row(done)
        results.append(done)
    for kind in dict.fromkeys(job.kind for job in jobs):
        yield _summary(kind, [done for done in results if done.job.kind == kind])
    yield _summary("all", results)
    for tool in TOOLS:
        yield _peer(setup, tool, [job for job in jobs if not setup.quick or job.path or job.kind in ("handles", "cad")])


def find_jobs(setup: Setup) -> list[Job]:
    """The constructed cases, and the real meshes beside the checkout."""
    cases = [case for case in all_cases() if case.quick or not setup.quick]
    jobs = [Job(case.name, case.kind, sheet=case.sheet) for case in cases]
    for folder in (FOLDER.parent / "broken", FOLDER):
        files = sorted(file for file in folder.glob("*") if file.suffix.lower() in ENDINGS)
        jobs += [Job(f"{folder.name}/{file.stem}", f"real, {folder.name}", str(file)) for file in files]
    return jobs


@cache
def _warm_up() -> None:
    """Load compiled code, once in each process, for the surface and the volume."""
    small = find_case("torus_coarse").mesh
    repair(small, "genus0")
    remesh_volume(Traced.start(small), resolution=24)


def measure(job: Job) -> dict[str, Any]:
    """Repair one mesh and look at the result."""
    _warm_up()
    mesh = job.mesh()
    start, cpu = time.perf_counter(), time.process_time()
    result = repair(mesh, "genus0")
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    verdict = judge(mesh, result.mesh)
    before = check(mesh, self_intersections=False)
    same = np.array_equal(result.mesh.vertices, mesh.vertices) and np.array_equal(result.mesh.faces, mesh.faces)
    return {
        **verdict.to_dict(),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "method": result.report.method,
        "done": list(result.report.done),
        "warnings": list(result.report.warnings),
        "spared": same if before.is_genus_zero and before.row("outward").ok else None,
        "encode": _encode(result.mesh),
        "memory": peak_memory(),
    }


def _encode(mesh: Mesh) -> str:
    """ "" when it succeeds without flips, else the reason."""
    try:
        shape = encode(mesh, DEGREE)
    except SphericalCowError as error:
        return f"{type(error).__name__}: {error.found}"
    sphere, faces = shape.require_sphere()
    count = flips(sphere, faces)
    return f"{count} flips" if count else ""


def measure_peer(job: tuple[Tool, str, Job]) -> dict[str, Any]:
    """Let another tool repair one mesh, and look at the result in the same way."""
    tool, interpreter, what = job
    mesh = what.mesh()
    result = repaired_by(tool, interpreter, mesh)
    times = {"seconds": result.seconds, "cpu_seconds": result.cpu_seconds}
    return {**judge(mesh, result.mesh).to_dict(), **times, "version": result.version}


def _row(done: Done) -> Row:
    job: Job = done.job
    what = f"{job.kind}: {job.name}"
    if done.failure:
        return Row(what, (Quantity("sphere", 0, "count", least=1),), done.failure)
    found = done.result
    quantities = [
        Quantity("sphere", int(_is_sphere(found)), "count", least=1),
        Quantity("mean", found["mean"], "%", None if job.sheet else 0.02),
        Quantity("Hausdorff", found["hausdorff"], "%"),
        Quantity("kept", found["kept"], "%"),
        Quantity("time", found["seconds"], "s", SECONDS[found["method"]]),
        Quantity("cpu", found["cpu_seconds"], "s"),
    ]
    remarks = [f"{found['faces_before']:,} → {found['faces_after']:,} faces, {found['method']}"]
    if found["crossing_after"]:
        remarks.append(f"crossing {found['crossing_before']} → {found['crossing_after']}")
    if found["encode"]:
        remarks.append(f"encode: {found['encode']}")
    if found["spared"] is False:
        remarks.append("was a sphere, and changed")
    return Row(what, tuple(quantities), "; ".join(remarks), found)


def _is_sphere(found: dict[str, Any]) -> bool:
    return bool(found["sphere"] and found["trimesh"] is not False and found["spared"] is not False)


def _share(results: Sequence[Any], good: Callable[[Any], bool]) -> float:
    return sum(good(result) for result in results) / len(results) if results else 1.0


def _summary(kind: str, results: list[Done]) -> Row:
    found = [done.result for done in results if not done.failure]
    bulk = [done.result["mean"] for done in results if not done.failure and not done.job.sheet]
    was_free = [one for one in found if one["method"] == "surface" and not one["crossing_before"]]
    rebuilt = [one for one in found if one["method"] == "volume"]
    spheres = sum(_is_sphere(one) for one in found)
    quantities = [
        Quantity("spheres", spheres / len(results), "%", least=1.0),
        Quantity("encoded", sum(not one["encode"] for one in found) / max(spheres, 1), "%", least=0.95),
        Quantity("mean", float(np.median(bulk)) if bulk else 0.0, "%", MEAN),
        Quantity("surface free of crossings", _share(was_free, lambda one: not one["crossing_after"]), "%", least=0.9),
        Quantity("volume free of crossings", _share(rebuilt, lambda one: not one["crossing_after"]), "%", least=1.0),
    ]
    for method in ("surface", "volume"):
        of_method = [one for one in found if one["method"] == method]
        if of_method:
            quantities.append(
                Quantity(f"longest ({method})", max(one["seconds"] for one in of_method), "s", SECONDS[method])
            )
            cpu = [one["cpu_seconds"] for one in of_method]
            quantities.append(Quantity(f"median cpu ({method}, {len(cpu)})", float(np.median(cpu)), "s"))
            quantities.append(Quantity(f"largest cpu ({method})", max(cpu), "s"))
    return Row(f"**{kind}** ({len(results)})", tuple(quantities))


def _peer(setup: Setup, tool: Tool, jobs: list[Job]) -> Row:
    interpreter = tool.interpreter()
    if interpreter is None:
        return Row(tool.name, remark=f"skipped: not installed; {tool.variable} may name a Python that has it")
    setup.log(tool.name)
    small = [job for job in jobs if job.mesh().n_faces <= PEER_FACES]
    results = list(run_jobs(measure_peer, [(tool, interpreter, job) for job in small], LIMIT))
    found = [(done.job[2], done.result) for done in results if not done.failure]
    means = [one["mean"] for job, one in found if not job.sheet and np.isfinite(one["mean"])]
    cpu = [one["cpu_seconds"] for _, one in found]
    if not found:
        return Row(tool.name, remark=f"failed: {results[0].failure if results else 'nothing to do'}")
    quantities = (
        Quantity("ran", len(found) / len(small), "%"),
        Quantity("spheres", sum(_is_sphere({**one, "spared": None}) for _, one in found) / len(small), "%"),
        Quantity("mean", float(np.median(means)) if means else float("nan"), "%"),
        Quantity("off by more than 2 %", sum(mean > 0.02 for mean in means) / max(len(means), 1), "%"),
        Quantity("free of crossings", _share(found, lambda pair: not pair[1]["crossing_after"]), "%"),
        Quantity("median cpu", float(np.median(cpu)), "s"),
        Quantity("largest cpu", max(cpu), "s"),
    )
    details = {done.job[2].name: done.result or done.failure for done in results}
    return Row(f"{tool.name} {found[0][1]['version']} ({len(small)})", quantities, details=details)
