# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb that turns one kind of file into another."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..interchange import FORMATS, Content, WriteOptions, open_content, save_as
from ..meshfile import READABLE, read_mesh
from .code_verbs import add_reading, add_writing, require_coefficient_name
from .console import Console, require_writable


def add_verbs(verbs: Any) -> None:
    """Add the verb of this module to the parser."""
    known = ", ".join(f"{entry.name} ({' '.join(entry.endings)})" for entry in FORMATS)
    verb = verbs.add_parser(
        "convert",
        help="coefficients, or a mesh, from one kind of file to another",
        description=f"Formats of coefficients: {known}. What is read is tested first. Meshes go by their endings.",
    )
    verb.add_argument("input", help="coefficients of any known format, or a mesh")
    verb.add_argument("output", help="the new file")
    add_reading(verb)
    verb.add_argument("--lmax", type=int, help="drop degrees above this one")
    add_writing(verb)
    verb.add_argument("--compact", action="store_true", help="leave out the sphere map of the source")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_convert)


def run_convert(arguments: Namespace, console: Console) -> int:
    """Read, test, convert, write; what was noticed on the way goes to stderr."""
    source, target = arguments.input, arguments.output
    if arguments.source_format is None and Path(source).suffix.lower() in READABLE:
        return _convert_mesh(source, target, console)
    require_coefficient_name(target, arguments.target_format)
    content = open_content(source, arguments.source_format, arguments.row)
    if arguments.lmax is not None:
        content = _truncated(content, arguments.lmax)
    written = save_as(content, target, arguments.target_format, WriteOptions(arguments.bits, arguments.compact))
    notes = [*content.notes, *written.notes]
    for note in notes:
        console.log(note)
    files = [str(file) for file in written.files]
    data = {
        "lmax": content.harmonics.lmax,
        "channels": list(content.harmonics.channels),
        "files": files,
        "bytes": sum(file.stat().st_size for file in written.files),
        "notes": notes,
    }
    console.result(data, files)
    return 0


def _truncated(content: Content, lmax: int) -> Content:
    harmonics = content.harmonics.truncate(lmax)
    shape = None if content.shape is None else content.shape.with_harmonics(harmonics)
    return replace(content, harmonics=harmonics, shape=shape)


def _convert_mesh(source: str, target: str, console: Console) -> int:
    require_writable(target)
    mesh = read_mesh(source)
    mesh.save(target)
    data = {
        "V": mesh.n_vertices,
        "F": mesh.n_faces,
        "files": [target],
        "bytes": Path(target).stat().st_size,
        "notes": [],
    }
    console.result(data, [target])
    return 0
