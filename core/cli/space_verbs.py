# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs about many shapes: space build, at, sample, project, exaggerate; similar."""

from __future__ import annotations

import re
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InvalidParameter
from ..files import csv_text, write_text
from ..interchange import open_content, open_contents, open_shape
from ..meshfile import READABLE
from ..progress import part
from ..shape import Shape
from ..statistics.descriptors import KINDS, distance_matrix
from ..statistics.evaluation import evaluate, outliers
from ..statistics.groupwise import ALIGNMENTS
from ..statistics.space import FEWEST, ShapeSpace, build_space
from ..statistics.spacefile import load_space
from ..statistics.tables import distance_table, scores_table
from .console import Console, make_folder, require_writable

SPACE_ENDING, SHAPE_ENDING = ".space.npz", ".harmonics.npz"
_SHOWN = 8
"""Components, outliers and the like that are printed; --json has all."""


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module to the parser."""
    space = verbs.add_parser("space", help="mean and variation of a collection of shapes, and new shapes of it")
    steps = space.add_subparsers(dest="step", metavar="STEP", required=True)
    _add_build(steps)

    verb = steps.add_parser("at", help="the mean, or the shape with given scores")
    verb.add_argument("space", help="a shape space (*.space.npz)")
    verb.add_argument("output", help="the shape (*.harmonics.npz)")
    verb.add_argument(
        "--score", action="append", default=[], type=score, metavar="N=σ", help="of component N (repeatable), as 1=2.5"
    )
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_at)

    verb = steps.add_parser("sample", help="random new members")
    verb.add_argument("space", help="a shape space (*.space.npz)")
    verb.add_argument("folder", help="where the shapes go; made if need be")
    verb.add_argument("--count", type=int, default=1, help="how many (default 1)")
    verb.add_argument("--seed", type=int, default=0, help="start of the random numbers (default 0)")
    verb.add_argument("--limit", type=float, default=3.0, metavar="σ", help="no score beyond ± this (default 3)")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_sample)

    verb = steps.add_parser("project", help="scores of shapes, and how far they are from the space")
    verb.add_argument("space", help="a shape space (*.space.npz)")
    verb.add_argument("inputs", nargs="+", metavar="SHAPE", help="files or folders of coefficients")
    verb.add_argument("--csv", metavar="FILE", help="write the scores here")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_project)

    verb = steps.add_parser("exaggerate", help="a caricature: what sets a shape apart from the mean, enlarged")
    verb.add_argument("space", help="a shape space (*.space.npz)")
    verb.add_argument("input", help="coefficients of a shape of that kind")
    verb.add_argument("output", help="the new coefficients (*.harmonics.npz)")
    verb.add_argument("--factor", type=float, default=1.5, help="1 the shape, 0 the mean (default 1.5)")
    verb.add_argument("--degrees", type=band, default=(1, None), metavar="LOW-HIGH", help="only these (default all)")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_exaggerate)

    verb = verbs.add_parser("similar", help="the shapes of a collection that are most like one")
    verb.add_argument("query", help="coefficients of a shape")
    verb.add_argument("inputs", nargs="+", metavar="COLLECTION", help="files or folders of coefficients")
    verb.add_argument("--by", default="form", choices=KINDS, help="what is compared (default form)")
    verb.add_argument("--count", type=int, default=5, help="how many are shown (default 5)")
    verb.add_argument("--csv", metavar="FILE", help="write the distances between all of them here")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_similar)


def _add_build(steps: Any) -> None:
    verb = steps.add_parser("build", help="align a collection, and find its mean and its components")
    verb.add_argument("inputs", nargs="+", metavar="SHAPE", help="files or folders of coefficients; then the output")
    verb.add_argument("output", help="the shape space (*.space.npz)")
    verb.add_argument("--align", default="rigid", choices=ALIGNMENTS, help="what is made equal first (default rigid)")
    verb.add_argument("--color", action="store_true", help="let the colors vary with the shape")
    verb.add_argument("--lmax", type=int, help="use degrees up to this one (default: all that every shape has)")
    verb.add_argument("--components", type=int, metavar="N", help="keep only the first N (default: all)")
    verb.add_argument("--reference", metavar="NAME", help="whose place and direction all get (default: the first)")
    verb.add_argument("--csv", metavar="FILE", help="write the scores of the members here")
    verb.add_argument("--report", action="store_true", help="leave-one-out error, specificity and outliers as well")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_build)


def score(text: str) -> tuple[int, float]:
    """ "1=2.5" as (1, 2.5)."""
    match = re.fullmatch(r"\s*(\d+)\s*=\s*([-+0-9.eE]+)\s*", text)
    try:
        if match is None or int(match[1]) < 1:
            raise ValueError
        return int(match[1]), float(match[2])
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a score such as 1=2.5") from error


def band(text: str) -> tuple[int, int | None]:
    """ "2-16" as (2, 16), "2-" as (2, None), "5" as (5, 5)."""
    match = re.fullmatch(r"\s*(\d+)(?:(-)(\d*))?\s*", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a band of degrees such as 2-16")
    low = int(match[1])
    return low, low if match[2] is None else int(match[3]) if match[3] else None


def run_build(arguments: Namespace, console: Console) -> int:
    """Build a space, write it, and print what it explains."""
    _require_ending(arguments.output, SPACE_ENDING)
    for path in filter(None, (arguments.output, arguments.csv)):
        require_writable(path)
    begin = time.perf_counter()
    names, shapes = collection(arguments.inputs, besides=arguments.output)
    if len(shapes) < FEWEST:
        raise InvalidParameter(f"There is only one shape, {names[0]}.", "Give at least two, then the output.")
    reading = time.perf_counter() - begin
    with console.progress() as progress:
        space = build_space(
            shapes,
            names,
            alignment=arguments.align,
            color=arguments.color,
            lmax=arguments.lmax,
            components=arguments.components,
            reference=_number(names, arguments.reference),
            progress=part(progress, 0.0, 0.8),
        )
        building = time.perf_counter() - begin - reading
        report = _report(space) if arguments.report else {}
    space.save(arguments.output)
    if arguments.csv:
        write_text(arguments.csv, scores_table(space))
    data = {
        "members": list(space.names),
        "lmax": space.mean.lmax,
        "channels": list(space.mean.channels),
        "alignment": space.alignment,
        "size": space.size,
        "explained": space.explained.tolist(),
        **report,
        "seconds": {"read": reading, "build": building},
    }
    console.result(data, _build_lines(space, report))
    return 0


def _report(space: ShapeSpace) -> dict[str, Any]:
    return {"evaluation": evaluate(space).to_dict(), "outliers": [vars(row) for row in outliers(space)]}


def _build_lines(space: ShapeSpace, report: dict[str, Any]) -> list[str]:
    total = np.cumsum(space.explained)
    lines = [f"{space.n_members} shapes, degree {space.mean.lmax}, {', '.join(space.mean.channels)}"]
    for number in range(min(_SHOWN, space.n_components)):
        lines.append(f"component {number + 1:3d}  {space.explained[number]:8.3%}  together {total[number]:8.3%}")
    if not report:
        return lines
    figures = report["evaluation"]
    lines.append("components  leave-one-out error  specificity   (of the root mean square radius)")
    for number, value in enumerate(figures["generalisation"][: _SHOWN + 1]):
        specific = figures["specificity"][min(number, len(figures["specificity"]) - 1)]
        lines.append(f"{number:10d} {value / space.size:20.3%} {specific / space.size:12.3%}")
    lines.append("unusual members (1 is usual)")
    return [*lines, *(f"{row['name']:30} {row['outlyingness']:8.3f}" for row in report["outliers"][:_SHOWN])]


def run_at(arguments: Namespace, console: Console) -> int:
    """Write the shape with given scores."""
    _require_ending(arguments.output, SHAPE_ENDING)
    require_writable(arguments.output)
    space = load_space(arguments.space)
    highest = max([number for number, _ in arguments.score], default=0)
    if highest > space.n_components:
        raise InvalidParameter(
            f"There is no component {highest}: the space has {space.n_components}.", "Choose from 1 to that number."
        )
    scores = np.zeros(highest)
    for number, value in arguments.score:
        scores[number - 1] = value
    space.at(scores).save(arguments.output)
    console.result({"scores": scores.tolist(), "output": arguments.output}, [f"wrote {arguments.output}"])
    return 0


def run_sample(arguments: Namespace, console: Console) -> int:
    """Write random new members."""
    if not 1 <= arguments.count <= 100_000:
        raise InvalidParameter(f"{arguments.count} members are out of range.", "Give 1 to 100000.")
    space = load_space(arguments.space)
    scores = space.sample_scores(arguments.count, arguments.seed, arguments.limit)
    folder = make_folder(arguments.folder)
    digits, files = max(3, len(str(arguments.count))), []
    with console.progress() as progress:
        for number, row in enumerate(scores):
            progress(number / len(scores), "Writing new members")
            files.append(str(folder / f"member_{number + 1:0{digits}d}{SHAPE_ENDING}"))
            space.at(row).save(files[-1])
    console.result({"files": files, "scores": scores.tolist()}, files)
    return 0


def run_project(arguments: Namespace, console: Console) -> int:
    """Print the scores of shapes."""
    if arguments.csv:
        require_writable(arguments.csv)
    space = load_space(arguments.space)
    names, shapes = collection(arguments.inputs, besides=arguments.space)
    rows = []
    with console.progress() as progress:
        for number, (name, shape) in enumerate(zip(names, shapes, strict=True)):
            progress(number / len(shapes), f"Projecting {name}")
            found = space.project(shape)
            figures = (found.mahalanobis, found.residual, found.residual_rel)
            rows.append((name, *figures, *found.scores.tolist()))
    heads = ["name", "mahalanobis", "residual", "residual_rel"]
    if arguments.csv:
        columns = [*heads, *(f"component_{number + 1}" for number in range(space.n_components))]
        write_text(arguments.csv, csv_text(columns, rows))
    shapes_data = [{**dict(zip(heads, row[:4], strict=True)), "scores": list(row[4:])} for row in rows]
    lines = [
        f"{row[0]:30} residual {row[3]:.3%}  " + " ".join(f"{v:+.2f}" for v in row[4 : 4 + _SHOWN]) for row in rows
    ]
    console.result({"shapes": shapes_data}, lines)
    return 0


def run_exaggerate(arguments: Namespace, console: Console) -> int:
    """Write a caricature."""
    _require_ending(arguments.output, SHAPE_ENDING)
    require_writable(arguments.output)
    space, shape = load_space(arguments.space), open_shape(arguments.input)
    low, high = arguments.degrees
    space.exaggerate(shape, arguments.factor, low, high).save(arguments.output)
    data = {"factor": arguments.factor, "degrees": [low, space.mean.lmax if high is None else high]}
    console.result({**data, "output": arguments.output}, [f"wrote {arguments.output}"])
    return 0


def run_similar(arguments: Namespace, console: Console) -> int:
    """Print the shapes that are most like one."""
    if arguments.csv:
        require_writable(arguments.csv)
    query = open_content(arguments.query)
    names, shapes = collection(arguments.inputs, besides=arguments.query)
    distances = distance_matrix([query.to_shape(), *shapes], arguments.by)
    if arguments.csv:
        write_text(arguments.csv, distance_table([query.name, *names], distances))
    order = np.argsort(distances[0, 1:], kind="stable")
    found = [{"name": names[number], "distance": float(distances[0, 1 + number])} for number in order]
    lines = [f"{row['name']:30} {row['distance']:.4f}" for row in found[: max(arguments.count, 0)]]
    console.result({"by": arguments.by, "similar": found[: max(arguments.count, 0)]}, lines)
    return 0


def collection(inputs: Sequence[str], besides: str = "") -> tuple[list[str], list[Shape]]:
    """The shapes in files and folders, with their names; folders give all `.npz` coefficients in them.

    besides: a file to leave out of folders. Raises `InvalidParameter` for a folder without coefficients, a mesh, or two
    shapes of the same name.
    """
    names: list[str] = []
    shapes: list[Shape] = []
    for path in (file for given in inputs for file in _files(Path(given).expanduser(), besides)):
        if path.suffix.lower() in READABLE:
            raise InvalidParameter(
                f"{path.name} is a mesh, not coefficients.", "Encode it first: encode or batch encode."
            )
        for content in open_contents(path):
            names.append(content.name)
            shapes.append(content.to_shape())
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InvalidParameter(f"There are several shapes called {min(twice)}.", "Give each file a name of its own.")
    return names, shapes


def _files(path: Path, besides: str) -> list[Path]:
    if not path.is_dir():
        return [path]
    kept = [file for file in sorted(path.iterdir()) if file.is_file() and _is_shape(file)]
    kept = [file for file in kept if not besides or file.resolve() != Path(besides).resolve()]
    if not kept:
        raise InvalidParameter(f"There are no coefficients in {path}.", "Encode meshes into it: batch encode.")
    return kept


def _is_shape(file: Path) -> bool:
    """In folders only our own files are looked for: other endings may be anything."""
    return file.name.endswith(".npz") and not file.name.endswith(SPACE_ENDING) and not file.name.startswith(".")


def _number(names: Sequence[str], wanted: str | None) -> int:
    if wanted is None:
        return 0
    if wanted not in names:
        raise InvalidParameter(f"There is no shape {wanted!r}.", f"There are {', '.join(names[:12])}.")
    return names.index(wanted)


def _require_ending(path: str, ending: str) -> None:
    if not path.endswith(ending):
        raise InvalidParameter(f"{Path(path).name} does not end in {ending}.", f"Write {Path(path).stem}{ending}, say.")
