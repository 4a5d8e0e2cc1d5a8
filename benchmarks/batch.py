# SPDX-License-Identifier: GPL-3.0-or-later
"""Many meshes: how much faster two workers are than one, on this machine and on a Dask cluster, and what it costs."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spherical_cow import batch
from spherical_cow.codec import encode

from .report import Quantity, Row
from .setup import Setup

COUNT, QUICK_COUNT = 24, 8
DEGREE = 32
FASTER = 1.7
"""Meshes a second with two workers over those with one."""
BUSY = 0.3
"""Load of the machine above which a ratio says nothing: another program has a part of the second core."""


def run(setup: Setup) -> Iterator[Row]:
    """Encode the same meshes with one worker and with two, then again, when all are done."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = QUICK_COUNT if setup.quick else COUNT
        meshes = _written(setup, folder / "in", count)
        rates = dict.fromkeys((1, 2), 0.0)
        for turn in range(setup.repeats):  # one after the other, so that what else the machine does is the same
            for jobs in rates:
                setup.log(f"{count} meshes, {jobs} at once, turn {turn + 1}")
                rates[jobs] = max(rates[jobs], _rate(meshes, folder / f"{turn} {jobs}", jobs=jobs))
        yield _row(f"encode {count} meshes, lmax {DEGREE}, processes", rates)
        begin = time.perf_counter()
        again = batch.run("encode", [meshes], folder / "0 2", jobs=2, lmax=DEGREE)
        seconds = (time.perf_counter() - begin) / len(again.rows)
        yield Row("a mesh that is done already", (Quantity("time", seconds, "s", most=0.05),))
        if importlib.util.find_spec("distributed") is None:
            yield Row("Dask cluster", remark="distributed is not installed")
            return
        rates = {}
        for workers in (1, 2):
            with _cluster(workers) as address:
                for turn in range(setup.repeats):
                    setup.log(f"{count} meshes, cluster of {workers}, turn {turn + 1}")
                    rate = _rate(meshes, folder / f"dask {turn} {workers}", scheduler=address)
                    rates[workers] = max(rates.get(workers, 0.0), rate)
        yield _row(f"encode {count} meshes, lmax {DEGREE}, Dask workers", rates)


def _row(name: str, rates: dict[int, float]) -> Row:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    # Our own processes are a part of the load: two, or three with the one that hands out the work.
    busy = load > 2.0 + BUSY
    return Row(
        name,
        (
            Quantity("ratio", rates[2] / rates[1], "×", least=FASTER),
            Quantity("one worker, meshes a minute", 60.0 * rates[1]),
            Quantity("two workers, meshes a minute", 60.0 * rates[2]),
        ),
        remark=f"the machine did other work too (load {load:.1f}): no verdict" if busy else "",
    )


def _written(setup: Setup, folder: Path, count: int) -> Path:
    """Files of meshes of middle size, each somewhat different from the others."""
    folder.mkdir()
    names = [name for name in setup.meshes.names() if setup.meshes.get(name).n_faces < 30_000]
    names = names or setup.meshes.names()
    for number in range(count):
        mesh = setup.meshes.get(names[number % min(len(names), 6)])
        scale = [1.0, 1.0 + 0.01 * number, 1.0]
        mesh.with_vertices(mesh.vertices * scale).save(folder / f"{number:02}.ply")
    encode(mesh, DEGREE)  # compiled before the time is taken
    return folder


def _rate(meshes: Path, out: Path, **where: Any) -> float:
    """Meshes a second, with the start of the workers."""
    begin = time.perf_counter()
    summary = batch.run("encode", [meshes], out, lmax=DEGREE, **where)
    return summary.done / (time.perf_counter() - begin)


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50) as found:
        yield found.scheduler_address
