# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m benchmarks [SECTION …] [--quick] [--meshes FOLDER] [--output FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spherical_cow.codec import decode, encode
from spherical_cow.errors import SphericalCowError
from spherical_cow.files import atomic_write
from spherical_cow.sphere.icosphere import icosphere

from . import (
    accuracy,
    batch,
    compression,
    curvature,
    extraction,
    fields,
    headline,
    maps,
    peers,
    picture_fit,
    rendering,
    repair,
    spaces,
    speed,
)
from .meshes import find_meshes
from .report import Row, missed, table_head, table_line, to_json
from .setup import Section, Setup
from .timing import machine

SECTIONS: dict[str, Section] = {
    "headline": headline.run,
    "accuracy": accuracy.run,
    "maps": maps.run,
    "speed": speed.run,
    "curvature": curvature.run,
    "spaces": spaces.run,
    "peers": peers.run,
    "repair": repair.run,
    "batch": batch.run,
    "compression": compression.run,
    "fields": fields.run,
    "extraction": extraction.run,
    "picture_fit": picture_fit.run,
    "rendering": rendering.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections that are asked for. A missed bound is printed, and is no failure."""
    options = _parser().parse_args(arguments)
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        print(f"There is no section {unknown[0]!r}. Choose from {', '.join(SECTIONS)}.", file=sys.stderr)
        return 2
    setup = Setup(find_meshes(options.meshes), options.quick)
    if not setup.meshes.real:
        print("No folder of meshes: the sample cow and procedural meshes are measured instead.\n")
    _warm_up(setup)
    over: list[str] = []
    for name in options.sections or SECTIONS:
        rows = _run_section(name, setup, options.output)
        over += missed(rows)
    print("\nEvery bound is kept." if not over else f"\n{len(over)} quantities miss their bound:")
    print("\n".join(f"- {line}" for line in over))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Times and errors, as tables on the screen and JSON in a folder."
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller meshes, each time taken once")
    parser.add_argument("--meshes", type=Path, metavar="FOLDER", help="closed genus-0 meshes to measure")
    parser.add_argument("--output", type=Path, metavar="FOLDER", default=Path("output/benchmarks"))
    return parser


def _warm_up(setup: Setup) -> None:
    """Compile, or load what was compiled before: no time below includes that."""
    setup.log("loading compiled code")
    small = icosphere(8)
    for method in ("balanced", "conformal"):
        shape = encode(small, 8, method)
    decode(shape, "adaptive", 300)


def _run_section(name: str, setup: Setup, output: Path) -> list[Row]:
    print(f"\n## {name}\n\n{table_head()}", flush=True)
    facts, rows = machine(), []
    try:
        for row in SECTIONS[name](setup):
            rows.append(row)
            print(table_line(row), flush=True)
    except SphericalCowError as error:
        rows.append(Row(name, remark=f"ended: {error}"))
        print(table_line(rows[-1]), flush=True)
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{name}.json"
    with atomic_write(path) as temporary:
        Path(temporary).write_text(to_json(name, {**facts, "load_after": machine()["load"]}, rows), encoding="utf-8")
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
