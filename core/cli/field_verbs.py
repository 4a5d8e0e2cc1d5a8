# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow field …`: grow, hollow, unite, subtract and blend bodies by their distances, cut sections, collide."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ..archive import map_array
from ..errors import InvalidParameter
from ..fields.collision import collide, similarity_of
from ..fields.field import Field, MeshField, as_field
from ..fields.operations import Side
from ..fields.section import Axis, section
from ..fields.tools import WITH_TWO, Tool, extraction_of, run_tool
from ..files import atomic_write
from ..geometry.measure import signed_volume
from ..mesh import FloatArray
from ..meshfile import WRITABLE, read_mesh
from ..networks.runtime import require_torch
from ..pictures import save_png
from ..section_colours import fitting_limit, section_colours
from .console import Console, require_writable

FITTED = ".safetensors"
"""Ending of the files of fitted fields."""

_SHAPE = f"a mesh, or a fitted field (*{FITTED})"
_ABOUT = {
    "offset": "grow or shrink a body",
    "shell": "hollow a body out",
    "union": "what is in either body, sharp or smooth",
    "intersection": "what is in both bodies",
    "difference": "the first body without the second",
    "blend": "a body between two",
}


def add_verbs(verbs: Any) -> None:
    """Add `field` with its own verbs."""
    parser = verbs.add_parser("field", help="bodies by their distance fields: offset, shell, union, slice, collide …")
    own = parser.add_subparsers(dest="field_verb", metavar="VERB", required=True)
    for name, about in _ABOUT.items():
        _add_tool(own, name, about)
    _add_slice(own)
    _add_collide(own)


def _add_tool(verbs: Any, name: str, about: str) -> None:
    verb = verbs.add_parser(name, help=about)
    verb.add_argument("a", help=_SHAPE)
    if name in WITH_TWO:
        verb.add_argument("b", help=_SHAPE)
    verb.add_argument("output", help="the mesh (OBJ, PLY or GLB)")
    if name == "offset":
        verb.add_argument("--distance", type=float, required=True, help="outward; negative shrinks")
    elif name == "shell":
        verb.add_argument("--thickness", type=float, required=True, help="of the wall")
        verb.add_argument("--side", choices=get_args(Side), default="inside", help="where the wall is (default inside)")
    elif name == "blend":
        verb.add_argument("--weight", type=float, default=0.5, help="0 is the first, 1 the second (default 0.5)")
    else:
        verb.add_argument("--radius", type=float, default=0.0, help="where the blend begins; 0 (default) is sharp")
    verb.add_argument("--resolution", type=int, default=128, help="cells along the longest side (default 128)")
    verb.add_argument("--refinement", type=int, default=1, help="steps that move vertices onto the surface (default 1)")
    verb.add_argument("--faces", type=int, default=0, help="simplify to so many")
    _add_common(verb)
    verb.set_defaults(run=run_field_tool)


def _add_slice(verbs: Any) -> None:
    verb = verbs.add_parser("slice", help="the distances on a plane, as a picture (PNG) or as numbers (.npy)")
    verb.add_argument("a", help=_SHAPE)
    verb.add_argument("output", help="*.png, or *.npy for the values (H, W)")
    verb.add_argument("--axis", choices=get_args(Axis), default="z", help="that the plane stands across (default z)")
    verb.add_argument("--position", type=float, default=0.5, help="0 is the low end of the shape, 1 the high one")
    verb.add_argument("--resolution", type=int, default=512, help="points along the longer side (default 512)")
    verb.add_argument("--limit", type=float, default=0.0, help="distance where the colours end (default: fitting)")
    verb.add_argument("--spacing", type=float, default=0.0, help="of the lines (default: a tenth of the limit)")
    verb.add_argument("--no-lines", action="store_true", help="colours alone")
    _add_common(verb)
    verb.set_defaults(run=run_slice)


def _add_collide(verbs: Any) -> None:
    verb = verbs.add_parser("collide", help="how deep one body is in another")
    verb.add_argument("a", help=_SHAPE)
    verb.add_argument("b", help=_SHAPE)
    verb.add_argument("--transform", metavar="FILE", help="4 × 4 numbers (.txt, .npy): where B stands in A")
    _add_common(verb)
    verb.set_defaults(run=run_collide)


def _add_common(verb: Any) -> None:
    verb.add_argument("--device", default="auto", help="for fitted fields: auto, cpu, cuda or mps")
    verb.add_argument("--json", action="store_true")


def open_field(path: str, device: str = "auto") -> Field:
    """The field of a mesh file or of a fitted field. Raises `MeshFileError`, `InvalidMesh` or `CheckpointError`."""
    if Path(path).suffix.lower() != FITTED:
        return MeshField(read_mesh(path))
    require_torch()
    from ..networks.distance.field_file import load_field

    return as_field(load_field(path, device))


def run_field_tool(arguments: Namespace, console: Console) -> int:
    """Make one body of one or two, and write it."""
    require_mesh_name(arguments.output)
    given = vars(arguments)
    tool = Tool(
        arguments.field_verb,
        amount=given.get("distance", given.get("thickness", 0.0)),
        side=given.get("side", "inside"),
        radius=given.get("radius", 0.0),
        weight=given.get("weight", 0.5),
    )
    extraction = extraction_of(arguments.resolution, refinement=arguments.refinement, faces=arguments.faces)
    a = open_field(arguments.a, arguments.device)
    b = open_field(arguments.b, arguments.device) if tool.name in WITH_TWO else None
    with console.progress() as progress:
        mesh, _ = run_tool(tool, a, b, extraction, progress)
    mesh.save(arguments.output)
    data = {"V": mesh.n_vertices, "F": mesh.n_faces, "volume": signed_volume(mesh), "cells": extraction.resolution}
    console.result(data, [f"{name:8} {value:.6g}" for name, value in data.items()])
    return 0


def require_mesh_name(path: str) -> None:
    """Refuse a name that is no mesh's, and a place that cannot be written, before any work."""
    if Path(path).suffix.lower() not in WRITABLE:
        raise InvalidParameter(
            f"The result is a mesh, and {path!r} is no name of one.", f"End it in {', '.join(WRITABLE)}."
        )
    require_writable(path)


def run_slice(arguments: Namespace, console: Console) -> int:
    """Write a section as a picture or as numbers."""
    ending = Path(arguments.output).suffix.lower()
    if ending not in (".png", ".npy"):
        raise InvalidParameter(f"{arguments.output!r} is neither a picture nor numbers.", "End it in .png or .npy.")
    require_writable(arguments.output)
    field = open_field(arguments.a, arguments.device)
    found = section(field, arguments.axis, arguments.position, arguments.resolution)
    limit = arguments.limit or fitting_limit(found.values)
    if ending == ".png":
        colours = section_colours(found.values, limit, arguments.spacing, lines=not arguments.no_lines)
        save_png(colours[::-1], arguments.output)
    else:
        _save_numbers(found.values, arguments.output)
    data = {
        "width": found.values.shape[1],
        "height": found.values.shape[0],
        "smallest": float(found.values.min()),
        "largest": float(found.values.max()),
        "limit": limit,
        "origin": found.origin.tolist(),
        "across": found.across.tolist(),
        "up": found.up.tolist(),
    }
    lines = [f"{name:9} {data[name]:.6g}" for name in ("width", "height", "smallest", "largest", "limit")]
    console.result(data, lines)
    return 0


def _save_numbers(values: FloatArray, path: str) -> None:
    with atomic_write(path) as temporary:
        np.save(temporary, values, allow_pickle=False)


def run_collide(arguments: Namespace, console: Console) -> int:
    """Print how deep, where, and which way out."""
    transform = similarity_of(_matrix(arguments.transform) if arguments.transform else None)
    found = collide(open_field(arguments.a, arguments.device), open_field(arguments.b, arguments.device), transform)
    data = {
        "touching": found.touching,
        "depth": found.depth,
        "distance": found.distance,
        "contacts": len(found.points) if found.touching else 0,
        "point": found.points[0].tolist(),
        "normal": found.normals[0].tolist(),
    }
    lines = [f"{name:9} {json.dumps(value)}" for name, value in data.items()]
    console.result(data, lines)
    return 0


def _matrix(path: str) -> FloatArray:
    try:
        numbers = map_array(path) if path.endswith(".npy") else np.loadtxt(path)
        return np.array(numbers, np.float64)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidParameter(f"{path} holds no matrix: {error}.", "Give 4 lines of 4 numbers.") from error
