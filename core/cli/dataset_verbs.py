# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow dataset …`: make a folder to learn from, of meshes or of made shapes, and check one."""

from __future__ import annotations

import argparse
from typing import Any

from ..datasets.check import DatasetReport, check_dataset
from ..datasets.symmetric import FAMILIES
from ..errors import InvalidParameter
from .batch_report import CANCELLED, meter
from .console import Console
from .seeds import seed_of

SHOWN = 20
"""So many faults are told as text; JSON has them all."""


def add_verbs(verbs: Any) -> None:
    """Add `dataset` with its own verbs."""
    parser = verbs.add_parser("dataset", help="folders of shapes to learn from: make, make-symmetric, check")
    own = parser.add_subparsers(dest="dataset_verb", metavar="VERB", required=True)
    make_options(own.add_parser("make", help="make one from any meshes, as the Occupancy Networks read it"))
    symmetric_options(own.add_parser("make-symmetric", help="make one of made symmetric shapes, without Blender"))
    verb = own.add_parser("check", help="what is wrong with one? (exit status 0 nothing, 1 something)")
    verb.add_argument("folder", help="the folder above the classes")
    verb.add_argument("--quick", action="store_true", help="only look whether files are there")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run_check)


def make_options(verb: argparse.ArgumentParser) -> None:
    """The options of `dataset make`."""
    verb.add_argument("inputs", nargs="+", metavar="MESHES", help="meshes, folders, patterns, lists; then the output")
    verb.add_argument("--class", dest="category", metavar="NAME", help="of all (default: the folder each lies in)")
    verb.add_argument("--points", type=int, default=100_000, metavar="N", help="in the box and on the surface (100000)")
    verb.add_argument("--views", type=int, default=24, metavar="N", help="images of each (24); 0 for none")
    verb.add_argument("--size", type=int, default=137, metavar="PIXELS", help="of the images (137)")
    verb.add_argument("--voxels", type=int, default=32, metavar="N", help="along an edge (32)")
    verb.add_argument(
        "--split", type=float, nargs=3, default=(0.7, 0.1, 0.2), metavar="SHARE", help="train, val, test (0.7 0.1 0.2)"
    )
    verb.add_argument("--seed", type=int, default=0, help="another one makes other points and views")
    verb.add_argument("--up", choices=("y", "z"), default="y", help="the axis that is up in the meshes (y)")
    verb.add_argument("--workers", type=int, metavar="N", help="meshes at once (default: one for each core)")
    verb.add_argument("--blender", metavar="PROGRAM", help="the Blender that renders (default: the one on the PATH)")
    verb.add_argument("--resume", action="store_true", help="leave what is made already, and make the rest")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run_make)


def symmetric_options(verb: argparse.ArgumentParser) -> None:
    """The options of `dataset make-symmetric`."""
    verb.add_argument("out", metavar="OUT", help="the folder to make; empty, or not there")
    verb.add_argument("--families", nargs="+", default=list(FAMILIES), choices=tuple(FAMILIES), metavar="NAME",
                      help=f"of {', '.join(FAMILIES)} (all)")  # fmt: skip
    verb.add_argument("--count", type=int, default=24, metavar="N", help="shapes of each family (24)")
    verb.add_argument("--views", type=int, default=8, metavar="N", help="images of each (8)")
    verb.add_argument("--size", type=int, default=128, metavar="PIXELS", help="of the images (128)")
    verb.add_argument("--points", type=int, default=20_000, metavar="N", help="in the box and on the surface (20000)")
    verb.add_argument(
        "--split", type=float, nargs=3, default=(0.7, 0.1, 0.2), metavar="SHARE", help="train, val, test (0.7 0.1 0.2)"
    )
    verb.add_argument("--seed", type=seed_of, default=0, help="another one makes other shapes")
    verb.add_argument("--shaded", action="store_true", help="draw with light, in place of colours as they are")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run_make_symmetric)


def run_make_symmetric(arguments: argparse.Namespace, console: Console) -> int:
    """Make the folder; 130 when stopped."""
    from ..networks.runtime import require_torch

    require_torch()
    from ..networks.reconstruction.made_data import MadeSettings, make_symmetric

    names = ("count", "views", "size", "points", "seed", "shaded")
    settings = MadeSettings(
        families=tuple(dict.fromkeys(arguments.families)),
        split=tuple(arguments.split),
        **{name: getattr(arguments, name) for name in names},
    )
    with meter(console) as progress:
        counts = make_symmetric(arguments.out, settings, progress)
    lines = [f"{settings.count * len(counts)} models made in {arguments.out}."]
    lines += [f"{name}: {_counts(parts)}" for name, parts in counts.items()]
    console.result({"classes": counts}, lines)
    return 0


def run_make(arguments: argparse.Namespace, console: Console) -> int:
    """Make the folder; 0 when all is made, 1 when some meshes failed, 130 when stopped."""
    from ..datasets.make import MadeRow, MakeSettings, make

    *inputs, out = arguments.inputs
    if not inputs:
        raise InvalidParameter("There is no output folder.", "Give the meshes, and then the folder to make.")
    names = ("points", "views", "size", "voxels", "seed", "up")
    settings = MakeSettings(**{name: getattr(arguments, name) for name in names}, split=tuple(arguments.split))

    def tell(row: MadeRow) -> None:
        if row.status == "failed":
            console.log(f"{row.source}: {row.message}")

    with meter(console) as progress:
        made = make(
            inputs,
            out,
            settings,
            category=arguments.category,
            workers=arguments.workers,
            blender=arguments.blender,
            resume=arguments.resume,
            progress=progress,
            on_row=tell,
        )
    data = made.to_dict()
    lines = [f"{data['made']} of {data['total']} models made in {out} ({data['seconds']:.1f} s)."]
    if data["earlier"]:
        lines.append(f"{data['earlier']} were there already.")
    lines += [f"{name}: {_counts(parts)}" for name, parts in made.counts.items()]
    if made.no_images:
        lines.append(f"No images are made. {made.no_images}")
    if data["failed"]:
        lines.append(f"{data['failed']} meshes failed.")
    if made.cancelled:
        lines.append("Stopped: what is finished is kept and listed; --resume goes on from here.")
    console.result(data, lines)
    return CANCELLED if made.cancelled else int(bool(data["failed"]))


def run_check(arguments: argparse.Namespace, console: Console) -> int:
    """Print what is wrong; 0 when nothing is."""
    with meter(console) as progress:
        report = check_dataset(arguments.folder, quick=arguments.quick, progress=progress)
    console.result(report.to_dict(), _report_lines(report))
    return 0 if report.ok else 1


def _report_lines(report: DatasetReport) -> list[str]:
    lines = [f"{name}: {_counts(parts)}" for name, parts in report.counts.items()]
    if report.parts:
        lines.append("with " + ", ".join(f"{name} {count:,}" for name, count in report.parts.items()))
    for word, texts in (("BAD ", report.faults), ("note", report.warnings)):
        lines += [f"{word}  {text}" for text in texts[:SHOWN]]
        if len(texts) > SHOWN:
            lines.append(f"{word}  … and {len(texts) - SHOWN:,} more (see --json)")
    return [*lines, "It can be learned from." if report.ok else "It cannot be learned from as it is."]


def _counts(parts: Any) -> str:
    return ", ".join(f"{split} {count:,}" for split, count in parts.items())
