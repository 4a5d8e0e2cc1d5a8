# SPDX-License-Identifier: GPL-3.0-or-later
"""Times that mean something on a machine that does other work too, and what the machine is."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from .report import Quantity

T = TypeVar("T")
ENOUGH_SECONDS = 30.0
"""After this long, a measurement is not repeated any more."""


@dataclass(frozen=True)
class Timing:
    """seconds: wall time, the least of all repeats. cpu_seconds: processor time of all threads, the least."""

    seconds: float
    cpu_seconds: float

    def quantities(self, most: float | None = None, name: str = "time") -> tuple[Quantity, Quantity]:
        """Both as quantities; the bound is on the wall time."""
        return (
            Quantity(name, self.seconds, "s", most),
            Quantity("cpu" if name == "time" else f"cpu of {name}", self.cpu_seconds, "s"),
        )


def best_of(function: Callable[[], T], repeats: int) -> tuple[T, Timing]:
    """The last result of `function`, and its shortest times of up to `repeats` calls."""
    walls, cpus = [], []
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        result = function()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if len(walls) >= repeats or sum(walls) > ENOUGH_SECONDS:
            return result, Timing(min(walls), min(cpus))


def peak_memory() -> int | None:
    """Bytes of memory that this process has held at most; None where the system does not tell.

    Linux tells `getrusage` of the process that started this one, too, if that was larger.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def machine() -> dict[str, Any]:
    """Facts that a time depends on; no names of persons or places."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("numpy", "scipy", "ducc0", "numba", "libigl", "spherical-cow")},
        "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
