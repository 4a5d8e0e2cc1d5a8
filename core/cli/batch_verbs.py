# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow batch VERB INPUTS… OUT_DIR`: the same for many meshes."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..batch import Row, Summary, run
from ..batch.rows import FAILED, FORMATS
from ..progress import Progress, silent
from .code_verbs import decode_options, encode_options, highest_degree
from .console import Console
from .repair_verbs import repair_options

CANCELLED = 130
LOG_SECONDS = 10.0
"""Between two lines of progress in a log file."""


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
    verb.add_argument("--samples", type=int, default=50_000, help="random points a side (default 50000)")
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


def status(summary: Summary) -> int:
    """The exit status: 130 stopped, 1 some failed or cannot be encoded, 0 all is well."""
    if summary.cancelled:
        return CANCELLED
    faulty = summary.verb == "check" and not all(row.facts.get("encodable") for row in summary.rows)
    return 1 if summary.failed or faulty else 0


def tell(row: Row, console: Console) -> None:
    """Say at once what failed."""
    if row.status == FAILED:
        console.log(f"{row.input}: {row.message}")


def lines(summary: Summary) -> list[str]:
    """What the user reads at the end."""
    total = len(summary.rows)
    text = f"{summary.done:,} of {total:,} done"
    if summary.earlier:
        text += f" ({summary.earlier:,} of them earlier)"
    if summary.failed:
        text += f", {summary.failed:,} failed"
    found = [f"{text}."]
    if summary.verb == "check":
        found.append(f"{sum(bool(row.facts.get('encodable')) for row in summary.rows):,} can be encoded.")
    if summary.cancelled:
        found.append("Stopped: nothing is half-written, and the same command goes on from here.")
    if summary.path is not None:
        found.append(f"The table is {summary.path}.")
    return found


def _options(arguments: Namespace) -> dict[str, Any]:
    """The options of the verb, as the library calls them."""
    kind = arguments.kind
    if kind == "check":
        return {"self_intersections": not arguments.no_self_intersections}
    if kind == "decode":
        size = arguments.icosphere if arguments.icosphere is not None else arguments.vertices
        kinds = {"source": arguments.source, "icosphere": arguments.icosphere, "adaptive": arguments.vertices}
        sampling = next((name for name, value in kinds.items() if value not in (None, False)), None)
        names = ("lmax", "from_curvature", "seed", "format")
        return {"sampling": sampling, "size": size, **{name: getattr(arguments, name) for name in names}}
    names = {
        "repair": ("recipe", "parts", "resolution", "prefer", "stages", "format"),
        "encode": ("target", "method", "channels", "repair", "compact"),
        "compare": ("samples", "seed"),
    }[kind]
    options = {name: getattr(arguments, name) for name in names}
    if kind == "encode":
        options["lmax"] = highest_degree(arguments)
    return options


@contextmanager
def meter(console: Console) -> Iterator[Progress]:
    """A progress bar where there is a terminal, by `rich` or plain; else a line in the log now and then."""
    if not sys.stderr.isatty():
        yield _logging(console)
        return
    with console.progress() as progress:
        if progress is not silent:
            yield progress
            return
    try:
        yield lambda fraction, phase: print(f"\r{fraction:4.0%}  {phase:70.70}", end="", file=sys.stderr, flush=True)
    finally:
        print(file=sys.stderr)


def _logging(console: Console) -> Progress:
    last = time.monotonic()

    def report(fraction: float, phase: str) -> None:
        nonlocal last
        if time.monotonic() - last > LOG_SECONDS:
            last = time.monotonic()
            console.log(f"{fraction:4.0%}  {phase}")

    return report
