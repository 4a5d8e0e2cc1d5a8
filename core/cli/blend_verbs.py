# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs that mix shapes: morph."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from ..blending.morph import POSES, Family, align_shapes, ends_of, shape_with
from ..blending.weights import normalised_weights, path_weights
from ..errors import InvalidParameter
from ..interchange import open_shape
from ..meshfile import WRITABLE
from ..progress import Progress, part
from ..shape import Shape
from .console import Console, require_writable
from .sampling import add_sampling, chosen_sampling

SHAPE_ENDING = ".npz"
MOST_STEPS = 10_000


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module to the parser."""
    verb = verbs.add_parser("morph", help="shapes in between two or more encoded shapes")
    verb.add_argument("inputs", nargs="+", metavar="SHAPE", help="two or more files of coefficients; then the output")
    verb.add_argument("output", help="a mesh (OBJ, PLY, GLB) or coefficients (.npz); with --steps each gets a number")
    amount = verb.add_mutually_exclusive_group()
    amount.add_argument("--weights", nargs="+", type=float, metavar="W", help="share of each shape (default: equal)")
    amount.add_argument("--steps", type=int, metavar="N", help="N files from the first shape through all to the last")
    verb.add_argument("--pose", default="rigid", choices=POSES, help="how the others are laid onto the first")
    verb.add_argument(
        "--no-match", dest="match", action="store_false", help="only turn the spheres, do not bend them for the limbs"
    )
    add_sampling(verb)
    verb.add_argument("--seed", type=int, default=0, help="start of the random numbers of --vertices")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_morph)


def run_morph(arguments: Namespace, console: Console) -> int:
    """Blend shapes, once or step by step."""
    begin = time.perf_counter()
    files = _outputs(arguments)
    as_shape = files[0].suffix.lower() == SHAPE_ENDING
    weights = _weights(arguments, len(arguments.inputs))
    shapes = [open_shape(path) for path in arguments.inputs]
    with console.progress() as progress:
        family = align_shapes(shapes, arguments.pose, match=arguments.match, progress=part(progress, 0.0, 0.7))
        _warn(family, arguments.inputs, shapes, console)
        later = part(progress, 0.7, 1.0)
        if as_shape:
            _write_shapes(family, weights, files, later)
        else:
            _write_meshes(family, weights, files, arguments, later)
    data = {
        "files": [str(file) for file in files],
        "weights": weights,
        "channels": list(family.harmonics[0].channels),
        "lmax": family.harmonics[0].lmax,
        "distances_rel": list(family.distances_rel),
        "seconds": time.perf_counter() - begin,
    }
    lines = [
        f"{Path(p).name:30} {d:.3%} from the first" for p, d in zip(arguments.inputs, family.distances_rel, strict=True)
    ]
    console.result(data, [*lines, *(f"wrote {file}" for file in files)])
    return 0


def _write_shapes(family: Family, weights: list[list[float]], files: list[Path], progress: Progress) -> None:
    for number, (shares, file) in enumerate(zip(weights, files, strict=True)):
        progress(number / len(files), f"Writing {file.name}")
        shape_with(family.first, family.at(shares)).save(file)


def _write_meshes(
    family: Family, weights: list[list[float]], files: list[Path], arguments: Namespace, progress: Progress
) -> None:
    sampling, size = chosen_sampling(arguments, family.first)
    ends = ends_of(family, sampling, size, seed=arguments.seed, progress=part(progress, 0.0, 0.5))
    for number, (shares, file) in enumerate(zip(weights, files, strict=True)):
        progress(0.5 + 0.5 * number / len(files), f"Writing {file.name}")
        ends.at(shares).save(file)


def _warn(family: Family, paths: list[str], shapes: list[Shape], console: Console) -> None:
    for number in family.far:
        console.log(
            f"{Path(paths[number]).name} is far from the first shape ({family.distances_rel[number]:.1%} of its"
            " diagonal): what lies between them may mean little."
        )
    kept = family.harmonics[0].channels
    dropped = sorted({name for shape in shapes for name in shape.harmonics.channels} - set(kept))
    if dropped:
        console.log(f"Not all shapes have {', '.join(dropped)}: left out.")


def _weights(arguments: Namespace, count: int) -> list[list[float]]:
    if arguments.steps is not None:
        rows: list[list[float]] = path_weights(count, arguments.steps).tolist()
        return rows
    given = arguments.weights if arguments.weights is not None else [1.0] * count
    return [normalised_weights(given, count).tolist()]


def _outputs(arguments: Namespace) -> list[Path]:
    """The files to write: one, or with --steps as many, numbered before the ending."""
    if len(arguments.inputs) < 2:
        raise InvalidParameter(
            "A morph needs at least two shapes.", "Give two or more files of coefficients, then the output."
        )
    output = Path(arguments.output)
    if output.suffix.lower() not in (SHAPE_ENDING, *WRITABLE):
        raise InvalidParameter(
            f"Cannot write {output.name}: its ending is not known.",
            f"Choose one of {', '.join((SHAPE_ENDING, *WRITABLE))}.",
        )
    require_writable(output)
    steps = arguments.steps
    if steps is None:
        return [output]
    if not 2 <= steps <= MOST_STEPS:
        raise InvalidParameter(f"{steps} steps are out of range.", f"Give 2 to {MOST_STEPS}.")
    ending = "".join(output.suffixes[-2:]) if output.name.endswith(".harmonics.npz") else output.suffix
    stem, digits = output.name[: -len(ending)], max(len(str(steps - 1)), 3)
    return [output.with_name(f"{stem}_{number:0{digits}d}{ending}") for number in range(steps)]
