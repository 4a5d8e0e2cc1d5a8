# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow symmetry`: planes of reflection and axes of rotation."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from ..colour_map import colour_map
from ..errors import InvalidParameter
from ..meshfile import WRITABLE, read_mesh
from ..symmetry.detect import THRESHOLD, Found, Symmetries, symmetries
from ..symmetry.elements import Plane
from ..symmetry.heat import symmetry_error
from ..symmetry.kinds import REPRESENTATIONS
from .code_verbs import fraction
from .console import Console, require_writable


def add_verbs(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("symmetry", help="planes of reflection and axes of rotation of a mesh")
    verb.add_argument("mesh", help="OBJ, PLY, STL, OFF or GLB; open meshes and any genus too")
    verb.add_argument(
        "--threshold",
        type=fraction,
        default=THRESHOLD,
        metavar="SHARE",
        help="error up to which something counts, as a part of the diagonal (default 1%%)",
    )
    verb.add_argument("--heat-map", metavar="FILE", help="write the mesh coloured by the error of its vertices")
    verb.add_argument(
        "--element",
        type=element_name,
        metavar="NAME",
        help="which one the heat map is of: plane1, axis2 … as listed (default the first, or the nearest plane)",
    )
    verb.add_argument("--limit", type=fraction, metavar="SHARE", help="error where the scale of the heat map ends")
    verb.add_argument("--seed", type=int, default=0, help="of the random points")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_symmetry)


def element_name(text: str) -> tuple[str, int]:
    """ "plane1" or "axis12" as (kind, number)."""
    kind = text.rstrip("0123456789")
    if kind not in ("plane", "axis") or not text[len(kind) :] or int(text[len(kind) :]) < 1:
        raise ArgumentTypeError(f"{text!r} is not a name such as plane1 or axis2")
    return kind, int(text[len(kind) :])


def run_symmetry(arguments: Namespace, console: Console) -> int:
    """Print what was found, best first, and write the heat map if asked."""
    if arguments.heat_map:
        require_writable(arguments.heat_map)
        if Path(arguments.heat_map).suffix.lower() not in WRITABLE:
            raise InvalidParameter(
                f"A heat map is a mesh, and {arguments.heat_map!r} is no name of one.",
                f"End it in {', '.join(WRITABLE)}.",
            )
    elif arguments.element or arguments.limit is not None:
        raise InvalidParameter("--element and --limit only mean something with --heat-map.", "Add --heat-map FILE.")
    if arguments.limit is not None and not arguments.limit > 0.0:
        raise InvalidParameter(f"The scale cannot end at {arguments.limit:g}.", "Give a positive part of the diagonal.")
    mesh = read_mesh(arguments.mesh)
    with console.progress() as progress:
        found = symmetries(mesh, arguments.threshold, seed=arguments.seed, progress=progress)
    data, lines = found.to_dict(), to_lines(found)
    if arguments.heat_map:
        name, chosen = choose(found, arguments.element)
        error = symmetry_error(mesh, chosen.element)
        limit = float(error.max()) if arguments.limit is None else arguments.limit
        mesh.with_attributes(color=colour_map(error, 0.0, limit or 1.0), symmetry_error=error).save(arguments.heat_map)
        data["heat_map"] = {"file": arguments.heat_map, "element": name, "low": 0.0, "high": limit}
        lines.append(f"{arguments.heat_map}: {name}, errors from 0 to {limit:.3%} of the diagonal")
    console.result(data, lines)
    return 0


def to_lines(found: Symmetries) -> list[str]:
    """The report for people."""
    rows = [f"{found.kind}: {REPRESENTATIONS[found.kind]}, {found.parameters:.0%} of the parameters"]
    for kind, items in (("plane", found.planes), ("axis", found.axes)):
        rows += [f"{kind + str(number):8} {describe(item)}" for number, item in enumerate(items, 1)]
    if not found.planes and found.nearest_plane is not None:
        rows.append(f"nearest  {describe(found.nearest_plane)}: more than the threshold of {found.threshold:.2%}")
    return rows


def describe(found: Found) -> str:
    """One element in one line."""
    element = found.element
    errors = f"error {found.error:.3%}, largest {found.largest:.2%}, {found.score:.0%} within the threshold"
    more = ", one of a family" if found.family else ""
    if isinstance(element, Plane):
        return f"normal {_vector(element.normal)} offset {element.offset:.6g}: {errors}{more}"
    name = "any angle" if element.is_continuous else f"{element.order}-fold"
    return f"{name} direction {_vector(element.direction)} through {_vector(element.point)}: {errors}{more}"


def _vector(values: Any) -> str:
    return "(" + ", ".join(f"{round(float(value), 9) + 0.0:.6g}" for value in values) + ")"


def choose(found: Symmetries, wanted: tuple[str, int] | None) -> tuple[str, Found]:
    """The element of that name, or the first; its name and itself. Raises `InvalidParameter` where there is none."""
    named = {("plane", n): item for n, item in enumerate(found.planes, 1)}
    named |= {("axis", n): item for n, item in enumerate(found.axes, 1)}
    if wanted is None and not named and found.nearest_plane is not None:
        return "nearest plane", found.nearest_plane
    key = wanted or next(iter(named), ("plane", 1))
    if key not in named:
        raise InvalidParameter(
            f"There is no {key[0]}{key[1]}: {len(found.planes)} planes and {len(found.axes)} axes were found.",
            "Raise --threshold, or name one that is listed.",
        )
    return f"{key[0]}{key[1]}", named[key]
