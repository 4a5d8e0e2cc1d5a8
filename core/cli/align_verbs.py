# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs about the pose: align, normalise. They take meshes, and encoded shapes with their parameter sphere."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from ..alignment.harmonic import METHODS, align
from ..alignment.pose import CENTRES, SIZES, standard_pose
from ..alignment.report import alignment_report, similarity_report
from ..alignment.similarity import angle_between
from ..codec import decode
from ..errors import InvalidParameter
from ..interchange import open_shape
from ..mesh import Mesh
from ..meshfile import READABLE, WRITABLE, read_mesh
from ..shape import Shape
from ..shape_alignment import align_shape, transform_shape
from .code_verbs import fraction
from .console import Console, require_writable

_PARAMETERS = "parameters"
_ONLY_MESHES = ("starts", "overlap", "one_way", "no_refine")


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module to the parser."""
    verb = verbs.add_parser("align", help="bring one shape onto another: meshes, or coefficients with their sphere")
    verb.add_argument("moving", help="a mesh, or coefficients (*.harmonics.npz)")
    verb.add_argument("target", help="another of the same kind, which stays")
    verb.add_argument("output", help="where the moved one goes")
    verb.add_argument(
        "--method",
        choices=(*METHODS, _PARAMETERS),
        help=f"how the pose is found (default {METHODS[0]}); {_PARAMETERS}: of coefficients, together with the sphere",
    )
    verb.add_argument("--scale", action="store_true", help="the size may change as well")
    verb.add_argument("--starts", type=int, metavar="N", help="rotations to refine, of which the best wins")
    verb.add_argument(
        "--overlap", type=fraction, metavar="SHARE", help="share of the surface that has a counterpart, as 70%%"
    )
    verb.add_argument("--one-way", action="store_true", help="a part finds its place on a whole")
    verb.add_argument("--no-refine", action="store_true", help="leave out the search for closest points")
    verb.add_argument("--keep-pose", action="store_true", help="coefficients: turn the sphere, and nothing in space")
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_align)

    verb = verbs.add_parser("normalise", aliases=["normalize"], help="centre, unit size, principal axes")
    verb.add_argument("input", help="a mesh, or coefficients (*.harmonics.npz)")
    verb.add_argument("output", help="where the moved one goes")
    verb.add_argument("--centre", "--center", default="area", choices=CENTRES, help="what becomes 0 (default area)")
    verb.add_argument("--scale", default="none", choices=SIZES, help="what becomes 1 (default none)")
    verb.add_argument("--axes", action="store_true", help="turn the longest principal axis to x, the shortest to z")
    verb.add_argument(
        "--sphere", action="store_true", help="coefficients: turn the sphere to the axes of the degree-1 ellipsoid"
    )
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_normalise)


def run_align(arguments: Namespace, console: Console) -> int:
    """Align a mesh or an encoded shape; write it, and print the matrix."""
    begin = time.perf_counter()
    meshes = [_is_mesh(path) for path in (arguments.moving, arguments.target)]
    if meshes[0] != meshes[1]:
        raise InvalidParameter(
            "One of the two is a mesh and the other is coefficients.", "Give two meshes, or two files of coefficients."
        )
    _require_fitting(arguments.output, meshes[0])
    data = _align_meshes(arguments, console) if meshes[0] else _align_shapes(arguments, console)
    _finish(data, begin, arguments.output, console)
    return 0


def _align_meshes(arguments: Namespace, console: Console) -> dict[str, Any]:
    if arguments.keep_pose:
        raise InvalidParameter("--keep-pose is for coefficients, not for meshes.", "Leave it out.")
    if arguments.method == _PARAMETERS:
        raise InvalidParameter("Meshes have no parameter sphere.", f"Choose from {', '.join(METHODS)}.")
    moving, target = read_mesh(arguments.moving), read_mesh(arguments.target)
    method = arguments.method or METHODS[0]
    with console.progress() as progress:
        found = align(
            moving,
            target,
            method,
            scaling=arguments.scale,
            refine=not arguments.no_refine,
            starts=arguments.starts,
            keep=1.0 if arguments.overlap is None else arguments.overlap,
            both_ways=not arguments.one_way,
            seed=arguments.seed,
            progress=progress,
        )
    found.similarity.apply_to(moving).save(arguments.output)
    return {"method": method, **alignment_report(found)}


def _align_shapes(arguments: Namespace, console: Console) -> dict[str, Any]:
    given = [name for name in _ONLY_MESHES if getattr(arguments, name)]
    if given:
        option = "--" + given[0].replace("_", "-")
        raise InvalidParameter(f"{option} is for meshes, not for coefficients.", "Leave it out.")
    for option, given_too in (("--scale", arguments.scale), ("--method", arguments.method)):
        if arguments.keep_pose and given_too:
            raise InvalidParameter(f"{option} moves the surface, and --keep-pose forbids it.", "Leave one of them out.")
    moving, target = open_shape(arguments.moving), open_shape(arguments.target)
    method = arguments.method or METHODS[0]
    with console.progress() as progress:
        shape, found = align_shape(
            moving,
            target,
            pose=not arguments.keep_pose,
            scaling=arguments.scale,
            method=None if arguments.keep_pose or method == _PARAMETERS else method,
            progress=progress,
        )
    shape.save(arguments.output)
    return {
        "method": "keep-pose" if arguments.keep_pose else method,
        **similarity_report(found.similarity),
        "sphere_rotation": found.rotation.tolist(),
        "sphere_angle": angle_between(np.eye(3), found.rotation),
        "error_rel": found.distance_rel,
    }


def run_normalise(arguments: Namespace, console: Console) -> int:
    """Centre, scale and turn a mesh or an encoded shape; write it, and print the matrix."""
    begin = time.perf_counter()
    is_mesh = _is_mesh(arguments.input)
    _require_fitting(arguments.output, is_mesh)
    if is_mesh and arguments.sphere:
        raise InvalidParameter("A mesh has no sphere to turn.", "Leave --sphere out, or encode the mesh first.")
    thing: Mesh | Shape = read_mesh(arguments.input) if is_mesh else open_shape(arguments.input)
    mesh = thing if isinstance(thing, Mesh) else _surface(thing)
    similarity = standard_pose(mesh, arguments.centre, arguments.scale, axes=arguments.axes)
    data: dict[str, Any] = similarity_report(similarity)
    if isinstance(thing, Mesh):
        similarity.apply_to(thing).save(arguments.output)
    else:
        shape = transform_shape(thing, similarity)
        if arguments.sphere:
            shape, found = align_shape(shape)
            data["sphere_rotation"] = found.rotation.tolist()
            data["sphere_angle"] = angle_between(np.eye(3), found.rotation)
        shape.save(arguments.output)
    _finish(data, begin, arguments.output, console)
    return 0


def _surface(shape: Shape) -> Mesh:
    return decode(shape, "icosphere") if shape.sphere is None else decode(shape)


def _is_mesh(path: str) -> bool:
    return Path(path).suffix.lower() in READABLE


def _require_fitting(output: str, is_mesh: bool) -> None:
    ending = Path(output).suffix.lower()
    if is_mesh and ending not in WRITABLE:
        raise InvalidParameter(
            f"{Path(output).name} is no name of a mesh, and the result is one.", f"End it in {', '.join(WRITABLE)}."
        )
    if not is_mesh and ending != ".npz":
        raise InvalidParameter(
            f"{Path(output).name} is no name for coefficients, and the result is some.", "End it in .harmonics.npz."
        )
    require_writable(output)


def _finish(data: dict[str, Any], begin: float, output: str, console: Console) -> None:
    data["seconds"] = time.perf_counter() - begin
    lines = [" ".join(f"{number: .9g}".rjust(17) for number in row) for row in data["matrix"]]
    lines.append(f"turned by {data['angle']:.4g}°, scaled by {data['scale']:.6g}")
    if "sphere_angle" in data:
        lines.append(f"sphere turned by {data['sphere_angle']:.4g}°")
    if "error_rel" in data:
        lines.append(f"distance {data['error_rel']:.4%} of the diagonal")
    console.result(data, [*lines, f"wrote {output}"])
