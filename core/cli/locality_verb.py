# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow locality`: where the detail of each band of degrees is."""

from __future__ import annotations

import io
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

import numpy as np

from ..codec import decode
from ..colour_map import colour_map
from ..errors import InvalidParameter
from ..files import atomic_write
from ..harmonics.locality import MEASURES, Locality, locality
from ..interchange import open_shape
from ..mesh import FloatArray, Mesh
from ..meshfile import WRITABLE
from ..progress import part
from .console import Console, require_writable
from .sampling import add_sampling, chosen_sampling

TABLES = (".csv", ".npz")
CLIP = (2.0, 98.0)
"""Percentiles at the ends of the colours: a few extreme vertices must not flatten all others."""


def add_verbs(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("locality", help="where the detail of each band of degrees is: colours, or a table")
    verb.add_argument("input", help="coefficients (*.harmonics.npz, or SHTOOLS files)")
    verb.add_argument("output", nargs="?", help="a mesh in colours (OBJ, PLY, GLB), or a table (CSV, NPZ)")
    verb.add_argument("--measure", default="slope", choices=MEASURES, help="what of a band counts (default: its slope)")
    verb.add_argument(
        "--show", type=band, metavar="LOW-HIGH", help="colour by the share of this band, not by the dominant degree"
    )
    add_sampling(verb)
    verb.add_argument("--seed", type=int, default=0, help="start of the random numbers of --vertices")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_locality)


def band(text: str) -> tuple[int, int]:
    """ "4-7" or "1" as (low, high)."""
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a band such as 4-7") from error


def run_locality(arguments: Namespace, console: Console) -> int:
    """Print each band's share, and write colours or a table if asked."""
    output = None if arguments.output is None else Path(arguments.output)
    if output is not None:
        _require_ending(output)
        require_writable(output)
    shape = open_shape(arguments.input)
    sampling, size = chosen_sampling(arguments, shape)
    with console.progress() as progress:
        mesh = decode(shape, sampling, size, seed=arguments.seed, progress=part(progress, 0.0, 0.4))
        directions = mesh.attributes["sphere"]
        found = locality(shape.harmonics, directions, arguments.measure, progress=part(progress, 0.4, 1.0))
    shown = values_of(found, arguments.show)
    if output is not None:
        _write(output, mesh, found, shown)
    low, middle, high = (float(value) for value in np.percentile(found.degree, (CLIP[0], 50.0, CLIP[1])))
    data = {
        "measure": arguments.measure,
        "bands": [list(pair) for pair in found.bands],
        "share": found.share.mean(axis=0).tolist(),
        "dominant_degree": {"low": low, "median": middle, "high": high},
    }
    lines = [
        f"degrees {a:4d} – {b:4d}   {share:7.2%} on average, {most:7.2%} where it is most"
        for (a, b), share, most in zip(found.bands, found.share.mean(axis=0), found.share.max(axis=0), strict=True)
    ]
    console.result(data, [*lines, f"dominant degree  {low:.1f} … {middle:.1f} … {high:.1f}"])
    return 0


def values_of(found: Locality, shown: tuple[int, int] | None) -> FloatArray:
    """(V,) the dominant degree, or the share of one band. Raises `InvalidParameter` for a band that is none."""
    if shown is None:
        return found.degree
    if shown not in found.bands:
        raise InvalidParameter(
            f"{shown[0]}-{shown[1]} is not a band of this shape.",
            f"Choose from {', '.join(f'{low}-{high}' for low, high in found.bands)}.",
        )
    return np.asarray(found.share[:, found.bands.index(shown)])


def _require_ending(output: Path) -> None:
    if output.suffix.lower() not in (*WRITABLE, *TABLES):
        raise InvalidParameter(
            f"Cannot write {output.name}: its ending is not known.",
            f"Choose one of {', '.join((*WRITABLE, *TABLES))}.",
        )


def _write(output: Path, mesh: Mesh, found: Locality, shown: FloatArray) -> None:
    if output.suffix.lower() in WRITABLE:
        low, high = (float(value) for value in np.percentile(shown, CLIP))
        mesh.with_attributes(color=colour_map(shown, low, high)).save(output)
        return
    with atomic_write(output) as temporary:
        if output.suffix.lower() == ".npz":
            np.savez(
                temporary,
                bands=np.array(found.bands),
                energy=found.energy,
                share=found.share,
                degree=found.degree,
                vertices=mesh.vertices,
                sphere=mesh.attributes["sphere"],
            )
        else:
            temporary.write_text(_csv(found), encoding="utf-8")


def _csv(found: Locality) -> str:
    names = ["vertex", "degree", *(f"share_{low}_{high}" for low, high in found.bands)]
    table = np.column_stack([np.arange(len(found.degree)), found.degree, found.share])
    text = io.StringIO()
    np.savetxt(
        text, table, delimiter=",", header=",".join(names), comments="", fmt=["%d"] + ["%.7g"] * (len(names) - 1)
    )
    return text.getvalue()
