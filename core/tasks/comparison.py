# SPDX-License-Identifier: GPL-3.0-or-later
"""The task that compares two meshes."""

from __future__ import annotations

from collections.abc import Mapping

from ..metrics.heat_map import heat_map
from ..metrics.report import full_report
from ..progress import Progress, part
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from

_OPTIONS = ("samples", "align", "scaling", "protocols", "threshold_rel", "volume", "points", "resolution", "seed")


def _compare(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Meshes `_a` (the reference) and `_b` → all numbers, the histogram, and the distances of B's vertices from A."""
    options = {name: parameters[name] for name in _OPTIONS if name in parameters}
    report = full_report(mesh_from(arrays, "_a"), mesh_from(arrays, "_b"), **options, progress=part(progress, 0.0, 0.9))
    progress(0.9, "Measuring each vertex")
    distances = heat_map(report.b, report.a, distances=report.comparison.backward.at_vertices)
    data = {**report.to_dict(), "histogram": report.histogram.to_dict(), "signed": distances.signed}
    return Outcome({"distances": distances.values}, data)


TASKS: Mapping[str, Task] = {"compare": _compare}
