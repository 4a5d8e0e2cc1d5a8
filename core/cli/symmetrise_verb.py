# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow symmetrise` and `spherical-cow template`: symmetric meshes, shapes and templates."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InvalidParameter
from ..files import atomic_write
from ..interchange import open_shape
from ..mesh import Mesh, require_usable
from ..meshfile import READABLE, WRITABLE, read_mesh
from ..symmetric_shape import symmetrise_shape
from ..symmetry.by_index import KINDS, symmetrise_vertices
from ..symmetry.elements import Plane
from ..symmetry.left_right import left_right_errors
from ..symmetry.symmetrise import SIDES, symmetrise
from ..symmetry.templates import Template, refinement, template
from .console import Console, require_writable

MODES = ("auto", "geometry", "index", "template", "harmonic")
_MIRROR = Plane(np.array([1.0, 0.0, 0.0]), 0.0)


def add_verbs(verbs: Any) -> None:
    """Add the verbs to the parser."""
    verb = verbs.add_parser(
        "symmetrise", aliases=["symmetrize"], help="make a mesh, or coefficients, symmetric about a plane"
    )
    verb.add_argument("input", help="a mesh, or coefficients (*.harmonics.npz)")
    verb.add_argument("output", help="the symmetric mesh; for coefficients also *.harmonics.npz")
    verb.add_argument(
        "--plane", default="auto", help="auto (found), x, y, z (through the origin), or nx,ny,nz,d for n · p = d"
    )
    verb.add_argument(
        "--mode",
        default="auto",
        choices=MODES,
        help="geometry: cut, mirror and weld (default for meshes); index: keep vertices and faces, move partners;"
        " template: the numbering of a symmetric template; harmonic: coefficients (their default)",
    )
    verb.add_argument("--side", default="positive", choices=SIDES, help="the half that is kept: of the normal, or both")
    verb.add_argument(
        "--kinds",
        nargs="+",
        default=["average"],
        metavar="KIND",
        help=f"with --mode template: {', '.join(KINDS)} or 0 to 3; several for slices from the top down",
    )
    verb.add_argument("--amount", type=float, default=0.0, help="of the asymmetry that stays: 0 none, 1 all, 2 twice")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_symmetrise)

    verb = verbs.add_parser("template", help="a symmetric icosphere, or its index tables")
    verb.add_argument("output", help="a mesh, or *.npz for vertices, faces, tables and schemes")
    verb.add_argument("--level", type=int, default=4, help="parts of each edge of the icosahedron (default 4)")
    verb.add_argument("--subdivisions", type=int, default=0, help="times that each face is cut in four")
    verb.add_argument("--slices", type=int, default=2, help="layers across y")
    verb.add_argument(
        "--as-published", action="store_true", help="tables as symmetric MCMR has them, with its rounding"
    )
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_template)


def run_symmetrise(arguments: Namespace, console: Console) -> int:
    """Symmetrise, write, and print the errors before and after."""
    require_writable(arguments.output)
    is_mesh = Path(arguments.input).suffix.lower() in READABLE
    mode = ("geometry" if is_mesh else "harmonic") if arguments.mode == "auto" else arguments.mode
    if is_mesh == (mode == "harmonic"):
        raise InvalidParameter(
            f"{Path(arguments.input).name} cannot be symmetrised in the mode {mode}.",
            "Encode the mesh first." if is_mesh else "Use --mode harmonic, or decode it first.",
        )
    if mode == "harmonic":
        return _run_harmonic(arguments, console)
    if Path(arguments.output).suffix.lower() not in WRITABLE:
        raise InvalidParameter("The result is a mesh.", f"End its name in {', '.join(WRITABLE)}.")
    mesh = read_mesh(arguments.input)
    require_usable(mesh)
    if mode == "template":
        result, plane, opposite = _by_template(mesh, arguments.kinds)
    else:
        with console.progress() as progress:
            found = symmetrise(mesh, arguments.plane, arguments.side, mode, progress=progress)
        result, plane, opposite = found.mesh, found.plane, found.opposite
    result.save(arguments.output)
    before = left_right_errors(mesh, plane, None if mode == "geometry" else opposite)
    after = left_right_errors(result, plane, opposite)
    data = {"mode": mode, "plane": plane.to_dict(), "before": before, "after": after}
    sizes = f"{mesh.n_vertices:,} → {result.n_vertices:,} vertices, {mesh.n_faces:,} → {result.n_faces:,} faces"
    console.result({**data, "V": result.n_vertices, "F": result.n_faces}, [_plane_line(plane), sizes, *_errors(data)])
    return 0


def _by_template(mesh: Mesh, kinds: list[str]) -> tuple[Mesh, Plane, Any]:
    made = _template_of(mesh)
    chosen = [int(word) if word.isdigit() else word for word in kinds]
    vertices = symmetrise_vertices(mesh.vertices, made.tables, chosen[0] if len(chosen) == 1 else chosen)
    return mesh.with_vertices(vertices), _MIRROR, made.tables.opposite


def _template_of(mesh: Mesh) -> Template:
    """The template with as many vertices. Raises `InvalidParameter` where there is none."""
    for subdivisions in range(4):
        level = np.sqrt((mesh.n_vertices - 2) / 10.0) / 2**subdivisions
        if 2.0 <= level <= 128.0 and level == round(level):
            made = template(round(level), subdivisions)
            if np.array_equal(np.sort(made.mesh.faces, axis=1), np.sort(mesh.faces, axis=1)):
                return made
    raise InvalidParameter(
        "The mesh does not have the vertices and faces of a symmetric template.", "Use --mode geometry or index."
    )


def _run_harmonic(arguments: Namespace, console: Console) -> int:
    shape = open_shape(arguments.input)
    with console.progress() as progress:
        found = symmetrise_shape(shape, arguments.plane, progress=progress)
    result = found.at(arguments.amount)
    if Path(arguments.output).suffix.lower() in WRITABLE:
        from ..codec import decode

        decode(result, "icosphere" if result.sphere is None else "source", 64 if result.sphere is None else None).save(
            arguments.output
        )
    else:
        result.save(arguments.output)
    data = {
        "mode": "harmonic",
        "plane": found.parts.plane.to_dict(),
        "match": found.parts.match,
        "asymmetry_rel": found.asymmetry_rel,
        "amount": arguments.amount,
    }
    lines = [
        _plane_line(found.parts.plane),
        f"match      {found.parts.match:.6f}",
        f"asymmetry  {found.asymmetry_rel:.4%} of the diagonal, of which {arguments.amount:g} times stays",
    ]
    console.result(data, lines)
    return 0


def _plane_line(plane: Plane) -> str:
    normal = ", ".join(f"{round(float(value), 9) + 0.0:.6g}" for value in plane.normal)
    return f"plane      normal ({normal}), offset {plane.offset:.6g}"


def _errors(data: dict[str, Any]) -> list[str]:
    rows = ["parts of the width:        before       after"]
    for name, after in data["after"].items():
        before = data["before"].get(name)
        rows.append(f"  {name:18} {'-' if before is None else format(before, '.3e'):>12} {after:>12.3e}")
    return rows


def run_template(arguments: Namespace, console: Console) -> int:
    """Write a template as a mesh, or with its tables as plain arrays."""
    require_writable(arguments.output)
    made = template(
        arguments.level, arguments.subdivisions, slices=arguments.slices, as_published=arguments.as_published
    )
    tables, path = made.tables, Path(arguments.output)
    if path.suffix.lower() == ".npz":
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **template_arrays(made))
    elif path.suffix.lower() in WRITABLE:
        made.mesh.save(path)
    else:
        raise InvalidParameter(f"{path.name} is neither a mesh nor an .npz.", "End it in .npz, or in .obj or .ply.")
    data = {
        "V": made.mesh.n_vertices,
        "F": made.mesh.n_faces,
        "right": len(tables.right),
        "left": len(tables.left),
        "middle": len(tables.middle),
    }
    console.result(data, [f"{name:8} {value:,}" for name, value in data.items()])
    return 0


def template_arrays(made: Template) -> dict[str, Any]:
    """A template as plain arrays: vertices, faces, tables, and index and weight of each scheme."""
    tables = made.tables
    arrays: dict[str, Any] = {"vertices": made.mesh.vertices, "faces": made.mesh.faces}
    arrays |= {name: getattr(tables, name) for name in ("right", "left", "middle", "opposite")}
    for k, (right, left) in enumerate(zip(tables.right_slices, tables.left_slices, strict=True)):
        arrays |= {f"right_slice{k}": right, f"left_slice{k}": left}
    schemes = {name: made.scheme(name) for name in ("plane", "two_planes", "rotational")}
    if made.level > 1:
        refined = refinement(made.level, made.subdivisions)
        schemes["refinement"] = refined.gather
        arrays |= {"refined_faces": refined.fine.mesh.faces, "refinement_points": refined.points}
    for name, scheme in schemes.items():
        arrays |= {f"{name}_index": scheme.index, f"{name}_weight": scheme.weight, f"{name}_column": scheme.column}
    return arrays
