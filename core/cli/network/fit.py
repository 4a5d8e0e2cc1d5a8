# SPDX-License-Identifier: GPL-3.0-or-later
"""`network fit MESH OUT` and `network extract FIELD OUT`: meshes as neural distance fields, and back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...errors import InvalidParameter
from ...fields.extraction import Extraction
from ...meshfile import WRITABLE, read_mesh, write_mesh
from ...networks.distance.settings import LOSSES, NETWORKS, PRESETS, FitSettings, settings_from, steps_for
from ...networks.runtime import DEVICES, require_torch
from ...progress import Stages
from ..console import Console, require_writable

_ENDING = ".safetensors"


def add_verbs(verbs: Any) -> None:
    """Add the verbs `fit` and `extract`."""
    usual = FitSettings()
    parser = verbs.add_parser("fit", help="a mesh → a small network that knows its signed distance everywhere")
    parser.add_argument("mesh", type=Path, help="open and self-intersecting ones too, where they have an inside")
    parser.add_argument("output", type=Path, help=f"the field ({_ENDING})")
    parser.add_argument(
        "--preset", default=usual.preset, choices=PRESETS, help="a file below 1 MB, or of 12 MB at most"
    )
    parser.add_argument("--network", default=usual.network, choices=NETWORKS)
    parser.add_argument("--loss", default=usual.loss, choices=LOSSES)
    parser.add_argument(
        "--samples", type=int, default=usual.samples, metavar="N", help="points near the surface, and as many elsewhere"
    )
    parser.add_argument("--epochs", type=int, default=usual.epochs, metavar="N", help="how often each is seen")
    parser.add_argument("--rate", type=float, default=usual.rate, help="learning rate; 0 chooses")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_fit)

    parser = verbs.add_parser("extract", help="a fitted field → the mesh of its surface, at any resolution")
    parser.add_argument("field", type=Path, help=f"what fit has written ({_ENDING})")
    parser.add_argument("output", type=Path, help=f"the mesh ({', '.join(WRITABLE)})")
    parser.add_argument("--resolution", type=int, default=256, metavar="N", help="cells along an edge (default 256)")
    parser.add_argument("--level", type=float, default=0.0, help="the distance that the surface is at, in mesh units")
    parser.add_argument("--faces", type=int, default=0, metavar="N", help="simplify to so many")
    parser.add_argument("--refine", type=int, default=0, metavar="N", help="steps of moving vertices onto the surface")
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_extract)


def run_fit(arguments: argparse.Namespace, console: Console) -> int:
    """Fit, write the field, print the report."""
    settings = settings_from(vars(arguments))
    require_writable(arguments.output)
    if arguments.output.suffix.lower() != _ENDING:
        raise InvalidParameter(f"{arguments.output.name} is no name of a field.", f"End it with {_ENDING}.")
    require_torch()
    from ...networks.distance.field_file import save_field
    from ...networks.distance.fit import fit

    mesh = read_mesh(arguments.mesh)
    with console.progress() as progress:
        fitted = fit(mesh, settings, progress, device=arguments.device, source=arguments.mesh.name)
    save_field(arguments.output, fitted)
    assert fitted.report is not None
    report = fitted.report.to_dict()
    console.result({"file": str(arguments.output), **settings.to_dict(), **report}, _lines(arguments.output, report))
    return 0


def _lines(file: Path, report: dict[str, Any]) -> list[str]:
    chamfer = f"{report['chamfer_rel']:.3%} of the diagonal" if report["chamfer"] >= 0.0 else "no surface was found"
    return [
        f"{file}: {report['bytes']:,} bytes, {report['parameters']:,} numbers",
        f"inside or outside, F1: {report['f1_near']:.4f} near the surface, {report['f1_volume']:.4f} in the volume",
        f"mean error: {report['error_near_rel']:.3%} of the diagonal near the surface, "
        f"{report['error_volume_rel']:.3%} in the volume",
        f"Chamfer distance to the mesh: {chamfer}",
        f"{sum(report['seconds'].values()):.1f} s",
    ]


def run_extract(arguments: argparse.Namespace, console: Console) -> int:
    """Extract the surface, write the mesh."""
    require_writable(arguments.output)
    if arguments.output.suffix.lower() not in WRITABLE:
        raise InvalidParameter(f"{arguments.output.name} is no name of a mesh.", f"End it with {', '.join(WRITABLE)}.")
    extraction = Extraction(
        arguments.resolution, steps_for(arguments.resolution), arguments.refine, faces=arguments.faces
    )
    require_torch()
    from ...networks.distance.field_file import load_field

    stages = Stages()
    with stages("open"):
        field = load_field(arguments.field, arguments.device)
    with stages("extract"), console.progress() as progress:
        mesh = field.mesh(extraction, arguments.level, progress)
    if not mesh.n_faces:
        raise InvalidParameter(f"There is no surface at the distance {arguments.level:g}.", "Choose another level.")
    write_mesh(mesh, arguments.output)
    data = {"file": str(arguments.output), "V": mesh.n_vertices, "F": mesh.n_faces, "seconds": stages.seconds}
    console.result(data, [f"{arguments.output}: {mesh.n_vertices:,} vertices, {mesh.n_faces:,} faces"])
    return 0
