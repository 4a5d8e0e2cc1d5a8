# SPDX-License-Identifier: GPL-3.0-or-later
"""`network study MESHES…`: voxels beside a network that is overfitted to the same shapes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...errors import InvalidParameter
from ...files import atomic_write
from ...meshfile import read_mesh
from ...networks.evaluation.study import NETWORKS, POINTS, RESOLUTIONS, study
from ...pictures import save_png
from ..console import Console, require_writable
from ..seeds import seed_of


def add_verbs(verbs: Any) -> None:
    """Add the verb `study`."""
    parser = verbs.add_parser(
        "study",
        help="what voxels and a network keep of shapes: IoU at several resolutions",
        description="Each closed mesh is kept in grids of voxels and in a small network that is overfitted to it, and "
        "both are compared with the mesh. A shape that fails does not stop the others.",
    )
    parser.add_argument("meshes", nargs="+", help="closed meshes")
    parser.add_argument("--resolutions", type=int, nargs="+", default=list(RESOLUTIONS), metavar="N")
    parser.add_argument("--network", default=NETWORKS[0], choices=NETWORKS, help="what is overfitted")
    parser.add_argument("--steps", type=int, default=0, metavar="N", help="of the training (distance: epochs)")
    parser.add_argument("--points", type=int, default=POINTS, metavar="N", help="the IoU is measured by")
    parser.add_argument("--seed", type=seed_of, default=0)
    parser.add_argument("--csv", metavar="OUT", help="write a line for each shape and representation")
    parser.add_argument("--plot", metavar="PNG", help="draw what is lost over the resolution")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_study)


def run_study(arguments: argparse.Namespace, console: Console) -> int:
    """Make the study, write table and plot, print the means."""
    for path in filter(None, (arguments.csv, arguments.plot)):
        require_writable(path)
    if arguments.plot and Path(arguments.plot).suffix.lower() != ".png":
        raise InvalidParameter(f"{arguments.plot} is no name of a PNG.", "End it with .png.")
    shapes = [(Path(path).name, read_mesh(path)) for path in arguments.meshes]
    with console.progress() as progress:
        found = study(
            shapes,
            arguments.resolutions,
            arguments.network,
            steps=arguments.steps,
            points=arguments.points,
            seed=arguments.seed,
            progress=progress,
        )
    for name, error in found.errors.items():
        console.log(f"{name}: {error}")
    if arguments.csv:
        with atomic_write(arguments.csv) as temporary:
            temporary.write_text(found.csv(), encoding="utf-8")
    if arguments.plot and found.rows:
        save_png(found.plot(), arguments.plot)
    console.result(found.to_dict(), found.table())
    return 0 if found.rows else 1
