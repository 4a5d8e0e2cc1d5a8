# SPDX-License-Identifier: GPL-3.0-or-later
"""The task about many files: batch."""

from __future__ import annotations

from collections.abc import Mapping

from ..batch import run
from ..batch.rows import FAILED
from ..progress import Progress
from .outcome import Arrays, Outcome, Parameters, Task

SHOWN = 20
"""So many failures are told one by one; the table has them all."""


def _batch(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    jobs, timeout = int(parameters.get("jobs") or 0), float(parameters.get("timeout") or 0.0)
    summary = run(
        str(parameters["verb"]),
        [str(name) for name in parameters["inputs"]],
        str(parameters["out"]),
        reference=parameters.get("reference"),
        jobs=jobs or None,
        timeout=timeout or None,
        progress=progress,
        **parameters.get("options", {}),
    )
    data = summary.to_dict()
    rows = data.pop("rows")
    failed = [{name: row[name] for name in ("input", "error", "message")} for row in rows if row["status"] == FAILED]
    encodable = sum(bool(row.get("encodable")) for row in rows) if summary.verb == "check" else None
    return Outcome(data={**data, "encodable": encodable, "failures": failed[:SHOWN]})


TASKS: Mapping[str, Task] = {"batch": _batch}
