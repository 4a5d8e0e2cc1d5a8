# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb `compare`: two meshes, every measure, as text, JSON, CSV and pictures."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from ..alignment.harmonic import METHODS
from ..errors import InvalidParameter
from ..files import write_text
from ..meshfile import WRITABLE, read_mesh
from ..metrics import PROTOCOLS, draw_histogram, full_report, heat_map, rows, to_csv, to_text
from ..metrics.comparison import SAMPLES, VOLUMES
from ..metrics.overlap import POINTS, RESOLUTION
from ..metrics.report import Report
from ..pictures import save_png
from .console import Console, require_writable


def add_verbs(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("compare", help="how much two shapes differ: distances, F-score, normals, volumes")
    verb.add_argument("a", help="the reference (the truth, the original)")
    verb.add_argument("b", help="the mesh that is measured against it")
    verb.add_argument(
        "--align",
        nargs="?",
        const=METHODS[0],
        default="none",
        choices=("none", *METHODS),
        help=f"first move B onto A (default {METHODS[0]})",
    )
    verb.add_argument("--scale", action="store_true", help="with --align: the size of B may change as well")
    verb.add_argument(
        "--protocol",
        action="append",
        default=[],
        choices=tuple(PROTOCOLS),
        metavar="NAME",
        help=f"also as published ({', '.join(PROTOCOLS)}); repeatable",
    )
    verb.add_argument(
        "--threshold",
        type=threshold,
        default=(None, None),
        metavar="LENGTH",
        help="of the F-score: as 0.5%% of A's diagonal, or as 0.02 in units of the meshes (default 1%%)",
    )
    verb.add_argument("--samples", type=int, default=SAMPLES, help=f"random points a side (default {SAMPLES})")
    verb.add_argument(
        "--volume", choices=VOLUMES, default="points", help="how the volume IoU is measured (default points)"
    )
    verb.add_argument("--points", type=int, default=POINTS, help=f"for the volumes (default {POINTS})")
    verb.add_argument(
        "--resolution", type=int, default=RESOLUTION, help=f"voxels a side, with --volume grid (default {RESOLUTION})"
    )
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("--heat-map", metavar="FILE", help="write a mesh coloured by the distance of its vertices")
    verb.add_argument("--heat-map-of", choices=("a", "b"), default="a", help="which mesh that is (default a)")
    verb.add_argument("--limit", type=float, metavar="LENGTH", help="where the scale of the heat map ends")
    verb.add_argument("--histogram", metavar="FILE", help="write a PNG of how the distances are spread")
    verb.add_argument("--csv", metavar="FILE", help="write the table")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_compare)


def threshold(text: str) -> tuple[float | None, float | None]:
    """ "0.5%" as (None, 0.005), a part of the diagonal; "0.02" as (0.02, None), a length."""
    number = text.strip()
    try:
        value = float(number.removesuffix("%"))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a length such as 0.02 nor a share such as 0.5%") from None
    if not 0.0 < value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a positive length")
    return (None, value / 100.0) if number.endswith("%") else (value, None)


def run_compare(arguments: Namespace, console: Console) -> int:
    """Print the table, and write what was asked for. B's own vertices stay in the file that they came from."""
    if arguments.scale and arguments.align == "none":
        raise InvalidParameter("--scale only means something with --align.", "Add --align, or leave --scale out.")
    outputs = [file for file in (arguments.heat_map, arguments.histogram, arguments.csv) if file]
    for file in outputs:
        require_writable(file)
    for file in outputs:
        if Path(file).resolve() in {Path(arguments.a).resolve(), Path(arguments.b).resolve()}:
            raise InvalidParameter(f"{file} is one of the meshes: it would be replaced.", "Choose another name.")
    if arguments.histogram and Path(arguments.histogram).suffix.lower() != ".png":
        raise InvalidParameter(
            f"A histogram is a PNG, and {arguments.histogram!r} is no name of one.", "End it in .png."
        )
    if arguments.heat_map and Path(arguments.heat_map).suffix.lower() not in WRITABLE:
        raise InvalidParameter(
            f"A heat map is a mesh, and {arguments.heat_map!r} is no name of one.", f"End it in {', '.join(WRITABLE)}."
        )
    if arguments.limit is not None and not arguments.limit > 0.0:
        raise InvalidParameter(f"The scale cannot end at {arguments.limit:g}.", "Give a positive distance.")
    first, second = read_mesh(arguments.a), read_mesh(arguments.b)
    length, share = arguments.threshold
    with console.progress() as progress:
        report = full_report(
            first,
            second,
            arguments.samples,
            align=arguments.align,
            scaling=arguments.scale,
            protocols=arguments.protocol,
            threshold=length,
            threshold_rel=share,
            volume=arguments.volume,
            points=arguments.points,
            resolution=arguments.resolution,
            seed=arguments.seed,
            progress=progress,
        )
    data, table = report.to_dict(), rows(report.to_dict())
    data |= _write(report, arguments)
    if arguments.csv:
        write_text(arguments.csv, to_csv(table))
    lines = to_text(table)
    if "heat_map" in data:
        lines.append(f"{arguments.heat_map}: {data['heat_map']['low']:.6g} to {data['heat_map']['high']:.6g}")
    console.result(data, lines)
    return 0


def _write(report: Report, arguments: Namespace) -> dict[str, Any]:
    """The heat map and the histogram, where they are wanted; gives what the JSON says of them."""
    said: dict[str, Any] = {}
    if arguments.heat_map:
        sides = (report.a, report.b, report.comparison.forward), (report.b, report.a, report.comparison.backward)
        mesh, other, way = sides[arguments.heat_map_of == "b"]
        found = heat_map(mesh, other, distances=way.at_vertices)
        found = found if arguments.limit is None else found.with_limit(arguments.limit)
        found.on(mesh).save(arguments.heat_map)
        said["heat_map"] = {
            "file": arguments.heat_map,
            "attribute": found.name,
            "low": found.low,
            "high": found.high,
            "smallest": float(found.values.min()),
            "largest": float(found.values.max()),
        }
    if arguments.histogram:
        save_png(draw_histogram(report.histogram), arguments.histogram)
    return said
