# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow batch VERB INPUTS… OUT_DIR`: the same for many meshes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from ..batch import run
from ..batch.rows import FORMATS
from ..metrics.comparison import SAMPLES, VOLUMES
from .batch_report import lines, meter, status, tell
from .code_verbs import decode_options, encode_options, highest_degree
from .console import Console
from .repair_verbs import repair_options


def add_verbs(verbs: Any) -> None:
    """Add the verb to the parser."""
    batch = verbs.add_parser("batch", help="check, repair, encode, decode or compare many meshes")
    kinds = batch.add_subparsers(dest="kind", metavar="VERB", required=True)
    verb = _verb(kinds, "check", "which of these meshes can be encoded?", "meshes")
    verb.add_argument("--no-self-intersections", action="store_true", help="leave out the slowest test")
    verb = _verb(kinds, "repair", "mend meshes until they can be encoded", "meshes")
    repair_options(verb)
    _add_format(verb, "format of the results (default: as the input, or PLY)")
    verb = _verb(kinds, "encode", "meshes → coefficients (*.harmonics.npz)", "meshes")
    encode_options(verb)
    verb = _verb(kinds, "decode", "coefficients → meshes", "files with coefficients")
    decode_options(verb)
    _add_format(verb, "format of the meshes (default PLY)")
    verb = _verb(kinds, "compare", "how far is each mesh from its reference?", "meshes")
    verb.add_argument(
        "--reference", required=True, metavar="PLACE", help="one mesh for all, or a folder with the same names"
    )
    verb.add_argument("--samples", type=int, default=SAMPLES, help=f"random points a side (default {SAMPLES})")
    verb.add_argument("--volume", choices=VOLUMES, default="points", help="how volumes in common are measured")
    verb.add_argument("--seed", type=int, default=0)


def _verb(kinds: Any, name: str, text: str, what: str) -> ArgumentParser:
    verb: ArgumentParser = kinds.add_parser(name, help=text)
    verb.add_argument("inputs", nargs="+", help=f"{what}: folders, patterns, files, or lists of names (*.txt)")
    verb.add_argument("output", metavar="OUT_DIR", help="folder for the results, the state and the summary")
    where = verb.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, metavar="N", help="processes at once (default: one for each core)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="let the workers of this Dask scheduler do the work")
    verb.add_argument("--timeout", type=float, metavar="SECONDS", help="give up a mesh after this long")
    verb.add_argument("--summary", choices=FORMATS, default="csv", help="format of the table (default csv)")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_batch)
    return verb


def _add_format(verb: ArgumentParser, text: str) -> None:
    verb.add_argument("--format", choices=("ply", "obj", "glb"), help=text)


def run_batch(arguments: Namespace, console: Console) -> int:
    """Work on all inputs; 0 when all are done, 1 when some failed or a check found faults, 130 when stopped."""
    with meter(console) as progress:
        summary = run(
            arguments.kind,
            arguments.inputs,
            arguments.output,
            reference=getattr(arguments, "reference", None),
            jobs=arguments.jobs,
            scheduler=arguments.scheduler,
            timeout=arguments.timeout,
            summary=arguments.summary,
            progress=progress,
            on_row=lambda row: tell(row, console),
            **_options(arguments),
        )
    console.result(summary.to_dict(), lines(summary))
    return status(summary)


def _options(arguments: Namespace) -> dict[str, Any]:
    """The options of the verb, as the library calls them."""
    kind = arguments.kind
    if kind == "check":
        return {"self_intersections": not arguments.no_self_intersections}
    if kind == "decode":
        size = arguments.icosphere if arguments.icosphere is not None else arguments.vertices
        kinds = {"source": arguments.source, "icosphere": arguments.icosphere, "adaptive": arguments.vertices}
        sampling = next((name for name, value in kinds.items() if value not in (None, False)), None)
        others = {name: getattr(arguments, name) for name in ("lmax", "from_curvature", "seed", "format")}
        return {"sampling": sampling, "size": size, **others}
    names = {
        "repair": ("recipe", "parts", "resolution", "prefer", "stages", "format"),
        "encode": ("target", "method", "channels", "repair", "compact"),
        "compare": ("samples", "seed", "volume"),
    }[kind]
    options = {name: getattr(arguments, name) for name in names}
    if kind == "encode":
        options["lmax"] = highest_degree(arguments)
    return options
