# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about folders to learn from: make_dataset, check_dataset."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..datasets.check import check_dataset
from ..datasets.lists import safe_name
from ..datasets.make import MakeSettings, make
from ..meshfile import write_mesh
from ..progress import Progress
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from

SHOWN = 20
"""So many failures and faults are told one by one."""
_SETTINGS = ("points", "views", "size", "voxels", "seed", "up")


def _make(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Meshes `_0`, `_1`, … called `names`, whose objects with their materials are in the .blend file `library`."""
    names = [str(name) for name in parameters["names"]]
    settings = MakeSettings(
        **{name: parameters[name] for name in _SETTINGS if name in parameters},
        split=tuple(parameters.get("split", (0.7, 0.1, 0.2))),
    )
    library = parameters.get("library")
    with tempfile.TemporaryDirectory() as place:
        files: dict[str, str] = {}
        for number, name in enumerate(names):
            stem = wished = safe_name(name)
            while stem.casefold() in {other.casefold() for other in files}:
                stem = f"{wished}_{number}"
            files[stem] = name
            write_mesh(mesh_from(arrays, f"_{number}"), Path(place) / f"{stem}.ply")
        made = make(
            [Path(place) / f"{stem}.ply" for stem in files],
            str(parameters["out"]),
            settings,
            category=str(parameters["category"]),
            blender=parameters.get("blender"),
            workers=parameters.get("workers"),
            resume=True,
            materials=(Path(library), files) if library else None,
            progress=progress,
        )
    data = made.to_dict()
    rows = data.pop("rows")
    failed = [{"model": row["model"], "message": row["message"]} for row in rows if row["status"] == "failed"]
    return Outcome(data={**data, "failures": failed[:SHOWN]})


def _check(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    report = check_dataset(str(parameters["folder"]), progress=progress).to_dict()
    counts = {"n_faults": len(report["faults"]), "n_warnings": len(report["warnings"])}
    shown = {name: report[name][:SHOWN] for name in ("faults", "warnings")}
    return Outcome(data={**report, **counts, **shown})


TASKS: Mapping[str, Task] = {"make_dataset": _make, "check_dataset": _check}
